"""Paths that are fitted: quality inside of the region, behaviour outside, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import opensim
import pytest

from sim_bridge import UnsupportedComponent
from sim_bridge.muscles.paths import MuscleGeometry
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.small_muscles import (
    add_function_path,
    add_muscle,
    add_wrap,
    joint_of_two_turns,
)
from tests.sim_bridge.test_muscle_paths import FITTED_ARM, FITTED_LENGTH, visit

SIZES: dict[str, dict[str, Any]] = {
    "WrapSphere": {"radius": 0.04},
    "WrapEllipsoid": {"dimensions": opensim.Vec3(0.04, 0.05, 0.035)},
}


@pytest.fixture(scope="module", params=SIZES)
def wrapped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    from sim_bridge import compile_model
    from tests.sim_bridge.small_models import save

    model, folder = joint_of_two_turns(), tmp_path_factory.mktemp("wrapped")
    muscle = add_muscle(model, "m")
    add_wrap(model, muscle, request.param, "base", (0.02, -0.1, 0.0), **SIZES[request.param])
    osim = save(model, folder / "small.osim")
    return Case(osim, compile_model(osim, cache_dir=folder))


def inside(count: int, reach: float = 1.0) -> np.ndarray:
    """Free coordinates within the ranges of twist and bend, times a factor."""
    rng = np.random.default_rng(23)
    return reach * rng.uniform(-1.0, 1.0, (count, 3)) * [1.0, 0.5, 1.2]


def test_fit_is_close_in_its_region(wrapped: Case) -> None:
    length, arm = [], []
    for pose in visit(wrapped, inside(80)):
        length.append(pose.geometry.length - wrapped.oracle.muscle_lengths())
        arm.append(pose.ours - pose.theirs(wrapped.compiled.coordinates.free_index))
        assert not pose.geometry.extrapolated
    assert np.sqrt(np.mean(np.square(length))) < FITTED_LENGTH
    assert np.sqrt(np.mean(np.square(arm))) < FITTED_ARM


def test_reported_error_of_the_fit_is_true(wrapped: Case) -> None:
    """What `nem2e compile` prints, against poses of our own."""
    reported = float(wrapped.compiled.paths.length_error[0, 0])
    seen = [
        pose.geometry.length - wrapped.oracle.muscle_lengths()
        for pose in visit(wrapped, inside(80))
    ]
    assert reported == pytest.approx(np.sqrt(np.mean(np.square(seen))), rel=0.5)


def test_a_poor_fit_is_told_with_the_muscles_name(
    small_case: Callable[[Any], Case], caplog: pytest.LogCaptureFixture
) -> None:
    """The path jumps from one side of the torus to the other."""
    model = joint_of_two_turns()
    muscle = add_muscle(model, "hooked")
    sizes = {"inner_radius": 0.03, "outer_radius": 0.06}
    add_wrap(model, muscle, "WrapTorus", "base", (0.02, -0.1, 0.0), **sizes)
    small_case(model)
    assert "muscle 'hooked'" in caplog.text


def test_outside_of_the_region_the_length_goes_on_straight(wrapped: Case) -> None:
    geometry = MuscleGeometry(wrapped.compiled)
    lengths = []
    for bend in (1.2, 1.5, 1.8):
        geometry.step(np.array([0.0, 0.1, bend]), np.zeros(3))
        lengths.append(geometry.length.copy())
    assert geometry.extrapolated
    np.testing.assert_allclose(lengths[2] - lengths[1], lengths[1] - lengths[0], atol=1e-12)


def test_moment_arm_is_the_slope_of_the_length_everywhere(wrapped: Case) -> None:
    geometry, step = MuscleGeometry(wrapped.compiled), 1e-6
    for free in inside(20, reach=1.5):
        geometry.step(free, np.zeros(3))
        arms, spanned = geometry.moment_arm[0].copy(), geometry.spanned[0]
        for arm, j in zip(arms, spanned, strict=True):
            if j < 0 or np.min(np.abs(np.abs(free) - [9.0, 0.5, 1.2])) < 10 * step:
                continue
            ends = []
            for sign in (1.0, -1.0):
                moved = free.copy()
                moved[j] += sign * step
                geometry.step(moved, np.zeros(3))
                ends.append(geometry.length[0])
            outside = abs(free[1]) > 0.5 or abs(free[2]) > 1.2
            # beyond the border the arm is held, and with it the slopes of the other coordinates
            if not outside:
                assert arm == pytest.approx((ends[1] - ends[0]) / (2 * step), abs=1e-7)


def test_coordinates_that_nothing_spans_do_not_extrapolate(wrapped: Case) -> None:
    """The hinge may turn around: no muscle crosses it."""
    geometry = MuscleGeometry(wrapped.compiled)
    geometry.step(np.array([30.0, 0.0, 0.0]), np.zeros(3))
    assert not geometry.extrapolated


def test_path_that_is_a_polynomial_is_found_again(small_case: Callable[[Any], Case]) -> None:
    """FunctionBasedPath: what a fit of that degree can do to rounding."""
    model = joint_of_two_turns()
    add_function_path(model, "m", (0.5, 0.03, -0.02, 0.04, 0.01, 0.005))
    case = small_case(model)
    for pose in visit(case, inside(20)):
        np.testing.assert_allclose(pose.geometry.length, case.oracle.muscle_lengths(), atol=1e-9)
        np.testing.assert_allclose(pose.geometry.speed, pose.speeds(), atol=1e-9)
        arms = pose.theirs(case.compiled.coordinates.free_index)
        np.testing.assert_allclose(pose.ours, arms, atol=1e-9)


def test_other_force_is_refused_by_class_and_name(small_case: Callable[[Any], Case]) -> None:
    model = joint_of_two_turns()
    force = opensim.ExpressionBasedCoordinateForce("bend", "-10*q")
    force.setName("passive_bend")
    model.addForce(force)
    with pytest.raises(
        UnsupportedComponent, match=r"ExpressionBasedCoordinateForce 'passive_bend'"
    ):
        small_case(model)


def test_force_that_is_switched_off_is_no_obstacle(small_case: Callable[[Any], Case]) -> None:
    model = joint_of_two_turns()
    force = opensim.ExpressionBasedCoordinateForce("bend", "-10*q")
    force.set_appliesForce(False)
    model.addForce(force)
    assert small_case(model).compiled.muscle_names == ()
