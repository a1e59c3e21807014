"""What training minimises and validation measures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from inference.batches import frame_weight
from inference.dataset import LimbSequence, measured_matrix
from inference.model import STDRNet
from inference.rollout import rollout

__all__ = ["Loss"]


class Loss:
    """Squared error over each channel's variance, so that quiet channels count as loud ones.

    Parameters
    ----------
    sequences : sequence of LimbSequence
        What the variances are taken from.
    """

    def __init__(self, sequences: Sequence[LimbSequence]) -> None:
        self.matrix = torch.from_numpy(measured_matrix())  # (n_measured, N_CHANNEL)
        y = np.vstack([s.y for s in sequences])
        measured = np.vstack([s.measured for s in sequences])
        variance = [
            y[measured[:, c], c].var() if measured[:, c].any() else 1.0 for c in range(y.shape[1])
        ]
        self._precision = torch.tensor(1.0 / np.maximum(variance, 1e-4), dtype=torch.float32)

    def __call__(self, y: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Compare y (B, T, N_CHANNEL) with target, weight (B, T, n_measured)."""
        error = (y @ self.matrix.T - target) ** 2 * self._precision * weight
        return error.sum() / weight.sum().clamp(min=1.0)

    @torch.no_grad()
    def validate(self, net: STDRNet, sequences: Sequence[LimbSequence]) -> float:
        """Error of a true stream over its own feedback, people counting equally."""
        net.eval()
        by_person: dict[str, list[float]] = {}
        for sequence, y in zip(sequences, rollout(net, [s.x for s in sequences]), strict=True):
            weight = torch.from_numpy(frame_weight(sequence, 0.0))
            value = self(torch.from_numpy(y), torch.from_numpy(sequence.y), weight)
            by_person.setdefault(sequence.person, []).append(float(value))
        means = [float(np.mean(values)) for values in by_person.values()]
        return float(np.mean(means)) if means else math.nan
