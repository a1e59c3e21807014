"""Scores of a network on a terminal."""

import io
from typing import Any

import pytest
from rich.console import Console

from streamer.reports.score_table import score_table

ROW = {
    "motion": "walk", "channel": "common", "people": 16, "lag_s": -0.15,
    "r": [-0.99, -1.0, 0.0], "rmse": [0.99, 0.5, 1.0], "r_lag": [-0.99, -1.0, 0.0],
}  # fmt: skip


def printed(**changes: Any) -> str:
    methods = {
        name: [ROW | changes] for name in ("simulation", "network", "calibrated", "own-strides")
    }
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(score_table("title", methods))
    return console.export_text()


def test_it_is_whole_on_eighty_columns() -> None:
    assert "…" not in printed()


@pytest.mark.parametrize(
    ("rmse", "text"), [(0.25, " .25"), (-0.25, " -.25"), (10.05, " 10.05"), (1.0, " 1.00")]
)
def test_only_a_zero_before_the_point_is_left_out(rmse: float, text: str) -> None:
    assert text in printed(rmse=[rmse, rmse, rmse])
