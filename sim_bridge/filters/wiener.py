"""The best linear estimate, from the last frames alone, of what a zero-phase low-pass would give.

Model: a coordinate x is a stationary process with the spectrum S(f) ~ 1 / (1 + (f / f0)^2)^3, the
fall of 18 dB an octave that joint angles of gait have above 2 Hz, plus white noise on each frame.
Wanted is y = h * x with |h| = 1 / (1 + (f / fc)^6), the third-order Butterworth low-pass forwards
and backwards that offline analysis uses, and y' and y'', at ``delay`` before the newest frame. The
best linear estimate is a weighted sum of the last frames (Wiener 1949, Extrapolation,
Interpolation, and Smoothing of Stationary Time Series; universal kriging, Cressie 1993,
doi 10.1002/9781119115151)::

    minimise E |y^(k)(t) - sum_i w_i x(t_i)|^2   subject to   sum_i w_i t_i^p = (t^p)^(k),  p = 0..3

so that cubics come out exactly, as late as declared: without that, accelerations would come 5 ms
later than they say, for 4 % less error. Only differences of times enter: frames may be uneven, and
a missing one is just not there.
"""

from functools import lru_cache

import numpy as np

from sim_bridge._jit import F64, kernel

_CORNER_HZ = 2.0
"""Corner f0 of the spectrum."""
_NOISE = 1e-7
"""Variance of a frame's noise, of the coordinate's variance, per Hz of frame rate."""
_WINDOW_S = 0.24
"""How far back frames count; longer windows estimate no better."""
_FEWEST, _MOST = 8, 64
"""Frames of the window, whatever the rate."""
_LONGEST_GAP_S = 0.25
"""After a longer pause [s] the filter starts anew."""
_SAME = 0.05
"""Frames may lie off the instants of the weights in use by this share of a frame."""
_FRAMES_PER_POWER = 4
"""Frames for each power of time kept exactly at the start; with fewer, noise counts as motion."""
_TABLE_STEP_S = 1e-3


class WienerFilter:
    """Optimal weights on the last frames, by their true times; see :class:`DerivativeFilter`.

    Parameters
    ----------
    n : int
        Number of coordinates.
    rate_hz : float
        Nominal frame rate [Hz].
    delay_s : float
        How long before the newest frame the estimate describes [s], 0 or more; any fraction of a
        frame.
    cutoff_hz : float
        Half-amplitude frequency of the zero-phase low-pass that is estimated [Hz].

    Notes
    -----
    The weights are computed again only when the frames lie otherwise than before: at the start, and
    around a gap or a change of rate.
    """

    def __init__(self, n: int, rate_hz: float, delay_s: float, cutoff_hz: float) -> None:
        self.delay_s = delay_s
        size = window_frames(rate_hz)
        self._reach = (size - 1) / rate_hz + _LONGEST_GAP_S
        self._rate, self._noise = rate_hz, _NOISE * rate_hz
        self._table = _covariance_table(cutoff_hz, _table_length(self._reach + delay_s))
        self._time, self._ring = np.full(size, -np.inf), np.zeros((size, n))
        self._age, self._weights_age = np.zeros(size), np.full(size, np.inf)
        self._weights = np.zeros((3, size))
        self._work = np.zeros((size, size + 7))
        self._constraints = np.zeros((4, 7))
        self._estimate = np.zeros((3, n))
        self.q, self.qd, self.qdd = self._estimate
        self._warm_s = delay_s + 0.5 / cutoff_hz
        self._warm_frames = int(np.ceil(self._warm_s * rate_hz)) + 1
        self._frames = 0
        self._first = self._last = -np.inf
        self._weights_of = 0

    @property
    def warming_up(self) -> bool:
        """True until frames enough, over time enough, are there to trust the derivatives."""
        return self._frames < self._warm_frames or self._last - self._first < self._warm_s

    def reset(self) -> None:
        """Forget everything."""
        self._frames = 0
        self._last = -np.inf

    def step(self, t: float, q: F64) -> None:
        """Take one frame; one that is not later than the last is left out."""
        if abs(t - self._last) > _LONGEST_GAP_S + 1.0 / self._rate:
            self._frames = 0
        elif t <= self._last:
            return
        if self._frames == 0:
            self._first = t
        self._last = t
        size = len(self._time)
        keep_frame(t, q, self._frames % size, self._time, self._ring)
        self._frames += 1
        used = ages(t, self._frames, self._reach, self._time, self._age)
        if used != self._weights_of or differ(self._age, self._weights_age, used, self._same_s):
            self._weights_of = used
            self._solve(used)
        weigh(self._weights, used, (self._frames - 1) % size, self._ring, self._estimate)

    @property
    def _same_s(self) -> float:
        return _SAME / self._rate

    def _solve(self, used: int) -> None:
        optimal_weights(
            self._age, used, self.delay_s, self._noise, self._rate, self._table, self._work,
            self._constraints, self._weights,
        )  # fmt: skip
        self._weights_age[:] = self._age


