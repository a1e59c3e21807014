"""The last seconds of force samples, and the force at any instant among them.

Between two samples force and moment are linear in time, see `sim_bridge.dynamics.wrench`.
"""

import numpy as np

from sim_bridge.dynamics.wrench import mix_wrenches
from streamer.arrays import F64
from streamer.frames.stamps import SET_BACK_S

GAP_S = 0.02
"""Samples of a quick stream further apart than this [s] are a hole."""
SLOWEST_GAP_S = 0.05
"""Forces change within a step: samples further apart than this [s] do not show what was between."""
RECENT = 64
"""A stream's own period is the median over so many of the newest samples."""


def longest_gap(period_s: float) -> float:
    """How far apart samples of a stream may be [s] before there is a hole between them.

    Parameters
    ----------
    period_s : float
        Of its samples [s]; forces may come as slowly as markers, and jitter.
    """
    return min(max(GAP_S, 1.5 * period_s), SLOWEST_GAP_S)


class ForceRing:
    """Bounded memory of force samples.

    Parameters
    ----------
    n_forces : int
        Number of external forces k.
    capacity : int
        Samples kept; older ones are overwritten.
    tolerance_s : float
        An instant at most this much [s] after the newest sample counts as covered by it.
    """

    def __init__(
        self,
        n_forces: int,
        *,
        capacity: int = 4096,
        tolerance_s: float = 0.0,
    ) -> None:
        self._capacity = capacity
        self._tolerance_s = tolerance_s
        # twice the room: the live samples stay one contiguous slice, and moving it back to the
        # front happens once per `capacity` samples
        self._t = np.zeros(2 * capacity)
        self._rows = np.zeros((2 * capacity, n_forces, 9))
        self._first = 0
        self._end = 0
        mix_wrenches(self._rows[0], self._rows[1], 0.5, self._rows[0])  # compiled or loaded now

    def __len__(self) -> int:
        return self._end - self._first

    @property
    def newest_s(self) -> float:
        """Time of the newest sample [s]; minus infinity if there is none."""
        return float(self._t[self._end - 1]) if len(self) else -float("inf")

    def covers(self, t: float) -> bool:
        """Whether the newest sample is late enough for an instant [s]."""
        return t <= self.newest_s + self._tolerance_s

    def extend(self, t: F64, rows: F64) -> None:
        """Append samples.

        Parameters
        ----------
        t : ndarray of shape (n,), float64
            Times [s]. A step back by less than `SET_BACK_S` is clock correction and counts as
            none; where the clock was set back by more, what came before is forgotten.
        rows : ndarray of shape (n, k, 9), float64
            Force [N], centre of pressure [m], free torque [N m] in ground.
        """
        t, rows = t[-self._capacity :], rows[-self._capacity :]
        steps = np.diff(t, prepend=self.newest_s)
        if (steps < 0.0).any():
            t, rows = self._after_set_back(t, rows, steps)
        if self._end + len(t) > 2 * self._capacity:
            self._move_to_front(keep=self._capacity - len(t))
        self._t[self._end : self._end + len(t)] = t
        self._rows[self._end : self._end + len(t)] = rows
        self._end += len(t)
        self._first = max(self._first, self._end - self._capacity)

    def _after_set_back(self, t: F64, rows: F64, steps: F64) -> tuple[F64, F64]:
        """What follows the last time the clock was set back, in order."""
        back = np.flatnonzero(steps < -SET_BACK_S)
        if len(back):
            self._first = self._end = 0
            t, rows = t[back[-1] :], rows[back[-1] :]
        return np.maximum.accumulate(np.maximum(t, self.newest_s)), rows

    def _move_to_front(self, keep: int) -> None:
        """Copy the newest `keep` samples to the start of the arrays."""
        start = max(self._first, self._end - keep)
        count = self._end - start
        self._t[:count] = self._t[start : self._end].copy()
        self._rows[:count] = self._rows[start : self._end].copy()
        self._first, self._end = 0, count

    def at(self, t: float, out: F64) -> bool:
        """Write the forces at an instant.

        Parameters
        ----------
        t : float
            Instant [s], same clock as the samples.
        out : ndarray of shape (k, 9), float64
            Receives the interpolated rows, or the nearest sample held; zeros if there is none.

        Returns
        -------
        bool
            True if samples on both sides, no further apart than `longest_gap` of the newest ones'
            median period, were there; False if held or bridged.
        """
        if not len(self):
            out[:] = 0.0
            return False
        times = self._t[self._first : self._end]
        right = int(np.searchsorted(times, t, side="left"))
        if right == len(times) or (right == 0 and times[0] > t):
            out[:] = self._rows[self._first + min(right, len(times) - 1)]
            return self.covers(t) and right > 0
        after = self._first + right
        if self._t[after] == t:
            out[:] = self._rows[after]
            return True
        gap = self._t[after] - self._t[after - 1]
        weight = (t - self._t[after - 1]) / gap
        mix_wrenches(self._rows[after - 1], self._rows[after], weight, out)
        # a short pause is no hole at any rate: the median is only taken for longer ones
        return bool(gap <= GAP_S or gap <= longest_gap(self._period_s()))

    def _period_s(self) -> float:
        """Median time between the newest samples; a stream need not state its rate, or keep it."""
        return float(np.median(np.diff(self._t[max(self._first, self._end - RECENT) : self._end])))


class RecordedForces:
    """Forces of a recording as a session would have met them: a `ForceSource`.

    Parameters
    ----------
    time : ndarray of shape (n,), float64
        Times of the samples [s], increasing.
    rows : ndarray of shape (n, k, 9), float64
        Force [N], centre of pressure [m], free torque [N m] in ground.

    Attributes
    ----------
    forces : ndarray of shape (k, 9), float64
        At the instant last asked for; overwritten by the next `align`.
    """

    def __init__(self, time: F64, rows: F64) -> None:
        self._time, self._rows = time, rows
        self._ring = ForceRing(rows.shape[1])
        self._taken = 0
        self.forces = np.zeros(rows.shape[1:])

    @property
    def newest_s(self) -> float:
        """Time of the newest sample that has come [s]; minus infinity if there is none."""
        return self._ring.newest_s

    def align(self, t: float, until: float) -> bool:
        """Bring `forces` to an instant.

        Parameters
        ----------
        t : float
            Instant [s]; not before that of the last call.
        until : float
            What was sampled later than this [s] has not come yet.

        Returns
        -------
        bool
            True if the forces were measured around that instant, False if they are held.
        """
        come = int(np.searchsorted(self._time, until, side="right"))
        if come > self._taken:
            self._ring.extend(self._time[self._taken : come], self._rows[self._taken : come])
            self._taken = come
        return self._ring.at(t, self.forces)
