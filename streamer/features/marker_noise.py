"""Noise as skin and camera add it to markers: slow and smooth, with a little that is neither."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import signal

from streamer.arrays import F64

__all__ = ["marker_noise"]

SOFT_TISSUE_S: Final = 0.15
"""Time constant of the slow part [s]. Skin follows posture and load, so its error changes with the
stride and its first harmonics: two low-passes of 0.15 s pass half the power at 0.7 Hz, a tenth at
1.6 Hz."""
CAMERA_SHARE: Final = 0.1
"""White part as a share of the slow one: 0.3 mm beside 3 mm, about what cameras leave of a marker
that does not move."""
_LEAD_IN: Final = 10
"""Time constants before the first frame, so that the noise is as large there as later."""


def marker_noise(n: int, n_marker: int, rate_hz: float, sd_m: float, seed: list[int]) -> F64:
    """Return noise for a trial's markers, independent for every marker and axis.

    White noise through two equal first-order low-passes, so that its speed is bounded and its
    acceleration, which inverse dynamics sees, is not that of white noise; plus white noise.

    Parameters
    ----------
    n, n_marker : int
        Frames and markers.
    rate_hz : float
        Frames per second.
    sd_m : float
        Standard deviation of the slow part [m].
    seed : list of int
        Equal seeds give equal noise.

    Returns
    -------
    ndarray of shape (n, n_marker, 3), float64 [m]
    """
    rng = np.random.default_rng(seed)
    pole = np.exp(-1.0 / (SOFT_TISSUE_S * rate_hz))
    denominator = np.convolve([1.0, -pole], [1.0, -pole])
    lead = int(np.ceil(_LEAD_IN * SOFT_TISSUE_S * rate_hz))
    impulse = signal.lfilter([1.0], denominator, np.eye(1, 3 * lead)[0])
    white = rng.standard_normal((n + lead, n_marker, 3))
    slow = signal.lfilter([1.0], denominator, white, axis=0)[lead:]
    slow *= sd_m / np.sqrt(np.sum(impulse**2))
    noise: F64 = slow + CAMERA_SHARE * sd_m * rng.standard_normal(slow.shape)
    return noise
