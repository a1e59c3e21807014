"""Where a person moves like nobody the network learned from, the simulation is heard as well.

A network knows the motion that it was taught. Of another it knows little, and there static
optimization, which was taught nothing, is worth as much: in running, of which a network taught on
walking has no example, it tells which muscles work, and how hard. So the estimate becomes::

    y' = y + s (o - y),    o = a / a_max,    s = 1/2 max(0, 1 - D_0 / D)
    sigma'^2 = sigma^2 + s (1 - s) (o - y)^2

with y and sigma the network's, a the forecast of the simulated activation (`inference.foresight`)
and a_max its usual maximum, so that o has the unit of EMG; and D how unlike the usual the motion is
(`inference.unlikeness`). Below D_0 the network is alone; far beyond it both count equally. sigma'
is that of the mixture of two opinions.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from inference.channels import N_CHANNEL, N_INPUT, SIDES, SLICE_ACTIVATION
from inference.checkpoint import Checkpoint
from inference.foresight import Foresight
from inference.unlikeness import Unlikeness
from inference.usual import Usual

__all__ = ["SecondOpinion", "second_opinion"]

F32 = npt.NDArray[np.float32]

LARGEST_SHARE: Final = np.float32(0.5)
"""Of the simulation: two opinions of which neither is known to be better."""
UNUSUAL: Final = np.float32(2.0)
"""Distance beyond which the network is not alone, D_0: twice that of the people it learned from."""
MUSCLE_S: Final = 0.05
"""From excitation to force [s]: 49 to 55 ms in elbow flexors (Cavanagh & Komi 1979,
doi 10.1007/BF00431022). Static optimization knows of no such time."""


class SecondOpinion:
    """The network's estimate and the simulation's as one, frame by frame.

    Parameters
    ----------
    usual : Usual
        Of the people that the network learned from.
    rate_hz : float
        Of the steps.
    lead_s : float
        How far ahead of the motion that it is given the estimate is [s].

    Attributes
    ----------
    y, sigma : ndarray of shape (2, N_CHANNEL), float32
        The estimate and the standard deviation of its error; overwritten by the next step.
    share : ndarray of shape (2, N_CHANNEL), float32
        The simulation's in it, 0 to `LARGEST_SHARE`; 0 where there is no activation.
    """

    def __init__(self, usual: Usual, rate_hz: float, lead_s: float) -> None:
        self._unlikeness = Unlikeness(usual, rate_hz)
        self._foresight = Foresight(usual, lead_s + MUSCLE_S, rate_hz)
        maximum = usual.activation_maximum
        self._known: F32 = (maximum > 0.0).astype(np.float32)
        self._per_maximum = self._known / np.where(maximum > 0.0, maximum, np.float32(1.0))
        self._between: F32 = np.zeros((len(SIDES), N_CHANNEL), dtype=np.float32)
        self._apart: F32 = np.zeros_like(self._between)
        self.share: F32 = np.zeros_like(self._between)
        self.y: F32 = np.zeros_like(self._between)
        self.sigma: F32 = np.zeros_like(self._between)

    def reset(self) -> None:
        """Forget the stream."""
        self._unlikeness.reset()
        self._foresight.reset()

    def step(self, x: F32, y: F32, sigma: F32) -> None:
        """Take a frame.

        Parameters
        ----------
        x : ndarray of shape (2, 2 N_INPUT), float32
            Inputs of both limbs and their presence.
        y, sigma : ndarray of shape (2, N_CHANNEL), float32
            What the network makes of it; not changed.
        """
        self._unlikeness.step(x)
        self._foresight.step(x)
        self._weigh(x[:, N_INPUT:][:, SLICE_ACTIVATION])
        np.multiply(self._foresight.activation, self._per_maximum, out=self._between)
        self._between -= y
        np.multiply(self.share, self._between, out=self._apart)
        np.add(y, self._apart, out=self.y)
        # s (1 - s) b^2 = s b (b - s b)
        self._between -= self._apart
        self._apart *= self._between
        np.multiply(sigma, sigma, out=self.sigma)
        self.sigma += self._apart
        np.sqrt(self.sigma, out=self.sigma)

    def _weigh(self, present: F32) -> None:
        """Set the simulation's share."""
        np.multiply(present, self._known, out=self.share)
        for limb, distance in enumerate(self._unlikeness.distance):
            self.share[limb] *= LARGEST_SHARE * max(0.0, 1.0 - UNUSUAL / max(distance, UNUSUAL))


def second_opinion(checkpoint: Checkpoint) -> SecondOpinion | None:
    """Return the one that belongs to a checkpoint; None if it does not say what is usual."""
    usual, card = checkpoint.usual(), checkpoint.card
    return None if usual is None else SecondOpinion(usual, card.rate_hz, card.lead_s)
