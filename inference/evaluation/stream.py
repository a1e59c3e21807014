"""Run a step backend over sequences, frame by frame as live."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from inference.architecture import Architecture
from inference.backends.base import StepBackend
from inference.channels import N_INPUT, SIDES
from inference.dataset import LimbSequence
from inference.stepper import Stepper

__all__ = ["Stream", "Streamed", "estimate_stream"]

F32 = npt.NDArray[np.float32]


class Streamed(NamedTuple):
    """What a network gives out frame by frame.

    Attributes
    ----------
    y, sigma : ndarray of shape (n, N_CHANNEL), float32
    state : ndarray of shape (n, state_width), float32
    """

    y: F32
    sigma: F32
    state: F32


Stream = Callable[[LimbSequence], Streamed]


def estimate_stream(backend: StepBackend, architecture: Architecture) -> Stream:
    """Return a function that streams a sequence through a step backend."""
    stepper = Stepper(backend, architecture)

    def stream(sequence: LimbSequence) -> Streamed:
        x = np.zeros((len(SIDES), 2 * N_INPUT), dtype=np.float32)
        limb = SIDES.index(sequence.side)
        stepper.reset()
        rows = []
        for frame in sequence.x:
            x[limb] = frame
            y = stepper.step(x)[limb].copy()
            rows.append((y, stepper.sigma[limb].copy(), stepper.state[limb].copy()))
        return Streamed(*(np.stack(parts) for parts in zip(*rows, strict=True)))

    return stream
