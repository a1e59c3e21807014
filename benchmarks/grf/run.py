"""Run the scenario: every trial with plates and without, a table, a figure, one row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.each_trial import each_trial
from benchmarks.environment import commit_note, describe_environment, environment_line
from benchmarks.grf.report import Report, draw
from benchmarks.grf.score import solve_pair
from benchmarks.records import append_record
from benchmarks.tables import write_between_marks

PAGE, FIGURE = "ground_reaction.md", "ground_reaction.png"


def run(
    directories: Sequence[Path], *, seconds: float, docs: Path | None, out: Path
) -> dict[str, Any]:
    """Measure, print the table, append one row; write page and figure if asked for.

    Parameters
    ----------
    directories : sequence of Path
        Trials; none for all with plates.
    seconds : float
        Longest part of a trial that is used [s].
    docs : Path or None
        Folder whose ``ground_reaction.md`` and ``ground_reaction.png`` are written anew.
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
    pairs = each_trial(directories, seconds, solve_pair)
    report = Report(pairs)
    report.show(console)
    console.print(environment_line(environment), markup=False)
    if docs is not None:
        write_between_marks(docs / PAGE, report.markdown() + "\n\n" + commit_note(environment))
        draw(pairs, docs / FIGURE)
        console.print(f"wrote {docs / PAGE} and {docs / FIGURE}", markup=False)
    row = {"benchmark": "grf", **environment, "settings": {"seconds": seconds}, **report.row()}
    append_record(out, row)
    console.print(f"appended to {out}", markup=False)
    return row
