"""Ridge regression from a causal window of the motion alone to every measured channel.

`inference.data.lag` times data sets by it, and `inference.evaluation.methods` has it as a method.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from inference.arrays import F64
from inference.channels import MEASURED, SLICE_ANGLE, SLICE_VELOCITY
from inference.data.dataset import LimbSequence

__all__ = ["MotionRidge"]

AGES_S: Final = np.arange(0.0, 0.41, 0.05)
"""Ages of the motion that the regression sees."""


class MotionRidge:
    """Linear prediction of every channel from angles and velocities up to 0.4 s old.

    Parameters
    ----------
    sequences : sequence of LimbSequence
    targets, weights : sequence of ndarray of shape (n_i, len(MEASURED))
        What to predict, and how much each value counts; 0 = not at all.
    rate_hz : float
        Of the sequences.
    penalty : float
        Of a squared weight on standardised inputs, in frames.
    """

    def __init__(
        self,
        sequences: Sequence[LimbSequence],
        targets: Sequence[npt.NDArray[np.floating]],
        weights: Sequence[npt.NDArray[np.floating | np.bool_]],
        rate_hz: float,
        penalty: float,
    ) -> None:
        self._steps = np.round(AGES_S * rate_hz).astype(int)
        history = np.vstack([self._history(s) for s in sequences])
        self._mean, self._scale = history.mean(0), history.std(0) + 1e-6
        design = self._design(history)
        ridge = penalty * np.eye(design.shape[1])
        ridge[-1, -1] = 0.0
        y, w = np.vstack(targets).astype(np.float64), np.vstack(weights).astype(np.float64)
        self._coefficients = np.full((design.shape[1], len(MEASURED)), np.nan)
        for channel in np.flatnonzero((w > 0.0).any(0)):
            counts = w[:, channel] > 0.0
            rows = design[counts]
            weighted = rows * w[counts, channel, None]
            self._coefficients[:, channel] = np.linalg.solve(
                weighted.T @ rows + ridge, weighted.T @ y[counts, channel]
            )

    def predict(self, sequence: LimbSequence) -> F64:
        """Return the estimate of every channel (n, len(MEASURED)); NaN where nothing was learnt."""
        estimate: F64 = self._design(self._history(sequence)) @ self._coefficients
        return estimate

    def _history(self, sequence: LimbSequence) -> F64:
        """Angles and velocities at all ages, (n, n_feature); frames before the start repeat it."""
        motion = np.hstack([sequence.x[:, SLICE_ANGLE], sequence.x[:, SLICE_VELOCITY]])
        at = np.arange(len(motion))[:, None] - self._steps
        rows: F64 = motion[np.maximum(at, 0)].reshape(len(motion), -1).astype(np.float64)
        return rows

    def _design(self, history: F64) -> F64:
        standard = (history - self._mean) / self._scale
        return np.hstack([standard, np.ones((len(standard), 1))])
