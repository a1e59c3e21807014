"""From a hidden state to the estimate of every channel and the spread of its error."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.channels import N_CHANNEL

__all__ = ["Head"]

REST: Final = 0.25
"""Output of an untrained network: about the mean envelope of a walking person."""
LEAST_SPREAD: Final = 0.01
"""No estimate is surer than this fraction of the reference maximum."""


class Head(nn.Module):
    """Three linear maps of a hidden state z; the last two never move it.

    The estimate y; its spread, which learns from the errors of y on the training people; and the
    probability p that this is motion unlike theirs, see `inference.novelty`. Of such motion the
    spread knows nothing, so that what a channel usually does takes its place::

        spread^2 = own^2 + (p usual)^2

    Parameters
    ----------
    width : int
        Of the hidden state.
    """

    usual: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.estimate = nn.Linear(width, N_CHANNEL)
        self.spread = nn.Linear(width, N_CHANNEL)
        self.novelty = nn.Linear(width, 1)
        self.register_buffer("usual", torch.zeros(N_CHANNEL))
        nn.init.constant_(self.estimate.bias, math.log(math.expm1(REST)))
        nn.init.constant_(self.spread.bias, math.log(math.expm1(REST)))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Map (..., C) to the estimate (..., N_CHANNEL), >= 0, and its spread, > 0."""
        y = functional.softplus(self.estimate(z))
        still = z.detach()
        own = functional.softplus(self.spread(still)) + LEAST_SPREAD
        unknown = torch.sigmoid(self.novelty(still)) * self.usual
        return y, torch.sqrt(own**2 + unknown**2)
