"""Muscle-tendon lengths, speeds and moment arms against OpenSim's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import opensim
import pytest

from sim_bridge.muscles.paths import MuscleGeometry
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.oracle import OpenSimModel
from tests.sim_bridge.poses import Kinematics, random_free
from tests.sim_bridge.small_models import line, spline
from tests.sim_bridge.small_muscles import (
    ABOVE,
    add_conditional_point,
    add_moving_point,
    add_muscle,
    add_wrap,
    joint_of_two_turns,
)
from tests.sim_bridge.trials import SKELETON_TRIALS, RecordedTrial

EXACT = 1e-9
"""[m, m/s] A path of points and cylinders is followed as OpenSim does. Seen: 1e-14."""
TWO_CYLINDERS = ("gaslat", "gasmed")
"""Rajagopal's gastrocnemii wrap around two. OpenSim's sweeps over the two leave tangent points
beside the lines along which they pull: neither its moment arm nor its speed is the slope of its
length, and computeMomentArm, which sweeps anew in a state of its own, is a little beside both."""
LOOSE_ARM = 5e-4
FITTED_LENGTH, FITTED_ARM = 3e-4, 5e-4
"""[m] RMS in the region of a fit. Seen: 1e-5 and 3e-4; where a path leaves a sphere its moment arm
has a kink."""
STEP = 1e-5


@dataclass
class Arms:
    """One pose of one model, ours and OpenSim's, muscles by free coordinates."""

    geometry: MuscleGeometry
    oracle: OpenSimModel
    free: np.ndarray
    free_speed: np.ndarray

    @property
    def ours(self) -> np.ndarray:
        """Moment arms as a full table."""
        table = np.zeros((len(self.geometry.length), len(self.free)))
        for row, spanned, arms in zip(
            table, self.geometry.spanned, self.geometry.moment_arm, strict=True
        ):
            row[spanned[spanned >= 0]] = arms[: np.count_nonzero(spanned >= 0)]
        return table

    def theirs(self, coordinates: np.ndarray) -> np.ndarray:
        """OpenSim's own, only where ours says that a muscle spans the coordinate."""
        table = np.zeros_like(self.ours)
        muscles = self.oracle.model.getMuscles()
        for i, spanned in enumerate(self.geometry.spanned):
            for j in spanned[spanned >= 0]:
                coordinate = self.oracle.coordinates[coordinates[j]]
                table[i, j] = muscles.get(i).computeMomentArm(self.oracle.state, coordinate)
        return table

    def speeds(self) -> np.ndarray:
        """OpenSim's lengthening speeds."""
        muscles = self.oracle.model.getMuscles()
        return np.array(
            [
                muscles.get(i).getLengtheningSpeed(self.oracle.state)
                for i in range(muscles.getSize())
            ]
        )


def visit(case: Case, poses: np.ndarray, seed: int = 20) -> Iterator[Arms]:
    """Ours and OpenSim's state at free coordinates, with random speeds."""
    rng, kinematics = np.random.default_rng(seed), Kinematics(case.compiled)
    geometry, lead = MuscleGeometry(case.compiled), case.compiled.coordinates.lead
    for free in poses:
        free_speed = 3.0 * rng.normal(size=len(free))
        q = kinematics.coordinates(free)
        case.oracle.set(q, kinematics.pose.dq * free_speed[np.maximum(lead, 0)])
        geometry.step(free, free_speed)
        yield Arms(geometry, case.oracle, free, free_speed)


def near_walking(trial: RecordedTrial, count: int) -> np.ndarray:
    """Free coordinates of the reference with a few degrees of noise, within their ranges."""
    rng, coordinates = np.random.default_rng(21), trial.model.coordinates
    _, q = trial.reference_columns("ik.mot", trial.model.coordinate_names)
    index = coordinates.free_index
    chosen = q[rng.integers(len(q), size=count)][:, index]
    noise = 0.05 * rng.normal(size=chosen.shape) * coordinates.is_rotation[index]
    return np.clip(chosen + noise, coordinates.lower[index], coordinates.upper[index])


@pytest.mark.parametrize("trial", SKELETON_TRIALS)
def test_real_muscles_near_walking(recorded: Callable[[str], RecordedTrial], trial: str) -> None:
    source = recorded(trial)
    case = Case(source.osim, source.model)
    loose = np.array([name.startswith(TWO_CYLINDERS) for name in source.model.muscle_names])
    for pose in visit(case, near_walking(source, 6)):
        length = np.abs(pose.geometry.length - case.oracle.muscle_lengths())
        assert length.max() < EXACT
        arm = np.abs(pose.ours - pose.theirs(source.model.coordinates.free_index)).max(axis=1)
        speed = np.abs(pose.geometry.speed - pose.speeds())
        assert arm[~loose].max() < EXACT
        assert arm[loose].max(initial=0.0) < LOOSE_ARM
        assert speed.max() < EXACT


def test_no_spanned_coordinate_is_missed(recorded: Callable[[str], RecordedTrial]) -> None:
    """Central differences of OpenSim's lengths in every coordinate; gait2392 has no wraps."""
    source = recorded("gait1992/subject01/walk")
    case, kinematics = Case(source.osim, source.model), Kinematics(source.model)

    def lengths(free: np.ndarray) -> np.ndarray:
        case.oracle.set(kinematics.coordinates(free))
        return case.oracle.muscle_lengths()

    for pose in visit(case, near_walking(source, 5)):
        for j in range(len(pose.free)):
            move = STEP * np.eye(len(pose.free))[j]
            slope = (lengths(pose.free + move) - lengths(pose.free - move)) / (2.0 * STEP)
            # differences over 1e-5 err by 1e-10; a point that switches would show as 1e3
            np.testing.assert_allclose(pose.ours[:, j], -slope, rtol=0, atol=1e-7)


