"""How alike an estimate and measured EMG are, and at which lag.

Lags count in steps of the network; a positive one means that the measurement comes later than the
estimate. Positions at which either series is masked do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from inference.arrays import F64, Bool

__all__ = [
    "MAX_LAG_S",
    "MINIMUM_SAMPLES",
    "SEARCHED_S",
    "Series",
    "best_common_lag",
    "correlation",
]

MAX_LAG_S: Final = 0.15
"""Lags are searched within this; beyond it a gait cycle aliases."""
SEARCHED_S: Final = 0.4
"""How far a lag is looked for that may be too large [s]: one beyond `MAX_LAG_S` is to be found, and
not cut short. The real ones lie within 0.08 s."""
MINIMUM_SAMPLES: Final = 30
"""Fewer common samples than this give no correlation."""


class Series(NamedTuple):
    """Estimate and measurement of one channel in one trial, on the network's steps.

    Attributes
    ----------
    estimate, measured : ndarray of shape (n,), float64
    mask : ndarray of shape (n,), bool
        Where both count.
    """

    estimate: F64
    measured: F64
    mask: Bool

    def shifted(self, lag: int) -> tuple[F64, F64]:
        """Return the pairs ``estimate[i], measured[i + lag]`` where both are unmasked."""
        n = len(self.mask)
        first, last = max(0, -lag), min(n, n - lag)
        both = self.mask[first:last] & self.mask[first + lag : last + lag]
        return self.estimate[first:last][both], self.measured[first + lag : last + lag][both]


def _pool(trials: Sequence[Series], lag: int) -> tuple[F64, F64]:
    pairs = [trial.shifted(lag) for trial in trials]
    return np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])


def correlation(trials: Sequence[Series], lag: int = 0) -> float:
    """Pearson's r over all trials together; NaN if too short, 0 for a constant estimate."""
    estimate, measured = _pool(trials, lag)
    if len(measured) < MINIMUM_SAMPLES or measured.std() == 0.0:
        return float("nan")
    if estimate.std() == 0.0:
        return 0.0
    return float(np.corrcoef(estimate, measured)[0, 1])


def best_common_lag(
    channels: Sequence[Sequence[Series]], rate_hz: float, reach_s: float = MAX_LAG_S
) -> int:
    """Return the one lag [steps] with the largest mean correlation over channels.

    Parameters
    ----------
    channels : sequence of sequences of Series
        The trials of each channel.
    rate_hz : float
        Steps per second.
    reach_s : float
        Lags are searched within this [s].
    """
    reach = round(reach_s * rate_hz)
    lags = sorted(range(-reach, reach + 1), key=abs)  # of equals, the smallest lag wins

    def mean_correlation(lag: int) -> float:
        values = np.array([correlation(trials, lag) for trials in channels])
        return float(np.nanmean(values)) if np.isfinite(values).any() else -1.0

    return max(lags, key=mean_correlation)
