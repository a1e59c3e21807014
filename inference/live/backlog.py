"""Steps of the network that are due; after a pause they are more than a frame has time for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from inference.arrays import F32
from inference.channels import N_INPUT, SIDES
from inference.inputs.schedule import LONGEST_GAP_S

__all__ = ["Backlog"]

CATCH_UP: Final = 2
"""So many more steps a frame than its rate asks for: 20 are made up for in 10 frames."""


class Backlog:
    """Rows of inputs in their order, each with its time.

    A pause of 0.2 s is 20 steps of 0.4 to 0.9 ms, twice a usual budget. The network takes them all,
    for its memory is in steps; those that wait make the estimate as much older.

    Parameters
    ----------
    rate_hz : float
        Of the network.
    """

    def __init__(self, rate_hz: float) -> None:
        size = 2 * (int(np.ceil(LONGEST_GAP_S * rate_hz)) + 2)
        self._t = np.zeros(size)
        self._x: F32 = np.zeros((size, len(SIDES), 2 * N_INPUT), dtype=np.float32)
        self._first = self._end = self._usual = self._new = 0

    def reset(self) -> None:
        """Forget what waits."""
        self._first = self._end = self._usual = self._new = 0

    def add(self, t: float, x: F32) -> None:
        """Let a step wait.

        Parameters
        ----------
        t : float
            Its time [s].
        x : ndarray of shape (2, 2 N_INPUT), float32
            Copied.
        """
        slot = self._end % len(self._t)
        self._t[slot] = t
        self._x[slot] = x
        self._end += 1
        self._new += 1

    def due(self) -> Iterator[tuple[float, F32]]:
        """Yield the time and the inputs, valid until the next, of each step that this frame takes.

        As many as came with this frame or the last, whichever are fewer, and a few of those that
        wait; more only where they would not find room.
        """
        some = min(self._new, self._usual) + CATCH_UP
        room = len(self._t) // 2
        self._usual, self._new = self._new, 0
        for _ in range(max(some, self._end - self._first - room)):
            if self._first == self._end:
                return
            slot = self._first % len(self._t)
            self._first += 1
            yield float(self._t[slot]), self._x[slot]
