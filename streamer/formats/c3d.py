"""C3D files: markers, force plates and EMG as one recording in OpenSim's frame."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from streamer.arrays import F64
from streamer.exceptions import FormatError
from streamer.formats.c3d_file import C3dFile
from streamer.formats.plates import CHANNELS_OF_TYPE, Plate, on_the_person, plate_columns
from streamer.formats.tables import MarkerTable, Recording, Storage
from streamer.formats.text import check_unique
from streamer.units import METRES_PER_UNIT, NEWTON_METRES_PER_UNIT, NEWTONS_PER_UNIT
from streamer.unseen import hide_unseen

ABOVE_FLOOR = 0.9
"""Share of positions above the floor; a heel may be below by noise."""
_log = logging.getLogger(__name__)

_NOT_MARKERS = ("ANGLES", "FORCES", "MOMENTS", "POWERS", "SCALARS", "MODELED_MARKERS")


def read_c3d(path: Path, up: str | None = None) -> Recording:
    """Read a C3D file.

    Positions become metres in a frame with Y up, as OpenSim wants it: from a laboratory with Z
    up, (x, y, z) becomes (x, z, -y). Time starts at 0 with the first frame of the file.
    Computed points (angles, moments, powers) and unlabelled ones (``*12``) are left out, and a
    subject's prefix (``Walker:``) is taken off where all markers share it.

    Parameters
    ----------
    path : Path
        The ``.c3d`` file.
    up : {"x", "y", "z"}, optional
        Axis that points up in a file that does not say it: by ``POINT:Y_SCREEN``, else by the
        normal of its force plates. A minus sign there that puts the markers under the floor is
        not believed: Qualisys writes -Z of laboratories with z up.

    Returns
    -------
    Recording
        Markers, force plates (reaction on the person) with their corners, and the remaining
        analog channels.

    Raises
    ------
    FormatError
        If the file is missing, no C3D, has no markers, an unknown unit or plate type, or nobody
        says which axis is up.
    """
    file = C3dFile(path)
    plates, turn = _plates(file, up)
    markers = _markers(file, turn)
    analogs = file.analogs()
    forces = _forces(file, plates, analogs) if plates and analogs.size else None
    used = {channel for _, own in plates for channel in own}
    others = [i for i in range(analogs.shape[1]) if i not in used]
    corners = np.array([plate.corners for plate, _ in plates]) if plates else None
    return Recording(markers, forces, _others(file, analogs, others), corners)


def read_plates(path: Path) -> list[tuple[Plate, tuple[str, ...]]]:
    """Read what a C3D file says of its force plates.

    Parameters
    ----------
    path : Path
        The ``.c3d`` file.

    Returns
    -------
    list of (Plate, tuple of str)
        Each in ground, Y up, with the labels of its analog channels; "" for one without.

    Raises
    ------
    FormatError
        As `read_c3d`.
    """
    file = C3dFile(path)
    labels = file.texts("ANALOG", "LABELS")
    return [
        (plate, tuple(labels[c] if c < len(labels) else "" for c in channels))
        for plate, channels in _plates(file, None)[0]
    ]


def _markers(file: C3dFile, turn: F64) -> MarkerTable:
    """Labelled markers [m], Y up."""
    labels = file.texts("POINT", "LABELS")
    positions = file.points()
    if positions.shape[0] == 0:
        raise FormatError(file.path, "no frames in it", "export the trial again")
    computed = {label for group in _NOT_MARKERS for label in file.texts("POINT", group)}
    kept = [
        i
        for i, label in enumerate(labels[: positions.shape[1]])
        if label and not label.startswith("*") and label not in computed
    ]
    names = _without_subject([labels[i] for i in kept])
    if not names:
        raise FormatError(file.path, "no markers in it", "label the markers before the export")
    check_unique(file.path, names, "marker")
    rate = file.rate("POINT")
    seen = positions[:, kept]
    hide_unseen(seen)
    return MarkerTable(
        np.arange(len(seen)) / rate, tuple(names), np.asarray(seen @ turn.T * file.metres), rate
    )


def _without_subject(labels: Sequence[str]) -> list[str]:
    """Labels without the prefix ``subject:`` that all of them share."""
    subjects = {label.partition(":")[0] if ":" in label else None for label in labels}
    if len(subjects) == 1 and None not in subjects:
        return [label.partition(":")[2] for label in labels]
    return list(labels)


def _plates(file: C3dFile, up: str | None) -> tuple[list[tuple[Plate, list[int]]], F64]:
    """Each plate in ground with its analog channels, and the rotation (3, 3) to ground."""
    plates = _plates_in_laboratory(file)
    up = _up_axis(file, plates) or up or ""
    if up.startswith("-") and _all_below(file, plates, up[1:]):
        _log.warning("%s says that %s is up, but its markers lie on the other side of the floor: "
                     "+%s is taken", file.path.name, up.upper(), up[1:].upper())  # fmt: skip
        up = up[1:]
    turn = _to_y_up(file.path, up)
    return [(replace(p, corners=p.corners @ turn.T), own) for p, own in plates], turn


def _plates_in_laboratory(file: C3dFile) -> list[tuple[Plate, list[int]]]:
    """Each plate with its analog channels."""
    used = int(next(iter(file.values("FORCE_PLATFORM", "USED")), 0))
    if used == 0:
        return []
    kinds = [int(v) for v in file.values("FORCE_PLATFORM", "TYPE")][:used]
    for k, kind in enumerate(kinds, start=1):
        if kind not in CHANNELS_OF_TYPE:
            problem = f"force plate {k} is of type {kind}"
            raise FormatError(file.path, problem, "export its forces as a plate of type 1 to 4")
    try:
        corners = np.reshape(file.values("FORCE_PLATFORM", "CORNERS"), (-1, 4, 3)) * file.metres
        origins = np.reshape(file.values("FORCE_PLATFORM", "ORIGIN"), (-1, 3)) * file.metres
        channels = np.reshape(file.values("FORCE_PLATFORM", "CHANNEL"), (len(corners), -1))
    except ValueError:
        channels = corners = origins = np.empty(0)
    if len(kinds) < used or len(corners) < used or len(origins) < used:
        problem = f"FORCE_PLATFORM does not describe its {used} plates"
        raise FormatError(file.path, problem, "export the trial with its plates' geometry")
    matrices = _calibrations(file, kinds)
    return [
        (
            Plate(2 if kind == 4 else kind, corners[k], origins[k], matrices[k]),
            [int(c) - 1 for c in channels[k, : CHANNELS_OF_TYPE[kind]]],
        )
        for k, kind in enumerate(kinds)
    ]


def _calibrations(file: C3dFile, kinds: Sequence[int]) -> list[F64 | None]:
    """Calibration matrices of plates of type 4; None for others."""
    if 4 not in kinds:
        return [None] * len(kinds)
    values = np.asarray(file.values("FORCE_PLATFORM", "CAL_MATRIX"), dtype=np.float64)
    if values.size != 36 * len(kinds):
        problem = "a force plate of type 4 without its CAL_MATRIX"
        raise FormatError(file.path, problem, "export the trial with it")
    # stored with the row index fastest; moments come out in N times the file's unit of length
    si = np.repeat([1.0, file.metres], 3)[:, None]
    matrices = values.reshape(-1, 6, 6)
    return [m.T * si if kind == 4 else None for kind, m in zip(kinds, matrices, strict=True)]


def _up_axis(file: C3dFile, plates: Sequence[tuple[Plate, list[int]]]) -> str:
    """Axis that points up, from the screen convention or the plates; "" if neither says it."""
    screen = next(iter(file.values("POINT", "Y_SCREEN")), "").strip().lower()
    if screen:
        return str(screen)
    for plate, _ in plates:
        normal = np.abs(plate.axes[:, 2])
        if normal.max() > 0.9:  # within 25 degrees: ramps are allowed
            return "xyz"[int(normal.argmax())]
    return ""


def _all_below(file: C3dFile, plates: Sequence[tuple[Plate, list[int]]], axis: str) -> bool:
    """Whether a person would hang from the floor if minus `axis` were up, as some files have it."""
    if axis not in ("x", "y", "z"):
        return False
    points = file.points()[..., "xyz".index(axis)]
    floor = np.mean([p.corners[:, "xyz".index(axis)] for p, _ in plates]) if plates else 0.0
    seen = points[np.isfinite(points) & (points != 0.0)] * file.metres
    return bool(seen.size) and float((seen > floor).mean()) > ABOVE_FLOOR


def _to_y_up(path: Path, up: str) -> F64:
    """Rotation (3, 3) from the laboratory to a frame with Y up that keeps x where it can."""
    sign, axis = (-1.0, up[1:]) if up.startswith("-") else (1.0, up.lstrip("+"))
    if axis not in ("x", "y", "z"):
        remedy = "export it with POINT:Y_SCREEN"
        if up:
            raise FormatError(path, f"the axis up is {up!r}", f"{remedy} +X, +Y or +Z")
        remedy += ", or set `up` under `markers` in the --config"
        raise FormatError(path, "it does not say which axis is up", remedy)
    vertical = np.zeros(3)
    vertical["xyz".index(axis)] = sign
    forward = np.array([0.0, 0.0, 1.0]) if axis == "x" else np.array([1.0, 0.0, 0.0])
    return np.array([forward, vertical, np.cross(forward, vertical)])


def _forces(file: C3dFile, plates: Sequence[tuple[Plate, list[int]]], analogs: F64) -> Storage:
    """Wrench of every plate on the person, ground frame with Y up."""
    names: list[str] = []
    columns: list[F64] = []
    for k, (plate, channels) in enumerate(plates, start=1):
        if max(channels) >= analogs.shape[1]:
            problem = f"force plate {k} wants analog channel {max(channels) + 1}"
            raise FormatError(file.path, problem, "export the trial with all analog channels")
        wrench = plate.wrench(analogs[:, channels] * _to_si(file, plate, channels))
        columns.append(on_the_person(wrench))
        names += plate_columns(k)
    time = np.arange(len(analogs)) / file.rate("ANALOG")
    return Storage(time, tuple(names), np.hstack(columns), name=file.path.stem)


def _to_si(file: C3dFile, plate: Plate, channels: Sequence[int]) -> F64:
    """Factor of each channel to N, N m or m; those with a calibration matrix stay raw."""
    factors = np.ones(len(channels))
    if plate.calibration is not None:
        return factors
    units = file.texts("ANALOG", "UNITS")
    for i, channel in enumerate(channels):
        unit = units[channel] if channel < len(units) else ""
        table = NEWTONS_PER_UNIT if plate.kind == 3 or i < 3 else NEWTON_METRES_PER_UNIT
        if plate.kind == 1 and i in (3, 4):
            table = METRES_PER_UNIT
        factors[i] = file.factor(f"the unit of analog channel {channel + 1}", unit, table)
    return factors


def _others(file: C3dFile, analogs: F64, channels: Sequence[int]) -> Storage | None:
    """Analog channels that are not part of a plate, in the units of the file."""
    if not channels or not analogs.size:
        return None
    labels = file.texts("ANALOG", "LABELS")
    names: list[str] = []
    for channel in channels:
        label = labels[channel] if channel < len(labels) else ""
        taken = not label or label in names
        names.append(f"{label or 'analog'}_{channel + 1}" if taken else label)
    time = np.arange(len(analogs)) / file.rate("ANALOG")
    return Storage(time, tuple(names), analogs[:, channels].copy(), name=file.path.stem)


def corners_of(given: str | Sequence[object] | None) -> F64 | None:
    """Corners of force plates, from a C3D file or from numbers.

    Parameters
    ----------
    given : str, sequence or None
        Path of a ``.c3d`` file, any trial of the laboratory; or for each plate four points.

    Returns
    -------
    ndarray of shape (n_plate, 4, 3), float64 [m], ground, or None
        None if nothing is given.

    Raises
    ------
    FormatError
        If the file cannot be read, or has no force plates.
    """
    if given is None:
        return None
    if not isinstance(given, str):
        return np.array(given, dtype=np.float64)
    plates = read_plates(Path(given))
    if not plates:
        raise FormatError(given, "no force plates in it", "give a trial recorded with them")
    return np.array([plate.corners for plate, _ in plates])
