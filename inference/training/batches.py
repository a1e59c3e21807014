"""Batches of random crops for training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from inference.arrays import F32
from inference.channels import MEASURED, N_INPUT
from inference.data.dataset import LimbSequence
from inference.data.targets import borrowed_targets
from inference.training.augment import augment
from inference.training.train_settings import TrainSettings

__all__ = ["Batch", "batches", "frame_weight"]


class Batch(NamedTuple):
    """Crops of sequences, padded at their end with frames of no weight.

    Attributes
    ----------
    x : Tensor of shape (B, T, 2 N_INPUT)
    y, weight : Tensor of shape (B, T, len(MEASURED))
        Targets and their weight in the loss.
    size : Tensor of shape (B, 1, len(MEASURED))
        What their errors are measured by.
    records : tuple of str
        Where each crop comes from.
    """

    x: Tensor
    y: Tensor
    weight: Tensor
    size: Tensor
    records: tuple[str, ...]


def batches(
    sequences: Sequence[LimbSequence], settings: TrainSettings, rng: np.random.Generator
) -> Iterator[Batch]:
    """Yield batches of augmented random crops; a person counts by the root of their time."""
    length = np.array([len(s.t) for s in sequences], dtype=float)
    person = {
        p: sum(n for s, n in zip(sequences, length, strict=True) if s.person == p)
        for p in sorted({s.person for s in sequences})
    }
    chance = np.array(
        [n / np.sqrt(person[s.person]) for s, n in zip(sequences, length, strict=True)]
    )
    taught = [_taught(s, settings) for s in sequences]
    for _ in range(settings.batches):
        chosen = rng.choice(len(sequences), settings.batch_size, p=chance / chance.sum())
        yield _collate([taught[i] for i in chosen], settings, rng)


class _Taught(NamedTuple):
    """A whole sequence with what it teaches, made once and cropped often."""

    record: str
    x: F32
    y: F32
    weight: F32
    size: F32


def _taught(sequence: LimbSequence, settings: TrainSettings) -> _Taught:
    y, weight, size = borrowed_targets(sequence, settings.sister_weight)
    weight *= frame_weight(sequence, settings.outside_weight)
    return _Taught(sequence.record, sequence.x, y, weight, size)


def _collate(chosen: Sequence[_Taught], settings: TrainSettings, rng: np.random.Generator) -> Batch:
    x = np.zeros((len(chosen), settings.crop, 2 * N_INPUT), dtype=np.float32)
    y = np.zeros((len(chosen), settings.crop, len(MEASURED)), dtype=np.float32)
    weight = np.zeros_like(y)
    for i, sequence in enumerate(chosen):
        crop = augment(*_crop(sequence, settings, rng), settings.augmentation, rng)
        n = min(settings.crop, len(crop[0]))
        x[i, :n], y[i, :n], weight[i, :n] = (part[:n] for part in crop)
    size = np.stack([s.size for s in chosen])[:, None]
    records = tuple(s.record for s in chosen)
    return Batch(
        torch.from_numpy(x),
        torch.from_numpy(y),
        torch.from_numpy(weight),
        torch.from_numpy(size),
        records,
    )


def _crop(
    taught: _Taught, settings: TrainSettings, rng: np.random.Generator
) -> tuple[F32, F32, F32]:
    reach = math.ceil(settings.crop * (1.0 + settings.augmentation.warp))
    first = int(rng.integers(0, max(1, len(taught.x) - reach + 1)))
    part = slice(first, first + reach)
    return taught.x[part], taught.y[part], taught.weight[part]


def frame_weight(sequence: LimbSequence, outside: float) -> F32:
    """Weight of every frame (n, 1): 1, or `outside` where forces were not measured."""
    return np.where(sequence.forces_measured, 1.0, outside)[:, None].astype(np.float32)
