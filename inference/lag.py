"""One lag of the EMG per data set: how late its recordings stand against their motion.

Delays of amplifiers and filters, and the choice of zero time, differ between data sets by far more
than people differ. A ridge regression from the motion alone, fitted on the data set with most
people, predicts the walking EMG of each other set; the lag with the best mean correlation is taken.
None of the sets is known to be right, so all of them count: lags are told from their mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from inference.channels import MEASURED, SLICE_ANGLE, SLICE_VELOCITY
from inference.dataset import LimbSequence
from inference.metrics import Series, best_common_lag

__all__ = ["estimate_lags"]

F64 = npt.NDArray[np.float64]

AGES_S: Final = np.arange(0.0, 0.41, 0.05)
"""Ages of the motion that the regression sees."""
RIDGE: Final = 30.0
"""Penalty on standardised inputs; from 3 to 300, lags of real sets move by 10 ms at most."""


def estimate_lags(sequences: Sequence[LimbSequence], rate_hz: float) -> dict[str, float]:
    """Estimate each data set's EMG lag [s] against the mean over data sets.

    Parameters
    ----------
    sequences : sequence of LimbSequence
        Built without any lag.
    rate_hz : float
        Of the sequences.

    Returns
    -------
    dict of str to float
        Positive = late; 0 for a set without walking.
    """
    walking = [s for s in sequences if s.motion == "walk"] or list(sequences)
    people = {d: len({s.person for s in walking if s.dataset == d}) for d in _datasets(walking)}
    reference = max(people, key=lambda name: people[name])
    weights = _fit([s for s in walking if s.dataset == reference], rate_hz)
    lags = dict.fromkeys(_datasets(sequences), 0.0)
    for dataset in _datasets(walking):
        if dataset != reference:
            own = [s for s in walking if s.dataset == dataset]
            lags[dataset] = _lag(own, weights, rate_hz) / rate_hz
    mean = float(np.mean([lags[dataset] for dataset in people]))
    return lags | {dataset: lags[dataset] - mean for dataset in people}


def _datasets(sequences: Sequence[LimbSequence]) -> list[str]:
    return sorted({s.dataset for s in sequences})


def _history(sequence: LimbSequence, rate_hz: float) -> F64:
    """Angles and velocities at all ages, (n, n_feature); frames before the start repeat it."""
    motion = np.hstack([sequence.x[:, SLICE_ANGLE], sequence.x[:, SLICE_VELOCITY]])
    at = np.arange(len(motion))[:, None] - np.round(AGES_S * rate_hz).astype(int)
    rows: F64 = motion[np.maximum(at, 0)].reshape(len(motion), -1).astype(np.float64)
    return rows


class _Ridge:
    """Linear prediction of every measured channel from the motion's history."""

    def __init__(self, mean: F64, scale: F64, coefficients: dict[int, F64]) -> None:
        self.mean, self.scale, self.coefficients = mean, scale, coefficients

    def design(self, history: F64) -> F64:
        standard = (history - self.mean) / self.scale
        return np.hstack([standard, np.ones((len(standard), 1))])


def _fit(sequences: Sequence[LimbSequence], rate_hz: float) -> _Ridge:
    history = np.vstack([_history(s, rate_hz) for s in sequences])
    y = np.vstack([s.y for s in sequences]).astype(np.float64)
    measured = np.vstack([s.measured for s in sequences])
    ridge = _Ridge(history.mean(0), history.std(0) + 1e-6, {})
    design = ridge.design(history)
    penalty = RIDGE * np.eye(design.shape[1])
    penalty[-1, -1] = 0.0
    for channel in range(len(MEASURED)):
        rows = design[measured[:, channel]]
        if len(rows):
            target = y[measured[:, channel], channel]
            ridge.coefficients[channel] = np.linalg.solve(rows.T @ rows + penalty, rows.T @ target)
    return ridge


def _lag(sequences: Sequence[LimbSequence], ridge: _Ridge, rate_hz: float) -> int:
    channels = []
    for channel, coefficients in ridge.coefficients.items():
        trials = [
            Series(
                ridge.design(_history(s, rate_hz)) @ coefficients,
                s.y[:, channel].astype(np.float64),
                s.measured[:, channel],
            )
            for s in sequences
            if s.measured[:, channel].any()
        ]
        if trials:
            channels.append(trials)
    return best_common_lag(channels, rate_hz) if channels else 0
