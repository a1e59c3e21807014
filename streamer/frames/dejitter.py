"""Smoothing of capture times that knows about missing frames.

liblsl's own option regresses time stamps on the sample count, so a frame that was never sent
shifts all later times: measured with liblsl 1.18, 3 % of dropped frames bend them by up to
10 ms, and after one second of silence they are a second late and take minutes to recover. Here a
second-order phase-locked loop counts periods instead of samples. Evenly stamped streams pass
through it unchanged.

The loop only finds a period that is within a few percent of its own: from any other it sees frames
a fraction of a period early or late, again and again. `streamer.frames.rate` tells it which.
"""

import math
from typing import Final

import numpy as np

from streamer.arrays import F64
from streamer.frames.rate import FrameRate, mean_rate_hz
from streamer.frames.times import SetBack

MEASURED_FRAMES: Final = 40
"""The rate of a stream that names none is that of so many frames, to begin with."""
_LOST: Final = 0.21
"""A loop whose frames are off by more periods than this, on average, follows nothing: 0.25 is
chance, and jitter of a fifth of a period makes 0.16."""
_MISFIT_GAIN: Final = 0.01
"""Share of a frame in that average."""
_EARLIEST: Final = 0.25
"""How early a frame may come, in periods, to begin with."""
_EARLIEST_GAIN: Final = 0.005
"""Share by which that fades with every frame that is less early."""
_FOUND_FRAMES: Final = 4
"""A loop that has found its period again follows as quickly as one after so many frames."""
_CLOSEST: Final = 0.01
"""Times that are handed on are at least this part of a period apart."""


_GAIN = 0.05
"""Proportional gain a; the first frames are averaged."""
_INTEGRAL = _GAIN * _GAIN / 4.0
"""Integral gain b, critically damped."""
_SILENCE_S = 0.25
"""After a longer pause [s] the loop starts anew from the raw time, as bridge and network do."""
_BACK_S = 1.0
"""And at once after a longer step back [s]."""


def dejittered(stamps: F64, rate_hz: float = 0.0) -> F64:
    """Smooth the time stamps of a recording as those of a session are.

    Parameters
    ----------
    stamps : ndarray of shape (n,), float64 [s]
        As received.
    rate_hz : float
        Nominal frame rate [Hz]; 0 if it is not known.
    """
    rate_hz = rate_hz or mean_rate_hz(stamps[:MEASURED_FRAMES].tolist())
    if not rate_hz:
        return stamps
    loop = Dejitter(rate_hz)
    return np.array([loop.step(stamp) for stamp in stamps.tolist()])


class Dejitter:
    """Phase-locked loop over the capture times of a regular stream.

    With T the period, k the number of periods since the last frame and e the innovation::

        p = t + k T;  e = raw - p;  t <- p + a e;  T <- T + b e / max(k, 1)

    Times are handed on as they are while the frames fit no period.

    Parameters
    ----------
    rate_hz : float
        Nominal frame rate [Hz]; another one is followed.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate = FrameRate(rate_hz)
        self._period_s = self._rate.period_s
        self._t = self._raw = self._given = -float("inf")
        self._set_back = SetBack()
        self._frames, self._misfit, self._earliest = 1, 0.0, _EARLIEST

    def step(self, raw: float, count: int = 1, latest: float = math.inf) -> float:
        """Smooth one time stamp.

        Parameters
        ----------
        raw : float
            Capture time as received [s], any clock.
        count : int
            Frames that came since the last one given, this one included.
        latest : float
            When the frame came [s], same clock: frames of a burst, or behind a hole, are not put
            after that, unless they say so themselves.

        Returns
        -------
        float
            Smoothed capture time [s], same clock: later than the last one, unless the frame comes
            again, is more than a period older than the last, or the clock was set back.
        """
        back = self._raw - raw
        if (back == 0.0 or back > self._period_s) and raw >= self._t - _BACK_S:
            return self._step_back(raw)
        self._set_back.clear()
        pause, self._raw = raw - self._raw, raw
        if raw - self._t > _SILENCE_S or self._t - raw > _BACK_S:
            return self._begin(raw)
        ahead = self._given - self._t
        after_hole = self._follow(raw, pause / count) > count
        self._given = self._next(raw, ahead, max(raw, latest), after_hole)
        return self._given

    def _begin(self, raw: float) -> float:
        """Start anew from a time, which is handed on."""
        self._t = self._raw = self._given = raw
        self._frames, self._earliest = 1, _EARLIEST
        return raw

    def _step_back(self, raw: float) -> float:
        """Hand on the time of a repeated frame as it is; go on from there if the clock was set."""
        if self._set_back.step(raw):
            return self._begin(raw)
        return min(raw, self._given)

    def _follow(self, raw: float, pause: float) -> int:
        """Correct phase and period by one frame; returns how many periods it took.

        It belongs to the last period that it is not much too early for, which may be the last
        frame's or one before: a frame that was judged too late must not delay all later ones.
        """
        periods = math.floor((raw - self._t) / self._period_s + self._margin)
        predicted = self._t + periods * self._period_s
        error = raw - predicted
        misfit = abs(error) / self._period_s
        if self._rate.step(pause, misfit):
            self._t, self._period_s = raw, self._rate.period_s
            self._frames, self._earliest = 1, _EARLIEST
            return periods
        self._frames += 1
        self._t = predicted + max(_GAIN, 1.0 / self._frames) * error
        self._misfit += _MISFIT_GAIN * (misfit - self._misfit)
        self._earliest = max((1.0 - _EARLIEST_GAIN) * self._earliest, -error / self._period_s)
        if self._lost:
            self._period_s, self._frames = self._rate.period_s, _FOUND_FRAMES
        else:
            self._period_s += _INTEGRAL * error / max(1, periods)
        return periods

    @property
    def _margin(self) -> float:
        """How much too early [periods] a frame is taken for one of its time, not one that is late.

        Twice of what was seen: where stamps are even, a frame that comes half a period late or more
        has been held up, and no frame before it is lost; where they jitter both ways, half a period
        decides.
        """
        return min(2.0 * self._earliest + 0.05, 0.5)

    @property
    def _lost(self) -> bool:
        return self._misfit > _LOST

    def _next(self, raw: float, ahead: float, latest: float, after_hole: bool) -> float:
        """Return the time to hand on, later than the last one.

        The frames of a burst arrive at one instant and were taken at several: they are put nearly
        a period apart, but not after they came. How far their times so get ahead [s] of the loop is
        taken back little by little. A frame behind a hole, which may be no hole but a frame that
        was held up, is not put after it came either.
        """
        if self._lost:
            return max(raw, self._closest)
        apart = self._period_s - _GAIN * (self._period_s + ahead)
        t = min(self._t, latest) if after_hole else self._t
        return max(t, self._closest, min(self._given + apart, latest))

    @property
    def _closest(self) -> float:
        """The earliest time that is later than the last one handed on."""
        return self._given + _CLOSEST * self._period_s
