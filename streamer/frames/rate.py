"""The frame rate of a stream, found from nothing but the pauses between its frames."""

from collections.abc import Collection
from typing import Final

from streamer.frames.times import NEW_RATE_FRAMES, UNEVEN

_ONE: Final = 0.5
"""A pause that differs from the period by less than this share is that of one frame."""
_GAIN: Final = 0.02
"""Share of a pause in the period: jitter of a fifth of a period leaves it right to 2 %."""
_OFF_RATE: Final = 0.02
"""A pause that differs from the period by less than this share is of this rate; clocks are."""
_MISFIT: Final = 0.1
"""Frames that are off by less than this share of a period, on average, need no other rate."""


def mean_rate_hz(stamps: Collection[float]) -> float:
    """Frame rate of frames that may come in batches, and more than once.

    Parameters
    ----------
    stamps : collection of float
        Capture times [s].

    Returns
    -------
    float
        Rate [Hz] of the different times among them; 0 if there is only one.
    """
    times = set(stamps)
    return (len(times) - 1) / (max(times) - min(times)) if len(times) > 1 else 0.0


class FrameRate:
    """Time between frames, where some are lost, some come in bursts and all jitter.

    It is the mean of the pauses that are nearer to one period than to none or two. Where even
    pauses in a row are all longer than it, or all shorter, and the frames do not fit it, their
    mean is taken over at once. Jitter makes no such row: a longer pause is followed by a shorter.

    Parameters
    ----------
    rate_hz : float
        Frame rate to begin with [Hz].

    Attributes
    ----------
    period_s : float
        Time between frames [s].
    """

    def __init__(self, rate_hz: float) -> None:
        self.period_s = self._other_s = 1.0 / rate_hz
        self._frames, self._misfit = 0, 0.0

    def step(self, pause: float, misfit: float) -> bool:
        """Take the pause before a frame.

        Parameters
        ----------
        pause : float
            Time since the frame before [s].
        misfit : float
            How far the frame is from where the period puts it, in periods.

        Returns
        -------
        bool
            Whether another rate was taken over.
        """
        self._count(pause, misfit)
        off = pause - self.period_s
        if abs(off) < _ONE * self.period_s:
            self.period_s += _GAIN * off
        if self._frames < NEW_RATE_FRAMES or self._misfit < _MISFIT * self._frames:
            return False
        self.period_s = self._other_s
        self._frames = 0
        return True

    def _count(self, pause: float, misfit: float) -> None:
        """Count frames in a row that speak for another rate."""
        if abs(pause - self.period_s) <= _OFF_RATE * self.period_s:
            self._frames = 0
        elif self._frames and self._alike(pause):
            self._frames += 1
            self._misfit += misfit
            self._other_s += (pause - self._other_s) / self._frames
        else:
            self._frames, self._misfit, self._other_s = 1, misfit, pause

    def _alike(self, pause: float) -> bool:
        """Whether a pause is as long as those counted, and on the same side of the period."""
        same_side = (pause > self.period_s) == (self._other_s > self.period_s)
        return same_side and self._other_s < UNEVEN * pause and pause < UNEVEN * self._other_s
