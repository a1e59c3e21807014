"""Train an STDR-Net on limb sequences: plain torch, seeds fixed.

The decoder lives on its own past output, and measured EMG is never at hand live. So training feeds
back what the network itself produces: a first pass without gradient gives it, the second one is
trained on it, the two-pass form of scheduled sampling for parallel decoders [Mihaylova2019]_.
Measured values are not fed back, not even in the beginning: envelopes are smooth, so the network
then learns to repeat its last output, and over its own it drifts (unseen people: r 0.59 against
0.63, with half of the feedback measured at first against none).

References
----------
.. [Mihaylova2019] Mihaylova T, Martins AFT (2019). Scheduled sampling for transformers. ACL Student
   Research Workshop. doi:10.18653/v1/P19-2049
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inference.architecture import Architecture
from inference.batches import batches
from inference.channels import N_CHANNEL, N_INPUT
from inference.dataset import LimbSequence
from inference.exceptions import FeatureError, TrainingDiverged
from inference.loss import Loss
from inference.model import STDRNet
from inference.train_settings import TrainSettings

__all__ = ["Epoch", "normalisation", "train"]

F32 = npt.NDArray[np.float32]


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
    people = sorted({s.person for s in sequences})
    frames = {p: sum(len(s.t) for s in sequences if s.person == p) for p in people}
    for s in sequences:
        value, present = s.x[:, :N_INPUT].astype(float), s.x[:, N_INPUT:]
        sums = [present.sum(0), (present * value).sum(0), (present * value**2).sum(0)]
        totals += np.array(sums) / frames[s.person]
    count = np.maximum(totals[0], 1e-9)
    mean = totals[1] / count
    scale = np.sqrt(np.maximum(totals[2] / count - mean**2, 0.0))
    scale[(totals[0] == 0.0) | (scale < 1e-6)] = 1.0
    return mean.astype(np.float32), scale.astype(np.float32)


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
    trainer = _Trainer(sequences, architecture, settings)
    best, history = trainer.weights(), list[Epoch]()
    best_index, best_error = 0, math.inf
    for index in range(settings.epochs):
        loss = trainer.run_epoch(index)
        error = trainer.loss.validate(trainer.average, validation)
        history.append(Epoch(index, loss, error))
        if on_epoch is not None:
            on_epoch(history[-1])
        if not validation or error < best_error:
            best, best_index, best_error = trainer.weights(), index, error
        elif index - best_index >= settings.patience:
            break
    trainer.net.load_state_dict(best)
    return trainer.net.eval(), history


class _Trainer:
    """Network, its running mean, optimiser and random state through the epochs."""

    def __init__(
        self,
        sequences: Sequence[LimbSequence],
        architecture: Architecture,
        settings: TrainSettings,
    ) -> None:
        torch.manual_seed(settings.seed)
        self._rng = np.random.default_rng(settings.seed)
        self._sequences, self._settings = sequences, settings
        self.net = STDRNet(architecture)
        mean, scale = normalisation(sequences)
        self.net.input_mean.copy_(torch.from_numpy(mean))
        self.net.input_scale.copy_(torch.from_numpy(scale))
        self.average = copy.deepcopy(self.net).eval()
        self.loss = Loss(sequences)
        self._optimiser = _optimiser(self.net, settings)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimiser, _learning_rate(settings)
        )

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the averaged network's state."""
        return copy.deepcopy(self.average.state_dict())

    def run_epoch(self, index: int) -> float:
        """Train through one epoch; the mean loss of its batches."""
        settings = self._settings
        self.net.train()
        total = 0.0
        for b, batch in enumerate(batches(self._sequences, settings, self._rng)):
            y = self.net(batch.x, self._feedback(batch.x))
            value = self.loss(y, batch.y, batch.weight)
            _check_finite(float(value.detach()), index, b, batch.records)
            self._optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self._optimiser.step()
            self._schedule.step()
            self._follow()
            total += float(value.detach())
        return total / settings.batches

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the averaged weights towards the present ones."""
        pairs = zip(self.average.parameters(), self.net.parameters(), strict=True)
        for slow, fast in pairs:
            slow.lerp_(fast, 1.0 - self._settings.average)

    @torch.no_grad()
    def _feedback(self, x: Tensor) -> Tensor:
        """Return what the decoder is fed, (B, T, N_CHANNEL): its own output, a frame late."""
        own = torch.zeros(*x.shape[:2], N_CHANNEL)
        for _ in range(self._settings.feedback_passes):
            own = _delayed(self.net(x, own))
        return own


def _check_finite(loss: float, epoch: int, batch: int, names: Sequence[str]) -> None:
    if math.isfinite(loss):
        return
    records = sorted(set(names))
    some = ", ".join(records[:4]) + (", ..." if len(records) > 4 else "")
    raise TrainingDiverged(
        f"loss became {loss} in epoch {epoch}, batch {batch} ({some}); nothing was written; "
        "lower the learning rate or look at these trials",
        epoch,
        batch,
        records,
    )


def _optimiser(net: STDRNet, settings: TrainSettings) -> torch.optim.Optimizer:
    """AdamW; biases, gains and attention biases do not decay."""
    named = list(net.named_parameters())
    decayed = [p for name, p in named if p.dim() >= 2 and "bias" not in name]
    free = [p for name, p in named if p.dim() < 2 or "bias" in name]
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))


def _learning_rate(settings: TrainSettings) -> Callable[[int], float]:
    """Warm-up, then half a cosine, as a factor by step."""
    total = settings.epochs * settings.batches
    warm = max(1, total // 20)

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))

    return factor


def _delayed(y: Tensor) -> Tensor:
    """Shift (B, T, n) by one frame; the first is zero."""
    return torch.cat((torch.zeros_like(y[:, :1]), y[:, :-1]), dim=1)
