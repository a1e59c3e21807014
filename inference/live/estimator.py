"""From a frame's inputs to its estimate: the network's, a person's correction, a second opinion."""

from __future__ import annotations

import numpy as np

from inference.adapter import Adapter, Correction
from inference.architecture import Architecture
from inference.arrays import F32
from inference.backends.base import StepBackend
from inference.channels import N_INPUT, SIDES
from inference.checkpoint import Checkpoint
from inference.live.stepper import Stepper
from inference.opinion import SecondOpinion, Usual, known_by_channel

__all__ = ["Estimator", "build_estimator", "checkpoint_estimator"]


class Estimator:
    """Estimate both limbs frame by frame; what a live session and every judgement run.

    Parameters
    ----------
    backend : StepBackend
        Computes the network's step.
    architecture : Architecture
        Of the network that the backend holds.
    opinion : SecondOpinion, optional
        The simulation's.
    adapter : Adapter, optional
        The correction for one person.

    Attributes
    ----------
    y, sigma : ndarray of shape (2, N_CHANNEL), float32
        The last estimate and the standard deviation of its error.
    alone : ndarray of shape (2, N_CHANNEL), float32
        The network's own estimate, with which it goes on.
    state : ndarray of shape (2, state_width), float32
        Of the network after the last frame.
    distance : ndarray of shape (2,), float32
        `SecondOpinion.distance`; 0 without a second opinion.
    """

    def __init__(
        self,
        backend: StepBackend,
        architecture: Architecture,
        opinion: SecondOpinion | None = None,
        adapter: Adapter | None = None,
    ) -> None:
        self._stepper = Stepper(backend, architecture)
        self._opinion, self._adapter = opinion, adapter
        self.alone, self.state = self._stepper.y, self._stepper.state
        self.y: F32 = np.zeros_like(self.alone)
        self.sigma: F32 = np.zeros_like(self.alone)
        self.distance: F32 = np.zeros(len(SIDES), dtype=np.float32)
        if opinion is not None:
            self.distance = opinion.distance

    @property
    def has_opinion(self) -> bool:
        """Whether the simulation is heard where motion is not usual."""
        return self._opinion is not None

    @property
    def usual(self) -> bool:
        """`SecondOpinion.usual`; without a second opinion it is not known to be."""
        return self._opinion is not None and self._opinion.usual

    @property
    def unlikeness(self) -> float:
        """`SecondOpinion.unlikeness`; 0 without a second opinion, which nobody can tell."""
        return 0.0 if self._opinion is None else self._opinion.unlikeness

    def reset(self) -> None:
        """Forget the past; the next frame is the first."""
        self._stepper.reset()
        if self._opinion is not None:
            self._opinion.reset()

    def step(self, x: F32) -> None:
        """Advance by one frame.

        Parameters
        ----------
        x : ndarray of shape (2, 2 N_INPUT), float32, C-contiguous
            Inputs of both limbs and their presence.
        """
        np.copyto(self.y, self._stepper.step(x))
        np.copyto(self.sigma, self._stepper.sigma)
        if self._adapter is not None:
            self._adapter.apply(self.alone, self.state, out=self.y)
            self.sigma *= self._adapter.spread
        if self._opinion is not None:
            self._opinion.step(x)
            self._opinion.join(self.y, self.sigma)

    def warm_up(self) -> None:
        """Run a few blank frames, then forget them."""
        blank = np.zeros((len(SIDES), 2 * N_INPUT), dtype=np.float32)
        for _ in range(3):
            self.step(blank)
        self.reset()


def build_estimator(
    backend: StepBackend,
    architecture: Architecture,
    usual: Usual | None,
    rate_hz: float,
    lead_s: float,
    correction: Correction | None = None,
    gain: F32 | None = None,
) -> Estimator:
    """Return an estimator, corrected for a person, with the opinions that there are.

    Parameters
    ----------
    backend, architecture
        See `Estimator`.
    usual : Usual or None
        Of the people that the network learned from; None = the network is alone.
    rate_hz, lead_s, gain
        See `SecondOpinion`.
    correction : Correction, optional
    """
    adapter = known = opinion = None
    if correction is not None:
        adapter = correction.adapter
        known = known_by_channel(correction.known, adapter)
    if usual is not None:
        opinion = SecondOpinion(usual, rate_hz, lead_s, known, gain)
    return Estimator(backend, architecture, opinion, adapter)


def checkpoint_estimator(
    backend: StepBackend, checkpoint: Checkpoint, correction: Correction | None = None
) -> Estimator:
    """Return the estimator of a checkpoint, whose network the backend holds."""
    card = checkpoint.card
    return build_estimator(
        backend,
        card.architecture,
        checkpoint.usual(),
        card.rate_hz,
        card.lead_s,
        correction,
        checkpoint.gain(),
    )
