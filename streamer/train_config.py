"""The configuration of one training: a YAML file, read strictly; paths are relative to it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from inference.architecture import Architecture, GruArchitecture
from inference.fit_settings import FitSettings
from inference.train_settings import TrainSettings
from streamer.exceptions import ConfigError
from streamer.feature_settings import FeatureSettings
from streamer.yaml_file import beside, read_yaml

__all__ = ["TrainConfig", "load_train_config", "with_options"]


class TrainConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One training.

    Attributes
    ----------
    name : str
        Of the network, for people; it stands on its card.
    trials : tuple of str
        Trial directories to train on, or directories above them.
    unseen : tuple of str
        The same of other people, scored at the end and never trained on.
    variants : tuple of str
        Records beside those of the trials as recorded, see
        `streamer.feature_settings.FeatureSettings.of_variant`; none with another target.
    exchanged : dict of str to tuple of tuple of str
        By person, ``dataset/subject``, pairs of EMG channels that have each other's names in the
        recordings, see `inference.exchange`.
    folds : int
        Groups of people left out in turn, for the card and for the spread of errors; 0 = none.
    validation_people : int
        People by whom training stops; 0 = the full number of epochs.
    rate_hz : float
        Of the network.
    lead_ms : float
        How far ahead of the filtered motion the estimate is to be [ms].
    architecture : Architecture
        ``kind: gru``, ``stdr`` or ``bahdanau``, and its dimensions.
    training : TrainSettings
    workers : int
        Processes that groups of people left out are shared out to; one per core, say.
    """

    name: str = "network"
    trials: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    exchanged: dict[str, tuple[tuple[str, str], ...]] = {}
    folds: int = 0
    validation_people: int = 0
    rate_hz: float = 100.0
    lead_ms: float = 25.0
    architecture: Architecture = GruArchitecture()
    training: TrainSettings = TrainSettings()
    workers: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if self.workers < 1:
            raise ConfigError(f"`workers` is {self.workers}; give 1 or more")
        if self.workers > 1 and self.training.devices > 1:
            raise ConfigError(
                f"{self.workers} workers of {self.training.devices} devices each would be in each "
                "other's way; give 1 worker or `training: {devices: 1}`"
            )
        for variant in self.variants:
            if FeatureSettings.of_variant(variant).target != FeatureSettings().target:
                raise ConfigError(
                    f"`variants` has {variant!r}, with EMG later than that of the same trials as "
                    "recorded: one motion would have two targets; take it out"
                )
        _ = self.fit  # looks at the other numbers

    @property
    def fit(self) -> FitSettings:
        """What the fit needs of it."""
        return FitSettings(
            name=self.name,
            folds=self.folds,
            validation_people=self.validation_people,
            rate_hz=self.rate_hz,
            exchanged=self.exchanged,
            lead_s=1e-3 * self.lead_ms,
            architecture=self.architecture,
            training=self.training,
            workers=self.workers,
        )


OURS: Final = TrainConfig(variants=("predicted", "noise-1", "noise-2"), folds=8)
"""Settings of the network that comes with this package, less its people."""


def load_train_config(path: Path) -> TrainConfig:
    """Read a configuration file.

    Raises
    ------
    ConfigError
        If it is missing, no text, no YAML, or has unknown keys or values of the wrong kind.
    """
    content = read_yaml(path)
    try:
        config = msgspec.convert(content or {}, TrainConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}; correct it") from error
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
    workers: int | None = None,
) -> TrainConfig:
    """Read a configuration file, or take our settings; options that are given go before it.

    Raises
    ------
    ConfigError
        As `load_train_config`, or if an option cannot work.
    """
    config = OURS if path is None else load_train_config(path)
    return msgspec.structs.replace(
        config,
        trials=tuple(map(str, trials or config.trials)),
        unseen=tuple(map(str, unseen or config.unseen)),
        workers=config.workers if workers is None else workers,
    )
