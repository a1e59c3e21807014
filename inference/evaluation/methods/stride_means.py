"""Mean curves read at the true phase of the gait, which no causal method knows.

The phase is that of the stride as a whole, from this contact of the foot to the next one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.arrays import F32, F64
from inference.channels import MEASURED
from inference.data.curves import GRID, at_phase, stride_curves
from inference.data.dataset import LimbSequence, as_recorded
from inference.data.strides import phase
from inference.data.targets import borrowed_targets
from inference.evaluation.estimates import fill_composites
from inference.evaluation.lessons import lessons
from inference.means import finite_mean

__all__ = ["own_strides", "population_mean"]


def population_mean(train: Sequence[LimbSequence], held: Sequence[LimbSequence]) -> list[F32]:
    """The training people's mean curve in the same motion, at the held-out stride's true phase.

    People count equally; a sister's borrowed EMG counts as little as in training. NaN outside
    complete strides, and in a motion that nobody trained in.
    """
    curves = {motion: _population(train, motion) for motion in {s.motion for s in held}}
    return [fill_composites(at_phase(curves[s.motion], phase(s))) for s in held]


def _population(train: Sequence[LimbSequence], motion: str) -> F64:
    by_person: dict[str, list[tuple[F64, F64]]] = {}
    for sequence in as_recorded(train):
        if sequence.motion == motion:
            y, weight, _ = borrowed_targets(sequence)
            curves = stride_curves(sequence, np.where(weight > 0.0, y, np.nan))
            weights = np.broadcast_to(weight.max(0), (len(curves), len(MEASURED)))
            by_person.setdefault(sequence.person, []).append((curves, weights))
    total = np.zeros((len(GRID), len(MEASURED)))
    count = np.zeros_like(total)
    for parts in by_person.values():
        curves = np.concatenate([c for c, _ in parts])
        weights = np.concatenate([w for _, w in parts])
        if not len(curves):
            continue
        own = finite_mean(curves, 0)
        share = weights.max(0) * np.isfinite(own)
        total += np.where(np.isfinite(own), own, 0.0) * share
        count += share
    return np.where(count > 0.0, total / np.where(count > 0.0, count, 1.0), np.nan)


def own_strides(held: Sequence[LimbSequence]) -> list[F32]:
    """The mean of the same person's strides in one trial, read at the true phase of the others.

    What a calibration could at best learn of the curve; see `inference.evaluation.lessons`. NaN
    where nobody is judged.
    """
    estimates = [np.full((len(s.t), len(MEASURED)), np.nan, dtype=np.float32) for s in held]
    for (k, part), judged in lessons(held):
        taught = held[k]
        seen = np.full(taught.y.shape, np.nan)
        seen[part] = np.where(taught.measured[part], taught.y[part], np.nan)
        curves = stride_curves(taught, seen)
        mean = finite_mean(curves, 0)
        for i, frames in judged:
            estimates[i][frames] = at_phase(mean, phase(held[i])[frames])
    return estimates
