"""What a sequence teaches: measured envelopes, their weight, and what errors are measured by."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from inference.arrays import F32
from inference.channels import MEASURED
from inference.data.dataset import LimbSequence
from inference.emg.reference_maximum import PERCENTILE

__all__ = ["SISTERS", "Targets", "borrowed_targets", "emg_size"]

SISTERS: Final = (("GM", "GL"), ("VM", "VL"), ("SM", "ST"))
"""Heads of one muscle group; their EMG is alike in walking and running."""


class Targets(NamedTuple):
    """What a sequence teaches.

    Attributes
    ----------
    y, weight : ndarray of shape (n, len(MEASURED)), float32
        Envelopes, and how much each counts.
    size : ndarray of shape (len(MEASURED),), float32
        What an error in them is measured by, see `emg_size`.
    """

    y: F32
    weight: F32
    size: F32

    @property
    def square_weight(self) -> F32:
        """How much a squared error counts, (n, len(MEASURED)), float32."""
        return self.weight / self.size**2


def emg_size(y: F32, where: npt.NDArray[np.floating | np.bool_]) -> F32:
    """Return the larger of the reference maximum and the sequence's own, (len(MEASURED),).

    In running a muscle may work eleven times as hard as in walking. Were its errors not measured by
    that, one runner's squares would outweigh everybody who walks.
    """
    size, seen = np.ones(y.shape[1], dtype=np.float32), where > 0
    for column in np.flatnonzero(seen.any(0)):
        size[column] = max(1.0, float(np.percentile(y[seen[:, column], column], PERCENTILE)))
    return size


def borrowed_targets(sequence: LimbSequence, weight: float = 0.3) -> Targets:
    """Return what a sequence teaches, a muscle lending its EMG to a sister.

    Heads of one muscle group that nobody measured in this trial are taught its measured head at a
    lower weight; else a head that one person alone was measured in would never be learned.
    """
    y, w = sequence.y.copy(), sequence.measured.astype(np.float32)
    for one, other in SISTERS:
        for a, b in ((one, other), (other, one)):
            i, j = MEASURED.index(a), MEASURED.index(b)
            if not sequence.measured[:, i].any():
                y[:, i], w[:, i] = sequence.y[:, j], weight * sequence.measured[:, j]
    return Targets(y, w, emg_size(y, w))
