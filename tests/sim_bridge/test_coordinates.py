"""Couplers, locks and ranges, against OpenSim's constraints and its assembled poses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import opensim
import pytest

from sim_bridge import UnsupportedComponent
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.poses import Kinematics, free_names, random_free
from tests.sim_bridge.small_models import (
    custom,
    handed_over,
    line,
    polynomial,
    spline,
    standard,
    two_limbs,
)

POINTS = [(-1.6, 0.2), (-0.6, -0.3), (0.2, 0.1), (0.9, 0.5), (1.7, 0.4)]


def planar_and_pin() -> Any:
    """Coordinates hinge_angle, turn, along, across and end."""
    model = two_limbs(standard("PlanarJoint"), custom({2: ("end", line())}))
    joint = model.updJointSet().get(1)
    for k, name in enumerate(("turn", "along", "across")):
        joint.upd_coordinates(k).setName(name)
    return model


def couple(model: Any, follower: str, leader: str, function: Any, scale: float = 1.0) -> Any:
    """Tie one coordinate of a model to another."""
    coupler = opensim.CoordinateCouplerConstraint()
    coupler.setName(f"{follower}_follows_{leader}")
    coupler.setIndependentCoordinateNames(opensim.ArrayStr(leader, 1))
    coupler.setDependentCoordinateName(follower)
    coupler.setFunction(handed_over(function))
    factor = coupler.updPropertyByName("scale_factor")
    opensim.PropertyHelper.setValueDouble(scale, factor)
    model.addConstraint(coupler)
    return coupler


def coordinate(model: Any, name: str) -> Any:
    """A coordinate by name, before the model is finished."""
    model.finalizeConnections()
    return model.updCoordinateSet().get(name)


def assert_poses_agree(case: Case) -> None:
    """OpenSim finds its constraints met, and the markers where we put them."""
    kinematics, rng = Kinematics(case.compiled), np.random.default_rng(5)
    for _ in range(30):
        free = random_free(case.compiled, rng)
        ours = kinematics.markers(free)
        case.oracle.set(kinematics.pose.q)
        assert case.oracle.constraint_error() < 1e-12
        np.testing.assert_allclose(ours, case.oracle.markers(), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("function", "scale"),
    [
        (line(0.6, -0.1), 1.0),
        (polynomial(0.1, 0.3, -0.2), 1.0),
        (spline(POINTS), 1.0),
        (spline(POINTS), 0.4),
        (line(1.0, 0.2), -0.5),
    ],
    ids=["line", "polynomial", "spline", "scaled spline", "scaled line"],
)
def test_coupled_coordinate_follows(
    small_case: Callable[[Any], Case], function: Any, scale: float
) -> None:
    model = planar_and_pin()
    couple(model, "across", "turn", function, scale)
    case = small_case(model)
    assert free_names(case.compiled) == ("hinge_angle", "turn", "along", "end")
    assert_poses_agree(case)


def test_two_coordinates_follow_one(small_case: Callable[[Any], Case]) -> None:
    model = planar_and_pin()
    couple(model, "across", "turn", spline(POINTS))
    couple(model, "end", "turn", line(-0.5, 0.3))
    assert_poses_agree(small_case(model))


def test_follower_that_comes_before_its_leader(small_case: Callable[[Any], Case]) -> None:
    model = planar_and_pin()
    couple(model, "hinge_angle", "end", spline(POINTS))
    assert_poses_agree(small_case(model))


def test_coupler_that_is_not_enforced_ties_nothing(small_case: Callable[[Any], Case]) -> None:
    model = planar_and_pin()
    couple(model, "across", "turn", line()).set_isEnforced(False)
    assert len(small_case(model).compiled.coordinates.free_index) == 5


def test_locked_coordinate_stays_at_its_default(small_case: Callable[[Any], Case]) -> None:
    model = planar_and_pin()
    locked = coordinate(model, "along")
    locked.setDefaultValue(0.37)
    locked.setDefaultLocked(True)
    case = small_case(model)
    assert "along" not in free_names(case.compiled)
    kinematics = Kinematics(case.compiled)
    q = kinematics.coordinates(random_free(case.compiled, np.random.default_rng(6)))
    assert q[case.compiled.coordinate_names.index("along")] == 0.37
    assert_poses_agree(case)


def test_ranges_count_only_where_the_coordinate_is_clamped(
    small_case: Callable[[Any], Case],
) -> None:
    model = planar_and_pin()
    for name, clamped in (("turn", True), ("end", False)):
        coordinate(model, name).setRangeMin(-0.4)
        coordinate(model, name).setRangeMax(0.9)
        coordinate(model, name).setDefaultClamped(clamped)
    compiled = small_case(model).compiled
    bounds = dict(
        zip(
            compiled.coordinate_names,
            zip(compiled.coordinates.lower, compiled.coordinates.upper, strict=True),
            strict=True,
        )
    )
    assert bounds["turn"] == (-0.4, 0.9)
    assert bounds["end"] == (-np.inf, np.inf)


def test_coupling_slopes_are_derivatives_of_the_coordinates(
    small_case: Callable[[Any], Case],
) -> None:
    model = planar_and_pin()
    couple(model, "across", "turn", spline(POINTS))
    kinematics = Kinematics(small_case(model).compiled)
    free, step = np.array([0.2, 0.5, -0.1, 0.3]), 1e-6
    kinematics.coordinates(free)
    slopes = kinematics.pose.dq.copy()
    moved = [kinematics.coordinates(free + sign * step) for sign in (1.0, -1.0)]
    np.testing.assert_allclose(slopes, (moved[0] - moved[1]) / (2 * step), rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (line(0.5, 0.1), line(-0.7, 0.2)),
        (line(-0.8, 0.3), spline(POINTS)),
        (polynomial(0.1, 0.3, -0.2), polynomial(-0.2, 0.4, 0.1)),
    ],
    ids=["line of line", "spline of falling line", "polynomial of polynomial"],
)
def test_couplers_in_a_chain(small_case: Callable[[Any], Case], first: Any, second: Any) -> None:
    model = planar_and_pin()
    couple(model, "end", "across", second)
    couple(model, "across", "turn", first)
    case = small_case(model)
    assert free_names(case.compiled) == ("hinge_angle", "turn", "along")
    assert_poses_agree(case)


def test_coupler_of_a_coordinate_that_follows_a_spline_is_refused(
    small_case: Callable[[Any], Case],
) -> None:
    model = planar_and_pin()
    couple(model, "across", "turn", spline(POINTS))
    couple(model, "end", "across", line(0.5))
    with pytest.raises(UnsupportedComponent, match=r"'end_follows_across'.*across is coupled"):
        small_case(model)


@pytest.mark.parametrize("default", [-2.0, 0.37, 0.9, 3.0])  # at a knot and beyond the ends, too
def test_what_follows_a_locked_coordinate_by_a_spline_stays(
    small_case: Callable[[Any], Case], default: float
) -> None:
    model = planar_and_pin()
    couple(model, "across", "turn", spline(POINTS))
    coordinate(model, "turn").setDefaultValue(default)
    coordinate(model, "turn").setDefaultLocked(True)
    case = small_case(model)
    assert free_names(case.compiled) == ("hinge_angle", "along", "end")
    assert_poses_agree(case)


def test_both_may_be_locked_where_the_coupler_has_them(small_case: Callable[[Any], Case]) -> None:
    model = planar_and_pin()
    couple(model, "across", "turn", line(0.5))
    for name, default in (("turn", 0.5), ("across", 0.25)):
        coordinate(model, name).setDefaultValue(default)
        coordinate(model, name).setDefaultLocked(True)
    assert_poses_agree(small_case(model))


@pytest.mark.parametrize(("top", "told"), [(0.62, False), (0.58, True)])
def test_a_range_that_does_not_bind_is_told(
    small_case: Callable[[Any], Case],
    caplog: pytest.LogCaptureFixture,
    top: float,
    told: bool,
) -> None:
    """A leader that goes to 1 takes its follower to 0.6."""
    model = planar_and_pin()
    couple(model, "across", "turn", line(0.6))
    for name, highest in (("turn", 1.0), ("across", top)):
        coordinate(model, name).setRangeMin(-1.0)
        coordinate(model, name).setRangeMax(highest)
    coordinate(model, "across").setDefaultClamped(True)
    small_case(model)
    assert ("leave the range they are clamped to: across (follows turn)" in caplog.text) == told


def test_coordinate_prescribed_as_a_constant_stays_there(
    small_case: Callable[[Any], Case],
) -> None:
    model = planar_and_pin()
    coordinate(model, "along").setPrescribedFunction(opensim.Constant(0.2))
    coordinate(model, "along").setDefaultIsPrescribed(True)
    case = small_case(model)
    assert free_names(case.compiled) == ("hinge_angle", "turn", "across", "end")
    kinematics = Kinematics(case.compiled)
    kinematics.coordinates(np.zeros(4))
    assert kinematics.pose.q[case.compiled.coordinate_names.index("along")] == 0.2


def test_coordinate_prescribed_in_time_is_refused_by_name(
    small_case: Callable[[Any], Case],
) -> None:
    model = planar_and_pin()
    coordinate(model, "end").setPrescribedFunction(opensim.LinearFunction(0.5, 0.2))
    coordinate(model, "end").setDefaultIsPrescribed(True)
    with pytest.raises(UnsupportedComponent, match=r"Coordinate 'end'.*prescribed"):
        small_case(model)


def test_other_constraints_are_refused_by_class_and_name(
    small_case: Callable[[Any], Case],
) -> None:
    model = planar_and_pin()
    bodies = model.getBodySet()
    rod = opensim.ConstantDistanceConstraint(
        bodies.get("base"), opensim.Vec3(0), bodies.get("limb1"), opensim.Vec3(0), 0.7
    )
    rod.setName("rod")
    model.addConstraint(rod)
    with pytest.raises(UnsupportedComponent, match="ConstantDistanceConstraint 'rod'"):
        small_case(model)


def test_what_turns_something_is_an_angle_whatever_opensim_calls_it(
    skeleton_case: Callable[[str], Case],
) -> None:
    """OpenSim calls that of a patella coupled, and leaves it in radians."""
    compiled = skeleton_case("rajagopal/walker/walk").compiled
    patella = compiled.coordinate_names.index("knee_angle_r_beta")
    assert not compiled.coordinate_is_rotation[patella]
    lengths = [
        name
        for name, angle in zip(compiled.coordinate_names, compiled.coordinate_is_angle, strict=True)
        if not angle
    ]
    assert lengths == ["pelvis_tx", "pelvis_ty", "pelvis_tz"]
