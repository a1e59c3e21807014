"""Generalized forces of random motions against InverseDynamicsSolver and conservation of energy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import opensim
import pytest

from sim_bridge import ExternalForce, UnknownBody
from sim_bridge.dynamics.inverse_dynamics import InverseDynamics
from tests.naive import five_point_slope
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.oracle import OpenSimModel
from tests.sim_bridge.poses import Kinematics, random_free
from tests.sim_bridge.small_models import (
    custom,
    function_classes,
    line,
    standard,
    two_limbs,
)
from tests.sim_bridge.test_joints import PLAIN, SKEW_AXES, gliding
from tests.sim_bridge.trials import SKELETON_TRIALS

TOLERANCE = 1e-6
"""Of the largest force of the state. Seen: 1e-14, both sides do the same arithmetic."""
LOAD_SIZE = np.array([100.0, 800.0, 100.0, 1.0, 1.0, 1.0, 10.0, 10.0, 10.0])


def random_motion(case: Case, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Coordinates, speeds and accelerations; what is locked rests."""
    q = Kinematics(case.compiled).coordinates(random_free(case.compiled, rng))
    moves = case.compiled.coordinates.lead >= 0
    return q, 3.0 * moves * rng.normal(size=len(q)), 30.0 * moves * rng.normal(size=len(q))


def assert_matches_solver(case: Case, bodies: tuple[str, ...], states: int = 20) -> None:
    """Random motions under random forces on these bodies."""
    rng = np.random.default_rng(8)
    loads = rng.normal(size=(states, len(bodies), 9)) * LOAD_SIZE
    oracle = OpenSimModel(case.osim, [(body, loads[:, k]) for k, body in enumerate(bodies)])
    ours = InverseDynamics(case.compiled, [ExternalForce(f"on {b}", b) for b in bodies])
    for i in range(states):
        q, qd, qdd = random_motion(case, rng)
        theirs = oracle.inverse_dynamics(q, qd, qdd, float(i))
        ours.step(q, qd, qdd, loads[i])
        worst = np.abs(ours.tau - theirs).max()
        assert worst < TOLERANCE * max(1.0, np.abs(theirs).max())


@pytest.mark.parametrize("kind", [kind for kind in PLAIN if kind not in ("BallJoint", "FreeJoint")])
def test_plain_joint(small_case: Callable[[Any], Case], kind: str) -> None:
    assert_matches_solver(small_case(two_limbs(standard(kind), standard(kind))), ("limb1", "base"))


def turn_axes(angles: np.ndarray) -> np.ndarray:
    """Axes of three body-fixed turns x, y, z in the parent frame, one a column."""
    (c0, c1), (s0, s1) = np.cos(angles[:2]), np.sin(angles[:2])
    return np.array([[1.0, 0.0, s1], [0.0, c0, -s0 * c1], [0.0, s0, c0 * c1]])


@pytest.mark.parametrize(
    "kind", ["BallJoint", "FreeJoint", "EllipsoidJoint", "ScapulothoracicJoint"]
)
def test_ball_reports_moments_in_its_parent_frame(
    small_case: Callable[[Any], Case], kind: str
) -> None:
    """Simbody's speeds of a ball are its angular velocity in the parent, not angle rates."""
    joint = standard(kind) if kind in PLAIN else gliding(kind)
    case, rng = small_case(two_limbs(joint)), np.random.default_rng(31)
    names = case.compiled.coordinate_names
    turns = [names.index(f"tested0_{k}") for k in range(3)]
    ours, step = InverseDynamics(case.compiled, []), 1e-6
    for _ in range(20):
        q, qd, qdd = random_motion(case, rng)
        ours.step(q, qd, qdd, np.zeros((0, 9)))
        axes = turn_axes(q[turns])
        ahead = turn_axes(q[turns] + step * qd[turns])
        behind = turn_axes(q[turns] - step * qd[turns])
        u, udot = qd.copy(), qdd.copy()
        u[turns] = axes @ qd[turns]
        udot[turns] = axes @ qdd[turns] + (ahead - behind) / (2.0 * step) @ qd[turns]
        theirs = case.oracle.inverse_dynamics(q, u, udot)
        # the difference quotient of the axes is good to 1e-9
        worst = np.abs(ours.tau_opensim - theirs).max()
        assert worst < 1e-7 * max(1.0, np.abs(theirs).max())
        assert ours.tau @ qd == pytest.approx(theirs @ u, rel=1e-6, abs=1e-9)  # the same power


