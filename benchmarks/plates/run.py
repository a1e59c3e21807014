"""Run the scenario: every trial with its plates given to nobody; a table, one row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.each_trial import each_trial
from benchmarks.environment import commit_note, describe_environment, environment_line
from benchmarks.plates.score import FIELDS, Case, solve_case
from benchmarks.records import append_record
from benchmarks.tables import markdown, write_between_marks

PAGE = "forces.md"


def run(
    directories: Sequence[Path], *, seconds: float, docs: Path | None, out: Path
) -> dict[str, Any]:
    """Measure, print the table, append one row; write the page if asked for.

    Parameters
    ----------
    directories : sequence of Path
        Trials; none for all with plates.
    seconds : float
        Longest part of a trial that is used [s].
    docs : Path or None
        Folder whose ``forces.md`` is written anew.
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
        If a trial cannot be read, or its model has no feet.
    """
    console = Console(highlight=False)
    environment = describe_environment()
    cases = each_trial(directories, seconds, solve_case)
    means = means_of(cases)
    head = ["data set (trials)", *FIELDS]
    rows = [[group, *(f"{value:.1f}" for value in values)] for group, values in means.items()]
    _show(console, head, rows)
    console.print(environment_line(environment), markup=False)
    if docs is not None:
        write_between_marks(docs / PAGE, markdown(head, rows) + "\n\n" + commit_note(environment))
        console.print(f"wrote {docs / PAGE}", markup=False)
    settings = {"seconds": seconds}
    row = {"benchmark": "plates", **environment, "settings": settings, "fields": FIELDS}
    row["means"] = means
    append_record(out, row)
    console.print(f"appended to {out}", markup=False)
    return row


def means_of(cases: Sequence[Case]) -> dict[str, list[float]]:
    """Mean scores over the trials of each data set, and how many."""
    found: dict[str, list[list[float]]] = {}
    for case in cases:
        found.setdefault(case.group, []).append(case.scores())
    return {
        f"{group} ({len(rows)})": [float(x) for x in np.nanmean(rows, axis=0)]
        for group, rows in found.items()
    }


def _show(console: Console, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title="Feet found on plates from motion, beside what is known")
    for k, name in enumerate(head):
        table.add_column(name, justify="right" if k else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)
