"""What training minimises and validation measures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from inference.dataset import LimbSequence, borrowed_targets, measured_matrix
from inference.networks import Member
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
        y, weight = map(np.vstack, zip(*map(borrowed_targets, sequences), strict=True))
        variance = [y[w > 0.0, c].var() if w.any() else 1.0 for c, w in enumerate(weight.T)]
        self._precision = torch.tensor(1.0 / np.maximum(variance, 1e-4), dtype=torch.float32)

    def __call__(
        self, y: Tensor, spread: Tensor, target: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Compare y, spread (B, T, N_CHANNEL) with target, weight (B, T, n_measured).

        Returns
        -------
        error : Tensor
            Mean squared error, which trains the estimate.
        doubt : Tensor
            Negative log likelihood of that error under `spread`, which trains the spread alone.
        """
        matrix, precision = self.matrix.to(y), self._precision.to(y)
        squared = (y @ matrix.T - target) ** 2 * precision
        # the parts of a composite are taken to err together
        variance = (spread @ matrix.T) ** 2 * precision
        doubt = 0.5 * (squared.detach() / variance + variance.log())
        total = weight.sum().clamp(min=1.0)
        return (squared * weight).sum() / total, (doubt * weight).sum() / total

    @torch.no_grad()
    def validate(self, net: Member, sequences: Sequence[LimbSequence]) -> float:
        """Error of a true stream over its own feedback, people counting equally."""
        by_person: dict[str, list[float]] = {}
        for sequence, (y, spread) in zip(
            sequences, rollout(net, [s.x for s in sequences]), strict=True
        ):
            weight = torch.from_numpy(sequence.measured.astype(np.float32))
            target = torch.from_numpy(sequence.y)
            error, _ = self(torch.from_numpy(y), torch.from_numpy(spread), target, weight)
            by_person.setdefault(sequence.person, []).append(float(error))
        means = [float(np.mean(values)) for values in by_person.values()]
        return float(np.mean(means)) if means else math.nan
