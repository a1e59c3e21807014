"""A small linear correction that makes the network one person's own.

The network's hidden state h tells the motion's phase and how it is done. For every measured channel
the correction is the ridge regression of what is left over::

    y' = max(0, y + W h + b),    W, b = argmin |e - W h - b|^2 + penalty |W S|^2

with e the measured envelope less the network's estimate y, and S the standard deviations of h.
Amplitude, timing and shape move by as much as the data demand; with little data the network's own
answer stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from inference.arrays import F32, F64, Bool
from inference.channels import N_CHANNEL
from inference.data.dataset import measured_matrix

__all__ = ["LEAST_FRAMES", "Adapter", "Correction", "crossed_estimate", "fit_adapter", "fold_of"]

Fold = npt.NDArray[np.intp]

PENALTY: Final = 400.0
"""Of a squared weight on a standardised state, in frames. On people left out 100 to 1000 differ by
0.005 in mean r after a trial of 1.5 s, and by 0.03 after one of a minute."""
LEAST_FRAMES: Final = 50
"""Fewer measured frames than this teach nothing."""
N_BLOCK: Final = 4
"""Blocks of time, alternately of one fold and the other."""
LEAST_SCALE: Final = 1e-3
"""A state that moves by less than this is not blown up."""


@dataclass(frozen=True, eq=False)
class Adapter:
    """The correction of all channels.

    Attributes
    ----------
    weights : ndarray of shape (state_width, N_CHANNEL), float32
        Zeros for channels that were not measured.
    offset : ndarray of shape (N_CHANNEL,), float32
    spread : ndarray of shape (N_CHANNEL,), float32
        What remains of the error in frames that were not fitted, as a fraction of that before; 1
        where nothing was measured.
    """

    weights: F32
    offset: F32
    spread: F32

    @property
    def corrected(self) -> Bool:
        """Which channels it moves at all (N_CHANNEL,)."""
        moved: Bool = self.weights.any(axis=0) | (self.offset != 0.0)
        return moved

    def apply(self, y: F32, state: F32, out: F32 | None = None) -> F32:
        """Correct estimates.

        Parameters
        ----------
        y : ndarray of shape (..., N_CHANNEL), float32
            The network's own.
        state : ndarray of shape (..., state_width), float32
            Its state after the same frames.
        out : ndarray of shape (..., N_CHANNEL), float32, optional
            Receives the result; nothing is allocated then.
        """
        result = np.matmul(state, self.weights, out=out)
        result += y
        result += self.offset
        return np.maximum(result, np.float32(0.0), out=result)


class Correction(NamedTuple):
    """What makes an estimate one person's own.

    Attributes
    ----------
    adapter : Adapter
    known : float
        How far from the usual the motion was that it was fitted on, see
        `inference.opinion.known_distance`.
    """

    adapter: Adapter
    known: float


def fit_adapter(
    y: F32, state: F32, target: F32, measured: Bool, fold: Fold | None = None
) -> Adapter:
    """Fit a correction to one person's frames.

    Parameters
    ----------
    y : ndarray of shape (n, N_CHANNEL), float32
        The network's estimates.
    state : ndarray of shape (n, state_width), float32
        Its state.
    target : ndarray of shape (n, len(MEASURED)), float32
        Measured envelopes, fractions of the reference maximum.
    measured : ndarray of shape (n, len(MEASURED)), bool
        Where they are.
    fold : ndarray of shape (n,), intp, optional
        Which of the two folds a frame is in, for `Adapter.spread`; by default as `fold_of` says of
        frames in the order of time.

    Returns
    -------
    Adapter
        A composite channel corrects all of its parts that were not measured themselves.
    """
    weights, offset = _fit(y, state, target, measured)
    matrix = measured_matrix()
    before = _rms(target - y @ matrix.T, measured)
    after = _rms(target - crossed_estimate(y, state, target, measured, fold) @ matrix.T, measured)
    spread = np.ones(N_CHANNEL)
    for channel in _composites_first(matrix):
        if measured[:, channel].sum() >= LEAST_FRAMES and before[channel] > 0.0:
            spread[np.flatnonzero(matrix[channel])] = after[channel] / before[channel]
    return Adapter(weights.astype(np.float32), offset.astype(np.float32), spread.astype(np.float32))


def crossed_estimate(
    y: F32, state: F32, target: F32, measured: Bool, fold: Fold | None = None
) -> F32:
    """Return corrected estimates (n, N_CHANNEL), no frame by a correction that was fitted to it.

    Parameters as of `fit_adapter`.
    """
    out = np.empty_like(y)
    fold = fold_of(measured) if fold is None else fold
    for here in (fold == 0, fold == 1):
        weights, offset = _fit(y[~here], state[~here], target[~here], measured[~here])
        out[here] = np.maximum(y[here] + state[here] @ weights + offset, 0.0)
    return out


def fold_of(measured: Bool) -> Fold:
    """Return which of two folds each frame of a recording is in, alternate ones of `N_BLOCK`.

    Blocks have as many frames each in which anything was measured, so that both folds have some.

    Parameters
    ----------
    measured : ndarray of shape (n, len(MEASURED)), bool
    """
    counts = measured.any(axis=1)
    so_far = np.cumsum(counts if counts.any() else ~counts)
    folds: Fold = np.maximum(so_far - 1, 0) * N_BLOCK // max(so_far.max(initial=0), 1) % 2
    return folds


def _fit(y: F32, state: F32, target: F32, measured: Bool) -> tuple[F64, F64]:
    """Weights (state_width, N_CHANNEL) and offsets (N_CHANNEL,)."""
    mean, scale = state.mean(0), state.std(0) + LEAST_SCALE
    design = np.hstack([(state - mean) / scale, np.ones((len(state), 1))]).astype(np.float64)
    matrix = measured_matrix()
    error = target - y @ matrix.T
    solved = _ridge_by_mask(design, error.astype(np.float64), measured)
    weights = np.zeros((design.shape[1], N_CHANNEL))
    for channel in _composites_first(matrix):
        if channel in solved:
            weights[:, np.flatnonzero(matrix[channel])] = solved[channel][:, None]
    unscaled = weights[:-1] / scale[:, None]
    return unscaled, weights[-1] - mean @ unscaled


def _ridge_by_mask(design: F64, error: F64, measured: Bool) -> dict[int, F64]:
    """Solve every channel; those that were measured in the same frames share their matrix."""
    penalty = PENALTY * np.eye(design.shape[1])
    penalty[-1, -1] = 0.0
    groups: dict[bytes, list[int]] = {}
    for channel in np.flatnonzero(measured.sum(0) >= LEAST_FRAMES):
        groups.setdefault(measured[:, channel].tobytes(), []).append(int(channel))
    solved: dict[int, F64] = {}
    for channels in groups.values():
        seen = measured[:, channels[0]]
        part = design[seen]
        weights = np.linalg.solve(part.T @ part + penalty, part.T @ error[seen][:, channels])
        solved |= dict(zip(channels, weights.T, strict=True))
    return solved


def _composites_first(matrix: F32) -> npt.NDArray[np.intp]:
    """Channels in an order in which a part's own measurement comes after its composite's."""
    order: npt.NDArray[np.intp] = np.argsort(-(matrix > 0).sum(1), kind="stable")
    return order


def _rms(error: F32, measured: Bool) -> F64:
    """Root mean square of each column where it was measured; 0 where it never was."""
    count = np.maximum(measured.sum(0), 1)
    rms: F64 = np.sqrt(np.sum(np.where(measured, error, 0.0) ** 2, axis=0) / count)
    return rms
