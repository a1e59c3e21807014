"""Whether a frame is the last one again: the cameras have stopped, or a slower stream is padded.

Single markers that stay are filled in by software that lost them; they count as missing. So does
one that stays where it hardly moved, but only later: to a file that knows 0.1 mm, a foot on the
floor does not move for some frames.
"""

import logging

import numpy as np

from sim_bridge._jit import F64, I64, is_finite, kernel

_log = logging.getLogger(__name__)

FROZEN_S = 0.1
"""After so long [s] it is the cameras; for less, frames were lost or the stream is padded."""
FILLED_FRAMES = 3
"""Frames after which a marker that stays is not measured; one that is may do so by chance once."""
CREEP_M = 3e-4
"""What moved by no more than this [m] in a frame may come to rest; else it cannot be so sudden."""
_TOLD_AFTER = 20
_APART = 100
"""Repeats that are more frames apart are chance, and no padding."""


class FrozenMarkers:
    """Compares every frame with the one before; measured ones never stay the same to the last bit.

    Parameters
    ----------
    n_label : int
        Labels that arrive.
    """

    def __init__(self, n_label: int) -> None:
        self._last: F64 = np.full((n_label, 3), np.nan)
        self._since = np.inf
        self._stays = np.zeros(n_label, dtype=np.int64)
        self._moved, self._moved_t = np.full((2, n_label), np.nan)
        self._repeats, self._unlike, self._said_frozen = 0, 0, False

    def reset(self) -> None:
        """Forget the last frame."""
        self._last[:] = np.nan
        self._stays[:] = self._repeats = self._unlike = 0
        self._since = np.inf

    def step(self, t: float, markers: F64) -> bool:
        """Take the markers (n_label, 3) of time `t` [s]; True if they are no measurement.

        Single ones that are none become NaN.
        """
        if same(markers, self._last):
            self._unlike = 0
            self._tell(t)
            return True
        self._unlike += 1
        if self._unlike > _APART:
            self._repeats = 0
        hide_filled(t, markers, self._last, self._stays, self._moved, self._moved_t)
        self._since = t
        return False

    def _tell(self, t: float) -> None:
        """Log once that the cameras have stopped, or that many frames are repeated."""
        self._repeats += 1
        if t - self._since > FROZEN_S and not self._said_frozen:
            self._said_frozen = True
            _log.warning(
                "all markers stay the same to the last bit: the cameras have stopped, or their "
                "software repeats the last frame; the pose is held until they move"
            )
        elif self._repeats == _TOLD_AFTER and not self._said_frozen:
            _log.warning(
                "%d frames repeat the one before to the last bit: the pose is held in them; give "
                "the markers at the rate at which they were measured",
                self._repeats,
            )


@kernel
def same(markers: F64, last: F64) -> bool:
    """Whether all numbers are the same and some are known; what is missing may stay so."""
    known = 0
    for i in range(markers.shape[0]):
        for c in range(3):
            a, b = markers[i, c], last[i, c]
            if a == b:
                known += 1
            elif is_finite(a) or is_finite(b):
                return False
    return known > 0


@kernel
def hide_filled(
    t: float, markers_out: F64, last_out: F64, stays_out: I64, moved_out: F64, moved_t_out: F64
) -> None:
    """Take out markers that stay to the last bit, and remember all as they came.

    Parameters
    ----------
    t : float
        Time of the frame [s].
    markers_out : ndarray of shape (n_label, 3), float64 [m]
        Those that are no measurement become NaN.
    last_out : ndarray of shape (n_label, 3), float64 [m]
        The frame before; becomes this one.
    stays_out : ndarray of shape (n_label,), int64
        For how many frames each has stayed.
    moved_out, moved_t_out : ndarray of shape (n_label,), float64 [m], [s]
        How far each moved in the frame in which it did so last, NaN if that is not known, and when.
    """
    for i in range(markers_out.shape[0]):
        squares = 0.0
        for c in range(3):
            squares += (markers_out[i, c] - last_out[i, c]) ** 2
            last_out[i, c] = markers_out[i, c]
        if squares == 0.0:
            stays_out[i] += 1
        else:
            stays_out[i], moved_out[i], moved_t_out[i] = 0, np.sqrt(squares), t
        may_rest = moved_out[i] <= CREEP_M and t - moved_t_out[i] <= FROZEN_S
        if stays_out[i] >= FILLED_FRAMES and not may_rest:
            for c in range(3):
                markers_out[i, c] = np.nan
