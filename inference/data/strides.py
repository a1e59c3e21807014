"""Strides of a limb, from one contact of its foot to the next: the unit that scores rest on."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from inference.arrays import F64
from inference.data.dataset import LimbSequence

__all__ = ["Stride", "cut_strides", "phase"]

LANDS: Final = 0.10
"""Vertical force above which the foot is on the ground [body weights]; predicted forces err by
some hundredths in swing."""
LEAVES: Final = 0.05
"""Below this it has left, so that a force that trembles about one value is one contact."""
SHORTEST_S, LONGEST_S = 0.5, 3.5
"""Strides of running and of the slowest walking last between these [s]; others are stumbles, or a
contact was missed."""
ONE_LANDING_S, NO_CONTACT = 0.25, 0.75
"""Of two contacts closer than a stride the one with less force is none, if they are closer than
the first [s], as where a foot scuffs the floor, or its force is less than the second share of the
other's, as where the other foot lands on this one's belt (0.7 at most in running)."""


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
    """Frames at which a foot lands, without contacts that are none, see `NO_CONTACT`."""
    kept: list[tuple[int, float]] = []
    for lands, force in _contacts(sequence.foot_force):
        while kept and _one_is_none(
            kept[-1][1], force, sequence.t[lands] - sequence.t[kept[-1][0]]
        ):
            if kept[-1][1] >= force:
                break
            kept.pop()
        else:
            kept.append((lands, force))
    return [lands for lands, _ in kept]


def _one_is_none(one: float, other: float, apart_s: float) -> bool:
    """Whether the weaker of two contacts, by their forces [body weights], is none."""
    if apart_s >= SHORTEST_S:
        return False
    return apart_s < ONE_LANDING_S or min(one, other) < NO_CONTACT * max(one, other)


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
