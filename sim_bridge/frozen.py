"""Whether the camera system has stopped and its last frame comes again and again."""

import logging

import numpy as np

from ._jit import F64, is_finite, kernel

_log = logging.getLogger(__name__)

FROZEN_S = 0.1
"""Time for which all markers may stay the same to the last bit [s]. Measured ones never do; slower
streams that were brought to a higher rate may, for a frame of theirs."""


class FrozenMarkers:
    """Compares every frame with the one before.

    Parameters
    ----------
    n_label : int
        Labels that arrive.
    """

    def __init__(self, n_label: int) -> None:
        self._last: F64 = np.full((n_label, 3), np.nan)
        self._since = np.inf
        self._said = False

    def reset(self) -> None:
        """Forget the last frame."""
        self._last[:] = np.nan

    def step(self, t: float, markers: F64) -> bool:
        """Take the markers (n_label, 3) of time `t` [s]; True if they are no measurement."""
        if same(markers, self._last):
            return self._told(t - self._since > FROZEN_S)
        self._last[:] = markers
        self._since = t
        return False

    def _told(self, frozen: bool) -> bool:
        """Log once that they are."""
        if frozen and not self._said:
            self._said = True
            _log.warning(
                "all markers stay the same to the last bit: the cameras have stopped, or their "
                "software sends the last frame again; the pose is held until they move"
            )
        return frozen


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
