"""The scenario on one short walk."""

import json
from pathlib import Path

from benchmarks.plates.run import run
from tests.data_sets import trial_dir


def test_a_walk_is_scored_and_recorded(tmp_path: Path) -> None:
    out, page = tmp_path / "out.jsonl", tmp_path / "forces.md"
    page.write_text("before\n<!-- measured -->\n<!-- end of measured -->\nafter\n")
    run([trial_dir("rajagopal/walker/walk")], seconds=20.0, docs=tmp_path, out=out)
    row = json.loads(out.read_text())
    assert row["benchmark"] == "plates"
    (scores,) = row["means"].values()
    cleaning, same, flagged, moment, _, belt_flagged, belt_moment, motion = scores
    assert 0.0 < cleaning < 1.0  # below 20 N alone; 0.5 seen
    assert (same, flagged, moment) == (100.0, 0.0, 0.0)
    assert 0.0 < belt_flagged < 50.0
    assert 0.0 < belt_moment < motion
    assert "rajagopal (1)" in page.read_text()
