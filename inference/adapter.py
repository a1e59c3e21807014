"""A small linear correction that makes the network one person's own.

What the network keeps of a frame, its hidden state h, tells the motion's phase and how it is done.
For every measured channel the correction is the ridge regression of what is left over::

    y' = max(0, y + W [(h - mean) / scale, 1]),    W = argmin |e - W h|^2 + penalty |W|^2

with e the measured envelope less the network's estimate y. Amplitude, timing and shape move by as
much as the data demand; with little data the network's own answer stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from inference.channels import N_CHANNEL
from inference.dataset import measured_matrix

__all__ = ["Adapter", "fit_adapter"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

PENALTY: Final = 400.0
"""Of a squared weight on a standardised state, in frames. On people left out 100 to 1000 differ by
0.005 in mean r after a trial of 1.5 s, and by 0.03 after one of a minute."""
LEAST_FRAMES: Final = 50
"""Fewer measured frames than this teach nothing."""


@dataclass(frozen=True, eq=False)
class Adapter:
    """The correction of all channels.

    Attributes
    ----------
    mean, scale : ndarray of shape (kv_width,), float32
        By which states are standardised.
    weights : ndarray of shape (kv_width + 1, N_CHANNEL), float32
        The last row is the offset; zeros for channels that were not measured.
    spread : ndarray of shape (N_CHANNEL,), float32
        What remains of the error, as a fraction of that before; 1 where nothing was measured.
    """

    mean: F32
    scale: F32
    weights: F32
    spread: F32

    def apply(self, y: F32, kept: F32) -> F32:
        """Correct estimates.

        Parameters
        ----------
        y : ndarray of shape (..., N_CHANNEL), float32
            The network's own.
        kept : ndarray of shape (..., kv_width), float32
            What it keeps of the same frames.
        """
        state = (kept - self.mean) / self.scale
        moved: F32 = y + state @ self.weights[:-1] + self.weights[-1]
        return np.maximum(moved, np.float32(0.0))


def fit_adapter(y: F32, kept: F32, target: F32, measured: npt.NDArray[np.bool_]) -> Adapter:
    """Fit a correction to one person's frames.

    Parameters
    ----------
    y : ndarray of shape (n, N_CHANNEL), float32
        The network's estimates.
    kept : ndarray of shape (n, kv_width), float32
        What it keeps.
    target : ndarray of shape (n, len(MEASURED)), float32
        Measured envelopes, fractions of the reference maximum.
    measured : ndarray of shape (n, len(MEASURED)), bool
        Where they are.

    Returns
    -------
    Adapter
        A composite channel corrects all of its parts that were not measured themselves.
    """
    mean, scale = kept.mean(0), kept.std(0) + np.float32(1e-3)
    design = np.hstack([(kept - mean) / scale, np.ones((len(kept), 1))]).astype(np.float64)
    weights = np.zeros((design.shape[1], N_CHANNEL))
    spread = np.ones(N_CHANNEL)
    matrix = measured_matrix()
    for channel in np.argsort(-(matrix > 0).sum(1), kind="stable"):  # composites first
        seen = measured[:, channel]
        if seen.sum() < LEAST_FRAMES:
            continue
        error = (target[seen, channel] - y[seen] @ matrix[channel]).astype(np.float64)
        parts = np.flatnonzero(matrix[channel])
        weights[:, parts] = _ridge(design[seen], error)[:, None]
        spread[parts] = _remaining(design[seen], error)
    return Adapter(
        mean.astype(np.float32),
        scale.astype(np.float32),
        weights.astype(np.float32),
        spread.astype(np.float32),
    )


def _ridge(design: F64, error: F64) -> F64:
    penalty: F64 = PENALTY * np.eye(design.shape[1])
    penalty[-1, -1] = 0.0
    weights = np.linalg.solve(design.T @ design + penalty, design.T @ error)
    return weights.astype(np.float64, copy=False)


def _remaining(design: F64, error: F64) -> float:
    """Share of the root mean square error that remains in halves that were not fitted."""
    half = np.arange(len(error)) < len(error) // 2
    left = [
        error[~part] - design[~part] @ _ridge(design[part], error[part]) for part in (half, ~half)
    ]
    before = float(np.sqrt(np.mean(error**2)))
    return float(np.sqrt(np.mean(np.concatenate(left) ** 2))) / before if before > 0.0 else 1.0
