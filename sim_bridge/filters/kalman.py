"""Steady-state Kalman filter with constant jerk and a fixed lag.

Model: the fourth derivative of a coordinate is white noise, the measurement has white noise. For a
continuous signal the best smoother of that model is 1 / (1 + (w / wc)^8), so that one number, the
cutoff wc, sets the ratio of the two noises. The gains are constant: the Riccati equation is solved
once. A lag of n frames lets n later measurements correct an estimate (fixed-lag smoothing:
Anderson & Moore 1979, Optimal Filtering, chapter 7), which takes phase error and noise off the
derivatives for a delay that is exactly n frames.
"""

import numpy as np
from scipy import linalg

from sim_bridge._jit import F64, kernel

from .frame_clock import CountingFilter

_ORDER = 4
_LARGEST_GAP = 2
"""Frames up to which a gap is bridged by prediction; a longer one starts the filter anew.

Constant jerk predicts no further: over 3 frames of walking it is off by 4 degrees, over 10 by 60.
"""
_WARM_PERIODS = 2.5
"""Of the cutoff, after the lag. Started in the middle of walking, a joint's acceleration is off by
1.1 rad/s^2 at most from then on, by up to 29 after one period."""


class KalmanFilter(CountingFilter):
    """Constant-jerk Kalman filter with fixed lag; see :class:`DerivativeFilter`.

    Parameters
    ----------
    n : int
        Number of coordinates.
    rate_hz : float
        Nominal frame rate [Hz].
    lag : int
        Frames of fixed lag, 0 or more.
    cutoff_hz : float
        Half-amplitude frequency of the equivalent smoother [Hz].
    """

    def __init__(self, n: int, rate_hz: float, lag: int, cutoff_hz: float) -> None:
        super().__init__(rate_hz, lag + int(np.ceil(_WARM_PERIODS * rate_hz / cutoff_hz)) + 1)
        self.delay_s = lag / rate_hz
        self._lag = lag
        self._transition, self._gains = _steady_state(1.0 / rate_hz, lag, cutoff_hz)
        self._filtered = np.zeros((lag + 1, _ORDER, n))
        self._innovation = np.zeros((lag + 1, n))
        self._predicted = np.zeros((_ORDER, n))
        self._estimate = np.zeros((_ORDER, n))
        self.q, self.qd, self.qdd = self._estimate[0], self._estimate[1], self._estimate[2]

    def step(self, t: float, q: F64) -> None:
        """Take one frame; a gap of a few frames is bridged by prediction."""
        missed = self._clock.step(t)
        # at a third of the rate, predicting before every frame would diverge
        lost = abs(missed) > _LARGEST_GAP or (missed != 0 and not self._clock.on_rate)
        if self._frames == 0 or lost:
            self._start(q)
            missed = 0
        for _ in range(missed):
            self._advance(q, measured=False)
        self._advance(q, measured=True)

    def _start(self, q: F64) -> None:
        self._filtered[:] = 0.0
        self._filtered[:, 0] = q
        self._innovation[:] = 0.0
        self._frames = 0

    def _advance(self, q: F64, measured: bool) -> None:
        advance(
            self._transition,
            self._gains,
            q,
            self._frames % (self._lag + 1),
            measured,
            self._filtered,
            self._innovation,
            self._predicted,
            self._estimate,
        )
        self._frames += 1


def _steady_state(dt: float, lag: int, cutoff_hz: float) -> tuple[F64, F64]:
    """Transition matrix (4, 4) and the gains (lag + 1, 4) of each innovation on an estimate."""
    powers = [1.0, dt, dt**2 / 2.0, dt**3 / 6.0]
    transition = sum(np.diag([p] * (_ORDER - k), k) for k, p in enumerate(powers))
    # noise of the fourth derivative, integrated over one frame; measurement noise is 1 per frame
    intensity = dt * (2.0 * np.pi * cutoff_hz) ** (2 * _ORDER)
    i, j = np.meshgrid(np.arange(_ORDER), np.arange(_ORDER), indexing="ij")
    a, b = _ORDER - 1 - i, _ORDER - 1 - j
    factorial = np.array([1.0, 1.0, 2.0, 6.0])
    process = intensity * dt ** (a + b + 1) / (factorial[a] * factorial[b] * (a + b + 1))
    # scale the states by the frame so that the Riccati equation is well conditioned
    scale = np.diag(dt ** np.arange(_ORDER))
    unscale = np.diag(dt ** -np.arange(_ORDER, dtype=np.float64))
    f = scale @ transition @ unscale
    h = np.zeros((1, _ORDER))
    h[0, 0] = 1.0
    prior = linalg.solve_discrete_are(f.T, h.T, scale @ process @ scale, np.eye(1))
    spread = float((h @ prior @ h.T)[0, 0]) + 1.0
    gain = prior @ h.T / spread
    closed = f @ (np.eye(_ORDER) - gain @ h)
    gains = [prior @ np.linalg.matrix_power(closed.T, k) @ h.T / spread for k in range(lag + 1)]
    return np.asarray(transition), np.array([unscale @ g[:, 0] for g in gains])


@kernel
def advance(
    transition: F64,
    gains: F64,
    q: F64,
    slot: int,
    measured: bool,
    filtered: F64,
    innovation: F64,
    predicted: F64,
    estimate_out: F64,
) -> None:
    """One frame of prediction, correction and smoothing of all coordinates.

    Parameters
    ----------
    transition : ndarray of shape (4, 4), float64
        State transition of one frame.
    gains : ndarray of shape (lag + 1, 4), float64
        Effect of the innovation k frames later on a state estimate.
    q : ndarray of shape (n,), float64
        Measured coordinates, used if ``measured``.
    slot : int
        Ring position of this frame.
    filtered : ndarray of shape (lag + 1, 4, n), float64
        Filtered states, a ring; the slot before this one holds the last frame.
    innovation : ndarray of shape (lag + 1, n), float64
        Innovations, a ring.
    predicted : ndarray of shape (4, n), float64
        Working memory.
    estimate_out : ndarray of shape (4, n), float64
        State ``lag`` frames ago, given all frames up to this one.
    """
    size = filtered.shape[0]
    before = (slot + size - 1) % size
    for c in range(q.shape[0]):
        for r in range(4):
            total = 0.0
            for k in range(r, 4):
                total += transition[r, k] * filtered[before, k, c]
            predicted[r, c] = total
        innovation[slot, c] = q[c] - predicted[0, c] if measured else 0.0
        for r in range(4):
            filtered[slot, r, c] = predicted[r, c] + gains[0, r] * innovation[slot, c]
        oldest = (slot + 1) % size
        for r in range(4):
            total = filtered[oldest, r, c]
            for k in range(1, size):
                total += gains[k, r] * innovation[(oldest + k) % size, c]
            estimate_out[r, c] = total
