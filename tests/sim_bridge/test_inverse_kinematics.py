"""Markers to coordinates: recovery, bounds, gaps, first frames; poses made by the model itself."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim_bridge import CompiledModel, CoordinateTask, SettingsError
from sim_bridge.exceptions import MarkerMismatch
from sim_bridge.pose.inverse_kinematics import InverseKinematics
from sim_bridge.pose.marker_normal import MINIMUM_MARKERS
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.poses import Kinematics, free_names
from tests.sim_bridge.small_models import standard, two_limbs

WALKER = "rajagopal/walker/walk"
ANGLE_TOLERANCE = 1e-6
"""[rad, m] Poses without noise are found to the solver's step tolerance times a few."""


@pytest.fixture
def walker(skeleton_case: Callable[[str], Case]) -> CompiledModel:
    return skeleton_case(WALKER).compiled


def walking_pose(model: CompiledModel, phase: float = 0.0) -> np.ndarray:
    """Free coordinates of a smooth motion, well inside every range."""
    index = model.coordinates.free_index
    lower = np.maximum(model.coordinates.lower[index], -0.6)
    upper = np.minimum(model.coordinates.upper[index], 0.6)
    order = np.arange(len(index))
    return 0.5 * (lower + upper) + 0.3 * (upper - lower) * np.sin(phase + order)


def all_markers(model: CompiledModel, **settings: Any) -> InverseKinematics:
    return InverseKinematics(model, model.marker_names, **settings)


def test_pose_is_recovered_from_its_own_markers(walker: CompiledModel) -> None:
    kinematics, ik = Kinematics(walker), all_markers(walker)
    for k in range(20):
        free = walking_pose(walker, 0.05 * k)
        ik.step(kinematics.markers(free))
        np.testing.assert_allclose(ik.q, kinematics.coordinates(free), atol=ANGLE_TOLERANCE)
        assert ik.converged
        assert ik.marker_rms < 1e-6


@pytest.mark.parametrize("turn_deg", [0, 90, 180, -90, 135])
def test_first_frame_in_any_heading_converges(walker: CompiledModel, turn_deg: int) -> None:
    """The whole recording turned about the vertical and moved away."""
    kinematics, ik = Kinematics(walker), all_markers(walker)
    free, angle = walking_pose(walker), np.radians(turn_deg)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    turned = kinematics.markers(free) @ turn.T + [0.5, 0.1, -0.7]
    ik.step(turned)
    assert ik.converged
    assert ik.marker_rms < 1e-6
    base = {"pelvis_tilt", "pelvis_list", "pelvis_rotation", "pelvis_tx", "pelvis_ty", "pelvis_tz"}
    body = [i for i, name in enumerate(walker.coordinate_names) if name not in base]
    expected = kinematics.coordinates(free)
    np.testing.assert_allclose(ik.q[body], expected[body], atol=ANGLE_TOLERANCE)


@pytest.mark.parametrize("trial", ["rajagopal/walker/walk", "gait1992/subject01/walk"])
def test_a_seated_person_is_found_in_any_heading(
    skeleton_case: Callable[[str], Case], trial: str
) -> None:
    """Hips and knees bent by a right angle, far from where the model stands by default."""
    model, rng = skeleton_case(trial).compiled, np.random.default_rng(3)
    kinematics, names = Kinematics(model), model.coordinates.free_names
    bend = -1.0 if trial.startswith("gait1992") else 1.0  # Gait2392 counts flexion as negative
    for heading in np.linspace(-3.0, 3.0, 9):
        free = model.coordinates.default[model.coordinates.free_index].copy()
        for side in "rl":
            free[names.index(f"hip_flexion_{side}")] = 1.5 + 0.1 * rng.normal()
            free[names.index(f"knee_angle_{side}")] = bend * (1.5 + 0.1 * rng.normal())
        free[names.index("pelvis_rotation")] = heading
        exact = kinematics.markers(free)
        ik = all_markers(model)
        ik.step(exact + 0.005 * rng.normal(size=exact.shape))
        assert ik.marker_rms < 0.01  # 5 mm of noise on each axis


