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
UNFITTED: Final = -100.0
"""Logit of the probability of unlike motion before it is fitted: none, and no gradient either."""


class Head(nn.Module):
    """Three linear maps of a hidden state z; the last two never move it.

    The estimate y; its spread, which learns from the errors of y on the training people; and the
    probability p that this is motion unlike theirs, see `inference.training.novelty`. Of such
    motion the spread knows nothing, and an error as large as the reference maximum, which is 1,
    comes beside it::

        spread^2 = own^2 + p^2

    Parameters
    ----------
    width : int
        Of the hidden state.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.estimate = nn.Linear(width, N_CHANNEL)
        self.spread = nn.Linear(width, N_CHANNEL)
        self.novelty = nn.Linear(width, 1)
        nn.init.constant_(self.estimate.bias, math.log(math.expm1(REST)))
        nn.init.constant_(self.spread.bias, math.log(math.expm1(REST)))
        nn.init.zeros_(self.novelty.weight)
        nn.init.constant_(self.novelty.bias, UNFITTED)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Map (..., C) to the estimate (..., N_CHANNEL), >= 0, and its spread, > 0."""
        y = functional.softplus(self.estimate(z))
        still = z.detach()
        own = functional.softplus(self.spread(still)) + LEAST_SPREAD
        return y, torch.sqrt(own**2 + torch.sigmoid(self.novelty(still)) ** 2)