def window_frames(rate_hz: float) -> int:
    """Frames that an estimate rests on at so many a second [Hz]."""
    return int(np.clip(round(_WINDOW_S * rate_hz), _FEWEST, _MOST))


def _table_length(reach_s: float) -> int:
    """Entries of a table that reaches so far [s]."""
    return int(np.ceil(reach_s / _TABLE_STEP_S)) + 3


@lru_cache  # takes 30 ms; by length, because two measured rates are hardly ever quite the same
def _covariance_table(cutoff_hz: float, length: int) -> F64:
    """Covariance of y with x at s = 0, 1 ms, ... and its first three derivatives, (4, length).

    The spectrum is that of x times the low-pass, in units of the variance of x. A sum over even
    frequencies converges exponentially; what lies above the last falls off with f^-9 at least.
    Read-only, because all filters of a process share it.
    """
    s = _TABLE_STEP_S * np.arange(length)
    step = 0.1  # Hz: the sum repeats after 10 s, when nothing is left of the covariance
    f = step * np.arange(1, int(20.0 * max(cutoff_hz, 5.0) / step))
    density = 8.0 / (3.0 * np.pi * _CORNER_HZ) / (1.0 + (f / _CORNER_HZ) ** 2) ** 3
    density *= 2.0 * step / (1.0 + (f / cutoff_hz) ** 6)
    omega = 2.0 * np.pi * f
    waves = [np.cos(np.outer(s, omega) + 0.5 * np.pi * k) @ (density * omega**k) for k in range(4)]
    waves[0] += 8.0 / (3.0 * np.pi * _CORNER_HZ) * step
    table = np.ascontiguousarray(waves)
    table.setflags(write=False)
    return table


@kernel
def keep_frame(t: float, q: F64, slot: int, time_out: F64, ring_out: F64) -> None:
    """Write a frame into its place of the ring."""
    time_out[slot] = t
    for c in range(q.shape[0]):
        ring_out[slot, c] = q[c]


@kernel
def ages(t: float, frames: int, reach: float, time: F64, age_out: F64) -> int:
    """Ages [s] of the kept frames, newest first; returns how many are within reach."""
    size = time.shape[0]
    used = min(frames, size)
    for i in range(used):
        age_out[i] = t - time[(frames - 1 - i) % size]
        if age_out[i] > reach:
            return i
    return int(used)


@kernel
def differ(a: F64, b: F64, n: int, tolerance: float) -> bool:
    """Whether any of the first n entries differ by more than a tolerance."""
    largest = 0.0
    for i in range(n):
        largest = max(largest, abs(a[i] - b[i]))
    return largest > tolerance


@kernel
def own_covariance(s: float) -> float:
    """Covariance of x with itself a time s [s] later: the transform of its spectrum."""
    a = 2.0 * np.pi * _CORNER_HZ * abs(s)
    return float((1.0 + a + a * a / 3.0) * np.exp(-a))


@kernel
def cross_covariance(order: int, s: float, table: F64) -> float:
    """Return the order-th derivative (0..2) of the covariance of y(t + s) with x(t).

    Hermite's cubic between the entries of ``table``; even orders are even in s, odd ones odd.
    """
    x = abs(s) / _TABLE_STEP_S
    i = min(int(x), table.shape[1] - 2)
    u = x - i
    v = 1.0 - u
    value = (
        v * v * (1.0 + 2.0 * u) * table[order, i] + u * u * (3.0 - 2.0 * u) * (table[order, i + 1])
    )
    value += _TABLE_STEP_S * u * v * (v * table[order + 1, i] - u * table[order + 1, i + 1])
    return float(-value if order == 1 and s < 0.0 else value)