@pytest.mark.parametrize("turn_deg", [90, 170, -90])
def test_no_angle_starts_a_whole_turn_away(walker: CompiledModel, turn_deg: int) -> None:
    """The seeds that lose may end with an arm turned once around, at the same marker error."""
    kinematics, ik = Kinematics(walker), all_markers(walker)
    free = walking_pose(walker)
    free[2] = np.radians(turn_deg)
    markers = kinematics.markers(free) + 1e-3 * np.random.default_rng(19).normal(size=(65, 3))
    ik.step(markers)
    assert np.abs(ik.q - kinematics.coordinates(free)).max() < 0.3


def test_a_person_may_turn_around_as_often_as_they_like(walker: CompiledModel) -> None:
    """Twice around in 4 s, through the ends of the range that the model gives its heading."""
    kinematics, ik = Kinematics(walker), all_markers(walker)
    heading = walker.coordinates.free_names.index("pelvis_rotation")
    assert np.isfinite(walker.coordinates.upper[walker.coordinates.free_index][heading])
    for k in range(401):
        free = walking_pose(walker, 0.05 * k)
        free[heading] = 4.0 * np.pi * k / 400.0
        ik.step(kinematics.markers(free))
        np.testing.assert_allclose(ik.q, kinematics.coordinates(free), atol=ANGLE_TOLERANCE)


def test_a_person_who_faces_the_other_way_all_at_once_does_not_spin(walker: CompiledModel) -> None:
    kinematics, ik = Kinematics(walker), all_markers(walker)
    heading = walker.coordinates.free_names.index("pelvis_rotation")
    free = walking_pose(walker)
    for k in range(40):
        free[heading] = np.pi if k > 10 else 0.0
        ik.step(kinematics.markers(free))
        assert ik.marker_rms < 1e-6
    turned = np.abs(ik.q - kinematics.coordinates(free))
    turned[heading] -= 2.0 * np.pi * np.round(turned[heading] / (2.0 * np.pi))
    assert np.abs(turned).max() < ANGLE_TOLERANCE  # no arm is turned over, nor wound around


def test_markers_that_are_all_set_aside_hold_the_pose_until_the_labels_are_believed(
    walker: CompiledModel,
) -> None:
    kinematics, ik = Kinematics(walker), all_markers(walker)
    markers = kinematics.markers(walking_pose(walker))
    shuffled = markers[np.random.default_rng(4).permutation(len(markers))]
    for _ in range(10):
        ik.step(markers)
    pose = ik.q.copy()
    ik.step(shuffled)
    assert ik.n_used < MINIMUM_MARKERS
    np.testing.assert_array_equal(ik.q, pose)
    for _ in range(30):
        ik.step(shuffled)
    assert ik.n_used == ik.n_markers  # a new set of labels is believed after a while
    assert not ik.fits
    for _ in range(60):  # the pose that was found of wrong labels holds itself for half a second
        ik.step(markers)
    assert ik.marker_rms < 1e-6


def test_bounds_of_clamped_coordinates_are_kept(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("PinJoint"))
    knee = model.updJointSet().get(1).upd_coordinates(0)
    knee.setRangeMin(-0.2)
    knee.setRangeMax(0.3)
    knee.setDefaultClamped(True)
    case = small_case(model)
    kinematics, ik = Kinematics(case.compiled), all_markers(case.compiled)
    for wanted, kept in ((0.35, 0.3), (-0.25, -0.2), (0.1, 0.1)):
        ik.step(kinematics.markers(np.array([0.4, wanted])))
        assert ik.q[1] == pytest.approx(kept, abs=ANGLE_TOLERANCE)
        assert ik.converged


