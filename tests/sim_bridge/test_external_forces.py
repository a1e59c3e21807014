"""Loads that are not one row a foot: none for a foot, several for one, others on no foot."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from configs.demo.build import SUBJECT
from sim_bridge import (
    ON_FEET,
    Bridge,
    BridgeSettings,
    BridgeStatus,
    ExternalForce,
    SettingsError,
    compile_model,
)
from sim_bridge.ground_reaction import Blend
from sim_bridge.plates import MissingLoad, PlateFault
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial

RATE_HZ = 100.0
PREDICTED, STALE = int(BridgeStatus.GRF_PREDICTED), int(BridgeStatus.FORCE_STALE)
FRAMES = range(55, 185)
"""Frames in which both feet are on plates when they stand."""
SETTLED = 25
"""Frames until the filter's window is full and forces are handed over."""
RIGHT, LEFT = ExternalForce("r", "calcn_r"), ExternalForce("l", "calcn_l")
ALSO_RIGHT, TIBIA = ExternalForce("also r", "toes_r"), ExternalForce("exo", "tibia_r")


@pytest.fixture
def walk(recorded: Callable[[str], RecordedTrial]) -> RecordedTrial:
    return recorded(PARITY_TRIALS[0])


def solve(
    walk: RecordedTrial, loads: tuple[ExternalForce, ...], forces: np.ndarray, mode: str = "auto"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forces, flags and plate faults of a part of the trial."""
    settings = BridgeSettings(walk.rate_hz, ground_reaction=mode)  # type: ignore[arg-type]
    bridge, kept = Bridge(walk.model, walk.marker_names, loads, settings), []
    for i in FRAMES:
        o = bridge.step(float(walk.time[i]), walk.markers[i], forces[i])
        kept.append((o.forces.copy(), o.status, o.plate_faults.copy()))
    found = [np.array(part)[SETTLED:] for part in zip(*kept, strict=True)]
    return found[0], found[1], found[2]


def on_right(walk: RecordedTrial) -> int:
    """Row of the right foot in the trial's forces."""
    return [load.body for load in walk.loads].index("calcn_r")


def of_feet(walk: RecordedTrial) -> tuple[np.ndarray, np.ndarray]:
    """The trial's forces under the right and the left foot, (n, 9) each."""
    r = on_right(walk)
    return walk.forces[:, r].copy(), walk.forces[:, 1 - r].copy()


def rows(*of_loads: np.ndarray) -> np.ndarray:
    """Forces of all loads, (n, k, 9)."""
    return np.stack(of_loads, axis=1)


@pytest.mark.parametrize("mode", ["auto", "predicted"])
def test_a_load_on_no_foot_leaves_both_feet_predicted(walk: RecordedTrial, mode: str) -> None:
    n = len(walk.time)
    with_exo, flags, _ = solve(walk, (TIBIA,), np.zeros((n, 1, 9)), mode)
    without, _, _ = solve(walk, (), np.zeros((n, 0, 9)), mode)
    np.testing.assert_array_equal(with_exo[:, 1:], without)
    assert np.all(flags & PREDICTED)


def test_a_pure_torque_on_a_foot_is_a_device_and_no_plate(walk: RecordedTrial) -> None:
    right, left = of_feet(walk)
    torque = np.zeros_like(right)
    torque[:, 8] = -40.0  # below any contact, were it a plate's
    on_foot = ExternalForce("exo", "calcn_r", pure_torque=True)
    found, flags, _ = solve(walk, (RIGHT, LEFT, on_foot), rows(right, left, torque))
    without, own_flags, _ = solve(walk, (RIGHT, LEFT), rows(right, left))
    np.testing.assert_array_equal(found[:, :2], without)
    np.testing.assert_allclose(found[:, 2, 8], -40.0)
    muscles = int(BridgeStatus.SO_SATURATED)  # which have 40 N m more to do
    np.testing.assert_array_equal(flags & ~muscles, own_flags & ~muscles)
    alone, _, _ = solve(walk, (on_foot,), rows(torque))
    assert alone.shape[1] == 3  # both feet are predicted beside it


def test_a_foot_without_a_plate_is_predicted_as_one_whose_plate_is_silent(
    walk: RecordedTrial,
) -> None:
    right, left = of_feet(walk)
    alone, flags, _ = solve(walk, (RIGHT,), rows(right))
    silent, _, _ = solve(walk, (RIGHT, LEFT), rows(right, left * np.nan))
    np.testing.assert_array_equal(alone, silent)
    assert np.all(flags & PREDICTED)
    assert alone[:, 1, 1].max() > 0.5 * walk.model.mass * 9.8


def test_rows_are_added_behind_the_given_ones_and_named(walk: RecordedTrial) -> None:
    def names(mode: str, *loads: ExternalForce) -> list[tuple[str, str]]:
        settings = BridgeSettings(RATE_HZ, ground_reaction=mode)  # type: ignore[arg-type]
        bridge = Bridge(walk.model, walk.marker_names, loads, settings)
        assert bridge.output.forces.shape == (len(bridge.loads), 9)
        assert len(bridge.output.plate_faults) == len(loads)
        return [(load.name, load.body) for load in bridge.loads]

    r, l = (f"ground reaction {side}" for side in "rl")  # noqa: E741
    for mode in ("auto", "predicted"):
        assert names(mode, LEFT, TIBIA) == [("l", "calcn_l"), ("exo", "tibia_r"), (r, "calcn_r")]
        assert names(mode, ALSO_RIGHT) == [("also r", "toes_r"), (l, "calcn_l")]
        ankle = ExternalForce("under the ankle", "talus_r")
        assert names(mode, ankle) == [("under the ankle", "talus_r"), (l, "calcn_l")]
        assert names(mode, LEFT, RIGHT) == [("l", "calcn_l"), ("r", "calcn_r")]
    assert names("measured", LEFT, TIBIA) == [("l", "calcn_l"), ("exo", "tibia_r")]


def test_a_model_without_feet_keeps_its_loads() -> None:
    model = compile_model(SUBJECT / "model.osim")
    load = ExternalForce("exo", model.bodies.names[0])
    assert Bridge(model, model.marker_names, (load,), BridgeSettings(RATE_HZ)).loads == (load,)


def test_what_other_loads_carry_the_feet_need_not(walk: RecordedTrial) -> None:
    """Who stands still, and hangs with 200 N in a harness."""
    model, rest = walk.model, np.zeros(len(walk.model.coordinate_names))
    harness = np.array([[0.0, 200.0, 0.0, *[0.0, 1.2, 0.0], *np.zeros(3)]])
    settings = BridgeSettings(RATE_HZ)
    bridge = Bridge(model, walk.marker_names, (ExternalForce("harness", "torso"),), settings)
    out = bridge.solve(model.coordinates.default, rest, rest, harness)
    np.testing.assert_array_equal(out.forces[0], harness[0])
    # 2 % of body weight: the smallness of the points' forces counts a little beside the total
    weight = model.mass * 9.80665
    assert out.forces[1:, 1].sum() == pytest.approx(weight - 200.0, abs=0.02 * weight)


@pytest.mark.parametrize("mode", ["auto", "measured", "predicted"])
def test_an_unknown_force_on_no_foot_is_told(walk: RecordedTrial, mode: str) -> None:
    right, left = of_feet(walk)
    loads, exo = (RIGHT, LEFT, TIBIA), np.zeros_like(right)
    known, flags, _ = solve(walk, loads, rows(right, left, exo), mode)
    assert not np.any(flags & STALE)
    lost, flags, _ = solve(walk, loads, rows(right, left, exo * np.nan), mode)
    assert np.all(flags & STALE)
    np.testing.assert_array_equal(lost, known)  # it counts as no force
    _, flags, _ = solve(walk, loads, rows(right, left * np.nan, exo), mode)
    assert bool(np.any(flags & STALE)) == (mode == "measured")  # else it is predicted


def test_of_two_plates_a_foot_has_the_force_of_both(walk: RecordedTrial) -> None:
    right, left = of_feet(walk)
    first, second = right.copy(), right.copy()
    first[120:], second[:120] = 0.0, 0.0
    loads = (RIGHT, LEFT, ALSO_RIGHT)
    both, flags, faults = solve(walk, loads, rows(first, left, second))
    one, _, _ = solve(walk, (RIGHT, LEFT), rows(right, left))
    assert not np.any(flags & PREDICTED)
    assert not faults.any()
    change = 120 - FRAMES[SETTLED]
    apart = np.r_[: change - 1, change + 5 : len(both)]  # the delay mixes both plates' frames
    np.testing.assert_array_equal((both[:, 0] + both[:, 2])[apart, 1], one[apart, 0, 1])


def test_a_foot_is_predicted_whole_and_once_where_one_of_its_plates_is_unknown(
    walk: RecordedTrial,
) -> None:
    right, left = of_feet(walk)
    loads = (RIGHT, LEFT, ALSO_RIGHT)
    broken, flags, _ = solve(walk, loads, rows(right * np.nan, left, right))
    silent, _, _ = solve(walk, (RIGHT, LEFT), rows(right * np.nan, left))
    np.testing.assert_array_equal(broken[:, :2], silent)
    assert not broken[:, 2].any()
    assert np.all(flags & PREDICTED)
    second, _, _ = solve(walk, loads, rows(right, left, right * np.nan))
    np.testing.assert_array_equal(second, broken)


def test_a_foot_on_one_plate_does_not_doubt_its_other(walk: RecordedTrial) -> None:
    """The left plate is off; the right foot stands on the second of its plates."""
    right, left = of_feet(walk)
    found, flags, faults = solve(
        walk, (RIGHT, LEFT, ALSO_RIGHT), rows(0.0 * right, 0.0 * left, right)
    )
    known, _, _ = solve(walk, (RIGHT, LEFT), rows(right, left))
    assert np.any(flags & PREDICTED)
    assert PlateFault.NO_LOAD in faults[:, 1]
    assert not faults[:, 0].any()
    stands = known[:, 0, 1] > 0.0
    late = np.roll(stands, 6) & stands  # 50 ms of hand-over after it lands
    np.testing.assert_array_equal(found[late, 2], known[late, 0])
    assert not found[late, 0, :3].any()


def test_rows_of_a_foot_are_doubted_and_believed_together() -> None:
    missing = MissingLoad(np.array([0, 1, 0, -1]), 700.0, RATE_HZ)
    frame = np.zeros((4, 9))
    for _ in range(5):
        missing.step(frame, whole=False)
        missing.watch(600.0, np.zeros((2, 9)))  # nobody measures it
    assert missing.doubted.tolist() == [True, True, True, False]
    frame[2, 1] = 300.0
    missing.step(frame, whole=False)
    assert missing.doubted.tolist() == [False, True, False, False]
    assert np.isnan(frame[1]).all()
    assert np.isfinite(frame[[0, 2, 3]]).all()


def test_hand_over_of_a_foot_with_two_rows_keeps_the_moment() -> None:
    rng = np.random.default_rng(73)
    measured, predicted = rng.normal(size=(3, 9)), rng.normal(size=(2, 9))
    blend = Blend(np.array([0, -1, 0]), RATE_HZ)
    blend.step(measured, predicted, only_predicted=False)
    np.testing.assert_array_equal(blend.forces, measured)
    unknown = measured.copy()
    unknown[2] = np.nan
    for k in range(1, 6):
        blend.step(unknown, predicted, only_predicted=False)
        assert blend.predicted
        assert not blend.ignored
        share = k / 5.0
        np.testing.assert_allclose(blend.shares, [share, 0.0, share])
        mixed = (1.0 - share) * (wrench(measured[0]) + wrench(measured[2]))
        found = wrench(blend.forces[0]) + wrench(blend.forces[2])
        # rounding of numbers near 1
        np.testing.assert_allclose(found, mixed + share * wrench(predicted[0]), atol=1e-12)
        np.testing.assert_array_equal(blend.forces[1], measured[1])


def wrench(row: np.ndarray) -> np.ndarray:
    """Force and moment about the origin."""
    return np.concatenate([row[:3], np.cross(row[3:6], row[:3]) + row[6:]])


@pytest.mark.parametrize(
    ("mode", "loads"),
    [
        ("auto", ()),
        ("auto", (RIGHT, LEFT)),
        ("predicted", (TIBIA,)),
        ("measured", (replace(RIGHT, body=ON_FEET),)),
    ],
)
@pytest.mark.parametrize("gravity", [(0.0, 0.0, -9.81), (0.0, 9.81, 0.0), (0.0, 0.0, 0.0)])
def test_feet_need_gravity_along_y(
    walk: RecordedTrial,
    mode: str,
    loads: tuple[ExternalForce, ...],
    gravity: tuple[float, float, float],
) -> None:
    model = replace(walk.model, gravity=np.array(gravity))
    settings = BridgeSettings(RATE_HZ, ground_reaction=mode)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"gravity is \(0, .*points along -y"):
        Bridge(model, walk.marker_names, loads, settings)


def test_other_gravity_is_taken_where_no_foot_is_looked_for(walk: RecordedTrial) -> None:
    upwards_z = replace(walk.model, gravity=np.array([0.0, 0.0, -9.81]))
    settings = BridgeSettings(RATE_HZ, ground_reaction="measured")
    assert Bridge(upwards_z, walk.marker_names, (TIBIA,), settings).loads == (TIBIA,)
    inclined = replace(walk.model, gravity=9.81 * np.array([-0.17, -0.985, 0.0]))  # 10 degrees
    Bridge(inclined, walk.marker_names, (), BridgeSettings(RATE_HZ))
