"""What `nem2e offline` takes: markers of a file, and the forces that belong to them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from sim_bridge import ExternalForce
from streamer.arrays import F64
from streamer.config.session import RunConfig
from streamer.console.terminal import say
from streamer.doubts import lying_doubt
from streamer.exceptions import ConfigError, FormatError
from streamer.formats import (
    ExternalForceColumns,
    MarkerTable,
    Recording,
    Storage,
    external_forces,
    plates_by_name,
    read_external_loads,
    read_recording,
    read_storage,
    select_forces,
)
from streamer.formats.bridge_input import BridgeInput
from streamer.formats.recording import plate_corners, z_up_to_y_up

__all__ = ["read_input", "say_if_lying"]

Plates = Literal["named", "auto"]


def read_input(
    markers: Path,
    *,
    grf: Path | None = None,
    loads: Path | None = None,
    start: float | None = None,
    end: float | None = None,
    plates: Plates | None = None,
    session: RunConfig | None = None,
) -> BridgeInput:
    """Read markers and forces.

    Parameters
    ----------
    markers : Path
        A TRC, C3D or XDF file; the forces of the last two count where no `grf` is given.
    grf, loads : Path or None
        See :func:`run`.
    start, end : float or None
        Part of the recording [s].
    plates : {"named", "auto"} or None
        See :func:`run`.
    session : RunConfig or None
        For what the files do not say, and the corners of the plates.

    Raises
    ------
    FormatError
        If a file is missing or unreadable.
    ConfigError
        If a force file is missing beside the other, or no frame lies between `start` and `end`.
    """
    source = read_recording(markers, session)
    table = _cut(source.markers, start, end)
    if grf is not None:
        if source.forces is not None:
            say(f"using the forces of {grf.name}; those of {markers.name} are ignored")
        source = Recording(table, read_storage(grf), corners=source.corners)
    auto = plates == "auto" or (plates is None and grf is None and loads is None)
    columns = _columns(source.forces, markers, grf, loads, auto)
    if source.forces is None or not columns:
        return BridgeInput(table)
    _check_times(source.forces, table, grf or markers)
    rows = select_forces(columns, source.forces, loads or grf or markers)
    if grf is not None and session is not None and session.forces.up == "z":
        rows = z_up_to_y_up(rows.reshape(-1, 3)).reshape(rows.shape)
        say(f"{grf.name} has z up, as the --config says, and metres; its forces are turned")
    bodies = external_forces(columns, on_feet=auto)
    _say_if_empty(grf or markers, rows, bodies)
    told = session is not None and session.corners is not None
    if told or grf is None:
        corners = plate_corners(source, columns, session, on_feet=auto)
    else:  # of the C3D file beside it, plate by plate
        corners = source.corners if auto and loads is None else None
    return BridgeInput(table, source.forces.time, rows, bodies, corners)


def say_if_lying(path: Path, markers: MarkerTable, wanted: Sequence[str]) -> None:
    """Tell of the model's markers, as named, if they reach farther to the side than up."""
    if doubt := lying_doubt(markers.positions, markers.names, wanted):
        say(
            f"{path.name}: {doubt}; where z is up in the file, set `up: z` under `markers` in "
            "the --config, else leave `up` out there"
        )


def _columns(
    forces: Storage | None, markers: Path, grf: Path | None, loads: Path | None, auto: bool
) -> tuple[ExternalForceColumns, ...]:
    """Where the forces stand in their table; none if they are not to be used."""
    if loads is not None:
        if forces is None:
            raise ConfigError(
                f"{loads.name} names loads, but there is no --grf, and {markers.name} has no forces"
                "; give --grf, or leave the loads out (--loads, or `loads` in the --config)"
            )
        return read_external_loads(loads).forces
    if forces is None:
        return ()
    if auto:
        found = plates_by_name(forces.names)
        if not found:
            raise FormatError(
                grf or markers, "no force columns like ground_force_1_vx and ground_force_1_px",
                "name its columns in an ExternalLoads file (--loads), or leave them out"
                " (--plates named)",
            )  # fmt: skip
        return found
    if grf is not None:
        raise ConfigError("--grf is given without --loads; give both, or --plates auto")
    say(f"the forces of {markers.name} are ignored; --loads or --plates auto uses them")
    return ()


def _check_times(forces: Storage, markers: MarkerTable, path: Path) -> None:
    """Refuse forces none of which is of the time of the markers."""
    first, last = markers.time[0], markers.time[-1]
    if not ((forces.time >= first) & (forces.time <= last)).any():
        raise FormatError(
            path, f"its forces cover {forces.time[0]:g} to {forces.time[-1]:g} s, the markers "
            f"{first:g} to {last:g} s", "give files of one trial, times in s"
        )  # fmt: skip


def _say_if_empty(path: Path, rows: F64, loads: tuple[ExternalForce, ...]) -> None:
    """Tell of forces that are unknown throughout."""
    empty = [
        load.name for i, load in enumerate(loads) if not np.isfinite(rows[:, i]).all(axis=1).any()
    ]
    if empty:
        say(f"{path.name}: no sample of {', '.join(empty)} is a number: unknown in all frames")


def _cut(table: MarkerTable, start: float | None, end: float | None) -> MarkerTable:
    part = table.between(start, end)
    if not part.n_frames:
        raise ConfigError(
            f"no frame lies between --start and --end; the markers run from {table.time[0]:g} s"
            f" to {table.time[-1]:g} s"
        )
    return part
