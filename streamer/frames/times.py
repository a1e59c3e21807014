"""Whether a frame comes when it should: pauses, repeats, clocks that are set, rates that change."""

import logging
import math
from enum import Enum

_log = logging.getLogger(__name__)

RESET_AFTER_S = 1.0
"""After a longer pause [s] one starts anew, by default."""
SET_BACK_FRAMES = 5
"""After so many frames in a row that are older than the newest, the clock was set back."""
NEW_RATE_FRAMES = 10
"""Frames in a row, evenly spaced, after which another rate is believed."""
UNEVEN = 1.5
"""Longest of evenly spaced pauses over the shortest; a longer pause than this many periods is a
gap."""
AHEAD_S = 0.05
"""Capture times may be so much [s] after the frame came: estimates of clock offsets err."""
LONG_AGO_S = 0.1
"""A frame that came so much [s] after it was taken shows the past."""
_LONG_AGO_FRAMES = 100
"""Logged once such frames outnumber the others by so many."""
_STILL_FRAMES = 100
"""After so many frames in a row that are not later, their clock stands still."""
_OFF_RATE = 0.25
"""A pause that differs from the period by more than this share is not of this rate."""
_GAIN = 0.05
"""Weight of one pause in the period, which so settles at the new rate."""
_STEADY_FRAMES = 100
"""Another rate is logged after so many frames of it."""
_BATCHES = 100
"""Logged once batches outnumber single frames by so many."""
_LINES, _FRAMES_A_LINE = 20, 6000
"""After so many lines in the log more say little new: then one in so many frames at most."""
_OTHER_RATE = 0.05
"""A rate that differs from the stated one by more than this share is reported as another."""


class Arrival(Enum):
    """What a frame's time says."""

    ON_TIME = "the next frame"
    GAP = "frames before it are missing"
    ANEW = "its time has nothing to do with the last: start anew"
    OLD = "it is not later than the last: skip it"


class SetBack:
    """Tells a clock that was set back from a frame out of order."""

    def __init__(self) -> None:
        self._count, self._last = 0, math.inf

    def clear(self) -> None:
        """A frame came that is newer than all others."""
        self._count, self._last = 0, math.inf

    def step(self, t: float) -> bool:
        """Take the time of a frame that is not newer [s]; True if the clock was set back."""
        self._count = self._count + 1 if t > self._last else 1
        self._last = t
        return self._count >= SET_BACK_FRAMES


class Batches:
    """Logs once that frames come several at a time, of which a session uses only the last."""

    def __init__(self) -> None:
        self._more, self._told = 0, False

    def step(self, count: int) -> None:
        """Take how many frames came at once where none was there before."""
        self._more = max(0, self._more + (1 if count > 1 else -1))
        if self._more >= _BATCHES and not self._told:
            self._told = True
            _log.warning(
                "frames arrive %d at a time: only the last of them is used, and flagged GAP; "
                "set the sender's chunk size to 1",
                count,
            )


