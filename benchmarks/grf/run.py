"""Run the scenario: every trial with plates and without, a table, a figure, one row."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.grf.plot import draw
from benchmarks.grf.score import DIGITS, FIELDS, solve_pair
from benchmarks.means import BY_GROUP, means_by_group
from benchmarks.records import Record
from benchmarks.trials import each_trial

PAGE, FIGURE = "ground_reaction.md", "ground_reaction.png"


def run(directories: Sequence[Path], *, seconds: float, docs: Path | None, out: Path) -> None:
    """Measure, print the table, append one row to `out`; write page and figure into `docs`.

    Of each trial at most `seconds` are used; without `directories` of all with plates.
    """
    record = Record("grf", out, docs and docs / PAGE, figure=True)
    pairs = each_trial(directories, seconds, solve_pair)
    means, title = means_by_group(pairs), "Predicted ground reaction against plates"
    record.publish(title, (BY_GROUP, *FIELDS), means, DIGITS)
    record.append({"seconds": seconds}, {"fields": FIELDS, "means": means})
    if docs is not None:
        draw(pairs, docs / FIGURE)
