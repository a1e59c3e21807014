"""Kinematics alone, linear: what the simulation has to beat to earn its cost.

The regression is `inference.data.motion_ridge`; here it is taught as networks are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from inference.arrays import F32
from inference.data.dataset import LimbSequence
from inference.data.motion_ridge import MotionRidge
from inference.data.normalisation import frames_by_person
from inference.data.targets import borrowed_targets
from inference.evaluation.estimates import Method, fill_composites

__all__ = ["motion_ridge"]

PENALTY: Final = 3000.0


def motion_ridge(rate_hz: float) -> Method:
    """Return a ridge regression on angles and velocities up to 0.4 s old.

    It learns from what the networks learn from: the same targets, errors measured by the same
    size, a person counting by the root of their time.
    """
    return partial(_motion_ridge, rate_hz)


def _motion_ridge(
    rate_hz: float, train: Sequence[LimbSequence], held: Sequence[LimbSequence]
) -> list[F32]:
    taught = [borrowed_targets(s) for s in train]
    frames = frames_by_person(train)
    root = np.array([1.0 / np.sqrt(frames[s.person]) for s in train])
    root *= sum(frames.values()) / sum(r * len(s.t) for r, s in zip(root, train, strict=True))
    weights = [r * t.square_weight for r, t in zip(root, taught, strict=True)]
    ridge = MotionRidge(train, [t.y for t in taught], weights, rate_hz, PENALTY)
    estimates = (np.maximum(ridge.predict(s), 0.0).astype(np.float32) for s in held)
    return [fill_composites(estimate) for estimate in estimates]
