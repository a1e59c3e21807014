"""How to train; apart from torch so that a command can be built without it."""

from __future__ import annotations

import msgspec

from inference.ranges import check_least
from inference.training.augment import Augmentation

__all__ = ["TrainSettings"]


class TrainSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    feedback_passes : int
        Passes without gradient that make the feedback, the first one over none.
    shape_weight : float
        Weight of one less the correlation in the loss, beside the squared error.
    outside_weight : float
        Weight of frames whose ground forces were predicted, not measured.
    sister_weight : float
        Weight of EMG that is borrowed, see `inference.data.targets.borrowed_targets`.
    patience : int
        Epochs without a better validation error until training stops.
    accelerator : str
        What Lightning trains on: ``cpu``, ``gpu``, ``auto``.
    devices : int
        How many of these.
    augmentation : Augmentation
    """

    seed: int = 1
    epochs: int = 15
    batches: int = 30
    batch_size: int = 24
    crop: int = 160
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    average: float = 0.98
    feedback_passes: int = 1
    shape_weight: float = 1.0
    outside_weight: float = 1.0
    sister_weight: float = 0.3
    patience: int = 4
    accelerator: str = "auto"
    devices: int = 1
    augmentation: Augmentation = Augmentation()

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        check_least(self, 1, "epochs", "batches", "batch_size", "crop", "patience", "devices")
        check_least(self, 0, "seed", "learning_rate", "weight_decay", "feedback_passes")
        check_least(self, 0, "shape_weight", "outside_weight", "sister_weight")
        if not 0.0 <= self.average < 1.0:
            raise ValueError(f"`average` is {self.average:g}, it must be at least 0 and below 1")
