"""Ground reaction from motion: exact where mechanics says so, near the plates elsewhere."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import nnls

from configs.demo.build import SUBJECT
from sim_bridge import (
    Bridge,
    BridgeSettings,
    BridgeStatus,
    CompiledModel,
    ExternalForce,
    SettingsError,
    UnknownBody,
    compile_model,
)
from sim_bridge.dynamics.inverse_dynamics import InverseDynamics
from sim_bridge.ground_reaction import Blend, Feet, GroundReaction, find_feet
from sim_bridge.ground_reaction.contact import contacts
from sim_bridge.ground_reaction.predictor import (
    FRICTION,
    TOWARDS_BODY,
    TWIST_ARM_M,
    whole_body,
)
from sim_bridge.ground_reaction.share import (
    AIR,
    FORCE_WEIGHT,
    MOMENT_ARM,
    MOMENT_WEIGHT,
    normal_forces,
)
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial

RATE_HZ = 100.0


@pytest.fixture
def walk(recorded: Callable[[str], RecordedTrial]) -> RecordedTrial:
    return recorded(PARITY_TRIALS[0])


def feet_of(model: CompiledModel) -> Feet:
    feet = find_feet(model)
    assert feet is not None
    return feet


def test_whole_wrench_on_a_foot_leaves_the_pelvis_without_residual(walk: RecordedTrial) -> None:
    rng, model = np.random.default_rng(70), walk.model
    index = model.coordinates.free_index
    alone = InverseDynamics(model, ())
    under = InverseDynamics(model, [ExternalForce("right", "calcn_r")])
    wrench, centre, row = np.zeros(6), np.zeros(3), np.zeros((1, 9))
    pelvis = [i for i, name in enumerate(model.coordinate_names) if name.startswith("pelvis")]
    chain = model.chain
    for _ in range(10):
        q, qd, qdd = np.zeros((3, len(model.coordinate_names)))
        q[:] = model.coordinates.default
        q[index] += 0.3 * rng.normal(size=len(index))
        qd[index], qdd[index] = rng.normal(size=(2, len(index)))
        alone.step(q, qd, qdd, np.zeros((0, 9)))
        whole_body(
            chain.parent, chain.mass, chain.first_moment, alone.pose.rotation,
            alone.pose.position, alone.work.force, wrench, centre,
        )  # fmt: skip
        row[0, :3], row[0, 6:] = wrench[3:], wrench[:3]  # at ground's origin
        under.step(q, qd, qdd, row)
        # rounding of moments of 1e3 N m
        np.testing.assert_allclose(under.tau[pelvis], 0.0, atol=1e-8)


def test_normal_forces_are_those_of_a_general_solver() -> None:
    rng = np.random.default_rng(71)
    for _ in range(50):
        x, z = rng.uniform(-0.5, 0.5, (2, 8))
        contact = rng.uniform(0.0, 1.0, 8) ** 3
        force, cx, cz = rng.uniform(0.2, 1.5), *rng.uniform(-0.3, 0.3, 2)
        ours = np.zeros(8)
        normal_forces(x, z, contact, force, cx, cz, ours)
        arm = np.sqrt(MOMENT_WEIGHT) / MOMENT_ARM
        rows = np.vstack(
            [
                np.diag(1.0 / np.sqrt(contact + AIR)),
                np.full((1, 8), np.sqrt(FORCE_WEIGHT)),
                arm * (x - cx)[None],
                arm * (z - cz)[None],
            ]
        )
        wanted = np.concatenate([np.zeros(8), [np.sqrt(FORCE_WEIGHT) * force], np.zeros(2)])
        theirs, _ = nnls(rows, wanted)
        np.testing.assert_allclose(ours, theirs, atol=1e-7)  # body weights; both are exact


def test_a_person_in_the_air_has_no_force_under_the_feet(walk: RecordedTrial) -> None:
    """The floor is known from standing; then the body flies a metre above it, falling."""
    model = walk.model
    reaction = GroundReaction(model, feet_of(model), RATE_HZ)
    q, rest = model.coordinates.default.copy(), np.zeros(len(model.coordinate_names))
    reaction.move(q, rest, rest)
    reaction.share()
    assert reaction.forces[:, 1].sum() > 0.9 * model.mass * 9.8
    falling = rest.copy()
    height = model.coordinate_names.index("pelvis_ty")
    falling[height] = -9.80665
    q[height] += 1.0
    reaction.move(q, rest, falling)
    reaction.share()
    assert np.abs(reaction.forces[:, :3]).max() < 0.01 * model.mass * 9.8


def test_who_stands_still_stands_on_both_feet_with_all_the_weight(walk: RecordedTrial) -> None:
    model = walk.model
    reaction = GroundReaction(model, feet_of(model), RATE_HZ)
    rest = np.zeros(len(model.coordinate_names))
    reaction.move(model.coordinates.default.copy(), rest, rest)
    reaction.share()
    weight = model.mass * 9.80665
    # 2 %: the smallness of the points' forces counts a little beside the total
    assert reaction.forces[:, 1].sum() == pytest.approx(weight, rel=0.02)
    assert reaction.forces[0, 1] == pytest.approx(reaction.forces[1, 1], rel=0.1)
    for row, name in zip(reaction.forces, ("r", "l"), strict=True):
        assert abs(row[5]) < 0.2, name  # between the sole's edges
        assert -0.15 < row[3] < 0.3, name


def test_contact_needs_height_and_no_climb() -> None:
    floor, contact = np.full(1, np.inf), np.zeros(3)
    kind = np.zeros(3, dtype=np.int64)
    contacts(np.array([0.0, 0.005, 0.1]), np.array([0.0, 1.0, 0.0]), kind, 0.01, floor, contact)
    assert contact[0] > 0.8
    assert contact[1] < 0.1  # on its way up at 1 m/s
    assert contact[2] < 1e-6
    assert floor[0] == 0.0
    contacts(np.full(3, 0.05), np.zeros(3), kind, 0.5, floor, contact)
    assert 0.0 < floor[0] < 0.05  # rises slowly


@pytest.mark.parametrize("trial", PARITY_TRIALS)
def test_walking_is_predicted_near_the_plates(
    recorded: Callable[[str], RecordedTrial], trial: str
) -> None:
    source = recorded(trial)
    out = {}
    for mode in ("measured", "predicted"):
        settings = BridgeSettings(source.rate_hz, ground_reaction=mode)
        bridge = Bridge(source.model, source.marker_names, source.loads, settings)
        kept = []
        for i in range(55, 185):  # both feet on plates in both trials
            o = bridge.step(float(source.time[i]), source.markers[i], source.forces[i])
            assert bool(o.status & BridgeStatus.GRF_PREDICTED) == (mode == "predicted")
            kept.append((o.forces.copy(), o.tau.copy()))
        out[mode] = [np.array(rows)[25:] for rows in zip(*kept, strict=True)]
    forces, tau = (p - m for p, m in zip(out["predicted"], out["measured"], strict=True))
    weight = source.model.mass * 9.80665
    vertical = np.sqrt(np.mean(forces[..., 1] ** 2))
    assert vertical < 0.10 * weight  # what the project promises; 6 to 9 % seen
    legs = [
        i
        for i, name in enumerate(source.model.coordinate_names)
        if name.startswith(("hip_", "knee_angle", "ankle_angle")) and "beta" not in name
    ]
    assert np.sqrt(np.mean(tau[:, legs] ** 2)) < 20.0  # [N m] promised; 12 to 15 seen


def test_a_foot_that_bears_little_would_slip(recorded: Callable[[str], RecordedTrial]) -> None:
    """In a run's flight the motion needs horizontal forces too: they are its errors."""
    run = recorded("ceinms/subject06/run81")
    settings = BridgeSettings(run.rate_hz, ground_reaction="predicted")
    bridge, light = Bridge(run.model, run.marker_names, run.loads, settings), 0
    weight = float(run.model.mass * np.linalg.norm(run.model.gravity))
    for i in range(300):
        forces = bridge.step(float(run.time[i]), run.markers[i], run.forces[i]).forces
        vertical, across = forces[:, 1], np.hypot(forces[:, 0], forces[:, 2])
        # towards a centre of mass at most 45 degrees off, and what friction adds
        assert (across <= (TOWARDS_BODY + FRICTION) * vertical + 1e-9).all()
        assert np.abs(forces[:, 7]).sum() <= TWIST_ARM_M * vertical.sum() + 1e-9
        light += int(((vertical > 0.0) & (vertical < 0.02 * weight)).any())
    assert light > 20


