"""Every joint and function class, in small models, against OpenSim's positions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import opensim
import pytest

from sim_bridge import UnsupportedComponent
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.poses import Kinematics, random_free
from tests.sim_bridge.small_models import (
    Make,
    custom,
    function_classes,
    line,
    places,
    polynomial,
    spline,
    standard,
    two_limbs,
)

POSITION_TOLERANCE = 1e-9
JACOBIAN_STEP = 1e-5
PLAIN = (
    "PinJoint",
    "SliderJoint",
    "WeldJoint",
    "UniversalJoint",
    "GimbalJoint",
    "PlanarJoint",
    "BallJoint",
    "FreeJoint",
)
# No two at right angles: the order of the three turns and slides matters then.
SKEW_AXES = np.array(
    [[1, 0.2, 0], [0.1, 1, -0.3], [0, 0.2, 1], [1, 0, 0.4], [-0.2, 1, 0.1], [0.3, 0.1, 1]]
)


def assert_matches_opensim(case: Case, poses: int = 50) -> None:
    """Markers and their Jacobian in random poses."""
    kinematics, rng = Kinematics(case.compiled), np.random.default_rng(4)
    for _ in range(poses):
        free = random_free(case.compiled, rng)
        ours = kinematics.markers(free)
        case.oracle.set(kinematics.pose.q)
        np.testing.assert_allclose(ours, case.oracle.markers(), rtol=0, atol=POSITION_TOLERANCE)


@pytest.mark.parametrize("kind", PLAIN)
def test_plain_joint_moves_as_opensims(small_case: Callable[[Any], Case], kind: str) -> None:
    assert_matches_opensim(small_case(two_limbs(standard(kind))))


@pytest.mark.parametrize("kind", PLAIN)
def test_plain_joint_in_the_middle_of_a_chain(small_case: Callable[[Any], Case], kind: str) -> None:
    assert_matches_opensim(small_case(two_limbs(standard(kind), custom({0: ("end", line())}))))


@pytest.mark.parametrize("axis", range(6))
def test_custom_joint_moves_along_each_axis(small_case: Callable[[Any], Case], axis: int) -> None:
    model = two_limbs(custom({axis: ("only", line(1.3, 0.2))}, SKEW_AXES))
    assert_matches_opensim(small_case(model), poses=10)


@pytest.mark.parametrize("name", function_classes())
def test_custom_joint_with_every_function_class(
    small_case: Callable[[Any], Case], name: str
) -> None:
    """The function turns and slides at once; a third axis has a coordinate of its own."""
    function = function_classes()[name]
    motions = {0: ("driven", function), 4: ("driven", function.clone()), 2: ("own", line())}
    assert_matches_opensim(small_case(two_limbs(custom(motions, SKEW_AXES))))


def test_custom_joint_of_six_axes_in_opensims_order(small_case: Callable[[Any], Case]) -> None:
    motions = {i: (f"c{i}", line()) for i in range(6)}
    assert_matches_opensim(small_case(two_limbs(custom(motions, SKEW_AXES))))


def test_one_coordinate_that_drives_six_axes(small_case: Callable[[Any], Case]) -> None:
    """As the walker's knee: three turns and three slides follow one angle."""
    points = [(-1.5, 0.1), (-0.4, 0.3), (0.2, -0.1), (1.4, 0.2)]
    motions: dict[int, tuple[str, Any]] = {
        0: ("knee", line()),
        1: ("knee", polynomial(0.0, 0.1, 0.05, -0.02)),
        2: ("knee", spline(points)),
        3: ("knee", polynomial(0.01, 0.02, -0.03)),
        4: ("knee", spline(points)),
        5: ("knee", opensim.Constant(0.07)),
    }
    assert_matches_opensim(small_case(two_limbs(custom(motions))))


def test_axis_that_is_not_of_unit_length(small_case: Callable[[Any], Case]) -> None:
    motions = {1: ("turn", line()), 3: ("slide", line())}
    assert_matches_opensim(small_case(two_limbs(custom(motions, 3.0 * SKEW_AXES))))


def gliding(kind: str) -> Make:
    """A joint on an ellipsoid of three different radii."""

    def make(parent: Any, child: Any) -> Any:
        where, radii = places(), opensim.Vec3(0.1, 0.2, 0.3)
        if kind == "EllipsoidJoint":
            return opensim.EllipsoidJoint(
                "tested", parent, where[0], where[1], child, where[2], where[3], radii
            )
        winging = opensim.Vec2(0.1, -0.03)
        return opensim.ScapulothoracicJoint(
            "tested", parent, where[0], where[1], child, where[2], where[3], radii, winging, 0.2
        )

    return make


@pytest.mark.parametrize("kind", ["EllipsoidJoint", "ScapulothoracicJoint"])
def test_joint_that_glides_on_an_ellipsoid(small_case: Callable[[Any], Case], kind: str) -> None:
    assert_matches_opensim(small_case(two_limbs(gliding(kind), custom({0: ("end", line())}))))


def test_coordinates_keep_their_names_order_and_kind(small_case: Callable[[Any], Case]) -> None:
    compiled = small_case(two_limbs(standard("PlanarJoint"))).compiled
    names = ("hinge_angle", "tested0_0", "tested0_1", "tested0_2")
    assert compiled.coordinate_names == names
    assert compiled.coordinate_is_rotation.tolist() == [True, True, False, False]


def test_two_coordinates_of_one_name_are_refused(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("PinJoint"), standard("PinJoint"))
    model.updJointSet().get(2).upd_coordinates(0).setName("hinge_angle")
    with pytest.raises(UnsupportedComponent, match=r"'hinge_angle'.*rename"):
        small_case(model)
