"""Three turns on one coordinate, as in the Rajagopal knee, where Simbody errs and we do not.

Simbody's FunctionBased mobilizer, when one coordinate drives all three turns, adds the term
theta2' theta3' (w3 x w2) to the child's angular acceleration (its `buildHdot` takes the whole
angular velocity for that of the first turn). Positions, speeds and energies are right. So ours is
held against Lagrange's equations with OpenSim's own energies, and against InverseDynamicsSolver
where the joint does not move.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim_bridge import ExternalForce
from sim_bridge.inverse_dynamics import InverseDynamics
from tests.naive import five_point_slope, lagrange_forces
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.oracle import OpenSimModel
from tests.sim_bridge.small_models import custom, line, two_limbs
from tests.sim_bridge.test_inverse_dynamics import LOAD_SIZE, random_motion

WALKER = "rajagopal/walker/walk"
KNEES = ("knee_angle_r", "knee_angle_l")
LAGRANGE_TOLERANCE = 1e-6
"""Of the largest force: fourth-order differences over 1 ms; seen 1e-8."""


def by_lagrange(oracle: OpenSimModel, motion: tuple[np.ndarray, ...]) -> np.ndarray:
    """Generalized forces from OpenSim's energies."""

    def kinetic(q: np.ndarray, qd: np.ndarray) -> float:
        oracle.set(q, qd)
        return float(oracle.model.calcKineticEnergy(oracle.state))

    def potential(q: np.ndarray) -> float:
        oracle.set(q)
        return float(oracle.model.calcPotentialEnergy(oracle.state))

    return lagrange_forces(kinetic, potential, *motion)


@pytest.fixture
def three_turns(small_case: Callable[[Any], Case]) -> Case:
    turns = {0: ("knee", line()), 1: ("knee", line(0.4)), 2: ("knee", line(0.2))}
    return small_case(two_limbs(custom(turns)))


def test_three_turns_follow_lagrange_where_the_solver_does_not(three_turns: Case) -> None:
    rng = np.random.default_rng(13)
    ours, misses = InverseDynamics(three_turns.compiled, []), []
    for _ in range(5):
        motion = random_motion(three_turns, rng)
        ours.step(*motion, np.zeros((0, 9)))
        expected = by_lagrange(three_turns.oracle, motion)
        scale = np.abs(expected).max()
        assert np.abs(ours.tau - expected).max() < LAGRANGE_TOLERANCE * scale
        solver = three_turns.oracle.inverse_dynamics(*motion)
        misses.append(np.abs(solver - expected).max() / scale)
    assert max(misses) > 1000.0 * LAGRANGE_TOLERANCE


def test_simbodys_angular_acceleration_is_not_the_derivative_of_its_angular_velocity(
    three_turns: Case,
) -> None:
    """Evidence within OpenSim alone; when this fails, Simbody is mended and the exception goes."""
    oracle, q, qd = three_turns.oracle, np.array([0.3, 0.7]), np.array([0.0, 5.0])
    body = oracle.model.getBodySet().get("limb0")
    oracle.set(q, qd)
    oracle.model.realizeAcceleration(oracle.state)
    reported = body.getAngularAccelerationInGround(oracle.state).to_numpy()
    qdd = oracle.state.getUDot().to_numpy()

    def angular_velocity(t: float) -> np.ndarray:
        oracle.set(q + qd * t + 0.5 * qdd * t * t, qd + qdd * t)
        return np.asarray(body.getAngularVelocityInGround(oracle.state).to_numpy())

    surplus = reported - five_point_slope(angular_velocity, 1e-3)
    assert np.linalg.norm(surplus) == pytest.approx(0.4 * 0.2 * qd[1] ** 2, rel=1e-6)


def test_walker_follows_lagrange(skeleton_case: Callable[[str], Case]) -> None:
    case, rng = skeleton_case(WALKER), np.random.default_rng(14)
    ours = InverseDynamics(case.compiled, [])
    motion = random_motion(case, rng)
    ours.step(*motion, np.zeros((0, 9)))
    expected = by_lagrange(case.oracle, motion)
    assert np.abs(ours.tau - expected).max() < LAGRANGE_TOLERANCE * np.abs(expected).max()


def test_walker_with_still_knees_matches_the_solver(skeleton_case: Callable[[str], Case]) -> None:
    case, rng = skeleton_case(WALKER), np.random.default_rng(15)
    feet, states = ("calcn_r", "calcn_l"), 20
    loads = rng.normal(size=(states, 2, 9)) * LOAD_SIZE
    oracle = OpenSimModel(case.osim, [(foot, loads[:, k]) for k, foot in enumerate(feet)])
    ours = InverseDynamics(case.compiled, [ExternalForce(foot, foot) for foot in feet])
    knees = [case.compiled.coordinate_names.index(name) for name in KNEES]
    for i in range(states):
        q, qd, qdd = random_motion(case, rng)
        qd[knees] = 0.0
        theirs = oracle.inverse_dynamics(q, qd, qdd, float(i))
        ours.step(q, qd, qdd, loads[i])
        assert np.abs(ours.tau - theirs).max() < 1e-6 * np.abs(theirs).max()