def test_plates_that_fall_silent_hand_over_and_take_back_without_a_jump(
    walk: RecordedTrial,
) -> None:
    always = {mode: vertical_forces(walk, mode) for mode in ("measured", "predicted")}
    bridge = walk.bridge()
    silent = range(90, 120)
    delay = int(np.ceil(bridge.filter_delay_s * walk.rate_hz)) + 1
    vertical, flags = [], []
    for i in range(55, 150):
        forces = walk.forces[i] * (np.nan if i in silent else 1.0)
        out = bridge.step(float(walk.time[i]), walk.markers[i], forces)
        assert np.isfinite(out.tau).all()
        vertical.append(out.forces[:, 1].copy())
        flags.append(bool(out.status & BridgeStatus.GRF_PREDICTED))
    assert not any(flags[: 90 - 55])
    assert all(flags[90 - 55 + delay : 120 - 55])
    assert not any(flags[120 - 55 + delay + 6 :])  # 50 ms of hand-over
    change = np.abs(np.diff(np.array(vertical), axis=0)).max(axis=1)
    natural = max(np.abs(np.diff(forces, axis=0)).max() for forces in always.values())
    apart = np.abs(always["measured"] - always["predicted"]).max()
    assert change.max() < natural + apart / 5.0  # five frames from one to the other


