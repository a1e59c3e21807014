"""Run the scenario: every filter over every trial, two tables, a figure, one row."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.filters.curve import FILTERS, measure_curve
from benchmarks.filters.opensimrt import published_results
from benchmarks.filters.plot import draw
from benchmarks.filters.report import Report
from benchmarks.records import Record
from benchmarks.trials import trial_directories
from streamer.console.terminal import plain_console

PAGE, FIGURE = "filters.md", "filters.png"


def run(
    directories: Sequence[Path],
    *,
    filters: Sequence[str],
    seconds: float,
    docs: Path | None,
    out: Path,
) -> None:
    """Measure, print the tables, append one row to `out`; write page and figure into `docs`.

    Of each trial at most `seconds` are used; without `directories` of all with plates. Without
    `filters` those of the whole family are measured.
    """
    record = Record("filters", out, docs and docs / PAGE, figure=True)
    names = list(filters) or list(FILTERS)
    curve = measure_curve(directories, names, seconds)
    trials = directories or trial_directories()
    published = [p for p in (published_results(d, seconds) for d in trials) if p is not None]
    report = Report(curve, published[0] if published else None)
    report.show(plain_console())
    record.write_page(report.markdown())
    if docs is not None:
        draw(report, docs / FIGURE)
    settings = {"filters": names, "seconds": seconds, "seed": None}
    record.append(settings, report.row())
