"""Run the scenario: every trial with every mistake, a table, one row."""

import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.records import Record
from benchmarks.sensitivity.mistakes import MISTAKES
from benchmarks.sensitivity.score import DIGITS, FIELDS, Outcome, solve_all
from benchmarks.trials import each_directory
from streamer.console.terminal import plain_console
from streamer.reports.tables import markdown, rich_table

PAGE: Final = "sensitivity.md"


def run(
    directories: Sequence[Path], *, seconds: float, docs: Path | None, out: Path
) -> dict[str, Any]:
    """Measure, print the table, append one row; write the page if asked for.

    Parameters
    ----------
    directories : sequence of Path
        Trials of walking; none for all with plates.
    seconds : float
        Longest part of a trial that is used [s].
    docs : Path or None
        Folder whose ``sensitivity.md`` is written anew.
    out : Path
        JSON lines file.

    Returns
    -------
    dict
        The row.

    Raises
    ------
    ConfigError
        If a number makes no sense, no trial can be scored, or the page is not there.
    StreamerError, SimBridgeError
        If a trial cannot be read.
    """
    record = Record("sensitivity", out, docs and docs / PAGE)
    logging.disable(logging.WARNING)  # of plates: what is wrong with them was done here
    try:
        solved = each_directory(directories, seconds, partial(solve_all, seconds=seconds))
    finally:
        logging.disable(logging.NOTSET)
    found = [outcome for trial in solved for outcome in trial]
    means = {name: _mean(found, name) for name in MISTAKES}
    head = ("mistake", *FIELDS)
    rows = [
        [name, *(f"{x:.{n}f}" for x, n in zip(own, DIGITS, strict=True))]
        for name, own in means.items()
    ]
    plain_console().print(rich_table("What a mistake in the laboratory costs", head, rows))
    record.write_page(markdown(head, rows))
    trials = Counter(trial[0].group for trial in solved)
    return record.append({"seconds": seconds}, {"fields": FIELDS, "trials": trials, "means": means})


def _mean(found: Sequence[Outcome], mistake: str) -> list[float]:
    """Mean scores of a mistake over trials, then over data sets."""
    of = {
        group: [o.scores for o in found if (o.group, o.mistake) == (group, mistake)]
        for group in sorted({outcome.group for outcome in found})
    }
    means: list[float] = np.mean([np.mean(rows, axis=0) for rows in of.values()], axis=0).tolist()
    return means
