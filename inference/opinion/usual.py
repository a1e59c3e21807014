"""What is usual in the training people: how they move, and how large their activations are.

It is what `inference.opinion.second_opinion` needs to know of them, beside the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from inference.architecture import Architecture
from inference.arrays import F32, F64
from inference.channels import INPUT_GROUPS, N_CHANNEL, N_INPUT, SLICE_ACTIVATION
from inference.data.dataset import LimbSequence
from inference.data.normalisation import frames_by_person, normalisation
from inference.emg.reference_maximum import PERCENTILE
from inference.exceptions import FeatureError

__all__ = ["COLUMNS", "Usual", "fit_usual", "usual_for"]

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


def usual_for(architecture: Architecture, sequences: Sequence[LimbSequence]) -> Usual | None:
    """Return what a network of that kind needs; None if it is to be of motion alone."""
    return fit_usual(sequences) if architecture.sees_dynamics else None


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
    centre, scale = (part[COLUMNS] for part in normalisation(sequences))
    correlation = _correlation(sequences, centre)
    np.fill_diagonal(correlation, 1.0 + FLOOR)
    whitening = np.linalg.inv(np.linalg.cholesky(correlation)) / scale
    return Usual(centre, scale, whitening.astype(np.float32), _activation_maximum(sequences))


def _correlation(sequences: Sequence[LimbSequence], centre: F32) -> F64:
    """Correlation of the inputs; a missing one counts as usual, so that this is one."""
    products = np.zeros((len(COLUMNS), len(COLUMNS)))
    frames = frames_by_person(sequences)
    for s in sequences:
        rest = (s.x[:, COLUMNS].astype(np.float64) - centre) * s.x[:, N_INPUT + COLUMNS]
        products += rest.T @ rest / frames[s.person]
    spread = np.sqrt(np.diagonal(products))
    spread = np.where(spread > 0.0, spread, 1.0)
    correlation: F64 = products / np.outer(spread, spread)
    return correlation


def _activation_maximum(sequences: Sequence[LimbSequence]) -> F32:
    people = sorted({s.person for s in sequences})
    peaks = np.full((len(people), N_CHANNEL), np.nan)
    for row, person in zip(peaks, people, strict=True):
        own = [s for s in sequences if s.person == person]
        walking = [s for s in own if s.motion == "walk"] or own
        x = np.concatenate([s.x for s in walking])
        value, present = x[:, SLICE_ACTIVATION], x[:, N_INPUT:][:, SLICE_ACTIVATION] > 0.0
        for c in np.flatnonzero(present.any(0)):
            row[c] = np.percentile(value[present[:, c], c], PERCENTILE)
    known = np.isfinite(peaks).any(0)
    maximum = np.zeros(N_CHANNEL, dtype=np.float32)
    maximum[known] = np.nanmedian(peaks[:, known], axis=0)
    return maximum
