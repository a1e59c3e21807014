"""The page of ablations: a row per changed choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inference.evaluation.summary import Summary
from streamer.reports.results import find_summary, number
from streamer.reports.tables import markdown

__all__ = ["ablation_table"]

_HEADS = (
    "network", "walking: r, all", "r, common", "RMSE, all", "r at best lag", "running: r, all",
    "RMSE, all",
)  # fmt: skip


def ablation_table(results: Mapping[str, Sequence[Summary]]) -> str:
    """Return the table, intervals for walking only: running is one person."""
    return markdown(_HEADS, [[name, *_cells(found)] for name, found in results.items()])


def _cells(summaries: Sequence[Summary]) -> list[str]:
    walk_all, walk_common, run_all = (
        find_summary(summaries, motion, channel)
        for motion, channel in (("walk", "all"), ("walk", "common"), ("run", "all"))
    )
    return [
        _interval(walk_all, "r"),
        _interval(walk_common, "r"),
        _interval(walk_all, "rmse"),
        _value(walk_all, "r_lag"),
        _value(run_all, "r"),
        _value(run_all, "rmse"),
    ]


def _interval(summary: Summary | None, name: str) -> str:
    """Three digits of the value: rows differ by less than two would show."""
    if summary is None:
        return "-"
    found = summary.statistics[name]
    value, low, high = number(found.value, 3), number(found.low), number(found.high)
    return value if low == "-" else f"{value} ({low}, {high})"


def _value(summary: Summary | None, name: str) -> str:
    return "-" if summary is None else number(summary.statistics[name].value, 3)
