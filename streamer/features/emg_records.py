"""Records of trials with measured EMG, loaded or made, for what trains networks and judges them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from inference.record import FeatureRecord
from streamer.config.features import FeatureSettings
from streamer.config.training import TrainConfig
from streamer.exceptions import ConfigError, StreamerError
from streamer.features.records import AS_RECORDED, find_trials, load_features

__all__ = ["emg_records", "training_records", "unseen_records"]


def training_records(
    config: TrainConfig, variants: Iterable[str], cache: Path, console: Console
) -> list[FeatureRecord]:
    """Load or make the records that a configuration trains on, as recorded and in `variants`.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        If it names no trials, or as `emg_records`.
    """
    if not config.trials:
        raise ConfigError("no trials to train on; give directories, or `trials:` in the file")
    settings = [FeatureSettings.of_variant(name) for name in dict.fromkeys(("", *variants))]
    return emg_records([Path(d) for d in config.trials], cache, console, settings)


def unseen_records(config: TrainConfig, cache: Path, console: Console) -> list[FeatureRecord]:
    """Load or make the records of people whom it never trains on; none if it names nobody.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        As `emg_records`.
    """
    return emg_records([Path(d) for d in config.unseen], cache, console) if config.unseen else []


def emg_records(
    directories: Sequence[Path],
    cache: Path,
    console: Console,
    settings: Sequence[FeatureSettings] = AS_RECORDED,
) -> list[FeatureRecord]:
    """Load or make the records of all trials with EMG below `directories`, showing progress.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        One clear message, also if there is no such trial.
    """
    trials = find_trials(directories)
    with console.status(f"features of {len(trials)} trials") as status:

        def show(trial: str, share: float) -> None:
            status.update(f"features: {100 * share:.0f} % of {len(trials)} trials, {escape(trial)}")

        records = list(load_features(trials, settings, cache_dir=cache, progress=show))
    if not records:
        below = ", ".join(map(str, directories))
        raise StreamerError(
            f"none of the {len(trials)} trials below {below} has measured EMG; "
            "give trials with emg.csv, and [emg] in trial.toml"
        )
    return records
