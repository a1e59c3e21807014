"""How unlike the training set a frame of motion is."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from scipy.cluster.vq import kmeans2
from torch import Tensor, nn

from inference.channels import N_INPUT, SLICE_ANGLE, SLICE_VELOCITY

__all__ = ["Novelty"]

_MOTION: Final = [*range(N_INPUT)[SLICE_ANGLE], *range(N_INPUT)[SLICE_VELOCITY]]
N_CENTRES: Final = 96
"""Points that stand for the training set: a stride of every kind has some ten places."""
LARGEST: Final = 3.0
"""Novelty does not grow beyond this."""


class Novelty(nn.Module):
    """Distance of angles and velocities to the nearest of the centres of the training frames.

    0 up to the distance `near`, which frames of people left out rarely exceed, 1 at twice that and
    growing with the distance; a frame without any angle counts as 1.
    """

    mean: Tensor
    scale: Tensor
    centres: Tensor
    near: Tensor

    def __init__(self) -> None:
        super().__init__()
        n = len(_MOTION)
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("scale", torch.ones(n))
        self.register_buffer("centres", torch.zeros(N_CENTRES, n))
        self.register_buffer("near", torch.full((1,), torch.inf))

    def fit(self, x: npt.NDArray[np.float32], seed: int = 0) -> None:
        """Place the centres among training frames x (n, 2 N_INPUT)."""
        value, present = x[:, _MOTION], x[:, [N_INPUT + i for i in _MOTION]] > 0
        rows = value[present.all(1)]
        if len(rows) < N_CENTRES:
            return  # too little to judge by: nothing is new
        self.mean.copy_(torch.from_numpy(rows.mean(0)))
        self.scale.copy_(torch.from_numpy(rows.std(0).clip(min=1e-3)))
        standard = (rows - self.mean.numpy()) / self.scale.numpy()
        centres, _ = kmeans2(
            standard.astype(np.float64), N_CENTRES, minit="++", seed=np.random.default_rng(seed)
        )
        self.centres.copy_(torch.from_numpy(centres))

    @staticmethod
    def _present(x: Tensor) -> Tensor:
        """1 or 0 for each coordinate of the motion."""
        return (x[..., [N_INPUT + i for i in _MOTION]] > 0.5).to(x.dtype)

    def distance(self, x: Tensor) -> Tensor:
        """Root mean square over present coordinates to the nearest centre; (..., 1)."""
        present = self._present(x)
        value = (x[..., _MOTION] - self.mean) / self.scale * present
        apart = (value[..., None, :] - self.centres) ** 2 * present[..., None, :]
        count = present.sum(-1, keepdim=True).clamp(min=1.0)
        return torch.sqrt(apart.sum(-1).amin(-1, keepdim=True) / count)

    def forward(self, x: Tensor) -> Tensor:
        """Novelty (..., 1) of inputs (..., 2 N_INPUT)."""
        known = self._present(x).amax(-1, keepdim=True)
        novelty = (self.distance(x) / self.near - 1.0).clamp(0.0, LARGEST)
        return known * novelty + (1.0 - known)