@pytest.mark.parametrize("name", function_classes())
def test_custom_joint_with_every_function_class(
    small_case: Callable[[Any], Case], name: str
) -> None:
    function = function_classes()[name]
    motions = {0: ("driven", function), 4: ("driven", function.clone()), 2: ("own", line())}
    assert_matches_solver(small_case(two_limbs(custom(motions, SKEW_AXES))), ("limb0",))


def test_custom_joint_of_six_coordinates(small_case: Callable[[Any], Case]) -> None:
    motions = {i: (f"c{i}", line()) for i in range(6)}
    assert_matches_solver(small_case(two_limbs(custom(motions, SKEW_AXES))), ("limb0", "base"))


@pytest.mark.parametrize("trial", SKELETON_TRIALS)
def test_real_model_under_two_foot_forces(skeleton_case: Callable[[str], Case], trial: str) -> None:
    assert_matches_solver(skeleton_case(trial), ("calcn_r", "calcn_l"))


def test_two_forces_on_one_body_add(small_case: Callable[[Any], Case]) -> None:
    case, rng = small_case(two_limbs(standard("GimbalJoint"))), np.random.default_rng(9)
    q, qd, qdd = random_motion(case, rng)
    forces = rng.normal(size=(2, 9))
    tau = []
    for bodies, rows in ((("limb0",), forces[:1]), (("limb0",), forces[1:]), ((), forces[:0])):
        one = InverseDynamics(case.compiled, [ExternalForce("f", b) for b in bodies])
        one.step(q, qd, qdd, rows)
        tau.append(one.tau.copy())
    both = InverseDynamics(case.compiled, [ExternalForce(n, "limb0") for n in "ab"])
    both.step(q, qd, qdd, forces)
    np.testing.assert_allclose(both.tau, tau[0] + tau[1] - tau[2], rtol=1e-12, atol=1e-12)


def test_force_row_with_nan_counts_as_no_force(small_case: Callable[[Any], Case]) -> None:
    case, rng = small_case(two_limbs(standard("GimbalJoint"))), np.random.default_rng(10)
    motion = random_motion(case, rng)
    forces = np.vstack([rng.normal(size=9), rng.normal(size=9)])
    forces[1, 4] = np.nan
    with_nan = InverseDynamics(case.compiled, [ExternalForce(n, "limb0") for n in "ab"])
    alone = InverseDynamics(case.compiled, [ExternalForce("a", "limb0")])
    with_nan.step(*motion, forces)
    alone.step(*motion, forces[:1])
    np.testing.assert_array_equal(with_nan.tau, alone.tau)


def test_force_on_ground_does_nothing(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("PinJoint"))
    plate = opensim.Body("plate", 1.0, opensim.Vec3(0), opensim.Inertia(1, 1, 1))
    model.addBody(plate)
    model.addJoint(opensim.WeldJoint("bolts", model.getGround(), plate))
    case = small_case(model)
    motion = random_motion(case, np.random.default_rng(11))
    loaded = InverseDynamics(case.compiled, [ExternalForce("floor", "plate")])
    free = InverseDynamics(case.compiled, [])
    loaded.step(*motion, np.ones((1, 9)))
    free.step(*motion, np.zeros((0, 9)))
    np.testing.assert_array_equal(loaded.tau, free.tau)


def test_force_on_unknown_body_is_refused_and_bodies_are_listed(
    small_case: Callable[[Any], Case],
) -> None:
    case = small_case(two_limbs(standard("PinJoint")))
    with pytest.raises(UnknownBody, match=r"'right'.*'calcn_r'.*base, limb0"):
        InverseDynamics(case.compiled, [ExternalForce("right", "calcn_r")])


@pytest.mark.parametrize("trial", SKELETON_TRIALS)
def test_power_of_the_forces_is_the_rate_of_energy(
    skeleton_case: Callable[[str], Case], trial: str
) -> None:
    """tau . qd = d/dt (T + V) with OpenSim's energies, on any model: no acceleration of Simbody."""
    case, rng = skeleton_case(trial), np.random.default_rng(12)
    ours = InverseDynamics(case.compiled, [], exact_joints=True)
    for _ in range(5):
        q, qd, qdd = random_motion(case, rng)
        ours.step(q, qd, qdd, np.zeros((0, 9)))

        def energy(t: float, q=q, qd=qd, qdd=qdd) -> float:  # type: ignore[no-untyped-def]
            case.oracle.set(q + qd * t + 0.5 * qdd * t * t, qd + qdd * t)
            return case.oracle.energy()

        rate = float(five_point_slope(energy, 1e-4))
        power = np.abs(ours.tau * qd).sum()
        # of the powers that cancel in the sum; a spline whose knot lies within the differences,
        # where its third derivative jumps, costs most of it
        assert float(ours.tau @ qd) == pytest.approx(rate, abs=1e-6 * power)
