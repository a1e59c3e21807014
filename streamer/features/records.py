"""Feature records of trial directories, made once and kept in a cache outside the repository."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import inference
import sim_bridge
import streamer
from inference.emg.recording import name_fault, silence_fault
from inference.emg.time_base import time_base_warnings
from inference.exceptions import FeatureError
from inference.record import FeatureRecord, load_record, save_record
from sim_bridge import compile_model
from sim_bridge.cache_dir import default_cache_dir as bridge_cache_dir
from streamer.config.features import FeatureSettings
from streamer.console.outputs import check_output
from streamer.doubts import misfit_doubt, scaling_doubt, size_doubt
from streamer.exceptions import StreamerError
from streamer.features.trial_features import mapped_emg, trial_features
from streamer.formats import Trial, read_trial, source_files
from streamer.formats.text import read_bytes

__all__ = [
    "TrialRecords",
    "default_cache_dir",
    "find_trials",
    "load_features",
    "networks_dir",
    "record_path",
    "record_warnings",
    "refuse_namesakes",
]

_log = logging.getLogger(__name__)

MADE_BY: Final = (
    (Path(sim_bridge.__file__).parent, ("**/*.py",)),
    (Path(inference.__file__).parent, ("channels.py", "emg/*.py", "record.py")),
    (
        Path(streamer.__file__).parent,
        (
            "channels.py",
            "config/features.py",
            "config/session.py",
            "config/streams.py",
            "config/yaml_file.py",
            "doubts.py",
            "features/foot_force.py",
            "features/marker_noise.py",
            "features/trial_features.py",
            "formats/*.py",
            "frames/*.py",
            "units.py",
            "unseen.py",
        ),
    ),
)
"""Packages, and the sources in them that decide what is in a record."""
AS_RECORDED: Final = (FeatureSettings(),)


def default_cache_dir() -> Path:
    """Return where records are kept: ``features`` beside compiled models."""
    return bridge_cache_dir() / "features"


def networks_dir(cache_dir: Path) -> Path:
    """Return where networks that were trained on the records of a cache are kept, beside them."""
    return cache_dir / "networks"


def find_trials(directories: Sequence[Path]) -> list[Path]:
    """Return every trial directory at or below the given ones, sorted, each once.

    Raises
    ------
    StreamerError
        If a directory does not exist or holds no trial, or two people have one name.
    """
    found: set[Path] = set()
    for directory in directories:
        if not directory.is_dir():
            raise StreamerError(f"{directory}: no such directory; give trial directories")
        below = {path.parent.resolve() for path in directory.rglob("trial.toml")}
        if not below:
            raise StreamerError(
                f"{directory}: no trial.toml in it or below; give directories of trials"
            )
        found |= below
    refuse_namesakes(found)
    return sorted(found)


def refuse_namesakes(trials: Iterable[Path]) -> None:
    """Refuse two people of one name: each one's maximum would be taken from the trials of both.

    Raises
    ------
    StreamerError
        If the folders of two subjects have the same name, and those of their data sets too.
    """
    folders: dict[str, Path] = {}
    for trial in sorted(trials):
        person = "/".join(trial.parts[-3:-1])
        other = folders.setdefault(person, trial.parent)
        if other != trial.parent:
            raise StreamerError(
                f"{person} is the person of two folders, {other} and {trial.parent}; rename the "
                "data set or the subject of one, or leave one out"
            )


def load_features(
    trials: Sequence[Path],
    settings: Sequence[FeatureSettings] = AS_RECORDED,
    *,
    cache_dir: Path,
    progress: Callable[[str, float], None] | None = None,
) -> Iterator[FeatureRecord]:
    """Yield the records of every trial with EMG, from the cache where they are there.

    What looks wrong with a trial is logged as its record is made, see `record_warnings`.

    Parameters
    ----------
    trials : sequence of Path
        Trial directories, see `find_trials`.
    settings : sequence of FeatureSettings
        One record of a trial for each of them.
    cache_dir : Path
        Where records are kept.
    progress : callable, optional
        Called with a trial's directory and the share of trials done before it.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        If a trial cannot be read, bridged or its EMG used; the message names it.
    """
    for i, directory in enumerate(trials):
        if progress is not None:
            progress(str(directory), i / len(trials))
        of_trial = TrialRecords(directory, cache_dir)
        for choice in settings:
            if (found := of_trial.find_or_make(choice)) is None:
                break
            record, made = found
            for text in record_warnings(record) if made else ():
                _log.warning("%s: %s", record.name, text)
            yield record


class TrialRecords:
    """The records of one trial, kept in a cache.

    Parameters
    ----------
    directory : Path
        Of the trial.
    cache_dir : Path
        Where records are kept.

    Attributes
    ----------
    trial : Trial or None
        Read when the first record has to be made.
    """

    def __init__(self, directory: Path, cache_dir: Path) -> None:
        self._directory, self._cache_dir = directory, cache_dir
        self.trial: Trial | None = None

    def find_or_make(self, settings: FeatureSettings) -> tuple[FeatureRecord, bool] | None:
        """Return a record, and whether it was made now; None for a trial without EMG.

        A damaged file is made again. A record is put into the cache whole or not at all.

        Raises
        ------
        StreamerError, SimBridgeError, InferenceError
            If the trial cannot be read or bridged, its EMG used or the cache written.
        """
        path = record_path(self._directory, settings, self._cache_dir)
        with contextlib.suppress(FeatureError):  # it is not there, or damaged
            return load_record(path), False
        self.trial = self.trial or read_trial(self._directory)
        if mapped_emg(self.trial) is None:
            return None
        check_output(path.parent, "--cache", folder=True)
        record = trial_features(self.trial, compile_model(self.trial.model), settings)
        save_record(path, record)
        return record, True


def record_warnings(record: FeatureRecord) -> list[str]:
    """Return what looks wrong with a trial, one line each; nothing for a variant of it.

    That is: markers, masses and plates that cannot be right, clocks that disagree, channels whose
    name the network does not know, channels that hum or never rest, and channels that are silent
    for longer than a muscle is in gait.

    Parameters
    ----------
    record : FeatureRecord
        With EMG.

    Raises
    ------
    EmgError
        If EMG and motion do not overlap at all.
    """
    if record.variant:
        return []
    found = [*record.doubts, *time_base_warnings(record)]
    rms, spread = record.marker_rms_m, record.marker_spread
    if doubt := misfit_doubt(rms) or size_doubt(spread) or scaling_doubt(rms):
        found.insert(0, doubt)
    at = record.t - record.filter_delay_s
    moved = (record.emg_t >= at[0]) & (record.emg_t <= at[-1])
    for name, envelope in zip(record.emg_names, record.emg[moved].T, strict=True):
        if fault := name_fault(name):
            found.append(f"EMG channel {name} {fault}; it is ignored")
        elif fault := silence_fault(record.emg_t[moved], envelope):
            found.append(
                f"EMG channel {name} {fault}; unless the person stood still, its electrode is off: "
                "cut the trial or leave the channel out of [emg.muscles]"
            )
    return found


def record_path(directory: Path, settings: FeatureSettings, cache_dir: Path) -> Path:
    """Return where a trial's record is kept, whether it is there or not.

    The name is a hash of all that a record depends on: the trial's name and files, wherever they
    are, the settings and the code that makes it.

    Raises
    ------
    FormatError, ConfigError
        If the trial has no readable ``trial.toml``, no model, or a file that cannot be read or is
        not there.
    """
    directory = directory.resolve()
    name = "/".join(directory.parts[-3:])
    digest = hashlib.sha256(f"{name} {settings} {_code_digest()}".encode())
    for path in source_files(directory):
        digest.update(path.name.encode() + hashlib.sha256(read_bytes(path)).digest())
    return cache_dir / f"{digest.hexdigest()[:32]}.npz"


@functools.cache
def _code_digest() -> str:
    """Hash of the sources that make records; they do not change while a process runs."""
    digest = hashlib.sha256()
    for package, patterns in MADE_BY:
        for path in sorted(path for pattern in patterns for path in package.glob(pattern)):
            digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
