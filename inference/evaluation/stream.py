"""Run a step backend over sequences, frame by frame as live."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inference.arrays import F32
from inference.channels import N_INPUT, SIDES
from inference.data.dataset import LimbSequence
from inference.live.estimator import Estimator

__all__ = ["Streamed", "estimate_stream"]


class Streamed(NamedTuple):
    """What is estimated frame by frame.

    Attributes
    ----------
    y, sigma : ndarray of shape (n, N_CHANNEL), float32
    alone : ndarray of shape (n, N_CHANNEL), float32
    state : ndarray of shape (n, state_width), float32
    distance : ndarray of shape (n,), float32
        See `inference.live.estimator.Estimator`.
    """

    y: F32
    sigma: F32
    alone: F32
    state: F32
    distance: F32


def estimate_stream(estimator: Estimator, sequence: LimbSequence) -> Streamed:
    """Stream a sequence from its start."""
    x = np.zeros((len(SIDES), 2 * N_INPUT), dtype=np.float32)
    limb = SIDES.index(sequence.side)
    estimator.reset()
    rows = []
    for frame in sequence.x:
        x[limb] = frame
        estimator.step(x)
        rows.append([getattr(estimator, name)[limb].copy() for name in Streamed._fields])
    return Streamed(*(np.stack(parts) for parts in zip(*rows, strict=True)))
