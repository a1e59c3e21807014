"""Sums over strides, from which errors and correlations of any set of strides follow at once.

For estimate e and measurement y, a stride has n, sum e, sum y, sum e^2, sum y^2 and sum e y, once
for every lag: the measurement stays in the stride, the estimate is taken lag steps earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from inference.arrays import F32, F64
from inference.data.dataset import LimbSequence
from inference.data.strides import cut_strides
from inference.means import finite_mean
from inference.metrics import MAX_LAG_S, MINIMUM_SAMPLES

__all__ = ["PersonSums", "best_lag", "correlation", "lags", "person_sums", "rmse"]

_FLAT: Final = 1e-12
"""A variance below this share of the mean square is that of a constant."""


class PersonSums(NamedTuple):
    """Sums of one person in one motion.

    Attributes
    ----------
    person, motion : str
    values : ndarray of shape (n_stride, n_lag, len(MEASURED), 6), float64
        Zeros for channels that were not measured or not estimated.
    """

    person: str
    motion: str
    values: F64


def lags(rate_hz: float) -> npt.NDArray[np.intp]:
    """Return the lags of the sums in steps; positive = the measurement comes later."""
    reach = round(MAX_LAG_S * rate_hz)
    return np.arange(-reach, reach + 1)


def person_sums(
    sequences: Sequence[LimbSequence], estimates: Sequence[F32], rate_hz: float
) -> list[PersonSums]:
    """Sum over every complete stride with measured EMG, person by person and motion by motion."""
    found: dict[tuple[str, str], list[F64]] = {}
    for sequence, y in zip(sequences, estimates, strict=True):
        for start, stop in cut_strides(sequence):
            frames = np.arange(start, stop)
            if sequence.measured[frames].any():
                group = found.setdefault((sequence.person, sequence.motion), [])
                group.append(_stride(sequence, y, frames, lags(rate_hz)))
    return [PersonSums(*group, np.stack(found[group])) for group in sorted(found)]


def _stride(
    sequence: LimbSequence, y: F32, frames: npt.NDArray[np.intp], lag: npt.NDArray[np.intp]
) -> F64:
    source = frames - lag[:, None]  # (n_lag, n_frame)
    inside = (source >= 0) & (source < len(y))
    e = y[np.clip(source, 0, len(y) - 1)].astype(np.float64)  # (n_lag, n_frame, n_measured)
    counts = np.isfinite(e) & inside[..., None] & sequence.measured[frames]
    e = np.where(counts, e, 0.0)
    m = np.where(counts, sequence.y[frames].astype(np.float64), 0.0)
    sums = [counts.sum(1), e.sum(1), m.sum(1), (e * e).sum(1), (m * m).sum(1), (e * m).sum(1)]
    return np.stack(sums, axis=-1).astype(np.float64)


def correlation(sums: F64) -> F64:
    """Pearson's r of sums (..., 6); NaN with too few frames, 0 for a constant estimate."""
    n, e, y, ee, yy, ey = np.moveaxis(sums, -1, 0)
    count = np.maximum(n, 1.0)
    var_e, var_y, cov = ee - e * e / count, yy - y * y / count, ey - e * y / count
    moves = (var_e > _FLAT * ee) & (var_y > _FLAT * yy)
    r = np.where(moves, cov / np.sqrt(np.where(moves, var_e * var_y, 1.0)), 0.0)
    unknown = (n < MINIMUM_SAMPLES) | (var_y <= _FLAT * yy)
    return np.where(unknown, np.nan, r)


def rmse(sums: F64, free_gain: bool = False) -> F64:
    """Root-mean-square error of sums (..., 6), if wished with the best non-negative gain."""
    n, _, _, ee, yy, ey = np.moveaxis(sums, -1, 0)
    gain = np.ones_like(n)
    if free_gain:
        gain = np.maximum(ey, 0.0) / np.where(ee > 0.0, ee, 1.0)
    squared = np.maximum(gain**2 * ee - 2.0 * gain * ey + yy, 0.0) / np.maximum(n, 1.0)
    return np.where(n > 0, np.sqrt(squared), np.nan)


def best_lag(values: F64) -> int:
    """Return the place of the lag with the largest mean correlation over channels.

    Parameters
    ----------
    values : ndarray of shape (n_stride, n_lag, n_channel, 6)
        As in `PersonSums`.
    """
    mean = finite_mean(correlation(values.sum(0)), axis=-1)
    middle = len(mean) // 2
    order = sorted(range(len(mean)), key=lambda i: abs(i - middle))  # of equals, the smallest wins
    return max(order, key=lambda i: -np.inf if np.isnan(mean[i]) else float(mean[i]))
