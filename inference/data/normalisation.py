"""Mean and spread of every input, as the training people have them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.arrays import F32
from inference.channels import N_INPUT
from inference.data.dataset import LimbSequence

__all__ = ["frames_by_person", "normalisation"]


def frames_by_person(sequences: Sequence[LimbSequence]) -> dict[str, int]:
    """Return how many frames there are of each person, by whom they count equally."""
    people = sorted({s.person for s in sequences})
    return {p: sum(len(s.x) for s in sequences if s.person == p) for p in people}


def normalisation(sequences: Sequence[LimbSequence]) -> tuple[F32, F32]:
    """Mean and standard deviation of every input where it is present, people counting equally.

    Returns
    -------
    mean, scale : ndarray of shape (N_INPUT,), float32
        0 and 1 for an input that nobody has.
    """
    totals = np.zeros((3, N_INPUT))
    frames = frames_by_person(sequences)
    for s in sequences:
        value, present = s.x[:, :N_INPUT].astype(float), s.x[:, N_INPUT:]
        sums = [present.sum(0), (present * value).sum(0), (present * value**2).sum(0)]
        totals += np.array(sums) / frames[s.person]
    count = np.maximum(totals[0], 1e-9)
    mean = totals[1] / count
    scale = np.sqrt(np.maximum(totals[2] / count - mean**2, 0.0))
    scale[(totals[0] == 0.0) | (scale < 1e-6)] = 1.0
    return mean.astype(np.float32), scale.astype(np.float32)
