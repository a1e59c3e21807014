"""Lightning's trainer, set up to be quiet and to leave nothing on disk."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import lightning
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from inference.exceptions import BackendUnavailable
from inference.training.task import TrainingTask
from inference.training.train_settings import TrainSettings

__all__ = ["first_process", "fit_task"]


def first_process() -> bool:
    """Whether this is the process that speaks and writes.

    With several devices Lightning starts the command once more for each; all of them train.
    """
    return bool(rank_zero_only.rank == 0)


def fit_task(task: TrainingTask, settings: TrainSettings) -> None:
    """Train until the epochs are over or validation has not improved for `patience` of them.

    Raises
    ------
    BackendUnavailable
        If this machine lacks the accelerator or as many devices; nothing was trained then.
    TrainingDiverged
        If the loss stops being finite.
    """
    stopping = [EarlyStopping("validation", patience=settings.patience)] if task.validated else []
    quiet = logging.getLogger("lightning.pytorch")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # advice about loaders with more workers, and deprecations inside the library
            warnings.simplefilter("ignore")
            _fit(_trainer(settings, stopping), task)
    finally:
        quiet.setLevel(level)


def _fit(trainer: Any, task: TrainingTask) -> None:
    try:
        trainer.fit(task)
    except SystemExit:  # what Lightning makes of Ctrl-C, with the status of an error
        raise KeyboardInterrupt from None


def _trainer(settings: TrainSettings, callbacks: list[EarlyStopping]) -> Any:
    try:
        return lightning.Trainer(
            accelerator=settings.accelerator,
            devices=settings.devices,
            max_epochs=settings.epochs,
            callbacks=callbacks,
            gradient_clip_val=1.0,
            reload_dataloaders_every_n_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
    except (MisconfigurationException, ValueError) as error:
        raise BackendUnavailable(
            f"cannot train on `accelerator: {settings.accelerator}`, `devices: {settings.devices}` "
            f"({str(error).rstrip('.')}); give `accelerator: auto` or cpu, or fewer devices"
        ) from error
