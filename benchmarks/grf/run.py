"""Run the scenario: every trial with plates and without, a table, a figure, one row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.grf.plot import draw
from benchmarks.grf.score import FIELDS, solve_pair
from benchmarks.means import publish_means
from benchmarks.records import Record
from benchmarks.trials import each_trial

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
        If a number makes no sense, no trial can be scored, or the page or matplotlib is not
        there.
    StreamerError, SimBridgeError
        If a trial cannot be read, or its model has no feet.
    """
    record = Record("grf", out, docs and docs / PAGE, figure=True)
    pairs = each_trial(directories, seconds, solve_pair)
    title = "Predicted ground reaction against plates"
    row = publish_means(record, title, FIELDS, pairs, {"seconds": seconds}, {"act.": 3})
    if docs is not None:
        draw(pairs, docs / FIGURE)
    return row
