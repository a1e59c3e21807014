"""Markers that lie far from the model's all the time are another person's, or in another unit."""

import logging
import math

from streamer.doubts import misfit_doubt

_log = logging.getLogger(__name__)

MISFIT_S = 1.0
"""For so long without a break; labels that are exchanged for some frames are no other person."""


class Misfit:
    """Says once that the markers are not this model's.

    Parameters
    ----------
    rate_hz : float
        Frame rate [Hz].
    """

    def __init__(self, rate_hz: float) -> None:
        self._frames, self._enough = 0, math.ceil(MISFIT_S * rate_hz)
        self._said = False

    def step(self, marker_rms: float) -> None:
        """Look at how far the markers of a frame are from the model's [m]."""
        doubt = "" if self._said else misfit_doubt(marker_rms)
        self._frames = self._frames + 1 if doubt else 0
        if self._frames >= self._enough:
            self._said = True
            _log.warning("%s", doubt)
