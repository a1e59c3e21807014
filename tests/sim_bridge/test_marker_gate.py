"""Markers that fly off or change places for a frame: as if they had been missing."""

from collections.abc import Callable

import numpy as np
import pytest

from sim_bridge import CompiledModel
from sim_bridge.pose.inverse_kinematics import InverseKinematics
from sim_bridge.pose.marker_gate import ELSEWHERE_M
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.poses import Kinematics
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial

FRAME, COUNT = 30, 60
SAME = 1e-6
"""[rad] The solver's tolerance times a few."""

ARM = ("R.Biceps", "R.Elbow", "R.MElbow", "R.Forearm", "R.Wrist")

Spoil = Callable[[int, np.ndarray], None]


@pytest.fixture(params=PARITY_TRIALS)
def trial(
    request: pytest.FixtureRequest, recorded: Callable[[str], RecordedTrial]
) -> RecordedTrial:
    return recorded(request.param)


@pytest.fixture
def walker(skeleton_case: Callable[[str], Case]) -> CompiledModel:
    return skeleton_case(PARITY_TRIALS[0]).compiled


def track(trial: RecordedTrial, spoil: Spoil) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (n, n_coordinate) and markers used (n,) of frames that `spoil` may change."""
    ik, poses, used = InverseKinematics(trial.model, trial.marker_names), [], []
    for i in range(COUNT):
        markers = trial.markers[i].copy()
        spoil(i, markers)
        ik.step(markers)
        poses.append(ik.q.copy())
        used.append(ik.n_used)
    return np.array(poses), np.array(used)


def known_markers(trial: RecordedTrial) -> list[int]:
    """Columns of markers that the model has and that are seen around the spoilt frame."""
    seen = np.isfinite(trial.markers[FRAME - 1 : FRAME + 6]).all(axis=(0, 2))
    names = trial.model.marker_names
    return [i for i, name in enumerate(trial.marker_names) if name in names and seen[i]]


def leave(_i: int, _markers: np.ndarray) -> None:
    """Spoil nothing."""


def clean(trial: RecordedTrial) -> np.ndarray:
    return track(trial, leave)[0]


def assert_as_if_missing(
    trial: RecordedTrial, column: int, away: np.ndarray, first: int, last: int
) -> np.ndarray:
    """Poses (n, n_coordinate) with a marker elsewhere from frame `first` to `last`."""

    def move(i: int, markers: np.ndarray) -> None:
        if first <= i < last:
            markers[column] += away

    def vanish(i: int, markers: np.ndarray) -> None:
        if first <= i < last:
            markers[column] = np.nan

    poses, used = track(trial, move)
    expected, expected_used = track(trial, vanish)
    np.testing.assert_array_equal(used, expected_used)
    np.testing.assert_allclose(poses, expected, rtol=0, atol=SAME)
    return poses


@pytest.mark.parametrize("seconds", [0.01, 0.05])
def test_marker_that_flies_off_counts_as_missing(trial: RecordedTrial, seconds: float) -> None:
    rng, undisturbed = np.random.default_rng(40), clean(trial)
    last = FRAME + round(seconds * trial.rate_hz)
    for column in rng.choice(known_markers(trial), 6, replace=False):
        poses = assert_as_if_missing(trial, column, 0.5 * rng.normal(size=3), FRAME, last)
        np.testing.assert_allclose(poses[last + 1 :], undisturbed[last + 1 :], rtol=0, atol=SAME)


def test_two_markers_that_change_places_for_a_frame(trial: RecordedTrial) -> None:
    """Far apart: neighbours by a few centimetres cannot be told from soft tissue."""
    rng, undisturbed = np.random.default_rng(41), clean(trial)
    columns = known_markers(trial)
    for _ in range(6):
        a, b = rng.choice(columns, 2, replace=False)
        if np.linalg.norm(trial.markers[FRAME, a] - trial.markers[FRAME, b]) < 0.3:
            continue

        def swap(i: int, markers: np.ndarray, pair: tuple[int, int] = (a, b)) -> None:
            if i == FRAME:
                markers[list(pair)] = markers[list(pair[::-1])]

        poses, used = track(trial, swap)
        assert used[FRAME] == used[FRAME - 1] - 2
        np.testing.assert_allclose(poses[FRAME + 1 :], undisturbed[FRAME + 1 :], rtol=0, atol=SAME)


def test_nothing_is_set_aside_in_a_clean_recording(trial: RecordedTrial) -> None:
    _, used = track(trial, leave)
    columns = [i for i, n in enumerate(trial.marker_names) if n in trial.model.marker_names]
    seen = np.isfinite(trial.markers[:COUNT][:, columns]).all(axis=2).sum(axis=1)
    np.testing.assert_array_equal(used, seen)


def test_body_that_jumps_as_a_whole_is_followed(trial: RecordedTrial) -> None:
    """A recording that starts again elsewhere: every marker is far from its prediction."""

    def jump(i: int, markers: np.ndarray) -> None:
        if i >= FRAME:
            markers += [0.3, 0.0, -0.2]

    poses, used = track(trial, jump)
    names = trial.model.coordinate_names
    moved = poses[-1] - clean(trial)[-1]
    assert moved[names.index("pelvis_tx")] == pytest.approx(0.3, abs=1e-5)
    assert moved[names.index("pelvis_tz")] == pytest.approx(-0.2, abs=1e-5)
    assert used[-1] == used[0]


def test_marker_that_stays_elsewhere_is_not_used_until_it_is_back(trial: RecordedTrial) -> None:
    """Knocked aside, or stuck on again in another place, for longer than anything is waited for."""
    column, undisturbed = trial.marker_names.index("R.ASIS"), clean(trial)
    first, last = 10, 50
    poses = assert_as_if_missing(trial, column, np.array([0.1, 0.0, 0.0]), first, last)
    np.testing.assert_allclose(poses[last:], undisturbed[last:], rtol=0, atol=SAME)


def test_who_starts_anew_takes_markers_where_they_are(trial: RecordedTrial) -> None:
    column = trial.marker_names.index("R.ASIS")
    ik = InverseKinematics(trial.model, trial.marker_names)
    for i in range(30):
        markers = trial.markers[i].copy()
        markers[column] += [0.1, 0.0, 0.0] if i >= 10 else [0.0, 0.0, 0.0]
        if i == 20:
            ik.reset()
        ik.step(markers)
        assert ik.n_used == ik.n_markers - (10 <= i < 20)


def test_in_another_posture_after_a_pause_no_marker_is_set_aside(
    recorded: Callable[[str], RecordedTrial],
) -> None:
    """Soft tissue moved several by 3 cm meanwhile: by 35 mm at most in this trial."""
    trial = recorded("gait1992/subject01/walk")
    ik = InverseKinematics(trial.model, trial.marker_names)
    for i in range(0, len(trial.markers), 10):
        ik.step(trial.markers[i].copy())
        assert ik.n_used == ik.n_markers
        assert not ik.held


@pytest.mark.parametrize("away", [1.0, 10.0, 1e30])
def test_a_ghost_is_never_believed_and_holds_nobody(trial: RecordedTrial, away: float) -> None:
    """A reflection far off that keeps a marker's label for a long time."""
    rng, last = np.random.default_rng(41), COUNT - 5
    for column in rng.choice(known_markers(trial), 3, replace=False):

        def haunt(i: int, markers: np.ndarray, column: int = column) -> None:
            if 5 <= i < last:
                markers[column, 1] += away

        ik = InverseKinematics(trial.model, trial.marker_names)
        without = InverseKinematics(trial.model, trial.marker_names)
        for i in range(COUNT):
            markers = trial.markers[i].copy()
            missing = markers.copy()
            haunt(i, markers)
            missing[column] = np.nan if 5 <= i < last else missing[column]
            ik.step(markers)
            without.step(missing)
            assert not ik.held
            np.testing.assert_allclose(ik.q, without.q, atol=SAME)


def test_a_limb_that_comes_back_elsewhere_is_believed(walker: CompiledModel) -> None:
    """An arm without markers is raised meanwhile: its hand is more than half a metre away."""
    kinematics = Kinematics(walker)
    ik = InverseKinematics(walker, walker.marker_names)
    arm = [i for i, name in enumerate(walker.marker_names) if name in ARM]
    assert len(arm) == len(ARM)
    raised = walker.coordinates.free_names.index("arm_flex_r")
    free = np.zeros(len(walker.coordinates.free_names))
    at_rest = kinematics.markers(free)
    for k in range(90):
        free[raised] = 1.5 * min(max(k - 10, 0), 40) / 40.0
        markers = kinematics.markers(free)
        if 10 <= k < 60:
            markers[arm] = np.nan
        ik.step(markers)
    moved = np.linalg.norm(kinematics.markers(free)[arm] - at_rest[arm], axis=1).max()
    assert moved > ELSEWHERE_M
    assert not ik.held
    assert ik.n_used == ik.n_markers
    assert abs(ik.free[raised] - 1.5) < 1e-3
