"""Inverse kinematics of recorded trials against OpenSim, converged."""

from collections.abc import Callable

import numpy as np
import pytest

from sim_bridge import CoordinateTask
from sim_bridge.pose.inverse_kinematics import InverseKinematics
from streamer.formats import read_trc
from tests.data_sets import trial_dir
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.oracle_ik import solve_poses
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial

MAX_ANGLE, MAX_LENGTH = np.radians(0.1), 2e-4
MEDIAN_ANGLE, MEDIAN_LENGTH = np.radians(0.005), 2e-5
"""At every frame. Seen: 0.006 deg at the worst, on the forearm that markers see badly."""
ERROR_MARGIN = 1e-6
"""[m] How much our weighted marker error may lie above that of OpenSim's optimum."""
FRAMES = {
    "rajagopal/walker/walk": slice(30, 70, 5),
    "gait1992/subject01/walk": slice(20, 220, 10),
    "schreiber/2014001/C4_05": slice(40, 80, 4),
    "uhlrich/subject1/walk": slice(10, 40, 3),
}
"""Few where OpenSim takes half a second a frame; it starts from the frame before."""


@pytest.mark.parametrize("trial", PARITY_TRIALS)
def test_trial_matches_the_converged_reference(
    recorded: Callable[[str], RecordedTrial], trial: str
) -> None:
    case = recorded(trial)
    names, rotation = case.model.coordinate_names, case.model.coordinate_is_rotation
    frames, reference = case.reference_columns("ik.mot", names)
    error = np.abs(case.zero_phase.ik_q[frames] - reference)
    assert error[:, rotation].max() < MAX_ANGLE
    assert error[:, ~rotation].max() < MAX_LENGTH
    assert np.median(error[:, rotation]) < MEDIAN_ANGLE
    assert np.median(error[:, ~rotation]) < MEDIAN_LENGTH


@pytest.mark.parametrize("trial", FRAMES)
def test_weighted_error_is_no_larger_than_opensims(
    skeleton_case: Callable[[str], Case], trial: str
) -> None:
    case, table = skeleton_case(trial), read_trc(trial_dir(trial) / "markers.trc")
    known = [name in case.compiled.marker_names for name in table.names]
    names = [name for name, k in zip(table.names, known, strict=True) if k]
    positions = np.ascontiguousarray(table.positions[FRAMES[trial]][:, known])
    weights = {names[0]: 5.0, names[3]: 0.2, names[7]: 20.0}
    theirs = solve_poses(case.oracle, names, positions, weights)
    ik, ours = InverseKinematics(case.compiled, names, weights), []
    for frame in positions:
        ik.step(frame)
        ours.append(ik.q.copy())
        assert ik.converged
    weight = np.array([weights.get(name, 1.0) for name in names])
    index = [case.compiled.marker_names.index(name) for name in names]

    def weighted_rms(q: np.ndarray, frame: np.ndarray) -> float:
        case.oracle.set(q)
        squared = ((case.oracle.markers()[index] - frame) ** 2).sum(axis=1)
        seen = np.isfinite(squared)
        return float(np.sqrt((weight * squared)[seen].sum() / weight[seen].sum()))

    for q, reference, frame in zip(ours, theirs, positions, strict=True):
        assert weighted_rms(q, frame) < weighted_rms(reference, frame) + ERROR_MARGIN
    rotation = case.compiled.coordinate_is_rotation
    error = np.abs(np.array(ours) - theirs)
    assert error[:, rotation].max() < MAX_ANGLE
    assert error[:, ~rotation].max() < MAX_LENGTH


def test_coordinate_tasks_pull_as_opensims(skeleton_case: Callable[[str], Case]) -> None:
    trial = "gait1992/subject01/walk"
    case, table = skeleton_case(trial), read_trc(trial_dir(trial) / "markers.trc")
    tasks = {"knee_angle_r": (-0.9, 0.002), "lumbar_bending": (0.2, 0.05), "pelvis_tx": (0.3, 0.1)}
    positions = table.positions[20:40]  # in sequence: no marker jumps on a body so pulled
    theirs = solve_poses(case.oracle, table.names, positions, {}, tasks=tasks)
    ours = InverseKinematics(
        case.compiled,
        table.names,
        tasks=[CoordinateTask(name, weight, value) for name, (value, weight) in tasks.items()],
    )
    plain = InverseKinematics(case.compiled, table.names)
    for frame, reference in zip(positions, theirs, strict=True):
        ours.step(frame)
        plain.step(frame)
        np.testing.assert_allclose(ours.q, reference, rtol=0, atol=1e-5)
        assert np.abs(ours.q - plain.q).max() > 0.05  # the tasks do pull
