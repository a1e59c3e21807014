"""Frames that are sent again under new times, in place of lost ones or to make a stream faster."""

import logging

import numpy as np

from streamer.arrays import F64

__all__ = ["AGAIN_S", "Repeats"]

_log = logging.getLogger(__name__)

AGAIN_S = 0.1
"""For this long [s] a frame that comes again is left out, as if the stream were slower; after that
the cameras have stopped, and those who follow the markers must know."""
_TOLD_AFTER = 20


class Repeats:
    """Compares every frame with the one before; measured ones are never the same to the last bit.

    Parameters
    ----------
    name : str
        Of the stream.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._last = b""
        self._since = -np.inf
        self._count = 0

    def step(self, markers: F64, stamp: float) -> bool:
        """Take a frame.

        Parameters
        ----------
        markers : ndarray of shape (n, 3), float64
            NaN = missing; a frame without any says that nobody is seen, and is never left out.
        stamp : float
            Its time [s].

        Returns
        -------
        bool
            Whether it is the last one again, and to be left out.
        """
        bits = markers.tobytes()
        if bits != self._last or np.isnan(markers).all():
            self._last, self._since = bits, stamp
            return False
        if not 0.0 < stamp - self._since <= AGAIN_S:
            return False
        self._count += 1
        if self._count == _TOLD_AFTER:
            _log.warning(
                "stream %r repeats frames under new times (%d so far): the repeats are left out; "
                "make the sender push each frame once",
                self._name,
                self._count,
            )
        return True