def test_every_solution_lies_within_the_bounds(walker: CompiledModel) -> None:
    ik, rng = all_markers(walker), np.random.default_rng(16)
    clean = Kinematics(walker).markers(walking_pose(walker))
    for _ in range(20):
        ik.step(clean + 0.05 * rng.normal(size=clean.shape))
        assert np.all(ik.q >= walker.coordinates.lower)
        assert np.all(ik.q <= walker.coordinates.upper)


def test_unseen_markers_are_left_out(walker: CompiledModel) -> None:
    kinematics, ik = Kinematics(walker), all_markers(walker)
    free = walking_pose(walker)
    markers = kinematics.markers(free)
    ik.step(markers)
    gone = markers.copy()
    gone[::5] = np.nan
    ik.step(gone)
    assert ik.n_used == np.isfinite(gone[:, 0]).sum()
    assert ik.marker_rms < 1e-6
    np.testing.assert_allclose(ik.q, kinematics.coordinates(free), atol=1e-5)


def test_a_marker_with_one_coordinate_missing_is_left_out(walker: CompiledModel) -> None:
    ik, markers = all_markers(walker), Kinematics(walker).markers(walking_pose(walker))
    markers[3, 2] = np.nan
    ik.step(markers)
    assert ik.n_used == len(markers) - 1
    assert ik.marker_rms < 1e-6


def test_limb_that_nobody_sees_stays(walker: CompiledModel) -> None:
    kinematics, ik = Kinematics(walker), all_markers(walker)
    before = walking_pose(walker)
    ik.step(kinematics.markers(before))
    markers = kinematics.markers(walking_pose(walker, 0.05))
    arm = [walker.bodies.names.index(b) for b in ("humerus_r", "radius_r", "ulna_r", "hand_r")]
    links = set(walker.bodies.link[arm].tolist())
    markers[[i for i, link in enumerate(walker.markers.link) if int(link) in links]] = np.nan
    ik.step(markers)
    elbow = walker.coordinate_names.index("elbow_flex_r")
    assert ik.q[elbow] == pytest.approx(kinematics.coordinates(before)[elbow], abs=1e-9)
    assert np.isfinite(ik.q).all()


def test_without_markers_the_pose_is_held(walker: CompiledModel) -> None:
    ik, markers = all_markers(walker), Kinematics(walker).markers(walking_pose(walker))
    ik.step(markers)
    held = ik.q.copy()
    for _ in range(5):
        ik.step(np.full_like(markers, np.nan))
        np.testing.assert_array_equal(ik.q, held)
        assert ik.n_used == 0
    ik.step(markers)
    np.testing.assert_allclose(ik.q, held, atol=ANGLE_TOLERANCE)


def test_moving_body_does_not_drift_while_nothing_is_seen(walker: CompiledModel) -> None:
    """Held after a moving frame: the speed of the last step must not be added again and again."""
    kinematics, ik = Kinematics(walker), all_markers(walker)
    for k in range(3):
        ik.step(kinematics.markers(walking_pose(walker, 0.05 * k)))
    held, nothing = ik.q.copy(), np.full((len(walker.marker_names), 3), np.nan)
    for _ in range(10):
        ik.step(nothing)
    np.testing.assert_allclose(ik.q, held, rtol=0, atol=0.1)


def test_first_frames_without_markers_wait_for_the_first_seen(walker: CompiledModel) -> None:
    kinematics, ik = Kinematics(walker), all_markers(walker)
    free = walking_pose(walker)
    markers = kinematics.markers(free) + np.array([1.0, 0.0, 1.0])
    for _ in range(3):
        ik.step(np.full_like(markers, np.nan))
        assert np.isfinite(ik.q).all()
        assert ik.n_used == 0
    ik.step(markers)
    assert ik.marker_rms < 1e-6


