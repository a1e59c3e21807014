"""What filters share that count frames and take them for even."""

import math

_GAIN = 0.1
"""Share of a stamp's deviation that the clock takes over."""
_RATE_GAIN = 0.015
"""Share of a pause in the mean one. Stamps that jitter by 0.35 frames move it by 1.1 % at most."""
_OFF_RATE = 0.02
"""Frames further apart or closer by more than this share come at another rate.

A filter that counts them is off by as much in a speed and by twice as much in an acceleration.
"""


class FrameClock:
    """Counts missing frames by a clock that follows the stamps, not their jitter.

    Parameters
    ----------
    rate_hz : float
        Nominal frame rate [Hz].
    """

    def __init__(self, rate_hz: float) -> None:
        self._period = 1.0 / rate_hz
        self.reset()

    @property
    def on_rate(self) -> bool:
        """Whether frames come at the nominal rate, but for gaps."""
        return abs(self._mean_pause - 1.0) <= _OFF_RATE

    def reset(self) -> None:
        """Forget everything; the next frame is a first one."""
        self._clock = self._last = math.nan
        self._late, self._mean_pause = 0, 1.0

    def step(self, t: float) -> int:
        """Take the stamp of a frame.

        Parameters
        ----------
        t : float
            Capture time [s], the frames' clock.

        Returns
        -------
        int
            Frames missing before this one, that is after a pause of more than 1.5 periods; less
            than 0 if it comes too early by half a period or more, as where a clock is set back.
        """
        if math.isnan(self._clock):
            self._clock = self._last = t
            return 0
        expected = self._clock + self._period
        late = round((t - expected) / self._period)
        self._clock = t if late else expected + _GAIN * (t - expected)
        if late in (0, self._late):  # one gap is no rate, gap after gap is
            self._mean_pause += _RATE_GAIN * ((t - self._last) / self._period - self._mean_pause)
        self._last, self._late = t, late
        return late


class CountingFilter:
    """A filter that takes its frames for even and is warm after so many, at the nominal rate.

    Parameters
    ----------
    rate_hz : float
        Nominal frame rate [Hz].
    warm_frames : int
        Frames until the start's transient has left the estimate.
    """

    def __init__(self, rate_hz: float, warm_frames: int) -> None:
        self._clock, self._frames, self._warm_frames = FrameClock(rate_hz), 0, warm_frames

    @property
    def warming_up(self) -> bool:
        """True until enough frames have passed, and while they come at another rate."""
        return self._frames < self._warm_frames or not self._clock.on_rate

    def reset(self) -> None:
        """Forget everything; the next frame is a first one."""
        self._frames = 0
        self._clock.reset()
