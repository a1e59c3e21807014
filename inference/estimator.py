"""From a frame's inputs to its estimate: the network's, and the simulation's where it counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inference.architecture import Architecture
from inference.backends.base import StepBackend
from inference.second_opinion import SecondOpinion
from inference.stepper import Stepper

__all__ = ["Estimator"]

F32 = npt.NDArray[np.float32]


class Estimator:
    """Estimate both limbs frame by frame; what a live session and every judgement run.

    Parameters
    ----------
    backend : StepBackend
        Computes the network's step.
    architecture : Architecture
        Of the network that the backend holds.
    opinion : SecondOpinion, optional
        Without one the network is alone.

    Attributes
    ----------
    sigma : ndarray of shape (2, N_CHANNEL), float32
        Standard deviation of the last estimate's error.
    alone : ndarray of shape (2, N_CHANNEL), float32
        The network's own estimate.
    state : ndarray of shape (2, state_width), float32
        Of the network after the last frame.
    """

    def __init__(
        self, backend: StepBackend, architecture: Architecture, opinion: SecondOpinion | None = None
    ) -> None:
        self._stepper = Stepper(backend, architecture)
        self._opinion = opinion
        self.alone, self.state = self._stepper.y, self._stepper.state
        self.sigma = self._stepper.sigma if opinion is None else opinion.sigma

    def reset(self) -> None:
        """Forget the past; the next frame is the first."""
        self._stepper.reset()
        if self._opinion is not None:
            self._opinion.reset()

    def step(self, x: F32) -> F32:
        """Advance by one frame; see `Stepper.step`. The network goes on with its own estimate."""
        y = self._stepper.step(x)
        if self._opinion is None:
            return y
        self._opinion.step(x, y, self._stepper.sigma)
        return self._opinion.y

    def warm_up(self) -> None:
        """Run a few blank frames, then forget them."""
        self._stepper.warm_up()
