"""A network's scores on a terminal: a line per motion and muscle, a column per method."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.table import Table

__all__ = ["METHODS", "score_table"]

METHODS: Final = {
    "SO": "simulation",
    "net": "network",
    "cal": "calibrated",
    "own": "own-strides",
}
"""Columns of the table."""
_AT_LAG: Final = ("SO", "net")


def score_table(title: str, methods: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """Lay out the summary rows of every method, a line per motion and muscle; 80 columns wide."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    for heading in ("motion", "channel"):
        table.add_column(heading, no_wrap=True)
    shown = {heading: _by_line(methods.get(name, ())) for heading, name in METHODS.items()}
    columns = [(f"{what}\n{h}", h, what) for what in ("rmse", "r") for h in METHODS]
    columns += [(f"r*\n{h}", h, "r_lag") for h in _AT_LAG]
    columns += [(f"lag\n{h}", h, "lag_s") for h in _AT_LAG]
    for heading in ("n", *(heading for heading, _, _ in columns)):
        table.add_column(heading, justify="right", no_wrap=True)
    for line, row in shown["net"].items():
        numbers = [_text(shown[method].get(line), what) for _, method, what in columns]
        style = "bold" if row["channel"] == "all" else None
        table.add_row(*line, str(row["people"]), *numbers, style=style)
    return table


def _by_line(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(row["motion"], row["channel"]): row for row in rows}


def _text(row: Mapping[str, Any] | None, what: str) -> str:
    found = None if row is None else row[what]
    value = found[0] if isinstance(found, list) else found
    if value is None:
        return "-"
    if what == "lag_s":
        return f"{1e3 * value:+.0f}"
    return re.sub(r"^(-?)0\.", r"\1.", f"{value:.2f}")
