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
contact was missed. Of two contacts that are closer the one with less force is none: the other foot
lands on this one's belt, or this one scuffs the floor."""


class Stride(NamedTuple):
    """Frames ``start <= i < stop`` of a sequence."""

    start: int
    stop: int


def cut_strides(sequence: LimbSequence) -> list[Stride]:
    """Return the complete strides of a sequence, in order."""
    return [
        Stride(a, b)
        for a, b in pairwise(_landings(sequence))
        if SHORTEST_S <= sequence.t[b] - sequence.t[a] <= LONGEST_S
        and np.isfinite(sequence.foot_force[a:b]).all()
    ]


def phase(sequence: LimbSequence) -> F64:
    """Return how far each frame is through its stride, 0 to 1; NaN outside complete strides."""
    through = np.full(len(sequence.t), np.nan)
    for start, stop in cut_strides(sequence):
        through[start:stop] = np.arange(stop - start) / (stop - start)
    return through


def _landings(sequence: LimbSequence) -> list[int]:
    """Frames at which a foot lands, of contacts too close to each other that of the strongest."""
    kept: list[tuple[int, float]] = []
    for contact in _contacts(sequence.foot_force):
        while kept and sequence.t[contact[0]] - sequence.t[kept[-1][0]] < SHORTEST_S:
            contact = max(kept.pop(), contact, key=lambda each: each[1])
        kept.append(contact)
    return [lands for lands, _ in kept]


def _contacts(force: F64) -> list[tuple[int, float]]:
    """Frames from which on there is force under the foot, and the largest of each contact."""
    found, loaded = [], True  # a trial that begins on the foot does not begin with a contact
    for i, value in enumerate(force.tolist()):
        if loaded and value < LEAVES:
            loaded = False
        elif not loaded and value > LANDS:
            loaded = True
            found.append((i, value))
        elif loaded and found and value > found[-1][1]:
            found[-1] = found[-1][0], value
    return found
