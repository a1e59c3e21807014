"""Means of what is there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inference.arrays import F64

__all__ = ["finite_mean"]


def finite_mean(values: npt.ArrayLike, axis: int) -> F64:
    """Mean over the finite values along an axis; NaN, without a warning, where there are none."""
    array = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(array)
    count = finite.sum(axis)
    total = np.where(finite, array, 0.0).sum(axis)
    mean: F64 = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean
