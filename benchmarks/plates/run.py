"""Run the scenario: every trial with plates of unknown feet; a table, one row."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.means import BY_GROUP, means_by_group
from benchmarks.plates.score import DIGITS, FIELDS, solve_case
from benchmarks.records import Record
from benchmarks.trials import each_trial

PAGE = "forces.md"


def run(directories: Sequence[Path], *, seconds: float, docs: Path | None, out: Path) -> None:
    """Measure, print the table, append one row to `out`; write the page in `docs`.

    Of each trial at most `seconds` are used; without `directories` of all with plates.
    """
    record = Record("plates", out, docs and docs / PAGE)
    means = means_by_group(each_trial(directories, seconds, solve_case))
    title = "Feet found on plates from motion, beside what is known"
    record.publish(title, (BY_GROUP, *FIELDS), means, DIGITS)
    record.append({"seconds": seconds}, {"fields": FIELDS, "means": means})
