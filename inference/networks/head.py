"""From a token to the estimate of every channel and the spread of its error."""

from __future__ import annotations

import math
from typing import Final

from torch import Tensor, nn
from torch.nn import functional

from inference.channels import N_CHANNEL

__all__ = ["Head"]

REST: Final = 0.25
"""Output of an untrained network: about the mean envelope of a walking person."""
LEAST_SPREAD: Final = 0.01
"""No estimate is surer than this fraction of the reference maximum."""


class Head(nn.Module):
    """Two linear maps. The second one learns from the errors of the first and never moves it.

    Parameters
    ----------
    width : int
        Of the token.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.estimate = nn.Linear(width, N_CHANNEL)
        self.spread = nn.Linear(width, N_CHANNEL)
        nn.init.constant_(self.estimate.bias, math.log(math.expm1(REST)))
        nn.init.constant_(self.spread.bias, math.log(math.expm1(REST)))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Map (..., C) to the estimate (..., N_CHANNEL), >= 0, and its spread, > 0."""
        y = functional.softplus(self.estimate(z))
        spread = functional.softplus(self.spread(z.detach())) + LEAST_SPREAD
        return y, spread