def test_reset_forgets_the_last_pose(walker: CompiledModel) -> None:
    kinematics = Kinematics(walker)
    first, second = (kinematics.markers(walking_pose(walker, p)) for p in (0.0, 1.0))
    used, fresh = all_markers(walker), all_markers(walker)
    used.step(first)
    used.reset()
    used.step(second)
    fresh.step(second)
    np.testing.assert_array_equal(used.q, fresh.q)


def test_weight_zero_leaves_a_marker_out(walker: CompiledModel) -> None:
    name = walker.marker_names[0]
    ik = all_markers(walker, weights={name: 0.0})
    markers = Kinematics(walker).markers(walking_pose(walker))
    markers[0] += 1.0
    ik.step(markers)
    assert ik.n_used == len(markers) - 1
    assert ik.marker_rms < 1e-6


def test_heavier_marker_is_followed_closer(walker: CompiledModel) -> None:
    kinematics, markers = Kinematics(walker), Kinematics(walker).markers(walking_pose(walker))
    rng, i = np.random.default_rng(17), 5
    noisy = markers + 0.01 * rng.normal(size=markers.shape)
    errors = []
    for weight in (0.1, 1.0, 100.0):
        ik = all_markers(walker, weights={walker.marker_names[i]: weight})
        ik.step(noisy)
        index = [walker.coordinate_names.index(n) for n in free_names(walker)]
        errors.append(np.linalg.norm(kinematics.markers(ik.q[index])[i] - noisy[i]))
    assert errors[0] > errors[1] > errors[2]


def test_columns_may_come_in_any_order_with_strangers(walker: CompiledModel) -> None:
    markers = Kinematics(walker).markers(walking_pose(walker))
    order = np.random.default_rng(18).permutation(len(markers))
    labels = ["stranger", *(walker.marker_names[i] for i in order)]
    ik, plain = InverseKinematics(walker, labels), all_markers(walker)
    ik.step(np.vstack([[9.0, 9.0, 9.0], markers[order]]))
    plain.step(markers)
    np.testing.assert_allclose(ik.q, plain.q, atol=ANGLE_TOLERANCE)


@pytest.mark.parametrize("weight", [-1.0, float("inf"), float("nan")])
def test_a_weight_is_a_number_from_zero_on(walker: CompiledModel, weight: float) -> None:
    marker, coordinate = walker.marker_names[0], walker.coordinates.free_names[0]
    with pytest.raises(SettingsError, match=f"marker '{marker}'"):
        InverseKinematics(walker, walker.marker_names, {marker: weight})
    task = CoordinateTask(coordinate, weight)
    with pytest.raises(SettingsError, match=f"coordinate task '{coordinate}'"):
        InverseKinematics(walker, walker.marker_names, tasks=(task,))


def test_task_on_a_coordinate_that_is_not_free_is_refused_by_name(walker: CompiledModel) -> None:
    for name in ("tail_wag", "knee_angle_r_beta"):
        with pytest.raises(SettingsError, match=name):
            all_markers(walker, tasks=[CoordinateTask(name, 1.0)])


def test_coordinates_that_no_marker_sees_are_named(walker: CompiledModel) -> None:
    arm = ("R.Elbow", "R.MElbow", "R.Forearm", "R.Wrist", "R.Biceps")
    labels = [name for name in walker.marker_names if not name.startswith("R.") or name in arm]
    unseen = InverseKinematics(walker, labels).unseen
    assert {"knee_angle_r", "ankle_angle_r", "mtp_angle_r"} <= set(unseen)
    assert not {"hip_flexion_l", "elbow_flex_r", "pelvis_tilt"} & set(unseen)
    assert all_markers(walker).unseen == ()


def test_markers_of_the_pelvis_alone_are_refused(walker: CompiledModel) -> None:
    with pytest.raises(MarkerMismatch, match="the 4 markers that match show no joint"):
        InverseKinematics(walker, ["R.ASIS", "L.ASIS", "R.PSIS", "L.PSIS"])
