"""Markers that were not seen, as streams and files give them: one rule for all of them."""

import numpy as np

from streamer.arrays import F64

__all__ = ["hide_unseen"]


def hide_unseen(positions: F64) -> None:
    """Make a marker that was not seen NaN in all three coordinates.

    One is where a coordinate is not finite, or where all three are exactly zero, which is how some
    systems send or write it.

    Parameters
    ----------
    positions : ndarray of shape (..., 3), float64
        Of markers, in any frame and unit; changed in place.
    """
    seen = np.isfinite(positions).all(axis=-1) & positions.any(axis=-1)
    positions[~seen] = np.nan
