"""Smoothing of capture times that knows about missing frames.

liblsl's own option regresses time stamps on the sample count, so a frame that was never sent
shifts all later times: measured with liblsl 1.18, 3 % of dropped frames bend them by up to
10 ms, and after one second of silence they are a second late and take minutes to recover. Here a
second-order phase-locked loop counts periods instead of samples. Evenly stamped streams pass
through it unchanged.
"""

from streamer.frame_times import NEW_RATE_FRAMES, UNEVEN, SetBack


class Dejitter:
    """Phase-locked loop over the capture times of a regular stream.

    With T the period, k the number of periods since the last frame and e the innovation::

        p = t + k T;  e = raw - p;  t <- p + a e;  T <- T + b e / k

    Parameters
    ----------
    rate_hz : float
        Nominal frame rate [Hz].
    gain : float
        Proportional gain a; the integral gain is b = a^2 / 4, critically damped.
    silence_s : float
        After a longer pause [s] the loop starts anew from the raw time.
    """

    def __init__(self, rate_hz: float, *, gain: float = 0.05, silence_s: float = 1.0) -> None:
        self._nominal_s = 1.0 / rate_hz
        self._period_s = self._nominal_s
        self._gain = gain
        self._integral = gain * gain / 4.0
        self._silence_s = silence_s
        self._t = self._raw = -float("inf")
        self._set_back = SetBack()
        self._off, self._off_since = 0, 0.0
        self._shortest, self._longest = float("inf"), 0.0

    def step(self, raw: float) -> float:
        """Smooth one time stamp.

        Parameters
        ----------
        raw : float
            Capture time as received [s], any clock.

        Returns
        -------
        float
            Smoothed capture time [s], same clock: later than the last one, unless the frame comes
            again, is more than a period older than the last, or the clock was set back.
        """
        back = self._raw - raw
        if (back == 0.0 or back > self._period_s) and raw >= self._t - self._silence_s:
            return self._step_back(raw)
        self._set_back.clear()
        interval, self._raw = raw - self._raw, raw
        pause = raw - self._t
        if pause > self._silence_s or pause < -self._silence_s:
            self._t = raw
            return raw
        periods = max(1, round(pause / self._period_s))
        predicted = self._t + periods * self._period_s
        error = raw - predicted
        if self._rate_changed(raw, interval, error) and raw > self._t:
            self._t = raw
            return raw
        self._t = predicted + self._gain * error
        drift = self._integral * error / periods
        # a clock is off by far less than 2 %: anything more is a wrong nominal rate or a fault
        low, high = 0.98 * self._nominal_s, 1.02 * self._nominal_s
        self._period_s = min(max(self._period_s + drift, low), high)
        return self._t

    def _step_back(self, raw: float) -> float:
        """Hand on the time of a repeated frame as it is; go on from there if the clock was set."""
        if self._set_back.step(raw):
            self._set_back.clear()
            self._t = self._raw = raw
            self._off = 0
            return raw
        return min(raw, self._t)

    def _rate_changed(self, raw: float, interval: float, error: float) -> bool:
        """Take over another rate if frames keep coming evenly, half a period off each time.

        Without it a stream that goes from 100 to 200 Hz has every frame counted as a whole old
        period, and its times run ahead of the clock.
        """
        if abs(error) < 0.5 * self._period_s or not interval > 0.0:
            self._off = 0
            return False
        if self._off == 0:
            self._off_since = raw
            self._shortest, self._longest = float("inf"), 0.0
        else:
            self._shortest = min(self._shortest, interval)
            self._longest = max(self._longest, interval)
        self._off += 1
        if self._off <= NEW_RATE_FRAMES or self._longest > UNEVEN * self._shortest:
            return False
        self._nominal_s = self._period_s = (raw - self._off_since) / (self._off - 1)
        self._off = 0
        return True
