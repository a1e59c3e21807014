"""What is usual in the training people: how they move, and how large their activations are.

It is what `inference.opinion.second_opinion` needs to know of them, beside the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from inference.channels import INPUT_GROUPS, N_CHANNEL, N_INPUT, SLICE_ACTIVATION
from inference.dataset import LimbSequence
from inference.exceptions import FeatureError
from inference.reference_maximum import PERCENTILE

__all__ = ["COLUMNS", "Usual", "fit_usual"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

_GROUPS: Final = ("angle", "velocity", "moment", "other_angle", "other_velocity")
COLUMNS: Final = np.concatenate(
    [np.arange(INPUT_GROUPS[g].start, INPUT_GROUPS[g].stop) for g in _GROUPS]
)
"""Inputs that tell how a leg moves: its own motion and moments, and the other leg's motion."""

FLOOR: Final = 0.02
"""Added to every variance, as a part of it: no combination of inputs is told more sharply than by a
seventh of their spread. A dozen people who walk do not span what people do."""


class Usual(NamedTuple):
    """Of the training people, who count equally.

    Attributes
    ----------
    centre, scale : ndarray of shape (len(COLUMNS),), float32
        Mean and standard deviation of these inputs.
    whitening : ndarray of shape (len(COLUMNS), len(COLUMNS)), float32
        Lower triangular; turns what is left over the centre into numbers of variance one that are
        not correlated.
    activation_maximum : ndarray of shape (N_CHANNEL,), float32
        What each simulated activation reaches in walking: the median over people of its
        `PERCENTILE`-th percentile, as 1 is what their EMG reaches there. 0 where nobody has it.
    """

    centre: F32
    scale: F32
    whitening: F32
    activation_maximum: F32


def fit_usual(sequences: Sequence[LimbSequence]) -> Usual:
    """Learn what is usual.

    Parameters
    ----------
    sequences : sequence of LimbSequence
        What a network is trained on.

    Raises
    ------
    FeatureError
        Without sequences.
    """
    if not sequences:
        raise FeatureError("nothing to learn from; give trials with EMG")
    people: dict[str, list[LimbSequence]] = {}
    for s in sequences:
        people.setdefault(s.person, []).append(s)
    moments = np.mean([_moments(own) for own in people.values()], axis=0)
    count = np.maximum(moments[0], 1e-9)
    centre = moments[1] / count
    spread = np.mean([_products(own, centre) for own in people.values()], axis=0)
    spread /= np.sqrt(np.outer(count, count))  # of frames where they are present
    variance = np.diagonal(spread).copy()
    variance[variance < 1e-12] = 1.0  # an input that nobody has, or that never moves
    np.fill_diagonal(spread, (1.0 + FLOOR) * variance)
    whitening = np.linalg.inv(np.linalg.cholesky(spread))
    return Usual(
        centre.astype(np.float32),
        np.sqrt(variance).astype(np.float32),
        whitening.astype(np.float32),
        _activation_maximum(list(people.values())),
    )


def _inputs(own: Sequence[LimbSequence]) -> tuple[F64, F64]:
    """Values and presence of `COLUMNS` over all frames of a person."""
    x = np.concatenate([s.x for s in own]).astype(np.float64)
    return x[:, COLUMNS], x[:, N_INPUT + COLUMNS]


def _moments(own: Sequence[LimbSequence]) -> F64:
    """How often each input is present, and its mean where it is, times that."""
    value, present = _inputs(own)
    moments: F64 = np.stack([present.mean(0), (present * value).mean(0)])
    return moments


def _products(own: Sequence[LimbSequence], centre: F64) -> F64:
    """Mean products of what is left over the centre; 0 where an input is missing."""
    value, present = _inputs(own)
    rest = (value - centre) * present
    products: F64 = rest.T @ rest / len(rest)
    return products


def _activation_maximum(people: Sequence[Sequence[LimbSequence]]) -> F32:
    peaks = np.full((len(people), N_CHANNEL), np.nan)
    for row, own in zip(peaks, people, strict=True):
        walking = [s for s in own if s.motion == "walk"] or list(own)
        x = np.concatenate([s.x for s in walking])
        value, present = x[:, SLICE_ACTIVATION], x[:, N_INPUT:][:, SLICE_ACTIVATION] > 0.0
        for c in np.flatnonzero(present.any(0)):
            row[c] = np.percentile(value[present[:, c], c], PERCENTILE)
    known = np.isfinite(peaks).any(0)
    maximum = np.zeros(N_CHANNEL, dtype=np.float32)
    maximum[known] = np.nanmedian(peaks[:, known], axis=0)
    return maximum
