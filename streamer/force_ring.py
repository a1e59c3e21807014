"""The last seconds of force samples, and the force at any instant among them.

Force F and moment about the ground origin M = p x F + T are what a plate measures; both are
interpolated linearly. The centre of pressure p is not: beside a sample without load it is
arbitrary (hundreds of metres in real files). The force-weighted mean of the two points is used,
and the free torque T takes what remains, so that the interpolated wrench is exactly linear in
time whatever the points are::

    p = (w0 |F0| p0 + w1 |F1| p1) / (w0 |F0| + w1 |F1|)
    T = w0 (T0 + p0 x F0) + w1 (T1 + p1 x F1) - p x F
"""

import numpy as np
from numpy.typing import NDArray

FORCE, POINT, TORQUE = slice(0, 3), slice(3, 6), slice(6, 9)
"""Columns of a force row: [N], [m], [N m], all in ground."""


def interpolate_wrench(
    weight: float,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Interpolate rows of force, centre of pressure and free torque.

    Parameters
    ----------
    weight : float
        Share of `after`, 0 to 1.
    before, after : ndarray of shape (k, 9), float64
        Force [N], centre of pressure [m], free torque [N m] in ground, at the two instants.
    out : ndarray of shape (k, 9), float64
        Receives the result; where neither instant carries load, the later point is kept.
    """
    load_before = (1.0 - weight) * np.linalg.norm(before[:, FORCE], axis=1, keepdims=True)
    load_after = weight * np.linalg.norm(after[:, FORCE], axis=1, keepdims=True)
    load = load_before + load_after
    share = np.divide(load_after, load, out=np.ones_like(load), where=load > 0.0)
    force = (1.0 - weight) * before[:, FORCE] + weight * after[:, FORCE]
    # written as a mixture of two points, not as their sum, so that a share of 0 or 1 is exact
    point = np.where(
        share >= 1.0,
        after[:, POINT],
        before[:, POINT] + share * (after[:, POINT] - before[:, POINT]),
    )
    torque = (1.0 - weight) * (
        before[:, TORQUE] + _cross(before[:, POINT] - point, before[:, FORCE])
    ) + weight * (after[:, TORQUE] + _cross(after[:, POINT] - point, after[:, FORCE]))
    out[:, FORCE] = force
    out[:, POINT] = point
    out[:, TORQUE] = torque


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross product of rows; five times faster than `numpy.cross` on a few rows."""
    out = np.empty_like(a)
    out[:, 0] = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    out[:, 1] = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    out[:, 2] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return out


class ForceRing:
    """Bounded memory of force samples.

    Parameters
    ----------
    n_forces : int
        Number of external forces k.
    capacity : int
        Samples kept; older ones are overwritten.
    max_gap_s : float
        Two samples further apart than this [s] are not interpolated between: data are missing.
    tolerance_s : float
        An instant at most this much [s] after the newest sample counts as covered by it.
    """

    def __init__(
        self,
        n_forces: int,
        *,
        capacity: int = 4096,
        max_gap_s: float = 0.02,
        tolerance_s: float = 0.0,
    ) -> None:
        self._capacity = capacity
        self._max_gap_s = max_gap_s
        self._tolerance_s = tolerance_s
        # twice the room: the live samples stay one contiguous slice, and moving it back to the
        # front happens once per `capacity` samples
        self._t = np.zeros(2 * capacity)
        self._rows = np.zeros((2 * capacity, n_forces, 9))
        self._first = 0
        self._end = 0

    def __len__(self) -> int:
        return self._end - self._first

    @property
    def newest_s(self) -> float:
        """Time of the newest sample [s]; minus infinity if there is none."""
        return float(self._t[self._end - 1]) if len(self) else -float("inf")

    def covers(self, t: float) -> bool:
        """Whether the newest sample is late enough for an instant [s]."""
        return t <= self.newest_s + self._tolerance_s

    def extend(self, t: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
        """Append samples.

        Parameters
        ----------
        t : ndarray of shape (n,), float64
            Times [s], not decreasing and not before the newest kept.
        rows : ndarray of shape (n, k, 9), float64
            Force [N], centre of pressure [m], free torque [N m] in ground.
        """
        t, rows = t[-self._capacity :], rows[-self._capacity :]
        if self._end + len(t) > 2 * self._capacity:
            self._move_to_front(keep=self._capacity - len(t))
        self._t[self._end : self._end + len(t)] = t
        self._rows[self._end : self._end + len(t)] = rows
        self._end += len(t)
        self._first = max(self._first, self._end - self._capacity)

    def _move_to_front(self, keep: int) -> None:
        """Copy the newest `keep` samples to the start of the arrays."""
        start = max(self._first, self._end - keep)
        count = self._end - start
        self._t[:count] = self._t[start : self._end].copy()
        self._rows[:count] = self._rows[start : self._end].copy()
        self._first, self._end = 0, count

    def at(self, t: float, out: NDArray[np.float64]) -> bool:
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
            True if samples on both sides, close enough, were there; False if held.
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
        interpolate_wrench(weight, self._rows[after - 1], self._rows[after], out)
        return bool(gap <= self._max_gap_s)
