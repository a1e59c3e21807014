"""`nem2e prepare`: trial directories in, feature records in a cache out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from streamer.commands.progress import progress_bar
from streamer.config.features import FeatureSettings
from streamer.console.outputs import check_output
from streamer.console.terminal import plain_console, say
from streamer.features.cluster import check_workers
from streamer.features.prepare import Outcome, prepare_trials
from streamer.features.records import find_trials


def run(
    directories: Sequence[Path],
    cache: Path,
    *,
    variants: Sequence[str] = (),
    workers: int | None = None,
    scheduler: str | None = None,
) -> bool:
    """Make the records of all trials that are not in the cache yet, and say what there is.

    Parameters
    ----------
    directories : sequence of Path
        Trial directories, or directories above them.
    cache : Path
        Where records are kept.
    variants : sequence of str
        Records beside those of the trials as recorded, see
        `streamer.config.features.FeatureSettings.of_variant`.
    workers : int, optional
        Processes on this machine; one per core where dask is installed.
    scheduler : str, optional
        Address of a dask scheduler instead.

    Returns
    -------
    bool
        Whether no trial failed.

    Raises
    ------
    StreamerError
        If there are no trials, a variant has no meaning, the cache cannot be written or there is
        nothing to work with.
    """
    began = time.monotonic()
    settings = [FeatureSettings.of_variant(name) for name in dict.fromkeys(("", *variants))]
    processes = check_workers(workers, scheduler)
    trials = find_trials(directories)
    cache = cache.resolve()
    if scheduler is None:  # else its workers write, who may have other rights
        check_output(cache, "--out", folder=True)
    outcomes: list[Outcome] = []
    stage = f"features of {len(trials)} trials"
    with progress_bar() as report:
        report(stage, 0.0)
        todo = prepare_trials(trials, settings, cache, workers=processes, scheduler=scheduler)
        for outcome in todo:
            outcomes.append(outcome)
            report(stage, len(outcomes) / len(trials))
    outcomes.sort(key=lambda outcome: outcome.directory)
    console = plain_console()
    console.print(_table(outcomes))
    console.print(_totals(outcomes, [s.variant for s in settings]))
    console.print(f"{time.monotonic() - began:.1f} s; records in {cache}")
    for line in (*_warnings(outcomes), *_failures(outcomes)):
        say(line)
    return not any(outcome.failures for outcome in outcomes)


def _table(outcomes: Sequence[Outcome]) -> Table:
    """Lay out what the trials as recorded hold, by data set."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("data set", no_wrap=True)
    for heading in ("trials", "people", "minutes", "measured s", "predicted s"):
        table.add_column(heading, justify="right", no_wrap=True)
    with_emg = [outcome for outcome in outcomes if _as_recorded(outcome)]
    for name in sorted({outcome.dataset for outcome in with_emg}):
        table.add_row(name, *_numbers(o for o in with_emg if o.dataset == name))
    table.add_row("all", *_numbers(with_emg), style="bold")
    return table


def _as_recorded(outcome: Outcome) -> bool:
    return any(not record.variant for record in outcome.records)


def _numbers(outcomes: Iterable[Outcome]) -> list[str]:
    outcomes = list(outcomes)
    records = [r for outcome in outcomes for r in outcome.records if not r.variant]
    return [
        str(len(outcomes)),
        str(len({outcome.person for outcome in outcomes})),
        f"{sum(r.seconds for r in records) / 60.0:.2f}",
        f"{sum(r.measured_s for r in records):.1f}",
        f"{sum(r.predicted_s for r in records):.1f}",
    ]


def _totals(outcomes: Sequence[Outcome], variants: Sequence[str]) -> str:
    records = [record for outcome in outcomes for record in outcome.records]
    made = sum(record.made for record in records)
    by_variant = ", ".join(
        f"{sum(r.variant == name for r in records)} {name or 'as recorded'}" for name in variants
    )
    without = sum(not outcome.records and not outcome.failures for outcome in outcomes)
    failed = sum(bool(outcome.failures) for outcome in outcomes)
    return (
        f"{len(records)} records ({by_variant}): {made} made, {len(records) - made} found; "
        f"{without} trials without EMG left out, {failed} failed"
    )


def _warnings(outcomes: Sequence[Outcome]) -> list[str]:
    return [
        f"warning: {outcome.name}: {text}"
        for outcome in outcomes
        for record in outcome.records
        for text in record.warnings
    ]


def _failures(outcomes: Sequence[Outcome]) -> list[str]:
    """One line per trial and reason, with the variants that it holds for where not for all."""
    lines = []
    for outcome in outcomes:
        for reason in dict.fromkeys(reason for _, reason in outcome.failures):
            names = [name or "as recorded" for name, why in outcome.failures if why == reason]
            only = f" ({', '.join(names)})" if outcome.records else ""
            lines.append(f"failed: {outcome.name}{only}: {reason}")
    return lines
