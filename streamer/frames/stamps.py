"""Time stamps of a whole recording: whether their clock was set, and where samples really belong.

Of markers that come live see `streamer.frames.dejitter`, of forces `streamer.frames.force_ring`.
"""

from typing import Final

import numpy as np

from streamer.arrays import F64, Bool

SET_BACK_S: Final = 0.02
"""A clock that steps back by more [s] was set; estimates of clock offsets change by less."""
HOLE_S: Final = 0.05
"""Time stamps further apart than this [s] have samples missing between them."""
_SMOOTHED_S: Final = 0.5
"""Over so long [s] the stamps' distance from a line is averaged."""


def set_back_s(stamps: F64) -> float:
    """By how much a clock was set back [s]; 0 if it was not, and for samples out of order."""
    if not len(stamps):
        return 0.0
    back = float((np.maximum.accumulate(stamps) - stamps).max())
    return back if back > SET_BACK_S else 0.0


def newer(times: F64) -> Bool:
    """Which samples (n,) are later than all before; others come again, or out of order."""
    newest = np.maximum.accumulate(times)
    return np.diff(newest, prepend=-np.inf) > 0.0


def even_times(stamps: F64) -> F64:
    """Take the jitter off stamps of samples that were taken evenly.

    From hole to hole they follow a line, and what remains is averaged over half a second. Lost
    samples bend a line by their number alone: with 2 % of them lost in the first half of a minute
    it would be off by 0.2 s.

    Parameters
    ----------
    stamps : ndarray of shape (n,), float64 [s]
        As received.

    Returns
    -------
    ndarray of shape (n,), float64 [s]
    """
    holes = 1 + np.flatnonzero(np.diff(stamps) > HOLE_S)
    return np.concatenate([_even(piece) for piece in np.split(stamps, holes)])


def _even(stamps: F64) -> F64:
    """The same without holes."""
    from scipy.ndimage import uniform_filter1d  # takes a third of a second that few files need

    index = np.arange(len(stamps)) - 0.5 * (len(stamps) - 1)
    power = float(index @ index)
    slope = float(index @ (stamps - stamps.mean())) / power if power > 0.0 else 0.0
    if slope <= 0.0:
        return stamps
    line = stamps.mean() + slope * index
    width = min(max(round(_SMOOTHED_S / slope), 1), len(stamps))
    off: F64 = uniform_filter1d(stamps - line, width, mode="reflect")
    even: F64 = line + off
    return even
