"""Mistakes do what they say, and the scenario scores them on one walk."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.sensitivity.mistakes import (
    ACROSS,
    MISTAKES,
    Session,
    amplified,
    displaced,
    larger,
    late,
    misplaced,
    noisy,
    tilted,
    without_plates,
)
from benchmarks.sensitivity.run import run
from benchmarks.subject import demo_walk
from sim_bridge import compile_model
from streamer.exceptions import ConfigError
from streamer.formats import read_trial
from streamer.formats.bridge_input import BridgeInput
from tests.data_sets import trial_dir


@pytest.fixture(scope="module")
def session() -> Session:
    trial = read_trial(demo_walk())
    return Session(compile_model(trial.model), BridgeInput.of_trial(trial))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_markers_are_misplaced_on_the_body_and_noise_is_anew_in_every_frame(
    session: Session, rng: np.random.Generator
) -> None:
    other = misplaced(0.01, session, rng)
    assert other.recording is session.recording
    moved = other.model.markers.station - session.model.markers.station
    assert 0.005 < moved.std() < 0.015
    positions = session.recording.markers.positions
    noise = noisy(0.001, session, rng).recording.markers.positions - positions
    assert noise.std() == pytest.approx(0.001, rel=0.05)
    assert np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1] == pytest.approx(0.0, abs=0.1)


def test_a_larger_person_has_forces_where_the_feet_are(
    session: Session, rng: np.random.Generator
) -> None:
    before, after = session.recording, larger(0.03, session, rng).recording
    np.testing.assert_allclose(after.markers.positions, 1.03 * before.markers.positions)
    np.testing.assert_allclose(after.force_rows[..., 3:6], 1.03 * before.force_rows[..., 3:6])
    np.testing.assert_array_equal(after.force_rows[..., :3], before.force_rows[..., :3])


def test_a_tilt_keeps_distances(session: Session, rng: np.random.Generator) -> None:
    before, after = (s.recording.markers.positions for s in (session, tilted(2.0, session, rng)))
    apart = [np.linalg.norm(p[:, 1:] - p[:, :-1], axis=-1) for p in (before, after)]
    np.testing.assert_allclose(apart[1], apart[0], atol=1e-12)
    lean = np.degrees(np.arctan2(after[0, 0, 1], after[0, 0, 0]))
    assert lean - np.degrees(np.arctan2(before[0, 0, 1], before[0, 0, 0])) == pytest.approx(2.0)


def test_forces_move_grow_come_late_or_are_not_there(
    session: Session, rng: np.random.Generator
) -> None:
    before = session.recording
    aside = displaced(ACROSS, 0.01, session, rng).recording.force_rows - before.force_rows
    np.testing.assert_allclose(aside[..., 5], 0.01)
    assert not np.delete(aside, 5, axis=-1).any()
    more = amplified(0.05, session, rng).recording.force_rows
    np.testing.assert_allclose(more[..., :3], 1.05 * before.force_rows[..., :3])
    np.testing.assert_array_equal(more[..., 3:6], before.force_rows[..., 3:6])
    np.testing.assert_allclose(
        late(0.01, session, rng).recording.force_time, before.force_time + 0.01
    )
    assert without_plates(session, rng).recording.loads == ()


def test_a_walk_is_scored_and_recorded(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run([trial_dir("rajagopal/walker/walk")], seconds=20.0, docs=None, out=out)
    row = json.loads(out.read_text())
    assert row["benchmark"] == "sensitivity"
    means = row["means"]
    assert list(means) == list(MISTAKES)
    assert means["none"][:4] == [0.0] * 4
    for less, more in (
        ("markers on the body 5 mm off", "markers on the body 20 mm off"),
        ("plates 10 mm too far ahead", "plates 20 mm too far ahead"),
        ("forces 10 ms late", "forces 20 ms late"),
    ):
        assert 0.0 < means[less][1] < means[more][1]
    assert means["forces 5 % too large"][0] == 0.0  # angles do not depend on forces


def test_where_nobody_walks_nothing_is_scored(tmp_path: Path) -> None:
    run_only = [trial_dir("ceinms/subject06/run81")]
    with pytest.raises(ConfigError, match="no trial"):
        run(run_only, seconds=2.0, docs=None, out=tmp_path / "out.jsonl")
