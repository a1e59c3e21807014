"""When to step a network of a fixed rate from a stream of any rate. Causal, and reads no clock."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["StepSchedule"]

SNAP: Final = 0.25
"""A frame within this fraction of a period of a due step stands for it: it is not interpolated."""
PULL: Final = 0.1
"""Share of a snapped frame's offset by which the grid follows the stream (a slow phase lock)."""
SEEK: Final = 0.02
"""The same where no frame is so near: the grid began with a frame that had been held up, say. It
is less than the network's rate may be off for a step in every frame, so that no other is caught."""
LONGEST_GAP_S: Final = 0.25
"""After a longer gap the past says nothing about the present; the history starts anew."""


class StepSchedule:
    """Decide for each incoming frame at which times the network steps.

    A stream at the network's own rate steps once per frame, if its times are smoothed. A faster one
    steps on the first frame near enough to the network's grid (one of 500 Hz 1.3 % too often), a
    slower one also between the previous frame and this one.

    Parameters
    ----------
    rate_hz : float
        Of the network.
    """

    def __init__(self, rate_hz: float) -> None:
        self._period = 1.0 / rate_hz
        self._due = math.nan
        self._last = math.nan

    def reset(self) -> None:
        """Forget the stream."""
        self._due = self._last = math.nan

    def is_new_stream(self, t: float) -> bool:
        """Tell whether `t` [s] starts a stream: the first, after a gap, or back in time."""
        return not 0.0 < t - self._last <= LONGEST_GAP_S

    def steps(self, t: float) -> list[float]:
        """Return where to step, as fractions of the way from the previous frame (0) to `t` (1).

        Parameters
        ----------
        t : float
            Time of the frame [s, the stream's clock].

        Returns
        -------
        list of float
            In (0, 1], rising; empty if nothing is due, exactly 1.0 for the frame itself.
        """
        tolerance = SNAP * self._period
        if self.is_new_stream(t):
            self._due, self._last = t + self._period, t
            return [1.0]
        fractions = []
        while self._due < t - tolerance:
            fractions.append((self._due - self._last) / (t - self._last))
            self._due += self._period
        if self._due <= t + tolerance:
            fractions.append(1.0)
            self._due += self._period + PULL * (t - self._due)
        elif fractions:
            self._due += SEEK * self._to_nearest(self._due - self._period, t)
        self._last = t  # the next step is due after it, whichever way it went
        return fractions

    def _to_nearest(self, step: float, t: float) -> float:
        """How far from a step [s] the nearest frame is: the previous one, or the one at `t`."""
        return min(t - step, self._last - step, key=abs)
