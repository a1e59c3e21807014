"""Run the scenario: every trial with plates of unknown feet; a table, one row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.means import publish_means
from benchmarks.plates.score import FIELDS, solve_case
from benchmarks.records import Record
from benchmarks.trials import each_trial

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
    record = Record("plates", out, docs and docs / PAGE)
    cases = each_trial(directories, seconds, solve_case)
    title = "Feet found on plates from motion, beside what is known"
    return publish_means(record, title, FIELDS, cases, {"seconds": seconds})
