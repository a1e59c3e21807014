"""Static optimization as it comes, and what gains and delays make of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from inference.arrays import F32, F64
from inference.channels import COMPOSITES, MEASURED, N_CHANNEL, N_INPUT, SLICE_ACTIVATION
from inference.data.dataset import LimbSequence, as_recorded
from inference.data.normalisation import frames_by_person
from inference.data.targets import borrowed_targets
from inference.evaluation.estimates import Method, fill_composites

__all__ = [
    "shared_gain_and_delay",
    "simulated",
    "simulation_ahead",
]

LONGEST_DELAY_S: Final = 0.15


def simulated(sequence: LimbSequence) -> F32:
    """Return simulated activations (n, len(MEASURED)); a composite is the mean of its parts.

    NaN where the model lacks the muscle, or forces were missing. Scored with the best gain of each
    person, motion and channel, fitted to the very EMG that is estimated, which no live system
    knows: a strong baseline.
    """
    y = np.full((len(sequence.t), len(MEASURED)), np.nan, dtype=np.float32)
    present = sequence.x[:, N_INPUT:][:, SLICE_ACTIVATION] > 0.0
    y[:, :N_CHANNEL] = np.where(present, sequence.x[:, SLICE_ACTIVATION], np.float32(np.nan))
    assert MEASURED[N_CHANNEL:] == tuple(COMPOSITES)
    return fill_composites(y)


def simulation_ahead(rate_hz: float, ahead_s: float) -> Method:
    """Return a method that gives simulated activations of so much [s] after each frame.

    Targets lie ahead of the motion that a frame tells of, which is as old as the filter is late: by
    that lead simulated activations come to the instant that they tell of. By what muscles need from
    excitation to force they come still earlier. It is what offline analysis can have.
    """
    return partial(_later, rate_hz * ahead_s)


def _later(
    steps: float,
    train: Sequence[LimbSequence],  # noqa: ARG001
    held: Sequence[LimbSequence],
) -> list[F32]:
    return [_ahead(simulated(s), steps) for s in held]


def _ahead(a: F32, steps: float) -> F32:
    """Bring frames (n, m) forward by a number of steps, 0 or more; NaN where there are none."""
    whole, share = int(steps), np.float32(steps % 1.0)
    after = np.full((len(a) + whole + 1, a.shape[1]), np.nan, dtype=np.float32)
    after[: len(a)] = a
    low, high = after[whole : whole + len(a)], after[whole + 1 : whole + 1 + len(a)]
    return low if share == 0.0 else (1 - share) * low + share * high


def _gain(a: F32, y: F32, weight: npt.NDArray[np.floating | np.bool_]) -> F64:
    """Non-negative gain with the least squared error of each channel; 0 where there is nothing."""
    w = np.where(np.isfinite(a), weight, 0.0).astype(np.float64)
    known = np.where(np.isfinite(a), a, 0.0)
    power, product = (w * known * known).sum(0), (w * known * y).sum(0)
    gain: F64 = np.maximum(product, 0.0) / np.where(power > 0.0, power, 1.0)
    return gain


def shared_gain_and_delay(rate_hz: float) -> Method:
    """Return a method with one gain and one delay per channel, fitted on the training people.

    The delay is 0 or more: a live system has no activation of the future. People count equally.
    """
    return partial(_shared, rate_hz)


def _shared(
    rate_hz: float, train: Sequence[LimbSequence], held: Sequence[LimbSequence]
) -> list[F32]:
    delay, gain = _fit(as_recorded(train), round(LONGEST_DELAY_S * rate_hz))
    found = []
    for s in held:
        a = simulated(s)
        y = [
            _delayed(a[:, c], int(d)) * g for c, (d, g) in enumerate(zip(delay, gain, strict=True))
        ]
        found.append(fill_composites(np.stack(y, axis=1).astype(np.float32)))
    return found


def _fit(train: Sequence[LimbSequence], longest: int) -> tuple[npt.NDArray[np.intp], F64]:
    """Delay [steps] and gain by channel; NaN gain for channels that nobody teaches."""
    activation = [simulated(s) for s in train]
    taught = [borrowed_targets(s) for s in train]
    y, weight = np.vstack([t.y for t in taught]), np.vstack([t.square_weight for t in taught])
    frames = frames_by_person(train)
    weight = weight / np.concatenate([np.full(len(s.t), frames[s.person]) for s in train])[:, None]
    errors, gains = [], []
    for delay in range(longest + 1):
        a = np.vstack([np.stack([_delayed(c, delay) for c in each.T], 1) for each in activation])
        gain = _gain(a, y, weight)
        error = np.where(np.isfinite(a), weight * (gain * a - y) ** 2, weight * y**2).sum(0)
        errors.append(error)
        gains.append(np.where(weight.sum(0) > 0.0, gain, np.nan))
    best = np.argmin(errors, axis=0)
    return best, np.stack(gains)[best, np.arange(len(MEASURED))]


def _delayed(a: F32, steps: int) -> F32:
    """Shift by `steps` frames; the first value stands before the first."""
    return np.concatenate([np.repeat(a[:1], steps), a[: len(a) - steps]]) if steps else a
