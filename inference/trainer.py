"""Lightning's trainer, set up to be quiet and to leave nothing on disk."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable

import lightning
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.utilities import rank_zero_only

from inference.task import TrainingTask
from inference.train_settings import TrainSettings

__all__ = ["first_process", "fit_task"]


def first_process() -> bool:
    """Whether this is the process that speaks and writes.

    With several devices Lightning starts the command once more for each; all of them train.
    """
    return bool(rank_zero_only.rank == 0)


def fit_task(
    task: TrainingTask, settings: TrainSettings, on_epoch: Callable[[int, float, float], None]
) -> None:
    """Train until the epochs are over or validation has not improved for `patience` of them."""
    task.on_epoch = on_epoch
    stopping = [EarlyStopping("validation", patience=settings.patience)] if task.validated else []
    quiet = logging.getLogger("lightning.pytorch")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # advice about loaders with more workers, and deprecations inside the library
            warnings.simplefilter("ignore")
            lightning.Trainer(
                accelerator=settings.accelerator,
                devices=settings.devices,
                max_epochs=settings.epochs,
                callbacks=stopping,
                gradient_clip_val=1.0,
                reload_dataloaders_every_n_epochs=1,
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                use_distributed_sampler=False,
            ).fit(task)
    finally:
        quiet.setLevel(level)
