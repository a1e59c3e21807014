"""One recorded file of any format that has markers in it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from streamer.arrays import F64
from streamer.config.session import RunConfig
from streamer.exceptions import FormatError
from streamer.formats.c3d import corners_of, read_c3d
from streamer.formats.external_loads import ExternalForceColumns, corners_by_force
from streamer.formats.tables import Recording
from streamer.formats.trc import read_trc
from streamer.formats.xdf import read_xdf


def read_recording(path: Path, config: RunConfig | None = None) -> Recording:
    """Read a file by what its suffix says it is.

    Parameters
    ----------
    path : Path
        A ``.trc``, ``.c3d`` or ``.xdf`` file.
    config : RunConfig, optional
        Of the session, for what a file does not say: which streams of an XDF file, their units,
        axes and lags; the axis that points up in a TRC file, and in a C3D file that does not say
        it. The unit of both is their own. And of all of them which marker of the model is which.

    Returns
    -------
    Recording
        Markers and, where the file has them, forces and other analog channels.

    Raises
    ------
    FormatError
        If the suffix is another, or the reader of the format refuses the file.
    """
    recording = _read(path, config)
    if config is None:
        return recording
    markers = recording.markers
    named = replace(markers, names=config.markers.as_model(markers.names))
    return replace(recording, markers=named)


def _read(path: Path, config: RunConfig | None) -> Recording:
    """Read a file with the names that it has."""
    if path.is_dir():
        raise FormatError(
            path, "is a folder", "give the file of markers in it, such as markers.trc"
        )
    reader = _READERS.get(suffix := path.suffix.lower())
    if reader is None:
        problem = f"files of type {suffix or 'none'} hold no markers"
        raise FormatError(path, problem, f"give one of {', '.join(MARKER_SUFFIXES)}")
    return reader(path, config)


def _read_trc(path: Path, config: RunConfig | None) -> Recording:
    markers = read_trc(path)
    if config is not None and config.markers.up == "z":
        markers = replace(markers, positions=z_up_to_y_up(markers.positions))
    return Recording(markers)


def _read_c3d(path: Path, config: RunConfig | None) -> Recording:
    return read_c3d(path, config.markers.up if config is not None else None)


def _read_xdf(path: Path, config: RunConfig | None) -> Recording:
    if config is None:
        return read_xdf(path)
    return read_xdf(path, markers=config.markers, forces=config.forces, emg=config.emg)


_READERS: Final[dict[str, Callable[[Path, RunConfig | None], Recording]]] = {
    ".trc": _read_trc,
    ".c3d": _read_c3d,
    ".xdf": _read_xdf,
    ".xdfz": _read_xdf,
}
MARKER_SUFFIXES: Final = tuple(_READERS)


def z_up_to_y_up(vectors: F64) -> F64:
    """Turn vectors of a laboratory with Z up about x: (x, y, z) becomes (x, z, -y).

    Parameters
    ----------
    vectors : ndarray of shape (..., 3), float64
        Laboratory frame, Z up.

    Returns
    -------
    ndarray of the same shape, float64
        Ground frame, Y up; a copy.
    """
    return vectors[..., [0, 2, 1]] * [1.0, 1.0, -1.0]


def plate_corners(
    recording: Recording,
    columns: Sequence[ExternalForceColumns],
    session: RunConfig | None,
    *,
    on_feet: bool,
) -> F64 | None:
    """Corners of the plates behind forces, (n, 4, 3) [m], ground; None where they are not known.

    Those of a session's configuration belong to plates without names: they serve where each acts
    on whichever foot is on it (`on_feet`). Else the recording's own are taken.
    """
    if session is not None and session.corners is not None:
        return corners_of(session.corners) if on_feet else None
    return corners_by_force(columns, recording.corners)
