"""Savitzky-Golay: a polynomial through the last frames, read at its end or a few frames before.

Savitzky & Golay 1964, doi 10.1021/ac60214a047; at the end point: doi 10.1021/ac00205a007.
"""

import math

import numpy as np

from sim_bridge._jit import F64, kernel

from .frame_clock import CountingFilter


class SavitzkyGolayFilter(CountingFilter):
    """Least-squares polynomial over a window of frames; see :class:`DerivativeFilter`.

    Parameters
    ----------
    n : int
        Number of coordinates.
    rate_hz : float
        Nominal frame rate [Hz].
    window : int
        Frames, more than ``degree``.
    degree : int
        Of the polynomial, 2 or more.
    lag : int
        Frames between the newest and the one that is estimated; 0 is the end point.

    Notes
    -----
    Frames count as even, so a gap starts the filter anew. At the start, the window and the degree
    are what the frames allow.
    """

    def __init__(self, n: int, rate_hz: float, window: int, degree: int, lag: int) -> None:
        super().__init__(rate_hz, window)
        self.delay_s = lag / rate_hz
        self._window = window
        self._weights = np.array(
            [_polynomial_weights(k + 1, window, degree, lag, rate_hz) for k in range(window)]
        )
        self._ring = np.zeros((window, n))
        self._estimate = np.zeros((3, n))
        self.q, self.qd, self.qdd = self._estimate

    def step(self, t: float, q: F64) -> None:
        """Take one frame; one that is not the next of its rate is a first one."""
        if self._clock.step(t) != 0:
            self._frames = 0
        slot = self._frames % self._window
        used = min(self._frames + 1, self._window)
        fit_polynomial(self._weights[used - 1], used, slot, q, self._ring, self._estimate)
        self._frames += 1


def _polynomial_weights(used: int, window: int, degree: int, lag: int, rate_hz: float) -> F64:
    """Weights (3, window) of the last ``used`` frames, newest first, on value and derivatives."""
    frame = -np.arange(float(used))
    powers = np.arange(min(degree, used - 1) + 1)
    fit = np.linalg.pinv(frame[:, None] ** powers)
    weights = np.zeros((3, window))
    for order in range(3):
        row = [math.perm(p, order) * (-float(lag)) ** max(p - order, 0) for p in powers.tolist()]
        weights[order, :used] = rate_hz**order * (np.array(row) @ fit)
    return weights


@kernel
def fit_polynomial(
    weights: F64, used: int, slot: int, q: F64, ring_out: F64, estimate_out: F64
) -> None:
    """Keep a frame and write the weighted sums of the last ones.

    Parameters
    ----------
    weights : ndarray of shape (3, window), float64
        Newest frame first.
    used : int
        Frames that count.
    slot : int
        Where this frame goes in the ring.
    q : ndarray of shape (n,), float64
        This frame.
    ring_out : ndarray of shape (window, n), float64
    estimate_out : ndarray of shape (3, n), float64
    """
    window = ring_out.shape[0]
    for c in range(q.shape[0]):
        ring_out[slot, c] = q[c]
        for order in range(3):
            total = 0.0
            for i in range(used):
                total += weights[order, i] * ring_out[(slot + window - i) % window, c]
            estimate_out[order, c] = total
