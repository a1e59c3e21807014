"""File formats of recorded motion: what replay, training and offline runs read and write.

Borders of the system: whatever a file's units and axes are, in memory positions are metres,
forces newtons, the frame is ground with Y up, and times are seconds on the file's own clock.
"""

from streamer.formats.c3d import corners_of, read_c3d
from streamer.formats.described_plates import described_plates
from streamer.formats.emg import read_emg
from streamer.formats.external_loads import (
    ExternalForceColumns,
    ExternalLoads,
    corners_by_force,
    external_forces,
    plates_by_name,
    read_external_loads,
    select_forces,
    write_external_loads,
)
from streamer.formats.recording import MARKER_SUFFIXES, read_recording
from streamer.formats.storage import read_storage, write_storage
from streamer.formats.tables import MarkerTable, Recording, Storage
from streamer.formats.transducers import open_transducers
from streamer.formats.trc import read_trc
from streamer.formats.trial import Trial, find_model, read_trial, source_files
from streamer.formats.xdf import read_xdf

__all__ = [
    "MARKER_SUFFIXES",
    "ExternalForceColumns",
    "ExternalLoads",
    "MarkerTable",
    "Recording",
    "Storage",
    "Trial",
    "corners_by_force",
    "corners_of",
    "described_plates",
    "external_forces",
    "find_model",
    "open_transducers",
    "plates_by_name",
    "read_c3d",
    "read_emg",
    "read_external_loads",
    "read_recording",
    "read_storage",
    "read_trc",
    "read_trial",
    "read_xdf",
    "select_forces",
    "source_files",
    "write_external_loads",
    "write_storage",
]
