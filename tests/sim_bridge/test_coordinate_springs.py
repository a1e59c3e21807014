"""Springs and stops of single coordinates, against OpenSim's inverse dynamics."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import opensim
import pytest

from sim_bridge import UnsupportedComponent
from sim_bridge.dynamics.inverse_dynamics import InverseDynamics
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.small_models import custom, line, spline, standard, two_limbs
from tests.sim_bridge.small_muscles import joint_of_two_turns
from tests.sim_bridge.test_outside_sets import hold

STATES = 200
TOLERANCE = 1e-9
"""Of the largest force of the state. Seen: 1e-14, both sides do the same arithmetic."""


def add_stop(
    model: Any, coordinate: str, limits: tuple[float, float], transition: float = 6.0
) -> Any:
    """A stop of unequal sides; OpenSim takes degrees where the coordinate turns."""
    stop = opensim.CoordinateLimitForce(coordinate, limits[1], 3.0, limits[0], 5.0, 0.2, transition)
    stop.setName(f"{coordinate}_stop")
    model.addForce(stop)
    return stop


def add_spring(model: Any, coordinate: str, rest: float = 0.2) -> Any:
    spring = opensim.SpringGeneralizedForce(coordinate)
    spring.setName(f"{coordinate}_spring")
    spring.setStiffness(40.0)
    spring.setRestLength(rest)
    spring.setViscosity(1.5)
    model.addForce(spring)
    return spring


def assert_moments_agree(case: Case) -> None:
    """Random motion, on both sides of every limit."""
    ours, rng = InverseDynamics(case.compiled, []), np.random.default_rng(40)
    n, nothing = len(case.compiled.coordinate_names), np.zeros((0, 9))
    for _ in range(STATES):
        q, qd, qdd = rng.uniform(-1.0, 1.0, n), 3.0 * rng.normal(size=n), 9.0 * rng.normal(size=n)
        theirs = case.oracle.inverse_dynamics(q, qd, qdd)
        ours.step(q, qd, qdd, nothing)
        assert np.abs(ours.tau - theirs).max() < TOLERANCE * max(1.0, np.abs(theirs).max())


@pytest.mark.parametrize("limits", [(-20.0, 10.0), (5.0, 5.0), (-400.0, 400.0)])
def test_stop_of_an_angle(small_case: Callable[[Any], Case], limits: tuple[float, float]) -> None:
    model = joint_of_two_turns()
    add_stop(model, "bend", limits)
    assert_moments_agree(small_case(model))


def test_stop_of_a_length(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("SliderJoint"))
    add_stop(model, "tested0_0", (-0.3, 0.2), transition=0.1)
    assert_moments_agree(small_case(model))


def test_stop_of_a_coordinate_that_opensim_calls_coupled(
    small_case: Callable[[Any], Case],
) -> None:
    """It turns and slides at once; its limits are no degrees."""
    sliding = spline([(-2.0, 0.03), (0.0, 0.05), (2.0, 0.02)])
    model = two_limbs(custom({2: ("knee", line(2.0)), 3: ("knee", sliding)}))
    add_stop(model, "knee", (-0.3, 0.2), transition=0.1)
    assert_moments_agree(small_case(model))


def test_springs_and_stops_add_up(small_case: Callable[[Any], Case]) -> None:
    model = joint_of_two_turns()
    add_spring(model, "bend")
    add_stop(model, "twist", (-10.0, 10.0))
    add_spring(model, "twist", rest=-0.1)
    add_stop(model, "bend", (0.0, 30.0)).set_appliesForce(False)
    case = small_case(model)
    assert len(case.compiled.springs.coordinate) == 3
    assert_moments_agree(case)


def test_spring_at_rest_still_damps(small_case: Callable[[Any], Case]) -> None:
    model = joint_of_two_turns()
    add_spring(model, "bend", rest=0.0)
    case = small_case(model)
    ours = InverseDynamics(case.compiled, [])
    q, qd = np.zeros(3), np.array([0.0, 0.0, 2.0])
    ours.step(q, qd, np.zeros(3), np.zeros((0, 9)))
    np.testing.assert_allclose(
        ours.tau, case.oracle.inverse_dynamics(q, qd, np.zeros(3)), rtol=0, atol=1e-9
    )


def test_a_spring_on_a_ball_is_refused(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("BallJoint"))
    add_spring(model, "tested0_1")
    with pytest.raises(UnsupportedComponent, match=r"'tested0_1_spring'.*turns freely"):
        small_case(model)


def test_all_other_forces_are_named_at_once(small_case: Callable[[Any], Case]) -> None:
    """The first is among the model's components; to move it to its set would not help."""
    model = joint_of_two_turns()
    add_stop(model, "bend", (-20.0, 10.0))
    for name, add in (("lift", model.addForce), ("push", partial(hold, model))):
        pull = opensim.PrescribedForce(name, model.updBodySet().get("base"))
        pull.setForceFunctions(*(opensim.Constant(1.0) for _ in range(3)))
        add(pull)
    band = opensim.PathSpring("band", 0.2, 100.0, 0.1)
    for k, body in enumerate(("base", "limb0")):
        place = opensim.Vec3(0.05, 0.1 - 0.3 * k, 0.0)
        band.updGeometryPath().appendNewPathPoint(f"p{k}", model.updBodySet().get(body), place)
    model.addForce(band)
    told = (
        r"PrescribedForce 'push' is not supported: remove it.*; the same holds for"
        r" PrescribedForce 'lift', PathSpring 'band'$"
    )
    with pytest.raises(UnsupportedComponent, match=told):
        small_case(model)
