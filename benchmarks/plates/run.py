"""Run the scenario: every trial with its plates given to nobody; a table, one row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.environment import describe_environment, environment_line
from benchmarks.filters.trials import trial_directories
from benchmarks.plates.score import FIELDS, Case, solve_case
from benchmarks.records import append_record
from benchmarks.tables import markdown, write_between_marks
from streamer.exceptions import ConfigError

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
    if not seconds >= 1.0:
        raise ConfigError(f"--seconds is {seconds:g}; give 1 or more")
    console, say = Console(highlight=False), Console(stderr=True, highlight=False)
    environment = describe_environment()
    cases = []
    for directory in directories or trial_directories():
        say.print(f"  {'/'.join(directory.parts[-3:])}", markup=False)
        case = solve_case(directory, seconds)
        if case is not None:
            cases.append(case)
    if not cases:
        raise ConfigError("no trial has an interval in which forces are whole; give others")
    means = means_of(cases)
    head = ["data set (trials)", *FIELDS]
    rows = [[group, *(f"{value:.1f}" for value in values)] for group, values in means.items()]
    _show(console, head, rows)
    console.print(environment_line(environment), markup=False)
    if docs is not None:
        commit = (environment["git_sha"] or "no commit")[:12]
        note = f"Commit {commit}{' with changes' if environment['git_dirty'] else ''}."
        write_between_marks(docs / PAGE, markdown(head, rows) + "\n\n" + note)
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
