"""Causal second-order Butterworth filter and backward differences: the common baseline."""

import numpy as np

from sim_bridge._jit import F64

from .frame_clock import CountingFilter

_WARM_PERIODS = 1.5
"""Of the cutoff. Started in the middle of walking, a joint's acceleration is off by 1 rad/s^2 at
most from then on, by 13 after one period."""


class ButterworthFilter(CountingFilter):
    """Low-pass, then differences of the last three outputs; see :class:`DerivativeFilter`.

    Parameters
    ----------
    n : int
        Number of coordinates.
    rate_hz : float
        Nominal frame rate [Hz].
    cutoff_hz : float
        Cutoff of the low-pass [Hz].

    Notes
    -----
    The declared delay is the filter's group delay at 0 Hz plus one frame: differences over three
    frames describe the middle one. Frames count as even, so a gap starts the filter anew.
    """

    def __init__(self, n: int, rate_hz: float, cutoff_hz: float) -> None:
        from scipy import signal  # takes most of a second, which other filters need not pay

        super().__init__(rate_hz, int(np.ceil(_WARM_PERIODS * rate_hz / cutoff_hz)) + 1)
        self._b, self._a = signal.butter(2, cutoff_hz, fs=rate_hz)
        group = signal.group_delay((self._b, self._a), w=[1e-6 * rate_hz], fs=rate_hz)[1][0]
        self.delay_s = (float(group) + 1.0) / rate_hz
        self._rate = rate_hz
        self._input, self._output = np.zeros((3, n)), np.zeros((3, n))
        self.q, self.qd, self.qdd = np.zeros(n), np.zeros(n), np.zeros(n)

    def step(self, t: float, q: F64) -> None:
        """Take one frame; one that is not the next of its rate is a first one."""
        if self._clock.step(t) != 0:
            self._frames = 0
        x, y = self._input, self._output
        if self._frames == 0:
            x[:], y[:] = q, q
        x[2], x[1], x[0] = x[1], x[0], q
        y[2], y[1] = y[1], y[0]
        y[0] = self._b @ x - self._a[1] * y[1] - self._a[2] * y[2]
        self.q[:] = y[1]
        self.qd[:] = (y[0] - y[2]) * (0.5 * self._rate)
        self.qdd[:] = (y[0] - 2.0 * y[1] + y[2]) * self._rate**2
        self._frames += 1