@kernel
def optimal_weights(
    age: F64,
    n: int,
    delay: float,
    noise: float,
    rate: float,
    table: F64,
    work: F64,
    constraints: F64,
    weights_out: F64,
) -> None:
    """Weights of the frames in the best estimate of y, y' and y'' at ``delay`` before the newest.

    With R the covariance of the frames, C theirs with y, y', y'' (a column each), V the powers of
    their times and M those of the instant: W = R^-1 (C - V L), where V' W = M.

    Parameters
    ----------
    age : ndarray of shape (size,), float64 [s]
        How long before the newest the frames were, newest first.
    n : int
        How many of them count.
    delay : float
        [s]
    noise : float
        Variance of a frame's noise.
    rate : float
        Nominal frame rate [Hz], unit of the polynomials' time.
    table : ndarray of shape (4, n_table), float64
        See :func:`cross_covariance`.
    work : ndarray of shape (size, size + 7), float64
        Working memory: R, V, C; after the solution R^-1 V and R^-1 C.
    constraints : ndarray of shape (4, 7), float64
        Working memory: V' R^-1 V and V' R^-1 C - M; after the solution L.
    weights_out : ndarray of shape (3, size), float64 [1], [/s], [/s^2]
    """
    powers = min(1 + n // _FRAMES_PER_POWER, 4)
    write_system(age, n, powers, delay, noise, rate, table, work)
    solve_columns(work, n, n + powers + 3)
    for p in range(powers):
        for j in range(powers + 3):
            total = 0.0
            for i in range(n):
                total += (-age[i] * rate) ** p * work[i, n + j]
            constraints[p, j] = total
        for k in range(min(3, p + 1)):  # M: the k-th derivative of u^p at u = -delay
            moment = rate**k * (-delay * rate) ** (p - k)
            for factor in range(p - k + 1, p + 1):
                moment *= factor
            constraints[p, powers + k] -= moment
    solve_columns(constraints, powers, powers + 3)
    for k in range(3):
        for i in range(n):
            weight = work[i, n + powers + k]
            for p in range(powers):
                weight -= work[i, n + p] * constraints[p, powers + k]
            weights_out[k, i] = weight


@kernel
def write_system(
    age: F64,
    n: int,
    powers: int,
    delay: float,
    noise: float,
    rate: float,
    table: F64,
    work_out: F64,
) -> None:
    """Covariance of the frames, powers of their times, covariance with what is wanted."""
    for i in range(n):
        for j in range(n):
            work_out[i, j] = own_covariance(age[i] - age[j])
        work_out[i, i] += noise
        for p in range(powers):
            work_out[i, n + p] = (-age[i] * rate) ** p
        for k in range(3):
            work_out[i, n + powers + k] = cross_covariance(k, age[i] - delay, table)


@kernel
def solve_columns(work_out: F64, n: int, columns: int) -> None:
    """Solve for all columns right of a symmetric positive definite matrix, in place."""
    for p in range(n):
        for i in range(p + 1, n):
            factor = work_out[i, p] / work_out[p, p]
            for j in range(p, columns):
                work_out[i, j] -= factor * work_out[p, j]
    for p in range(n - 1, -1, -1):
        for j in range(n, columns):
            total = work_out[p, j]
            for i in range(p + 1, n):
                total -= work_out[p, i] * work_out[i, j]
            work_out[p, j] = total / work_out[p, p]


@kernel
def weigh(weights: F64, n: int, newest: int, ring: F64, estimate_out: F64) -> None:
    """Weighted sums of the last frames.

    Parameters
    ----------
    weights : ndarray of shape (3, size), float64
        Newest frame first.
    n : int
        Frames that count.
    newest : int
        Its place in the ring.
    ring : ndarray of shape (size, n_coordinate), float64
    estimate_out : ndarray of shape (3, n_coordinate), float64
    """
    size = ring.shape[0]
    for k in range(3):
        for c in range(ring.shape[1]):
            # about the newest value: weights are large, and a walkway's coordinates are too
            here = ring[newest, c]
            total = 0.0 if k > 0 else here
            for i in range(1, n):
                total += weights[k, i] * (ring[(newest + size - i) % size, c] - here)
            estimate_out[k, c] = total
