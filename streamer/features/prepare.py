"""Many trials to feature records, one after another here or side by side on a dask cluster.

Whatever happens to a trial is an outcome, not an exception: a bad one costs no other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference.record import FeatureRecord
from sim_bridge import compile_model
from streamer.config.features import FeatureSettings
from streamer.console.one_line import is_ours
from streamer.exceptions import StreamerError
from streamer.features.cluster import open_client
from streamer.features.records import TrialRecords, record_warnings
from streamer.formats import find_model

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Outcome", "Prepared", "prepare_trial", "prepare_trials"]


@dataclass(frozen=True)
class Prepared:
    """What a record holds, without its arrays.

    Attributes
    ----------
    variant : str
        Empty for the trial as recorded.
    made : bool
        Now, and not found in the cache.
    seconds : float
        Of motion.
    measured_s, predicted_s : float
        Of it, with ground forces that are measured, or predicted at least in part.
    warnings : tuple of str
        See `streamer.features.records.record_warnings`.
    """

    variant: str
    made: bool
    seconds: float
    measured_s: float
    predicted_s: float
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a trial.

    Attributes
    ----------
    directory : Path
        Of the trial.
    records : tuple of Prepared
        One per variant; none for a trial without EMG, or where all failed.
    failures : tuple of (str, str)
        Variant and reason.
    """

    directory: Path
    records: tuple[Prepared, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """``dataset/subject/trial``."""
        return "/".join(self.directory.parts[-3:])

    @property
    def dataset(self) -> str:
        """Folder of the subjects."""
        return self.directory.parts[-3]

    @property
    def person(self) -> str:
        """``dataset/subject``."""
        return "/".join(self.directory.parts[-3:-1])


def prepare_trial(directory: Path, settings: Sequence[FeatureSettings], cache_dir: Path) -> Outcome:
    """Make the records of a trial that the cache lacks.

    Parameters
    ----------
    directory : Path
        Of the trial.
    settings : sequence of FeatureSettings
        One record for each.
    cache_dir : Path
        Where records are kept.
    """
    records: list[Prepared] = []
    failures: list[tuple[str, str]] = []
    of_trial = TrialRecords(directory, cache_dir)
    for choice in settings:
        try:
            if (found := of_trial.find_or_make(choice)) is None:
                return Outcome(directory)
            records.append(_summary(*found))
        except Exception as error:  # any: the other trials are to be made all the same
            failures.append((choice.variant, _reason(error)))
            if of_trial.trial is None:
                break  # unreadable for every variant
    return Outcome(directory, tuple(records), tuple(failures))


def _summary(record: FeatureRecord, made: bool) -> Prepared:
    frame = float(np.median(np.diff(record.t)))
    return Prepared(
        variant=record.variant,
        made=made,
        seconds=frame * len(record.t),
        measured_s=frame * float(record.forces_measured.sum()),
        predicted_s=frame * float((record.forces_told & ~record.forces_measured).sum()),
        warnings=tuple(record_warnings(record)),
    )


def _reason(error: BaseException) -> str:
    kind = "" if isinstance(error, Exception) and is_ours(error) else f"{type(error).__name__}: "
    return kind + " ".join(str(error).split())


def prepare_trials(
    trials: Sequence[Path],
    settings: Sequence[FeatureSettings],
    cache_dir: Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
) -> Iterator[Outcome]:
    """Yield the outcome of every trial as it is there.

    Parameters
    ----------
    trials : sequence of Path
        Trial directories.
    settings : sequence of FeatureSettings
        One record of each trial for each of them.
    cache_dir : Path
        Where records are kept; the workers of a cluster see it and the trials under the same paths.
    workers : int
        Processes on this machine; one works in this process and needs no dask.
    scheduler : str, optional
        Address of a dask scheduler, ``tcp://host:8786``.

    Raises
    ------
    StreamerError
        If the scheduler does not answer.
    """
    # Long ones first, lest the last worker sits over the longest trial alone.
    ordered = sorted(trials, key=_size, reverse=True)
    if scheduler is None and min(workers, len(trials)) <= 1:
        for directory in ordered:
            yield prepare_trial(directory, settings, cache_dir)
        return
    with open_client(min(workers, len(trials)), scheduler) as client:
        yield from _on_cluster(client, ordered, settings, cache_dir)


def _size(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.iterdir() if file.is_file())


def _on_cluster(
    client: Client, trials: Sequence[Path], settings: Sequence[FeatureSettings], cache_dir: Path
) -> Iterator[Outcome]:
    from distributed import as_completed

    compiled: dict[Path | None, object] = {None: None}
    trial_of = {}
    for directory in trials:
        model = _model_of(directory)
        if model not in compiled:  # once, and not by every worker that meets a trial of it
            compiled[model] = client.submit(_compile, model, pure=False)
        future = client.submit(
            _prepare_after, compiled[model], directory, settings, cache_dir, pure=False
        )
        trial_of[future] = directory
    for future in as_completed(trial_of):
        error = future.exception()  # a worker that died, say
        yield Outcome(trial_of[future], (), (("", _reason(error)),)) if error else future.result()


def _model_of(directory: Path) -> Path | None:
    with contextlib.suppress(StreamerError):  # said when the trial is read
        return find_model(directory)
    return None


def _prepare_after(
    _compiled: object, directory: Path, settings: Sequence[FeatureSettings], cache_dir: Path
) -> Outcome:
    return prepare_trial(directory, settings, cache_dir)


def _compile(model: Path) -> None:
    with contextlib.suppress(Exception):  # said by every trial of it
        compile_model(model)
