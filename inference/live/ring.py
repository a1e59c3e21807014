"""What the network kept of past frames, readable as one contiguous slice."""

from __future__ import annotations

import numpy as np

from inference.arrays import F32

__all__ = ["PastRing"]


class PastRing:
    """Rows of the last W frames; each is written twice, W rows apart.

    Whatever the position, the W - 1 frames before the present one lie in order in one slice, so a
    step copies one row and never rolls the window.

    Parameters
    ----------
    window : int
        W, frames that a step sees, the present one included.
    limbs, width : int
        A row is (limbs, width) float32.

    Attributes
    ----------
    past : ndarray of shape (W-1, limbs, width), float32
        Previous frames, oldest first; a view, moved by `push`.
    mask : ndarray of shape (W-1,), float32
        0 where `past` holds a frame, -inf where the stream is too young.
    """

    def __init__(self, window: int, limbs: int, width: int) -> None:
        self._window = window
        self._rows: F32 = np.zeros((2 * window, limbs, width), dtype=np.float32)
        self.mask: F32 = np.empty(window - 1, dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget every frame."""
        self._count = 0
        self.mask.fill(-np.inf)
        self._rows.fill(0.0)
        self.past: F32 = self._rows[1 : self._window]

    def push(self, row: F32) -> None:
        """Append the present frame's row (limbs, width) and move `past` on."""
        position = self._count % self._window
        self._rows[position] = row
        self._rows[position + self._window] = row
        self._count += 1
        if self._count < self._window:
            self.mask[-self._count] = 0.0
        start = self._count % self._window + 1
        self.past = self._rows[start : start + self._window - 1]
