"""What a trial was recorded in: the plain files of its folder, or one file that holds it all."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from streamer.config.session import PATHS, RunConfig, load_config
from streamer.exceptions import FormatError, nearest
from streamer.formats.emg import read_emg
from streamer.formats.external_loads import (
    ExternalLoads,
    plates_by_name,
    read_external_loads,
)
from streamer.formats.recording import plate_corners, read_recording
from streamer.formats.storage import read_storage
from streamer.formats.tables import Recording, Storage
from streamer.formats.trc import read_trc

__all__ = ["files_elsewhere", "read_files"]

_USED: Final = ("model", "loads", "corners")
"""Files of a session that a recording has a use for."""
_NOT_USED: Final = tuple(key for key in PATHS if key not in _USED)


def read_files(
    directory: Path, metadata: Mapping[str, Any], *, with_emg: bool
) -> tuple[Recording, ExternalLoads | None]:
    """Read markers, forces and EMG of a trial, and what its forces act on; both or neither.

    The corners are those of the plate behind each force.

    Parameters
    ----------
    directory : Path
        Of the trial.
    metadata : mapping
        Its ``trial.toml``. ``recording`` names a file that holds everything, ``config`` the
        session's for what that does not say, ``[emg.channels]`` other labels of EMG channels.
    with_emg : bool
        Whether it has EMG.

    Raises
    ------
    FormatError
        If a file is missing or cannot be read, or lacks what is named.
    ConfigError
        If the session's file cannot be used.
    """
    if metadata.get("recording") is None:
        forces, loads = _forces_beside(directory)
        emg = read_emg(directory / "emg.csv") if with_emg else None
        recording = Recording(read_trc(directory / "markers.trc"), forces, emg)
    else:
        recording, loads = _read_one(directory, metadata, with_emg=with_emg)
    if recording.analogs is None:
        return recording, loads
    channels = metadata["emg"].get("channels", {})
    emg = _renamed(directory / "trial.toml", recording.analogs, channels)
    return replace(recording, analogs=emg), loads


def files_elsewhere(directory: Path, metadata: Mapping[str, Any]) -> list[Path]:
    """Return what :func:`read_files` may read that need not lie in the trial's folder.

    Parameters
    ----------
    directory, metadata
        As of :func:`read_files`.

    Raises
    ------
    FormatError, ConfigError
        If a file that names others cannot be read.
    """
    loads, recording = directory / "external_loads.xml", metadata.get("recording")
    if recording is None:
        forces = read_external_loads(loads).data_file if loads.exists() else None
        return [] if forces is None else [forces]
    session, files = _session(directory, metadata), [directory / recording]
    if session is not None:
        named = (session.loads, session.corners, session.forces.transducers)
        files.append(directory / metadata["config"])
        files += [Path(file) for file in named if isinstance(file, str | Path)]
    return files


def _session(directory: Path, metadata: Mapping[str, Any]) -> RunConfig | None:
    """Read the session's file, where one is named, for what concerns a recording."""
    for key in ("recording", "config"):
        value = metadata.get(key)
        if value is not None and not isinstance(value, str):
            toml = directory / "trial.toml"
            raise FormatError(toml, f"{key} is {value!r}", f'write a file: {key} = "walk.c3d"')
    config = metadata.get("config")
    return load_config(directory / config, without=_NOT_USED) if config else None


def _forces_beside(directory: Path) -> tuple[Storage | None, ExternalLoads | None]:
    """Read the forces and the loads that name their columns; both or neither."""
    description = directory / "external_loads.xml"
    if not description.exists():
        if (directory / "grf.mot").exists():
            remedy = "write it: it says which columns of grf.mot act on which body"
            raise FormatError(description, "no such file", remedy)
        return None, None
    loads = read_external_loads(description)
    forces = read_storage(loads.data_file or directory / "grf.mot")
    loads.select(forces)  # a wrong identifier is found here, not in the middle of a session
    return forces, loads


def _read_one(
    directory: Path, metadata: Mapping[str, Any], *, with_emg: bool
) -> tuple[Recording, ExternalLoads | None]:
    """Read one file that holds everything; plates of unknown feet are left to the bridge."""
    session, path = _session(directory, metadata), directory / metadata["recording"]
    recording = read_recording(path, session)
    if with_emg and recording.analogs is None:
        raise FormatError(path, "no EMG in it", 'export it with its EMG, or write kind = "none"')
    emg = recording.analogs if with_emg else None
    forces, loads = recording.forces, _loads(directory, recording.forces, session)
    if forces is None or loads is None:
        return Recording(recording.markers, None, emg), None
    loads.select(forces)
    on_feet = not any(load.body for load in loads.forces)
    corners = plate_corners(recording, loads.forces, session, on_feet=on_feet)
    return Recording(recording.markers, forces, emg, corners), loads


def _loads(
    directory: Path, forces: Storage | None, session: RunConfig | None
) -> ExternalLoads | None:
    """Whose the plates of a recording are: by the file beside it, or its session's, or unknown."""
    if forces is None:
        return None
    beside = directory / "external_loads.xml"
    if beside.exists():
        return read_external_loads(beside)
    if session is not None and session.loads is not None:
        return read_external_loads(session.loads)
    plates = plates_by_name(forces.names)
    return ExternalLoads(plates, None, beside) if plates else None


def _renamed(toml: Path, emg: Storage, channels: object) -> Storage:
    """Give EMG channels the names that the network knows; the others keep theirs."""
    if not isinstance(channels, dict):
        remedy = 'write a table: [emg.channels] and in it SOL_r = "EMG 1"'
        raise FormatError(toml, f"emg.channels is {channels!r}", remedy)
    names = {label: label for label in emg.names}
    for channel, label in channels.items():
        if label not in emg.names:
            hint = nearest(str(label), emg.names)
            problem = f"emg.channels.{channel} is {label!r}, which the EMG lacks"
            raise FormatError(toml, problem, f"correct the label ({hint})")
        names[label] = channel
    if len(set(names.values())) < len(names):
        twice = sorted({name for name in names.values() if list(names.values()).count(name) > 1})
        problem = f"two channels are called {', '.join(twice)}"
        raise FormatError(toml, problem, "give each channel its own label in [emg.channels]")
    return replace(emg, names=tuple(names.values()))
