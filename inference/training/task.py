"""One member's training: batches in, losses out, and the running mean of its weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor

from inference.architecture import Architecture
from inference.arrays import F32
from inference.data.dataset import LimbSequence
from inference.exceptions import TrainingDiverged
from inference.networks import Member, build_member
from inference.training.batches import Batch, batches
from inference.training.loss import Loss
from inference.training.train_settings import TrainSettings

__all__ = ["TrainingTask"]


class TrainingTask(lightning.LightningModule):  # type: ignore[misc]
    """A member, its running mean, its optimiser and its data.

    Parameters
    ----------
    sequences, validation : sequence of LimbSequence
        To train on, and to stop by.
    scaling : tuple of ndarray
        Mean and standard deviation of the inputs.
    architecture : Architecture
    settings : TrainSettings
    on_epoch : callable
        Called after each epoch with its index, training loss and validation loss.

    Attributes
    ----------
    average : Member
        Running mean of the weights, what is validated and kept.
    """

    def __init__(
        self,
        sequences: Sequence[LimbSequence],
        validation: Sequence[LimbSequence],
        scaling: tuple[F32, F32],
        architecture: Architecture,
        settings: TrainSettings,
        on_epoch: Callable[[int, float, float], None],
    ) -> None:
        super().__init__()
        torch.manual_seed(settings.seed)
        self.net = build_member(architecture)
        self.net.normalise_by(*scaling)
        self.average = copy.deepcopy(self.net).eval().requires_grad_(False)
        self.loss = Loss(sequences, settings.shape_weight)
        self._sequences, self._validation, self._settings = sequences, validation, settings
        self._losses: list[float] = []
        self._best, self._least = copy.deepcopy(self.average.state_dict()), math.inf
        self._on_epoch = on_epoch

    @property
    def validated(self) -> bool:
        """Whether there are people to stop by."""
        return bool(self._validation)

    def best(self) -> Member:
        """Return the running mean as it was after its best epoch."""
        self.average.load_state_dict(self._best)
        return self.average.cpu()

    def train_dataloader(self) -> Iterator[Batch]:
        """Batches of one epoch; every epoch and every process draws others."""
        seed = (self._settings.seed, self.current_epoch, self.global_rank)
        return batches(self._sequences, self._settings, np.random.default_rng(seed))

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Loss of one batch."""
        y, spread = self.net(batch.x, self.net.own_output(batch.x, self._settings.feedback_passes))
        error, doubt = self.loss(y, spread, batch.y, batch.weight, batch.size)
        value = float(error.detach() + doubt.detach())
        _check_finite(value, self.current_epoch, index, batch.records)
        self._losses.append(float(error.detach()))
        return error + doubt

    @torch.no_grad()
    def on_train_batch_end(self, *_: Any) -> None:
        """Move the averaged weights towards the present ones, at first quickly."""
        keep = min(self._settings.average, (self.global_step + 1) / (self.global_step + 10))
        pairs = zip(self.average.parameters(), self.net.parameters(), strict=True)
        for slow, fast in pairs:
            slow.lerp_(fast, 1.0 - keep)

    def on_train_epoch_end(self) -> None:
        """Validate, remember the best, report."""
        error = self.loss.validate(self.average, self._validation)
        if not self._validation or error < self._least:
            self._best, self._least = copy.deepcopy(self.average.state_dict()), error
        if self._validation:
            self.log("validation", error)
        self._on_epoch(self.current_epoch, float(np.mean(self._losses)), error)
        self._losses.clear()

    def configure_optimizers(self) -> Any:
        """AdamW, its rate warming up and falling as a half cosine."""
        optimiser = _optimiser(self.net, self._settings)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _learning_rate(self._settings))
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


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


def _optimiser(net: Member, settings: TrainSettings) -> torch.optim.Optimizer:
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
