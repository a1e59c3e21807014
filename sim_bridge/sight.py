"""Which coordinates markers see: any of a model's, and those of a frame."""

from collections.abc import Iterable

import numpy as np

from ._jit import F64, Bool, kernel
from .model import CompiledModel

_SHARE = 0.1
"""A coordinate of which markers see less than this share of what they saw is guessed."""


class Sight:
    """Compares a frame's normal equations with those of the last whole frame.

    Parameters
    ----------
    n : int
        Number of free coordinates.
    """

    def __init__(self, n: int) -> None:
        self._whole = np.zeros(n)

    def learn(self, normal: F64, pull: F64) -> None:
        """Remember what the markers of a whole frame see.

        Parameters
        ----------
        normal : ndarray of shape (n, n), float64
            Matrix of the normal equations.
        pull : ndarray of shape (n,), float64
            What is on its diagonal and is not the markers'.
        """
        sights(normal, pull, self._whole)

    def lost(self, normal: F64, pull: F64) -> bool:
        """Whether the markers of a frame hardly see a coordinate that they saw; see `learn`."""
        return bool(any_lost(normal, pull, self._whole))


def moving(model: CompiledModel, links: Iterable[int]) -> Bool:
    """Which free coordinates move any of the links, (n_free,)."""
    chain, lead = model.chain, model.coordinates.lead
    found = np.zeros(len(model.coordinates.free_index), dtype=np.bool_)
    for each in set(links):
        link = int(each)
        while link >= 0:
            free = int(lead[chain.coordinate[link]])
            if free >= 0:
                found[free] = True
            link = int(chain.parent[link])
    return found


@kernel
def sights(normal: F64, pull: F64, sight_out: F64) -> None:
    """What the markers see of each coordinate."""
    for j in range(sight_out.shape[0]):
        sight_out[j] = normal[j, j] - pull[j]


@kernel
def any_lost(normal: F64, pull: F64, whole: F64) -> bool:
    """Whether they see much less of any coordinate."""
    lost = False
    for j in range(whole.shape[0]):
        lost |= normal[j, j] - pull[j] < _SHARE * whole[j]
    return lost