class FrameTimes:
    """Judges frames, one after the other, by their capture times, and logs what is odd.

    Parameters
    ----------
    rate_hz : float
        Frame rate to begin with [Hz]; another one is followed.
    reset_after_s : float
        After a longer pause [s], or a longer step back, one starts anew.

    Attributes
    ----------
    period_s : float
        Time between frames [s].
    """

    def __init__(self, rate_hz: float, reset_after_s: float) -> None:
        self.period_s = 1.0 / rate_hz
        self._reset_after_s = reset_after_s
        self._t = math.nan
        self._set_back = SetBack()
        self._off, self._off_s = 0, 0.0
        self._shortest, self._longest = math.inf, 0.0
        self._steady, self._told_hz = 0, rate_hz
        self._stated_hz = rate_hz
        self._skipped = self._long_ago = 0
        self._said: set[str] = set()
        self._frames = self._lines = self._last_line = 0

    @property
    def rate_hz(self) -> float:
        """Frame rate [Hz]: the one to begin with, or to 0.1 Hz that of the frames if it differs."""
        coming = 1.0 / self.period_s
        off = abs(coming - self._stated_hz) > _OTHER_RATE * self._stated_hz
        return round(coming, 1) if off else self._stated_hz

    def step(self, t: float, count: int = 1) -> Arrival:
        """Judge a frame.

        Parameters
        ----------
        t : float
            Capture time [s].
        count : int
            Frames that came since the last one judged, this one included.

        Returns
        -------
        Arrival
            What to make of it.
        """
        self._frames += 1
        pause = t - self._t
        if pause <= 0.0 and -pause <= self._reset_after_s and not self._set_back.step(t):
            self._skip(pause)
            return Arrival.OLD
        self._set_back.clear()
        self._skipped = 0
        self._t = t
        if pause <= 0.0 or pause > self._reset_after_s:
            self._off = 0
            self._say(f"capture times jump by {pause:+.2f} s: starting again from there")
            return Arrival.ANEW
        self._follow(pause / count)
        if math.isnan(pause) or pause <= UNEVEN * self.period_s:
            return Arrival.ON_TIME
        return Arrival.GAP

    def _skip(self, pause: float) -> None:
        """Log the first frame that is not later than the last, and if no other is."""
        self._skipped += 1
        self._say_once(
            "old", f"skipped a frame that is not later than the last ({1e3 * pause:+.1f} ms)"
        )
        if self._skipped >= _STILL_FRAMES:
            self._say_once(
                "still",
                f"capture times stand still: the last {_STILL_FRAMES} frames are not later than "
                "the one before them, and none is used; correct the sender's time stamps",
            )

    def ahead(self, t: float, now: float) -> bool:
        """Whether a capture time [s] is later than the frame came [s] by more than `AHEAD_S`."""
        if t <= now + AHEAD_S:
            return False
        self._say_once(
            "ahead",
            f"capture times are {t - now:.2f} s ahead of this machine's clock: frames count as "
            "taken when they arrived, and are flagged GAP; correct the sender's time stamps",
        )
        return True

    def long_ago(self, t: float, now: float) -> bool:
        """Whether a frame came [s] more than `LONG_AGO_S` after its capture time [s]."""
        found = now - t > LONG_AGO_S
        self._long_ago = max(0, self._long_ago + (1 if found else -1))
        if self._long_ago >= _LONG_AGO_FRAMES:
            self._say_once(
                "long ago",
                f"frames arrive {now - t:.2f} s after their capture times, and are flagged LATE: "
                "find what delays them, or correct the sender's time stamps",
            )
        return found

    def _follow(self, pause: float) -> None:
        """Take over another rate after enough frames of it."""
        if not abs(pause / self.period_s - 1.0) > _OFF_RATE:
            self._off = 0
            self._keep(pause)
            return
        if self._off == 0:
            self._off_s, self._shortest, self._longest = 0.0, pause, pause
        self._off += 1
        self._off_s += pause
        self._shortest, self._longest = min(self._shortest, pause), max(self._longest, pause)
        if self._longest > UNEVEN * self._shortest:
            self._off = 0
        elif self._off >= NEW_RATE_FRAMES:
            self.period_s = self._off_s / self._off
            self._off = self._steady = 0

    def _keep(self, pause: float) -> None:
        """Make the period exact, and say another rate when it is there for a while."""
        if math.isnan(pause):
            return
        self.period_s += _GAIN * (pause - self.period_s)
        self._steady += 1
        off = abs(self.period_s * self._told_hz - 1.0)
        if self._steady >= _STEADY_FRAMES and off > _OFF_RATE:
            before, self._told_hz = self._told_hz, 1.0 / self.period_s
            self._say(f"frames arrive at {self._told_hz:.1f} Hz, no longer at {before:.1f} Hz")

    def _say_once(self, what: str, line: str) -> None:
        """Log the first of its kind."""
        if what not in self._said:
            self._said.add(what)
            self._say(line)

    def _say(self, line: str) -> None:
        """Log what happens now and then, not what happens all the time."""
        if self._lines < _LINES or self._frames - self._last_line >= _FRAMES_A_LINE:
            self._lines += 1
            self._last_line = self._frames
            _log.warning(line)
