"""Where the force plates of a configuration are, and by which channels they measure."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from streamer.config.streams import ForceStream
from streamer.exceptions import ConfigError
from streamer.formats.c3d import read_plates
from streamer.formats.plates import CHANNELS_OF_TYPE, Plate

SHORTEST_M: Final = 0.1
LONGEST_M: Final = 10.0
"""No side of a plate is shorter or longer [m]."""
SKEW_M: Final = 0.05
"""Opposite sides and both diagonals differ by no more [m]."""
LEVEL: Final = 0.7
"""Least vertical part of a plate's normal."""
DEEPEST_M: Final = 0.5
"""No transducer is so far from the centre of its surface along an axis [m]."""


def described_plates(settings: ForceStream) -> list[tuple[Plate, tuple[str, ...]]]:
    """Return the configured plates in ground, each with the labels of its channels.

    Raises
    ------
    ConfigError, FormatError
        As `open_transducers`.
    """
    given, labels = settings.transducers, settings.channels
    if isinstance(given, str):
        plates = read_plates(Path(given))
    else:
        plates = [(Plate(2, np.array(g.corners), np.array(g.origin)), ()) for g in given or ()]
    if labels is not None and len(labels) != len(plates):
        raise ConfigError(
            f"`channels` under `forces` has {len(labels)} plates, {given} has {len(plates)}; "
            "give each plate its list of labels"
        )
    own = [tuple(each) for each in labels] if labels is not None else [each for _, each in plates]
    if not own:
        raise ConfigError(f"`transducers` under `forces`: no force plates in {given}; give some")
    return [
        (_calibrated(k, plate, each, isinstance(given, str)), each)
        for k, ((plate, _), each) in enumerate(zip(plates, own, strict=True), start=1)
    ]


def _calibrated(number: int, plate: Plate, labels: tuple[str, ...], from_file: bool) -> Plate:
    """Take the channels of a stream for N and N m, which need no calibration matrix any more."""
    if plate.kind == 1:
        raise ConfigError(
            f"`transducers` under `forces`: plate {number} is of type 1, which has centres of "
            "pressure and no moments; send these in the laboratory's axes, without `transducers`"
        )
    if len(labels) != CHANNELS_OF_TYPE[plate.kind]:
        raise ConfigError(
            f"`channels` under `forces`: plate {number} has {len(labels)} labels; "
            f"give its {CHANNELS_OF_TYPE[plate.kind]}"
        )
    if fault := _geometry_fault(plate, literal=not from_file):
        raise ConfigError(f"`transducers` under `forces`: plate {number} {fault}")
    return replace(plate, calibration=None)


def _geometry_fault(plate: Plate, *, literal: bool) -> str:
    """What no plate is like; "" if nothing is odd. A file may have either sign of the origin."""
    sides = np.linalg.norm(plate.corners - np.roll(plate.corners, -1, axis=0), axis=1)
    if not (sides > SHORTEST_M).all() or not (sides < LONGEST_M).all():
        listed = ", ".join(f"{side:g}" for side in sides)
        return f"has sides of {listed} m; give the four `corners` in turn, in m"
    a, b, c, d = plate.corners
    across = abs(np.linalg.norm(a - c) - np.linalg.norm(b - d))
    if max(np.linalg.norm(a - b + c - d), across) > SKEW_M:
        return "is not a rectangle; give its `corners` in turn"
    up = plate.axes[1, 2]
    if abs(up) < LEVEL:
        return (
            "stands upright; give `corners` in ground, y up: in a laboratory with z up they are "
            "x, z, -y"
        )
    if np.abs(plate.origin).max() > DEEPEST_M:
        return f"has its `origin` {np.abs(plate.origin).max():g} m away; give it in m"
    if literal and up * plate.origin[2] < 0.0:
        return (
            "measures above its surface: the order of its `corners` or the sign of the last number "
            "of its `origin` is wrong"
        )
    return ""
