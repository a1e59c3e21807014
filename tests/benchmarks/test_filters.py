"""The scenario on one short walk with few filters, and a filter whose lateness is known."""

import json
from pathlib import Path

import pytest

from benchmarks.filters.lateness import lateness_s
from benchmarks.filters.run import run
from streamer.exceptions import ConfigError
from streamer.reports.tables import BEGIN, END, write_between_marks
from tests.data_sets import trial_dir


def test_a_walk_is_scored_for_every_filter_and_recorded(tmp_path: Path) -> None:
    out, walk = tmp_path / "out.jsonl", [trial_dir("rajagopal/walker/walk")]
    names = ["wiener:25:8", "kalman:0:8"]
    run(walk, filters=names, seconds=20.0, docs=None, out=out)
    row = json.loads(out.read_text())
    assert row["benchmark"] == "filters"
    good, poor = (row["rmse"][name]["walking"]["tau"] for name in names)
    assert good < 7.5 < poor  # [N m]: what is promised at 30 ms of age; 3.2 and 12 seen


def test_a_filter_that_never_settles_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, walk = tmp_path / "out.jsonl", [trial_dir("rajagopal/walker/walk")]
    names = ["butterworth:0.2", "wiener:25:8"]
    run(walk, filters=names, seconds=1.0, docs=None, out=out)
    assert list(json.loads(out.read_text())["rmse"]) == names[1:]
    assert "butterworth:0.2 is left out: it has not settled before" in capsys.readouterr().err


def test_lateness_is_none_in_the_middle_of_a_window_and_large_without_delay() -> None:
    assert abs(lateness_s("savgol:9:2:4", 100.0)) < 1e-3
    assert lateness_s("wiener:0:8", 100.0) > 0.015


def test_text_goes_between_the_marks_of_a_page_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_between_marks(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ConfigError, match="lacks the lines"):
        write_between_marks(page, "new")
