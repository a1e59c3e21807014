"""Where a person moves like nobody the network learned from, the simulation is heard as well.

A network knows the motion that it was taught. Of another it knows little, and there static
optimization, which was taught nothing, is worth as much: in running, of which a network taught on
walking has no example, it tells which muscles work, and how hard. So the estimate becomes::

    y' = y + s (o - y),    o = a / a_max,    s = 1/2 max(0, 1 - D_0 / D)
    sigma'^2 = sigma^2 + g^2 s (1 - s) (o - y)^2

with y and sigma the network's, g the gain that its sigma has, a the forecast of the simulated
activation (`inference.opinion.foresight`) and a_max its usual maximum, so that o has the unit of
EMG; and D how unlike the usual the motion is (`inference.opinion.unlikeness`). Below D_0 the
network is alone; far beyond it both count equally. sigma' is that of the mixture of two opinions,
with one gain for all of it, as it is fitted (`inference.evaluation.coverage`). A correction for one
person (`inference.adapter`) knows how this person moved in the calibration; for channels that it
corrects D_0 is no nearer than that.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from inference.adapter import Adapter
from inference.arrays import F32
from inference.channels import N_CHANNEL, N_INPUT, SIDES, SLICE_ACTIVATION
from inference.opinion.foresight import Foresight
from inference.opinion.unlikeness import Unlikeness
from inference.opinion.usual import Usual

__all__ = ["SecondOpinion", "known_by_channel", "known_distance", "share"]

LARGEST_SHARE: Final = np.float32(0.5)
"""Of the simulation: two opinions of which neither is known to be better."""
UNUSUAL: Final = 2.0
"""Distance beyond which the network is not alone, D_0: twice that of the people it learned from."""
PERCENTILE: Final = 99.0
"""Of the distances in a calibration; a single frame that is far off makes nothing known."""
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
    known : ndarray of shape (N_CHANNEL,), float32, optional
        Distance up to which the network is alone, see `known_by_channel`; by default `UNUSUAL`.
    gain : ndarray of shape (N_CHANNEL,), float32, optional
        Of the network's sigma; by default 1.

    Attributes
    ----------
    distance : ndarray of shape (2,), float32
        How unlike the usual the motion is.
    """

    def __init__(
        self,
        usual: Usual,
        rate_hz: float,
        lead_s: float,
        known: F32 | None = None,
        gain: F32 | None = None,
    ) -> None:
        self._unlikeness = Unlikeness(usual, rate_hz)
        self._foresight = Foresight(usual, lead_s + MUSCLE_S, rate_hz)
        self._known = known_by_channel() if known is None else known
        self._nearest, self._farthest = float(self._known.min()), float(self._known.max())
        self._gain_squared = np.float32(1.0) if gain is None else gain**2
        self._silent = True
        maximum = usual.activation_maximum
        self._per_maximum = np.float32(1.0) / np.where(maximum > 0.0, maximum, np.float32(np.nan))
        # a fraction of the reference maximum; NaN where the simulation has no opinion
        self._said: F32 = np.full((len(SIDES), N_CHANNEL), np.nan, dtype=np.float32)
        self.distance = self._unlikeness.distance

    @property
    def usual(self) -> bool:
        """Whether what was seen so far, however little, is motion that the network was taught."""
        return self._unlikeness.so_far <= UNUSUAL

    @property
    def unlikeness(self) -> float:
        """D over D_0 of the leg that moves more unlike the usual, of channels that are corrected.

        Above 1 neither the network nor the calibration was taught such motion.
        """
        return float(self.distance.max()) / self._farthest

    def reset(self) -> None:
        """Forget the stream."""
        self._unlikeness.reset()
        self._foresight.reset()

    def step(self, x: F32) -> None:
        """Take a frame.

        Parameters
        ----------
        x : ndarray of shape (2, 2 N_INPUT), float32
            Inputs of both limbs and their presence.
        """
        self._unlikeness.step(x)
        self._foresight.step(x)
        self._silent = bool(max(self.distance) <= self._nearest)
        if self._silent:  # most people's motion, and looking ahead is most of the work
            return
        self._foresight.look_ahead(x)
        np.multiply(self._foresight.activation, self._per_maximum, out=self._said)
        self._said[x[:, N_INPUT:][:, SLICE_ACTIVATION] == 0.0] = np.nan

    def join(self, y: F32, sigma: F32) -> None:
        """Hear it.

        Parameters
        ----------
        y, sigma : ndarray of shape (2, N_CHANNEL), float32
            The other opinion and the standard deviation of its error; become those of both.
        """
        if self._silent:
            return
        apart = self._said - y
        apart[np.isnan(apart)] = 0.0
        moved = share(self.distance, self._known) * apart
        y += moved
        mixed = moved * (apart - moved)  # with b for o - y: s b (b - s b) = s (1 - s) b^2
        np.sqrt(sigma**2 + self._gain_squared * mixed, out=sigma)


def share(distance: F32, known: F32) -> F32:
    """Return the simulation's share (..., N_CHANNEL).

    Parameters
    ----------
    distance : ndarray of shape (...), float32
        How unlike the usual the motion is.
    known : ndarray of shape (N_CHANNEL,), float32
        Up to where the network is alone.
    """
    nearness = known / np.maximum(distance[..., None], known)
    found: F32 = np.multiply(LARGEST_SHARE, np.float32(1.0) - nearness, dtype=np.float32)
    return found


def known_distance(distance: F32) -> float:
    """Return how far from the usual motion is known to a network that was corrected on it.

    Parameters
    ----------
    distance : ndarray, float32
        Of the frames of a calibration.
    """
    return float(np.percentile(distance, PERCENTILE))


def known_by_channel(known: float = 0.0, adapter: Adapter | None = None) -> F32:
    """Return up to which distance the network is alone (N_CHANNEL,), float32.

    Parameters
    ----------
    known : float
        `known_distance` of the calibration.
    adapter : Adapter, optional
        Its correction; for channels that it leaves alone the calibration changes nothing.
    """
    alone = np.full(N_CHANNEL, UNUSUAL, dtype=np.float32)
    if adapter is not None:
        np.maximum(alone, np.float32(known), out=alone, where=adapter.corrected)
    return alone
