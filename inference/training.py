"""Train an STDR-Net on limb sequences: plain torch, seeds fixed.

The decoder lives on its own past output, and measured EMG is never at hand live. So training feeds
back what the network itself produced (a first pass without gradient gives it), mixed with measured
values in the beginning only: scheduled sampling [Bengio2015]_ in its two-pass form for parallel
decoders [Mihaylova2019]_.

References
----------
.. [Bengio2015] Bengio S et al. (2015). Scheduled sampling for sequence prediction with recurrent
   neural networks. NeurIPS. doi:10.48550/arXiv.1506.03099
.. [Mihaylova2019] Mihaylova T, Martins AFT (2019). Scheduled sampling for transformers. ACL Student
   Research Workshop. doi:10.18653/v1/P19-2049
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inference.architecture import Architecture
from inference.augment import Augmentation, augment
from inference.channels import MEASURED, N_CHANNEL, N_INPUT
from inference.dataset import LimbSequence, measured_matrix
from inference.exceptions import FeatureError, TrainingDiverged
from inference.model import STDRNet
from inference.rollout import rollout

__all__ = ["Epoch", "TrainSettings", "normalisation", "train"]

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TrainSettings:
    """How to train.

    Attributes
    ----------
    seed : int
        Of initialisation, sampling and augmentation.
    epochs, batches, batch_size : int
        An epoch is `batches` batches of random crops; the schedule spans `epochs`.
    crop : int
        Frames of a crop.
    learning_rate, weight_decay : float
        Of AdamW; the rate warms up over the first twentieth and falls as a half cosine.
    average : float
        Memory per batch of the running mean of the weights, which is what is validated and kept.
    teacher : float
        Share of measured feedback at the start; falls to 0 over the first half.
    feedback_passes : int
        Passes without gradient that make the feedback, the first one over none.
    outside_weight : float
        Weight of frames without valid forces, in which the network sees the motion alone.
    patience : int
        Epochs without a better validation error until training stops.
    augmentation : Augmentation
    """

    seed: int = 1
    epochs: int = 30
    batches: int = 30
    batch_size: int = 24
    crop: int = 224
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    average: float = 0.98
    teacher: float = 0.5
    feedback_passes: int = 1
    outside_weight: float = 0.5
    patience: int = 10
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class Epoch:
    """What an epoch ended with; errors are relative to each channel's variance.

    Attributes
    ----------
    index : int
    train_loss, validation_loss : float
        Validation is NaN without validation sequences.
    """

    index: int
    train_loss: float
    validation_loss: float


def normalisation(sequences: Sequence[LimbSequence]) -> tuple[F32, F32]:
    """Mean and standard deviation of every input where it is present, people counting equally.

    Returns
    -------
    mean, scale : ndarray of shape (N_INPUT,), float32
        0 and 1 for an input that nobody has.
    """
    totals = np.zeros((3, N_INPUT))
    frames = {p: sum(len(s.t) for s in sequences if s.person == p) for p in _people(sequences)}
    for s in sequences:
        value, present = s.x[:, :N_INPUT].astype(float), s.x[:, N_INPUT:]
        sums = [present.sum(0), (present * value).sum(0), (present * value**2).sum(0)]
        totals += np.array(sums) / frames[s.person]
    count = np.maximum(totals[0], 1e-9)
    mean = totals[1] / count
    scale = np.sqrt(np.maximum(totals[2] / count - mean**2, 0.0))
    scale[(totals[0] == 0.0) | (scale < 1e-6)] = 1.0
    return mean.astype(np.float32), scale.astype(np.float32)


def _people(sequences: Sequence[LimbSequence]) -> list[str]:
    return sorted({s.person for s in sequences})


def train(
    sequences: Sequence[LimbSequence],
    validation: Sequence[LimbSequence],
    architecture: Architecture,
    settings: TrainSettings,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> tuple[STDRNet, list[Epoch]]:
    """Train a network; with validation people, the best epoch's weights are returned.

    Raises
    ------
    FeatureError
        Without training sequences.
    TrainingDiverged
        If the loss stops being finite; the message says where.
    """
    if not sequences:
        raise FeatureError("nothing to train on; give trials with EMG")
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    net = STDRNet(architecture)
    mean, scale = normalisation(sequences)
    net.input_mean.copy_(torch.from_numpy(mean))
    net.input_scale.copy_(torch.from_numpy(scale))
    loss = _Loss(sequences, settings)
    optimiser = _optimiser(net, settings)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _learning_rate(settings))
    average = copy.deepcopy(net).eval()
    best, best_state, history = math.inf, copy.deepcopy(net.state_dict()), list[Epoch]()
    for index in range(settings.epochs):
        teacher = settings.teacher * max(0.0, 1.0 - 2.0 * index / settings.epochs)
        net.train()
        total = 0.0
        for b, batch in enumerate(_batches(sequences, settings, rng)):
            total += _update(net, batch, loss, teacher, optimiser, (index, b))
            schedule.step()
            _follow(average, net, settings.average)
        error = loss.validate(average, validation)
        history.append(Epoch(index, total / settings.batches, error))
        if on_epoch is not None:
            on_epoch(history[-1])
        if not validation or error < best:
            best, best_state = error, copy.deepcopy(average.state_dict())
        elif index - min(history, key=lambda e: e.validation_loss).index >= settings.patience:
            break
    net.load_state_dict(best_state)
    return net.eval(), history


@torch.no_grad()
def _follow(average: STDRNet, net: STDRNet, keep: float) -> None:
    """Move the averaged weights towards the present ones."""
    for slow, fast in zip(average.parameters(), net.parameters(), strict=True):
        slow.lerp_(fast, 1.0 - keep)


def _optimiser(net: STDRNet, settings: TrainSettings) -> torch.optim.Optimizer:
    matrices = [p for p in net.parameters() if p.dim() >= 2]
    vectors = [p for p in net.parameters() if p.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))


def _learning_rate(settings: TrainSettings) -> Callable[[int], float]:
    total = settings.epochs * settings.batches
    warm = max(1, total // 20)

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))

    return factor


@dataclass(frozen=True)
class _Batch:
    x: Tensor  # (B, T, 2 N_INPUT)
    y: Tensor  # (B, T, n_measured)
    weight: Tensor  # (B, T, n_measured)
    records: tuple[str, ...]


def _batches(
    sequences: Sequence[LimbSequence], settings: TrainSettings, rng: np.random.Generator
) -> Iterator[_Batch]:
    """Yield batches of augmented random crops; a person counts by the root of their time."""
    length = np.array([len(s.t) for s in sequences], dtype=float)
    person = {
        p: sum(n for s, n in zip(sequences, length, strict=True) if s.person == p)
        for p in _people(sequences)
    }
    chance = np.array(
        [n / np.sqrt(person[s.person]) for s, n in zip(sequences, length, strict=True)]
    )
    for _ in range(settings.batches):
        chosen = rng.choice(len(sequences), settings.batch_size, p=chance / chance.sum())
        yield _collate([sequences[i] for i in chosen], settings, rng)


def _collate(
    chosen: Sequence[LimbSequence], settings: TrainSettings, rng: np.random.Generator
) -> _Batch:
    x = np.zeros((len(chosen), settings.crop, 2 * N_INPUT), dtype=np.float32)
    y = np.zeros((len(chosen), settings.crop, len(MEASURED)), dtype=np.float32)
    weight = np.zeros_like(y)
    for i, sequence in enumerate(chosen):
        crop = augment(*_crop(sequence, settings, rng), settings.augmentation, rng)
        n = min(settings.crop, len(crop[0]))
        x[i, :n], y[i, :n], weight[i, :n] = (part[:n] for part in crop)
    records = tuple(s.record for s in chosen)
    return _Batch(torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(weight), records)


def _crop(
    sequence: LimbSequence, settings: TrainSettings, rng: np.random.Generator
) -> tuple[F32, F32, F32]:
    reach = math.ceil(settings.crop * (1.0 + settings.augmentation.warp))
    first = int(rng.integers(0, max(1, len(sequence.t) - reach + 1)))
    part = slice(first, first + reach)
    weight = _weight(sequence, settings.outside_weight)
    return sequence.x[part], sequence.y[part], weight[part]


def _weight(sequence: LimbSequence, outside: float) -> F32:
    factor = np.where(sequence.forces_valid, 1.0, outside)[:, None]
    return (sequence.measured * factor).astype(np.float32)


class _Loss:
    """Squared error over each channel's variance, the same weight for every channel."""

    def __init__(self, sequences: Sequence[LimbSequence], settings: TrainSettings) -> None:
        self.settings = settings
        self.matrix = torch.from_numpy(measured_matrix())  # (n_measured, N_CHANNEL)
        y = np.vstack([s.y for s in sequences])
        measured = np.vstack([s.measured for s in sequences])
        variance = [
            y[measured[:, c], c].var() if measured[:, c].any() else 1.0 for c in range(y.shape[1])
        ]
        self._precision = torch.tensor(1.0 / np.maximum(variance, 1e-4), dtype=torch.float32)

    def __call__(self, y: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Compare y (B, T, N_CHANNEL) with target, weight (B, T, n_measured)."""
        error = (y @ self.matrix.T - target) ** 2 * self._precision * weight
        return error.sum() / weight.sum().clamp(min=1.0)

    @torch.no_grad()
    def validate(self, net: STDRNet, sequences: Sequence[LimbSequence]) -> float:
        """Error of a true stream over its own feedback, people counting equally."""
        net.eval()
        by_person: dict[str, list[float]] = {}
        for sequence, y in zip(sequences, rollout(net, [s.x for s in sequences]), strict=True):
            weight = torch.from_numpy(_weight(sequence, 0.0))
            value = self(torch.from_numpy(y), torch.from_numpy(sequence.y), weight)
            by_person.setdefault(sequence.person, []).append(float(value))
        means = [float(np.mean(values)) for values in by_person.values()]
        return float(np.mean(means)) if means else math.nan


def _update(
    net: STDRNet,
    batch: _Batch,
    loss: _Loss,
    teacher: float,
    optimiser: torch.optim.Optimizer,
    where: tuple[int, int],
) -> float:
    y = net(batch.x, _feedback(net, batch, loss.matrix, teacher, loss.settings.feedback_passes))
    value = loss(y, batch.y, batch.weight)
    if not math.isfinite(float(value.detach())):
        records = sorted(set(batch.records))
        raise TrainingDiverged(
            f"loss became {float(value.detach())} in epoch {where[0]}, batch {where[1]} "
            f"({', '.join(records[:4])}{', ...' if len(records) > 4 else ''}); nothing was "
            "written; lower the learning rate or look at these trials",
            *where,
            records,
        )
    optimiser.zero_grad()
    value.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimiser.step()
    return float(value.detach())


@torch.no_grad()
def _feedback(net: STDRNet, batch: _Batch, matrix: Tensor, teacher: float, passes: int) -> Tensor:
    """Return what the decoder is fed: the network's own output, partly replaced by measurement."""
    own = torch.zeros(*batch.x.shape[:2], N_CHANNEL)
    for _ in range(passes):
        own = _delayed(net(batch.x, own))
    if teacher > 0.0:
        direct = matrix[:N_CHANNEL].argmax(1)  # canonical channels stand first, as themselves
        known = batch.weight[..., :N_CHANNEL] > 0
        chosen = (torch.rand(own.shape[0], 1, own.shape[2]) < teacher) & _delayed(
            known.float()
        ).bool()
        own = torch.where(chosen, _delayed(batch.y[..., direct]), own)
    return own


def _delayed(y: Tensor) -> Tensor:
    """Shift (B, T, n) by one frame; the first is zero."""
    return torch.cat((torch.zeros_like(y[:, :1]), y[:, :-1]), dim=1)
