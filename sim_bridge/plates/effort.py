"""How hard a person moves: errors of a motion, which forces do not explain, grow with it."""

import math

from sim_bridge._jit import F64, kernel

WALKING = 1.4
"""Vertical force in walking, fast as well [body weights]: up to it limits stay as they are."""
_FADES_S = 1.0
"""Time in which the largest force is forgotten [s]: longer than a runner is between two steps."""


class Effort:
    """The largest vertical force of the last while that the motion needed as well.

    Parameters
    ----------
    weight : float
        Body weight [N].
    rate_hz : float
        Frame rate [Hz].

    Attributes
    ----------
    times : float
        In that of walking, 1 at least.
    """

    def __init__(self, weight: float, rate_hz: float) -> None:
        self._weight, self._kept = weight, math.exp(-1.0 / (_FADES_S * rate_hz))
        self.reset()

    def reset(self) -> None:
        """Forget the frames before."""
        self.times = 1.0

    def step(self, forces: F64, needed: float) -> None:
        """Take a frame: forces that are too large, or not explained, are no effort.

        Parameters
        ----------
        forces : ndarray of shape (n, 9), float64
            On the body.
        needed : float
            Vertical force that the motion needs beyond these [N].
        """
        now = (carried(forces) + min(needed, 0.0)) / (WALKING * self._weight)
        self.times = max(1.0, now, self.times * self._kept)


@kernel
def carried(forces: F64) -> float:
    """Sum of the vertical forces [N]."""
    total = 0.0
    for i in range(forces.shape[0]):
        total += forces[i, 1]
    return float(total)
