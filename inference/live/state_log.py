"""What a network made of a stream, step by step: kept while it runs, read when it is over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.arrays import F32, F64, Bool
from inference.channels import N_CHANNEL, SIDES
from inference.live.estimator import Estimator

__all__ = ["StateLog", "States"]


@dataclass(frozen=True, eq=False)
class States:
    """Steps of a network.

    Attributes
    ----------
    t : ndarray of shape (n,), float64 [s, the stream's clock]
    y : ndarray of shape (n, 2, N_CHANNEL), float32
        The network's own estimates, right limb first.
    state : ndarray of shape (n, 2, state_width), float32
        Its state after each frame.
    distance : ndarray of shape (n, 2), float32
        How unlike the usual the motion was, see `inference.opinion.unlikeness`.
    usable : ndarray of shape (n,), bool
        Where the frame behind it was sound.
    """

    t: F64
    y: F32
    state: F32
    distance: F32
    usable: Bool


class StateLog:
    """Room for a number of steps, taken at once so that keeping one costs a copy.

    Parameters
    ----------
    capacity : int
        Steps; further ones are not kept.
    state_width : int
        Numbers per limb in the network's state.
    """

    def __init__(self, capacity: int, state_width: int) -> None:
        self._t = np.zeros(capacity)
        self._y = np.zeros((capacity, len(SIDES), N_CHANNEL), dtype=np.float32)
        self._state = np.zeros((capacity, len(SIDES), state_width), dtype=np.float32)
        self._distance = np.zeros((capacity, len(SIDES)), dtype=np.float32)
        self._usable = np.zeros(capacity, dtype=np.bool_)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, t: float, step: Estimator, usable: bool) -> None:
        """Keep a step, its time [s] and whether the frame behind it was sound."""
        i = self._count
        if i < len(self._t):
            self._t[i], self._usable[i] = t, usable
            self._y[i], self._state[i], self._distance[i] = step.alone, step.state, step.distance
            self._count = i + 1

    def states(self) -> States:
        """Return what was kept; views."""
        part = slice(0, self._count)
        return States(
            self._t[part],
            self._y[part],
            self._state[part],
            self._distance[part],
            self._usable[part],
        )
