"""The configuration of one training: a YAML file, read strictly; paths are relative to it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from inference.training.fit_settings import FitSettings
from streamer.config.features import FeatureSettings
from streamer.config.yaml_file import beside, read_settings
from streamer.exceptions import ConfigError

__all__ = ["OURS", "TrainConfig", "load_train_config", "with_options"]


class TrainConfig(FitSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One training: its people beside what `FitSettings` says of it.

    Attributes
    ----------
    trials : tuple of str
        Trial directories to train on, or directories above them.
    unseen : tuple of str
        The same of other people, scored at the end and never trained on.
    variants : tuple of str
        Records beside those of the trials as recorded, see
        `streamer.config.features.FeatureSettings.of_variant`; none with another target.
    """

    trials: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if self.workers > 1 and self.training.devices > 1:
            raise ValueError(
                f"{self.workers} workers of {self.training.devices} devices each would get in each "
                "other's way; give 1 worker or `training: {devices: 1}`"
            )
        for variant in self.variants:
            if FeatureSettings.of_variant(variant).target != FeatureSettings().target:
                raise ValueError(
                    f"`variants` has {variant!r}, with EMG later than that of the same trials as "
                    "recorded: one motion would have two targets; take it out"
                )
        super().__post_init__()


OURS: Final = TrainConfig(variants=("predicted", "noise-1", "noise-2"), folds=8)
"""Settings of the network that comes with this package, less its people."""


def load_train_config(path: Path) -> TrainConfig:
    """Read a configuration file.

    Raises
    ------
    ConfigError
        If it is missing, no text, no YAML, or has unknown keys or values of the wrong kind.
    """
    config = read_settings(path, TrainConfig)
    absolute = {
        key: tuple(str(beside(path, d)) for d in getattr(config, key))
        for key in ("trials", "unseen")
    }
    return msgspec.structs.replace(config, **absolute)


def with_options(
    path: Path | None,
    *,
    trials: Iterable[Path] | None = None,
    unseen: Iterable[Path] | None = None,
    folds: int | None = None,
    workers: int | None = None,
) -> TrainConfig:
    """Read a configuration file, or take our settings; options that are given go before it.

    Raises
    ------
    ConfigError
        As `load_train_config`, or if an option cannot work.
    """
    config = OURS if path is None else load_train_config(path)
    try:
        return msgspec.structs.replace(
            config,
            trials=tuple(map(str, trials or config.trials)),
            unseen=tuple(map(str, unseen or config.unseen)),
            folds=config.folds if folds is None else folds,
            workers=config.workers if workers is None else workers,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error