@pytest.mark.parametrize("trial", SKELETON_TRIALS)
def test_speed_is_what_the_moment_arms_say(
    recorded: Callable[[str], RecordedTrial], trial: str
) -> None:
    source = recorded(trial)
    case = Case(source.osim, source.model)
    plain = np.array([not name.startswith(TWO_CYLINDERS) for name in source.model.muscle_names])
    for pose in visit(case, near_walking(source, 3)):
        from_arms = -pose.ours @ pose.free_speed
        np.testing.assert_allclose(pose.geometry.speed[plain], from_arms[plain], rtol=0, atol=1e-12)


@pytest.fixture
def limb() -> Any:
    return joint_of_two_turns()


def assert_exact(case: Case, poses: int = 40) -> None:
    """Length, moment arm and speed in random poses."""
    rng = np.random.default_rng(22)
    index = case.compiled.coordinates.free_index
    free = np.array([random_free(case.compiled, rng) for _ in range(poses)])
    for pose in visit(case, free):
        np.testing.assert_allclose(
            pose.geometry.length, case.oracle.muscle_lengths(), rtol=0, atol=EXACT
        )
        np.testing.assert_allclose(pose.ours, pose.theirs(index), rtol=0, atol=EXACT)
        np.testing.assert_allclose(pose.geometry.speed, pose.speeds(), rtol=0, atol=EXACT)
        assert not pose.geometry.extrapolated


def test_path_of_fixed_points(small_case: Callable[[Any], Case], limb: Any) -> None:
    spots = [("ground", (0.2, 1.0, 0.1)), ("base", (0.05, 0.1, 0.02)), ("limb0", (0.0, -0.2, 0.0))]
    add_muscle(limb, "long", spots)
    add_muscle(limb, "short", spots[1:])
    case = small_case(limb)
    assert_exact(case)
    spanned = [set(row[row >= 0].tolist()) for row in MuscleGeometry(case.compiled).spanned]
    assert spanned == [{0, 1, 2}, {1, 2}]


def test_path_through_a_conditional_point(small_case: Callable[[Any], Case], limb: Any) -> None:
    muscle = add_muscle(limb, "m")
    add_conditional_point(limb, muscle, ("base", (0.12, -0.1, 0.03)), "bend", (-0.3, 0.4))
    assert_exact(small_case(limb))


def moving_places() -> list[Any]:
    """Three functions of the bend [m]."""
    points = [(-2.0, 0.03), (0.0, 0.05), (2.0, 0.02)]
    return [spline(points), line(0.02, 0.05), opensim.Constant(0.01)]


def test_path_to_a_moving_point(small_case: Callable[[Any], Case], limb: Any) -> None:
    muscle = add_muscle(limb, "m", [("base", (0.02, 0.2, 0.0)), ABOVE])
    add_moving_point(limb, muscle, "limb0", "bend", moving_places())
    assert_exact(small_case(limb))


@pytest.mark.parametrize("knee_deg", [-135.0, -121.0, 11.0, 20.0])
def test_moving_points_beyond_the_range_of_their_coordinate(
    recorded: Callable[[str], RecordedTrial], knee_deg: float
) -> None:
    """Knees of gait2392 models go beyond their range, the points by their kneecaps do not."""
    source = recorded("ceinms/subject06/walk36")
    case, names = Case(source.osim, source.model), source.model.coordinates.free_names
    index = source.model.coordinates.free_index
    free = near_walking(source, 1)
    for name in ("knee_angle_r", "knee_angle_l"):
        knee = case.oracle.coordinates[source.model.coordinate_names.index(name)]
        assert not knee.getRangeMin() <= np.radians(knee_deg) <= knee.getRangeMax()
        free[:, names.index(name)] = np.radians(knee_deg)
    for pose in visit(case, free):
        length = case.oracle.muscle_lengths()
        np.testing.assert_allclose(pose.geometry.length, length, rtol=0, atol=EXACT)
        np.testing.assert_allclose(pose.ours, pose.theirs(index), rtol=0, atol=EXACT)
        np.testing.assert_allclose(pose.geometry.speed, pose.speeds(), rtol=0, atol=EXACT)


def test_moving_point_beside_another_on_its_body(
    small_case: Callable[[Any], Case], limb: Any
) -> None:
    """OpenSim leaves a segment within a body out of its moment arm; the length's slope has it."""
    muscle = add_muscle(limb, "m")
    add_moving_point(limb, muscle, "limb0", "bend", moving_places())
    case = small_case(limb)

    def length(free: np.ndarray) -> float:
        case.oracle.set(free)
        return float(case.oracle.muscle_lengths()[0])

    poses = np.random.default_rng(24).uniform(-0.4, 0.4, (10, 3))
    for pose in visit(case, poses):
        assert pose.geometry.speed == pytest.approx(pose.speeds(), abs=EXACT)
        slopes = [
            (length(pose.free + move) - length(pose.free - move)) / (2.0 * STEP)
            for move in STEP * np.eye(3)
        ]
        np.testing.assert_allclose(pose.ours[0], -np.array(slopes), rtol=0, atol=1e-7)


@pytest.mark.parametrize("quadrant", ["all", "x", "-x", "y", "-y"])
def test_path_around_a_cylinder(
    small_case: Callable[[Any], Case], limb: Any, quadrant: str
) -> None:
    muscle = add_muscle(limb, "m")
    add_wrap(
        limb,
        muscle,
        "WrapCylinder",
        "base",
        (0.02, -0.1, 0.0),
        radius=0.05,
        length=0.5,
        quadrant=quadrant,
    )
    assert_exact(small_case(limb))
