"""Raw inputs and their presence, normalised and mapped to a token."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from inference.architecture import Architecture
from inference.channels import INPUT_GROUPS, N_INPUT

__all__ = ["InputEmbedding"]

CLIP: Final = 8.0
"""Standard deviations at which an input saturates, so that garbage stays finite in the history."""


class InputEmbedding(nn.Module):
    """Linear map of normalised inputs; an absent input counts as the training mean.

    Parameters
    ----------
    arch : Architecture
        Width, and the groups of inputs that are used.
    """

    mean: Tensor
    scale: Tensor
    used: Tensor

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(N_INPUT))
        self.register_buffer("scale", torch.ones(N_INPUT))
        used = torch.zeros(N_INPUT)
        for name in arch.inputs:
            used[INPUT_GROUPS[name]] = 1.0
        self.register_buffer("used", used)
        self.project = nn.Linear(arch.n_input, arch.d_model)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., 2 N_INPUT) to (..., d_model)."""
        present = x[..., N_INPUT:] * self.used
        value = ((x[..., :N_INPUT] - self.mean) / self.scale).clamp(-CLIP, CLIP)
        return self.project(torch.cat((value * present, present), dim=-1))  # type: ignore[no-any-return]
