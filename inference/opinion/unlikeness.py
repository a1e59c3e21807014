"""How unlike the training people a person moves.

The squared Mahalanobis distance [Mahalanobis1936]_ of a frame's motion and moments from what is
usual, over the number of inputs, so that it is about 1 on average in those people (0.92 in the
shipped network, with every input there: `FLOOR` of `inference.opinion.usual` widens what is usual);
and its mean over about the last second, since a stride passes through places that are more and less
common. People whom the network has not seen come to 0.6 to 1.6 in walking at 0.3 to 1.9 m/s, to 2.1
at 2.3 m/s; a runner, where all others walk, to 9.

References
----------
.. [Mahalanobis1936] Mahalanobis PC (1936). On the generalised distance in statistics. Proceedings
   of the National Institute of Sciences of India 2(1):49-55. doi:10.1007/s13171-019-00164-5
   (reprint)
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from inference.arrays import F32
from inference.channels import N_INPUT, SIDES
from inference.opinion.usual import COLUMNS, Usual

__all__ = ["Unlikeness"]

MEMORY_S: Final = 1.2
"""Of the running mean: about a stride of comfortable walking."""
FARTHEST: Final = 50.0
"""Distance at which a frame saturates, so that one of garbage is forgotten."""
LARGEST: Final = np.float32(100.0)
"""Times its usual spread, at which an input saturates."""

_BOTH: Final = np.concatenate([COLUMNS, N_INPUT + COLUMNS])
"""Values and their presence."""


class Unlikeness:
    """The running mean of both legs' distances.

    Parameters
    ----------
    usual : Usual
        Of the training people.
    rate_hz : float
        Of the steps.

    Attributes
    ----------
    distance : ndarray of shape (2,), float32
        0 at the start of a stream; an input that is missing does not count.
    so_far : float
        The larger of them had the stream always been as it was so far; NaN at its start.
    """

    def __init__(self, usual: Usual, rate_hz: float) -> None:
        self._centre = usual.centre
        self._turned = np.ascontiguousarray(usual.whitening.T)
        self._high = LARGEST * usual.scale
        self._low = -self._high
        self._new = 1.0 / max(MEMORY_S * rate_hz, 1.0)
        self._taken: F32 = np.zeros((len(SIDES), len(_BOTH)), dtype=np.float32)
        self._rest, self._present = np.hsplit(self._taken, 2)
        self._white: F32 = np.zeros((len(SIDES), len(COLUMNS)), dtype=np.float32)
        self._now: F32 = np.zeros(len(SIDES), dtype=np.float32)
        self._count: F32 = np.zeros_like(self._now)
        self.distance: F32 = np.zeros_like(self._now)
        self._weight = 0.0  # of what was seen, in the running mean

    def reset(self) -> None:
        """Forget the stream."""
        self.distance.fill(0.0)
        self._weight = 0.0

    @property
    def so_far(self) -> float:
        """See the class."""
        return float(self.distance.max()) / self._weight if self._weight else math.nan

    def step(self, x: F32) -> None:
        """Take a frame.

        Parameters
        ----------
        x : ndarray of shape (2, 2 N_INPUT), float32
            Inputs of both limbs and their presence.
        """
        np.take(x, _BOTH, axis=1, out=self._taken, mode="clip")
        self._rest -= self._centre
        np.clip(self._rest, self._low, self._high, out=self._rest)
        self._rest *= self._present
        np.matmul(self._rest, self._turned, out=self._white)
        np.einsum("lk,lk->l", self._white, self._white, out=self._now)
        np.sum(self._present, axis=1, out=self._count)
        np.maximum(self._count, 1.0, out=self._count)
        self._now /= self._count
        np.minimum(self._now, FARTHEST, out=self._now)
        self._now -= self.distance
        self._now *= self._new
        self.distance += self._now
        self._weight += (1.0 - self._weight) * self._new
