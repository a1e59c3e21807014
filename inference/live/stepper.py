"""The host side of the step graph: the ring, the feedback and the buffers around a backend."""

from __future__ import annotations

import numpy as np

from inference.architecture import Architecture
from inference.arrays import F32
from inference.backends.base import StepBackend, output_shapes
from inference.channels import SIDES
from inference.live.ring import PastRing

__all__ = ["Stepper"]


class Stepper:
    """Run the network frame by frame over its own past.

    Parameters
    ----------
    backend : StepBackend
        Computes the step.
    architecture : Architecture
        Of the network that the backend holds.

    Attributes
    ----------
    y, sigma : ndarray of shape (2, N_CHANNEL), float32
        The last estimate and the standard deviation of its error.
    state : ndarray of shape (2, state_width), float32
        Of the network after the last frame.
    """

    def __init__(self, backend: StepBackend, architecture: Architecture) -> None:
        self._backend = backend
        self._ring = PastRing(architecture.window, len(SIDES), architecture.kept_width)
        shapes = output_shapes(architecture)
        outputs = {name: np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()}
        self._outputs = tuple(outputs.values())
        self.y, self.sigma, self._kept = (outputs[name] for name in ("y", "sigma", "new_kv"))
        self.state = self._kept[:, : architecture.state_width]
        self._y_prev: F32 = np.zeros_like(self.y)

    def reset(self) -> None:
        """Forget the past; the next frame is the first."""
        self._ring.reset()
        self.y.fill(0.0)

    def step(self, x: F32) -> F32:
        """Advance by one frame.

        Parameters
        ----------
        x : ndarray of shape (2, 2 N_INPUT), float32, C-contiguous
            Inputs of both limbs and their presence.

        Returns
        -------
        ndarray of shape (2, N_CHANNEL), float32
            A view, valid until the next step.
        """
        self._y_prev[...] = self.y
        ring = self._ring
        self._backend.step((x, self._y_prev, ring.past, ring.mask), self._outputs)
        ring.push(self._kept)
        return self.y
