"""Strides of a limb, from one contact of its foot to the next: the unit that scores rest on."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from inference.data.dataset import LimbSequence

__all__ = ["Stride", "cut_strides", "phase"]

F64 = npt.NDArray[np.float64]

LANDS: Final = 0.10
"""Vertical force above which the foot is on the ground [body weights]; predicted forces err by
some hundredths in swing."""
LEAVES: Final = 0.05
"""Below this it has left, so that a force that trembles about one value is one contact."""
SHORTEST_S, LONGEST_S = 0.5, 3.5
"""Strides of running and of the slowest walking last between these [s]; others are stumbles, or a
contact was missed."""


class Stride(NamedTuple):
    """Frames ``start <= i < stop`` of a sequence."""

    start: int
    stop: int


def cut_strides(sequence: LimbSequence) -> list[Stride]:
    """Return the complete strides of a sequence, in order."""
    lands = _contacts(sequence.foot_force)
    pairs = pairwise(lands)
    return [
        Stride(a, b)
        for a, b in pairs
        if SHORTEST_S <= sequence.t[b] - sequence.t[a] <= LONGEST_S
        and np.isfinite(sequence.foot_force[a:b]).all()
    ]


def phase(sequence: LimbSequence) -> F64:
    """Return how far each frame is through its stride, 0 to 1; NaN outside complete strides."""
    through = np.full(len(sequence.t), np.nan)
    for start, stop in cut_strides(sequence):
        through[start:stop] = np.arange(stop - start) / (stop - start)
    return through


def _contacts(force: F64) -> list[int]:
    """Frames at which a foot lands."""
    lands, loaded = [], True  # a trial that begins on the foot does not begin with a contact
    for i, value in enumerate(force):
        if loaded and value < LEAVES:
            loaded = False
        elif not loaded and value > LANDS:
            loaded = True
            lands.append(i)
    return lands
