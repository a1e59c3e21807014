"""Turns that share a coordinate, as in the Rajagopal knee: OpenSim's answer, and the exact one.

Simbody's function-based mobilizer takes the velocity of its first coordinate for that of its first
turn, and all but the third coordinate's for that of the first two. Where one coordinate drives
several turns, the child's angular acceleration then is not the derivative of its angular velocity;
positions, speeds and energies are right. By default ours is held against InverseDynamicsSolver,
and with ``exact_joints`` against Lagrange's equations with OpenSim's own energies.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from sim_bridge import compile_model
from sim_bridge.dynamics.inverse_dynamics import InverseDynamics
from tests.naive import five_point_slope, lagrange_forces
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.oracle import OpenSimModel
from tests.sim_bridge.small_models import custom, line, save, two_limbs
from tests.sim_bridge.test_inverse_dynamics import assert_matches_solver, random_motion
from tests.sim_bridge.trials import SKELETON_TRIALS

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


def assert_follows_lagrange(case: Case, motions: int) -> None:
    """Exact generalized forces of random motions."""
    rng = np.random.default_rng(14)
    ours = InverseDynamics(case.compiled, [], exact_joints=True)
    for _ in range(motions):
        motion = random_motion(case, rng)
        ours.step(*motion, np.zeros((0, 9)))
        expected = by_lagrange(case.oracle, motion)
        # a locked coordinate cannot be moved to see how the energies change
        error = np.abs(ours.tau - expected)[case.compiled.coordinates.lead >= 0]
        assert error.max() < LAGRANGE_TOLERANCE * np.abs(expected).max()


def shared_turns(*coordinates: str) -> Any:
    """Joint whose axes follow these coordinates in turn, "" for none."""
    motions = {i: (c, line(1.0 - 0.3 * i)) for i, c in enumerate(coordinates) if c}
    return two_limbs(custom(motions))


@pytest.fixture
def three_turns(small_case: Callable[[Any], Case]) -> Case:
    turns = {0: ("knee", line()), 1: ("knee", line(0.4)), 2: ("knee", line(0.2))}
    return small_case(two_limbs(custom(turns)))


SHARINGS = ("aaa", "aab", "aba", "abb", "abc", "aa-", "a-a", "-aa", "-ab", "a-b", "aabc", "bca-b")


@pytest.mark.parametrize("sharing", SHARINGS)
def test_shared_turns_give_opensims_forces(small_case: Callable[[Any], Case], sharing: str) -> None:
    assert_matches_solver(small_case(shared_turns(*[c.strip("-") for c in sharing])), ("limb0",))


@pytest.mark.parametrize("sharing", SHARINGS)
def test_shared_turns_are_exact_on_demand(small_case: Callable[[Any], Case], sharing: str) -> None:
    case = small_case(shared_turns(*[c.strip("-") for c in sharing]))
    assert_follows_lagrange(case, motions=3)


def test_coordinates_listed_in_another_order(tmp_path: Path) -> None:
    """OpenSim sorts a joint's coordinates by its axes; the file's order must not matter."""
    osim = save(shared_turns("a", "b", "c"), tmp_path / "small.osim")
    tree = ElementTree.parse(osim)
    listed = tree.find(".//CustomJoint[@name='tested0']/coordinates")
    assert listed is not None
    listed[:] = listed[::-1]
    tree.write(osim)
    case = Case(osim, compile_model(osim, cache_dir=tmp_path))
    assert case.compiled.coordinate_names == ("hinge_angle", "a", "b", "c")
    assert_matches_solver(case, ("limb0",))
    assert_follows_lagrange(case, motions=3)


def test_the_two_answers_differ_where_turns_share_a_coordinate(three_turns: Case) -> None:
    motion = random_motion(three_turns, np.random.default_rng(13))
    tau = []
    for exact in (False, True):
        ours = InverseDynamics(three_turns.compiled, [], exact_joints=exact)
        ours.step(*motion, np.zeros((0, 9)))
        tau.append(ours.tau.copy())
    assert np.abs(tau[0] - tau[1]).max() > 1e-5 * np.abs(tau[0]).max()


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


@pytest.mark.parametrize("trial", SKELETON_TRIALS)
def test_real_model_follows_lagrange(skeleton_case: Callable[[str], Case], trial: str) -> None:
    assert_follows_lagrange(skeleton_case(trial), motions=1)
