"""The scenario on one short walk, and its scores on forces of which the answer is known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.grf.run import run
from benchmarks.grf.score import Pair, crossings, solve_pair
from benchmarks.trials import PlateTrial
from streamer.exceptions import ConfigError
from tests.data_sets import trial_dir


def test_scores_are_those_of_an_error_that_was_put_in() -> None:
    t = np.arange(300) / 100.0
    step = np.maximum(np.sin(2.0 * np.pi * t), 0.0)[:, None, None] * [0.1, 1.0, 0.0]
    late = np.maximum(np.sin(2.0 * np.pi * (t - 0.02)), 0.0)[:, None, None] * [0.1, 1.0, 0.0]
    tau, activation = np.zeros((300, 4)), np.zeros((300, 5))
    pair = Pair(
        "set", t, np.stack([step, late]),
        np.stack([np.zeros((300, 1, 3)), np.full((300, 1, 3), 0.03)]),
        np.stack([tau, tau + 2.0]), np.stack([activation, activation + 0.1]),
        np.ones(300, dtype=bool),
    )  # fmt: skip
    vertical, fore_aft, lateral, centre, contact, moment, active = pair.scores()
    expected = 100.0 * float(np.sqrt(np.mean((step - late)[..., 1] ** 2)))
    assert vertical == pytest.approx(expected)
    assert fore_aft == pytest.approx(0.1 * expected)
    assert lateral == 0.0
    assert (centre, moment, active) == pytest.approx((3.0, 2.0, 0.1))
    assert contact == pytest.approx(20.0, abs=0.5)  # 2 ms of 100 Hz between lines


def test_crossings_lie_between_frames() -> None:
    found = crossings(np.array([0.0, 1.0, 2.0]), np.array([0.0, 4.0, 0.0]), 1.0)
    np.testing.assert_allclose(found, [0.25, 1.75])


def test_a_walk_is_scored_and_recorded(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run([trial_dir("rajagopal/walker/walk")], seconds=20.0, docs=None, out=out)
    row = json.loads(out.read_text())
    assert row["benchmark"] == "grf"
    (scores,) = row["means"].values()
    assert scores[0] < 10.0  # vertical force, % of body weight; 6 seen
    assert scores[5] < 20.0  # moments [N m]; 12 seen


def test_too_short_a_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--seconds"):
        run([], seconds=0.5, docs=None, out=tmp_path / "out.jsonl")


def test_several_plates_of_a_foot_are_refused() -> None:
    trial = PlateTrial.load(trial_dir("schreiber/2014001/C4_05"), 1.0)
    right, left = trial.subject.loads
    doubled = replace(trial.subject, loads=(right, left, right))
    with pytest.raises(ConfigError, match="C4_05 has several plates for a foot; leave it out"):
        solve_pair(replace(trial, subject=doubled))
