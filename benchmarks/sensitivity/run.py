"""Run the scenario: every trial with every mistake, a table, one row."""

import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.records import Record
from benchmarks.sensitivity.mistakes import MISTAKES
from benchmarks.sensitivity.score import DIGITS, FIELDS, Outcome, solve_all
from benchmarks.trials import each_directory

PAGE: Final = "sensitivity.md"


def run(directories: Sequence[Path], *, seconds: float, docs: Path | None, out: Path) -> None:
    """Measure, print the table, append one row to `out`; write the page in `docs`.

    Of each trial of walking at most `seconds` are used; without `directories` of all with plates.
    """
    record = Record("sensitivity", out, docs and docs / PAGE)
    logging.disable(logging.WARNING)  # of plates: what is wrong with them was done here
    try:
        solved = each_directory(directories, seconds, partial(solve_all, seconds=seconds))
    finally:
        logging.disable(logging.NOTSET)
    found = [outcome for trial in solved for outcome in trial]
    means = {name: _mean(found, name) for name in MISTAKES}
    title = "What a mistake in the laboratory costs"
    record.publish(title, ("mistake", *FIELDS), means, DIGITS)
    trials = Counter(trial[0].group for trial in solved)
    record.append({"seconds": seconds}, {"fields": FIELDS, "trials": trials, "means": means})


def _mean(found: Sequence[Outcome], mistake: str) -> list[float]:
    """Mean scores of a mistake over trials, then over data sets."""
    of = {
        group: [o.scores for o in found if (o.group, o.mistake) == (group, mistake)]
        for group in sorted({outcome.group for outcome in found})
    }
    means: list[float] = np.mean([np.mean(rows, axis=0) for rows in of.values()], axis=0).tolist()
    return means