def vertical_forces(walk: RecordedTrial, mode: str) -> np.ndarray:
    settings = BridgeSettings(walk.rate_hz, ground_reaction=mode)  # type: ignore[arg-type]
    bridge, kept = Bridge(walk.model, walk.marker_names, walk.loads, settings), []
    for i in range(55, 150):
        out = bridge.step(float(walk.time[i]), walk.markers[i], walk.forces[i])
        kept.append(out.forces[:, 1].copy())
    return np.array(kept)


def test_mixing_keeps_the_moment_between_both() -> None:
    rng = np.random.default_rng(72)
    measured, predicted = rng.normal(size=(2, 9)), rng.normal(size=(2, 9))
    blend = Blend(np.array([0, 1]), RATE_HZ)
    blend.step(measured, predicted, only_predicted=False)
    np.testing.assert_array_equal(blend.forces, measured)
    unknown = np.full((2, 9), np.nan)
    for k in range(1, 6):
        blend.step(unknown, predicted, only_predicted=False)
        assert blend.predicted
        np.testing.assert_allclose(blend.shares, k / 5.0)
        for row, a, b in zip(blend.forces, measured, predicted, strict=True):
            mixed = (1.0 - k / 5.0) * wrench(a) + k / 5.0 * wrench(b)
            np.testing.assert_allclose(wrench(row), mixed, atol=1e-12)


def wrench(row: np.ndarray) -> np.ndarray:
    """Force and moment about the origin."""
    return np.concatenate([row[:3], np.cross(row[3:6], row[:3]) + row[6:]])


def test_without_loads_the_feet_are_the_loads(walk: RecordedTrial) -> None:
    bridge = Bridge(walk.model, walk.marker_names, (), BridgeSettings(walk.rate_hz))
    for i in range(60, 90):
        out = bridge.step(float(walk.time[i]), walk.markers[i], np.zeros((0, 9)))
    assert out.forces.shape == (2, 9)
    assert out.status & BridgeStatus.GRF_PREDICTED
    assert out.forces[:, 1].sum() > 0.5 * walk.model.mass * 9.8


def test_a_model_without_toes_is_refused_only_if_prediction_is_a_must() -> None:
    model = compile_model(SUBJECT / "model.osim")
    out = Bridge(model, model.marker_names, (), BridgeSettings(RATE_HZ)).output
    assert out.forces.shape == (0, 9)
    must = BridgeSettings(RATE_HZ, ground_reaction="predicted")
    with pytest.raises(UnknownBody, match="toes_r"):
        Bridge(model, model.marker_names, (), must)


@pytest.mark.parametrize(
    ("names", "moved_m"), [(("calcn_r",), 0.05), (("calcn_r", "calcn_l"), 0.12)]
)
def test_feet_whose_origins_are_elsewhere_are_none(
    walk: RecordedTrial, names: tuple[str, ...], moved_m: float
) -> None:
    """One foot shorter than the other, or both than any; 18 cm is usual."""
    bodies = walk.model.bodies
    place = bodies.translation.copy()
    for name in names:
        place[bodies.names.index(name), 0] += moved_m
    elsewhere = replace(walk.model, bodies=replace(bodies, translation=place))
    assert find_feet(walk.model) is not None
    assert find_feet(elsewhere) is None


def test_a_mode_without_meaning_is_refused(walk: RecordedTrial) -> None:
    guess = BridgeSettings(RATE_HZ, ground_reaction="guess")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="auto, measured, predicted"):
        Bridge(walk.model, walk.marker_names, (), guess)
