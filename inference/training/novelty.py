"""Teach a network to tell motion unlike its training set, so that its doubt grows there.

A linear classifier on the hidden state learns to tell the training people's motion from what it was
spoiled to: stood still, slowed or hurried, run backwards, made small or large, its joints taken out
of step, or noise [Hendrycks2019]_. What none of these is, a jump say, disturbs the hidden state in
the same directions.

References
----------
.. [Hendrycks2019] Hendrycks D, Mazeika M, Dietterich T (2019). Deep anomaly detection with outlier
   exposure. ICLR. doi:10.48550/arXiv.1812.04606
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference.arrays import F32
from inference.channels import (
    COORDINATES,
    N_INPUT,
    SLICE_ACTIVATION,
    SLICE_ANGLE,
    SLICE_MOMENT,
    SLICE_VELOCITY,
    legs,
)
from inference.data.dataset import LimbSequence
from inference.networks import Member

__all__ = ["fit_novelty", "spoiled"]

Rng = np.random.Generator

CROPS: Final = 400
"""Crops of either kind."""
FRAMES, SETTLING, EVERY = 200, 25, 4
"""Frames of a crop, those left out at its start, and every so many of the others."""
DECAY: Final = 1e-3
"""Penalty on the classifier's squared weights."""
STRANGE_SHARE: Final = 0.2
"""How much of what a network meets is unlike its training set, it is taken; half of the crops are.
People whom it has not seen, walking, then have a probability of 0.1, standing 0.3 to 0.4."""


def fit_novelty(member: Member, sequences: Sequence[LimbSequence], seed: int) -> None:
    """Fit the novelty of a trained network's head.

    Parameters
    ----------
    member : Member
        In evaluation mode; changed in place.
    sequences : sequence of LimbSequence
        What it was trained on.
    seed : int
        Of the crops and how they are spoiled.
    """
    rng = np.random.default_rng(seed)
    crops = [_crop(sequences, rng) for _ in range(CROPS)]
    mean = np.mean([c[:, :N_INPUT].mean(0) for c in crops], 0)
    scale = np.mean([c[:, :N_INPUT].std(0) for c in crops], 0)
    usual = _states(member, crops)
    strange = _states(member, [spoiled(_crop(sequences, rng), mean, scale, rng) for _ in crops])
    weight, bias = _classify(torch.cat((usual, strange)), len(usual))
    with torch.no_grad():
        member.head.novelty.weight.copy_(weight[None])
        member.head.novelty.bias.copy_(bias + math.log(STRANGE_SHARE / (1.0 - STRANGE_SHARE)))


def spoiled(x: F32, mean: F32, scale: F32, rng: Rng) -> F32:
    """Return a crop (n, 2 N_INPUT) spoiled in one of the ways, chosen at random.

    Parameters
    ----------
    x : ndarray of shape (n, 2 N_INPUT), float32
    mean, scale : ndarray of shape (N_INPUT,)
        What inputs are and how far they move, usually.
    rng : numpy.random.Generator
    """
    x = x.copy()
    value = x[:, :N_INPUT]
    value[:] = _WAYS[rng.integers(len(_WAYS))](value.copy(), mean, scale, rng)
    for leg in legs(value):
        np.maximum(leg[:, SLICE_ACTIVATION], 0.0, out=leg[:, SLICE_ACTIVATION])
    value *= x[:, N_INPUT:]
    return x


def _stands(value: F32, mean: F32, scale: F32, rng: Rng) -> F32:
    pose = mean + rng.uniform() * (value[rng.integers(len(value))] - mean)
    for leg in legs(pose):
        leg[SLICE_VELOCITY] = 0.0
    still: F32 = (pose + 0.02 * scale * rng.standard_normal(value.shape)).astype(np.float32)
    return still


def _out_of_step(value: F32, mean: F32, scale: F32, rng: Rng) -> F32:  # noqa: ARG001
    for leg in legs(value):
        for column in range(SLICE_ACTIVATION.stop):
            leg[:, column] = np.roll(leg[:, column], int(rng.integers(len(value))))
        for j in range(len(COORDINATES)):  # a joint stays one with itself
            shift = int(rng.integers(len(value)))
            for part in (SLICE_ANGLE, SLICE_VELOCITY, SLICE_MOMENT):
                leg[:, part.start + j] = np.roll(leg[:, part.start + j], shift)
    return value


def _too_large_or_small(value: F32, mean: F32, scale: F32, rng: Rng) -> F32:  # noqa: ARG001
    gain = rng.choice([rng.uniform(1.7, 3.0), rng.uniform(0.05, 0.35)])
    changed: F32 = (mean + gain * (value - mean)).astype(np.float32)
    return changed


def _noise(value: F32, mean: F32, scale: F32, rng: Rng) -> F32:
    size = rng.uniform(0.3, 3.0)
    noise: F32 = (mean + size * scale * rng.standard_normal(value.shape)).astype(np.float32)
    return noise


def _backwards(value: F32, mean: F32, scale: F32, rng: Rng) -> F32:  # noqa: ARG001
    value = value[::-1].copy()
    for leg in legs(value):
        leg[:, SLICE_VELOCITY] *= -1.0
    return value


def _hurried_or_slowed(value: F32, mean: F32, scale: F32, rng: Rng) -> F32:  # noqa: ARG001
    tempo = rng.choice([rng.uniform(2.0, 3.0), rng.uniform(0.2, 0.4)])
    at = (np.arange(len(value)) * tempo).astype(int)
    turns, at = np.divmod(at, len(value))
    at = np.where(turns % 2, len(value) - 1 - at, at)  # there and back, without a jump
    value = value[at]
    for leg in legs(value):
        leg[:, SLICE_VELOCITY] *= tempo * np.where(turns % 2, -1.0, 1.0)[:, None]
    return value


_WAYS: Final[tuple[Callable[[F32, F32, F32, Rng], F32], ...]] = (
    _stands, _out_of_step, _too_large_or_small, _noise, _backwards, _hurried_or_slowed,
)  # fmt: skip


def _crop(sequences: Sequence[LimbSequence], rng: Rng) -> F32:
    """A random crop; people are equally likely."""
    people = sorted({s.person for s in sequences})
    person = people[rng.integers(len(people))]
    own = [s for s in sequences if s.person == person]
    x = own[rng.integers(len(own))].x
    first = int(rng.integers(max(1, len(x) - FRAMES + 1)))
    return x[first : first + FRAMES]


@torch.no_grad()
def _states(member: Member, crops: Sequence[F32]) -> Tensor:
    """Hidden states of settled frames, one below the other; crops of a length run together."""
    by_length: dict[int, list[F32]] = {}
    for crop in crops:
        by_length.setdefault(len(crop), []).append(crop)
    rows = []
    for own in by_length.values():
        x = torch.from_numpy(np.stack(own))
        rows.append(member.hidden(x, member.own_output(x))[:, SETTLING::EVERY].flatten(0, 1))
    return torch.cat(rows)


def _classify(states: Tensor, usual: int) -> tuple[Tensor, Tensor]:
    """Weights and bias of a logistic regression; the first `usual` rows are not strange."""
    strange = (torch.arange(len(states)) >= usual).to(states)
    weight = torch.zeros(states.shape[1], requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = functional.binary_cross_entropy_with_logits(states @ weight + bias, strange)
        value = value + DECAY * (weight**2).sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()
