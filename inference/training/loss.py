"""What training minimises and validation measures.

The estimate is trained by its squared error and by its shape, one less the correlation of each
channel over a crop. How large a new person's envelopes are the motion tells less well than when
they rise and fall; the squared error spends itself on that, the correlation does not ask. What the
shape is worth stands in ``docs/ablations.md``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from inference.data.dataset import LimbSequence, measured_matrix
from inference.data.targets import borrowed_targets, emg_size
from inference.networks import Ensemble, Member
from inference.training.rollout import rollout

__all__ = ["Loss"]

ENOUGH_FRAMES: Final = 50
"""Fewer measured frames of a crop than this, half a stride, have no shape to compare."""


class Loss:
    """Squared error over each channel's variance, so that quiet channels count as loud ones.

    Errors are measured by the size of the sequence's EMG, `inference.data.targets.emg_size`, so
    that loud motion counts as quiet motion.

    Parameters
    ----------
    sequences : sequence of LimbSequence
        What the variances are taken from.
    shape_weight : float
        Weight of one less the correlation beside the squared error.
    """

    def __init__(self, sequences: Sequence[LimbSequence], shape_weight: float = 0.0) -> None:
        self._shape_weight = shape_weight
        self.matrix = torch.from_numpy(measured_matrix())  # (n_measured, N_CHANNEL)
        taught = [borrowed_targets(sequence) for sequence in sequences]
        y = np.vstack([targets.y / targets.size for targets in taught])
        weight = np.vstack([targets.weight for targets in taught])
        variance = [y[w > 0.0, c].var() if w.any() else 1.0 for c, w in enumerate(weight.T)]
        self._precision = torch.tensor(1.0 / np.maximum(variance, 1e-4), dtype=torch.float32)

    def __call__(
        self, y: Tensor, spread: Tensor, target: Tensor, weight: Tensor, size: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Compare y, spread (B, T, N_CHANNEL) with target, weight (B, T, n_measured).

        `size` (B, 1, n_measured) is what their errors are measured by.

        Returns
        -------
        error : Tensor
            Mean squared error and shape, which train the estimate.
        doubt : Tensor
            Negative log likelihood of that error under `spread`, which trains the spread alone.
        """
        matrix, precision = self.matrix.to(y), self._precision.to(y)
        estimate, target = y @ matrix.T / size, target / size
        squared = (estimate - target) ** 2 * precision
        # the parts of a composite are taken to err together
        variance = (spread @ matrix.T / size) ** 2 * precision
        doubt = 0.5 * (squared.detach() / variance + variance.log())
        total = weight.sum().clamp(min=1.0)
        error = (squared * weight).sum() / total
        if self._shape_weight:
            error = error + self._shape_weight * _unlike(estimate, target, weight)
        return error, (doubt * weight).sum() / total

    @torch.no_grad()
    def validate(self, net: Member, sequences: Sequence[LimbSequence]) -> float:
        """Error of a true stream over its own feedback, people counting equally."""
        by_person: dict[str, list[float]] = {}
        alone = Ensemble(net.arch, [net])
        for sequence, (y, spread) in zip(
            sequences, rollout(alone, [s.x for s in sequences]), strict=True
        ):
            weight = sequence.measured.astype(np.float32)
            size = emg_size(sequence.y, weight)[None]
            parts = (y, spread, sequence.y, weight, size)
            one = (torch.from_numpy(part)[None] for part in parts)
            error, _ = self(*one)
            by_person.setdefault(sequence.person, []).append(float(error))
        means = [float(np.mean(values)) for values in by_person.values()]
        return float(np.mean(means)) if means else math.nan


def _unlike(y: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """One less the weighted correlation over time, mean over rows and channels that have enough."""
    total = weight.sum(1, keepdim=True).clamp(min=1e-6)
    y = y - (y * weight).sum(1, keepdim=True) / total
    target = target - (target * weight).sum(1, keepdim=True) / total
    power = (weight * y**2).sum(1) * (weight * target**2).sum(1)
    r = (weight * y * target).sum(1) / torch.sqrt(power + 1e-6)
    enough = (weight > 0.0).sum(1) >= ENOUGH_FRAMES
    return ((1.0 - r) * enough).sum() / enough.sum().clamp(min=1)
