"""Joints that are turned as none is: of exchanged labels, and in no recorded trial."""

import logging
from collections.abc import Callable

import numpy as np
import pytest

from sim_bridge.pose.inverse_kinematics import InverseKinematics
from sim_bridge.pose.joint_range import BEYOND_RAD, SAID_AFTER, JointRange
from streamer.formats import read_trc
from tests.data_sets import trial_dir
from tests.sim_bridge.trials import RecordedTrial

EXCHANGED = "ceinms/subject06/walk36"


@pytest.fixture
def knee(recorded: Callable[[str], RecordedTrial]) -> tuple[JointRange, np.ndarray, int, float]:
    """The walker's ranges, a pose within them, and a knee with the upper end of its range."""
    model = recorded("rajagopal/walker/walk").model
    coordinates = model.coordinates
    k = coordinates.free_names.index("knee_angle_r")
    pose = coordinates.default[coordinates.free_index].copy()
    return JointRange(model), pose, k, float(coordinates.most[coordinates.free_index[k]])


def test_only_far_beyond_its_range_a_joint_is_not_believed(
    knee: tuple[JointRange, np.ndarray, int, float],
) -> None:
    ranges, pose, k, end = knee
    for angle, beyond in (
        (end, False), (end + 0.9 * BEYOND_RAD, False), (end + 1.1 * BEYOND_RAD, True),
        (-0.9 * BEYOND_RAD, False), (-1.1 * BEYOND_RAD, True),
    ):  # fmt: skip
        pose[k] = angle
        assert ranges.step(pose) == beyond


def test_it_is_named_once_with_its_angle_and_where_its_range_ends(
    knee: tuple[JointRange, np.ndarray, int, float], caplog: pytest.LogCaptureFixture
) -> None:
    ranges, pose, k, end = knee
    with caplog.at_level(logging.WARNING):
        pose[k] = end + 1.0
        for _ in range(SAID_AFTER - 1):
            ranges.step(pose)
        ranges.reset()
        for _ in range(SAID_AFTER - 1):
            ranges.step(pose)
        assert not caplog.records
        for _ in range(3 * SAID_AFTER):
            ranges.step(pose)
    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith("knee_angle_r is 197 deg in most frames, the model's range ends at 140")


def test_labels_that_turn_a_foot_over_are_found(
    recorded: Callable[[str], RecordedTrial], caplog: pytest.LogCaptureFixture
) -> None:
    """R1MT and R5MT: moments were off by 31 N m, EMG by 0.6, and nothing was said."""
    trial = read_trc(trial_dir(EXCHANGED) / "markers.trc")
    model = recorded(EXCHANGED).model
    for exchanged in (False, True):
        ik, misplaced = InverseKinematics(model, trial.names), []
        markers = trial.positions[:400].copy()
        if exchanged:
            pair = [trial.names.index(name) for name in ("R1MT", "R5MT")]
            markers[:, pair] = markers[:, pair[::-1]]
        for frame in markers:
            ik.step(frame)
            misplaced.append(ik.misplaced)
        assert np.mean(misplaced) == (pytest.approx(1.0, abs=0.1) if exchanged else 0.0)
    assert any("subtalar_angle_r is " in r.getMessage() for r in caplog.records)
