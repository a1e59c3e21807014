"""Whether estimates know a measurement again: their correlation at the one lag that is best.

The mean r of the shipped network there is 0.75 to 0.91 for each of 19 people as measured, 0.61 or
more for people whom a network did not know; EMG half a second late, or of the other leg, has no
best lag within reach, or one of a quarter of a second and more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from inference.arrays import F32, F64, Bool
from inference.metrics import (
    MAX_LAG_S,
    MINIMUM_SAMPLES,
    SEARCHED_S,
    Series,
    best_common_lag,
    correlation,
)

__all__ = ["RECOGNISED_R", "Part", "best_lag", "likeness", "out_of_time"]

RECOGNISED_R: Final = 0.4
"""Least mean r of a network's estimates at their best lag; of random exchanges of channels 109 of
120 were below in walking, 0 of 20 in running."""


class Part(NamedTuple):
    """Estimates of one limb in one recording, and what was measured.

    Attributes
    ----------
    estimate, measured : ndarray of shape (n, len(MEASURED))
    mask : ndarray of the same shape, bool
        Where a channel was measured.
    """

    estimate: F32 | F64
    measured: F32 | F64
    mask: Bool


def best_lag(parts: Iterable[Part], step_s: float) -> tuple[float, float]:
    """Return the best lag [s] of all channels together, positive = measured later, and mean r.

    r is NaN where there is no best lag: none at all, or the last that was searched.
    """
    channels: dict[int, list[Series]] = {}
    for part in parts:
        known = np.isfinite(part.estimate).all(0) & (part.mask.sum(0) >= MINIMUM_SAMPLES)
        for c in np.flatnonzero(known):
            estimate, measured = part.estimate[:, c], part.measured[:, c]
            series = Series(estimate.astype(float), measured.astype(float), part.mask[:, c])
            channels.setdefault(int(c), []).append(series)
    lag = best_common_lag(list(channels.values()), 1.0 / step_s, SEARCHED_S)
    r = np.array([correlation(series, lag) for series in channels.values()])
    known_r = r[np.isfinite(r)]
    if not len(known_r) or abs(lag) == round(SEARCHED_S / step_s):
        return lag * step_s, float("nan")
    return lag * step_s, float(known_r.mean())


def likeness(r: float) -> str:
    """Say how like a measurement is at its best lag."""
    found = "no lag is best" if np.isnan(r) else f"mean r {r:.2f} at the best lag"
    return f"{found} within {SEARCHED_S:g} s"


def out_of_time(lag_s: float) -> str:
    """Say that a measurement is too late or too early [s]; "" if it is not."""
    if abs(lag_s) <= MAX_LAG_S:
        return ""
    return (
        f"is {1e3 * lag_s:+.0f} ms off the network's estimate, {1e3 * MAX_LAG_S:.0f} ms at most "
        "are allowed; check the names of the channels, left and right"
    )
