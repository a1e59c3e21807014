"""Force plates: contact, belief, and whose foot is on them."""

import tomllib
from collections.abc import Callable

import numpy as np
import pytest

from configs.demo.build import SUBJECT
from sim_bridge import (
    Bridge,
    BridgeSettings,
    BridgeStatus,
    ExternalForce,
    SettingsError,
    UnknownBody,
    compile_model,
)
from sim_bridge.dynamics.wrench import add_wrench
from sim_bridge.plates import (
    ON_FEET,
    PlateCleaner,
    PlateFault,
    PlateJudge,
    PlateMapper,
    Soles,
)
from sim_bridge.plates.clean import LANDS, LEAVES
from tests.data_sets import all_trials, trial_dir
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial

RATE_HZ, WEIGHT = 100.0, 700.0
PREDICTED = int(BridgeStatus.GRF_PREDICTED)


def row(force: tuple[float, float, float], point: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """One force with its point on the floor."""
    return np.array([[*force, point[0], 0.0, point[1], 0.0, 0.0, 0.0]])


def wrench(rows: np.ndarray) -> np.ndarray:
    """Force and moment about the origin."""
    moment = np.cross(rows[..., 3:6], rows[..., :3]) + rows[..., 6:]
    return np.concatenate([rows[..., :3], moment], axis=-1)


@pytest.fixture
def walk(recorded: Callable[[str], RecordedTrial]) -> RecordedTrial:
    return recorded(PARITY_TRIALS[0])


def test_contact_has_hysteresis() -> None:
    cleaner = PlateCleaner(np.array([True]))
    between = 0.5 * (LANDS + LEAVES)
    loaded = []
    for vertical in (between, LANDS + 1.0, between, LEAVES - 1.0, between):
        rows = row((0.0, vertical, 0.0))
        cleaner.step(rows)
        loaded.append(rows[0, 1] > 0.0)
    assert loaded == [False, True, True, False, False]


def test_cleaning_moves_points_but_no_wrench() -> None:
    rng = np.random.default_rng(5)
    cleaner = PlateCleaner(np.array([True, False]))
    for vertical in (300.0, 90.0, 40.0, 15.0, 60.0, 500.0):
        rows = rng.normal(size=(2, 9))
        rows[:, 1] = vertical
        cleaned = rows.copy()
        cleaner.step(cleaned)
        np.testing.assert_allclose(wrench(cleaned), wrench(rows), rtol=1e-12, atol=1e-9)
        np.testing.assert_array_equal(cleaned[1], rows[1])  # no plate
        if vertical >= 100.0:
            np.testing.assert_allclose(cleaned[0, 3:6], rows[0, 3:6])


def test_a_point_far_away_under_little_load_is_kept_near_the_last() -> None:
    cleaner = PlateCleaner(np.array([True]))
    cleaner.step(row((0.0, 600.0, 0.0), (0.3, 0.1)))
    far = row((0.0, 15.0, 0.0), (496.0, 0.1))
    cleaner.step(far)
    assert abs(far[0, 3] - 0.3) < 0.1 * 495.7  # a twentieth of the way
    cleaner.step(low := row((0.0, 9.0, 0.0), (496.0, 0.1)))
    assert not low.any()


def judged(
    rows: list[np.ndarray], corners: np.ndarray | None = None
) -> tuple[np.ndarray, list[int]]:
    """What a judge leaves of a plate's frames, and the faults that it names."""
    judge, kept, faults = PlateJudge(np.array([True]), WEIGHT, RATE_HZ, corners), [], []
    for frame in rows:
        left = frame.copy()
        judge.step(left)
        kept.append(left[0])
        faults.append(int(judge.fault[0]))
    return np.array(kept), faults


def stance(n: int = 60) -> list[np.ndarray]:
    """Frames of a stance, no two alike."""
    t = np.linspace(0.1, 3.0, n)
    return [row((40.0 * np.cos(a), 750.0 * np.sin(a), 20.0 * np.sin(a))) for a in t]


def test_a_plate_that_measures_well_is_left_alone() -> None:
    frames = stance()
    kept, faults = judged(frames)
    np.testing.assert_array_equal(kept, np.concatenate(frames))
    assert set(faults) == {0}


BELT = np.array([[[-0.5, 0, -0.3], [0.5, 0, -0.3], [0.5, 0, 0.3], [-0.5, 0, 0.3]]])


@pytest.mark.parametrize(
    ("x", "z", "named"),
    [
        (0.0, 0.0, 0),
        (0.53, -0.33, 0),
        (0.56, 0.0, PlateFault.BESIDE),
        (30.0, 0.0, PlateFault.BESIDE),
    ],
)
def test_a_point_that_is_not_on_its_plate_is_none(x: float, z: float, named: int) -> None:
    """As where moments are in another unit; by less than 5 cm corners may be measured wrongly."""
    frames = stance()
    for frame in frames:
        frame[0, 3], frame[0, 5] = x, z
    for corners in (BELT, BELT[:, ::-1]):
        kept, faults = judged(frames, corners)
        assert faults[-1] == named
        assert np.isnan(kept[1:]).all() == bool(named)  # from the first load on, before it is named
    assert judged(frames)[1][-1] == 0  # nobody knows where the plate is
    assert judged(frames, np.full_like(BELT, np.nan))[1][-1] == 0


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (np.diag([1.0, -1.0, 1.0]), PlateFault.INVERTED),
        (-np.eye(3), PlateFault.INVERTED),
        (np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]), PlateFault.WEIGHT_ON_X),
        (np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]]), PlateFault.WEIGHT_ON_Z),
        (np.array([[1.0, 0, 0], [0, 0, -1], [0, -1, 0]]), PlateFault.WEIGHT_ON_Z),
        (10.0 * np.eye(3), PlateFault.HEAVY),
    ],
)
def test_a_plate_that_cannot_be_right_is_named_and_never_used(
    change: np.ndarray, fault: PlateFault
) -> None:
    frames = stance()
    for frame in frames:
        frame[0, :3] = change @ frame[0, :3]
    kept, faults = judged(frames)
    assert faults[-1] == fault
    assert faults.index(fault) < 45  # 0.3 s of load, of a stance of 0.6 s
    assert np.isnan(kept[faults.index(fault) :]).all()
    used = np.isfinite(kept[:, 0]) & (np.abs(kept[:, :3]).max(axis=1) > 0.15 * WEIGHT)
    allowed = 6.0 * WEIGHT if fault is PlateFault.HEAVY else 0.0
    assert np.abs(np.where(used[:, None], kept[:, :3], 0.0)).max() <= allowed
    assert "not used" in fault.message


@pytest.mark.parametrize(
    ("columns", "value"), [((1,), 1e4), ((1,), -1e4), ((0,), 9e4), ((2,), -9e4), ((3,), 9e4)]
)
def test_a_glitch_is_no_fault_of_the_plate(columns: tuple[int, ...], value: float) -> None:
    """A converter at its limit for two samples of the first step names none for the session."""
    frames = stance()
    for k in (10, 11):
        frames[k][0, columns] = value
    kept, faults = judged(frames, BELT)
    assert set(faults) == {0}
    assert np.isnan(kept[[10, 11]]).all()
    assert np.isfinite(np.delete(kept, [10, 11], axis=0)).all()


@pytest.mark.parametrize("rounding", [0.0, 1e-15])
def test_a_stuck_plate_is_not_believed_while_it_lasts(rounding: float) -> None:
    """Interpolated between equal samples its force differs in the last bits."""
    frames = stance()
    stuck = [frames[30] * (1.0 + rounding * (k % 3 - 1)) for k in range(30)]
    kept, faults = judged([*frames[:30], *stuck, *frames[31:]])
    assert faults[44:46] == [0, PlateFault.FROZEN]  # 0.15 s after the first
    assert np.isnan(kept[45:60]).all()
    assert np.isfinite(kept[60:]).all()
    assert faults[60:] == [0] * len(faults[60:])


def soles(right_x: float, left_x: float, contact: tuple[float, float] = (1.0, 1.0)) -> Soles:
    """Feet of 20 cm that point forwards, 20 cm apart."""
    place = np.zeros((3, 8))
    for f, (x, z) in enumerate(((right_x, 0.1), (left_x, -0.1))):
        place[0, 4 * f : 4 * f + 4] = x, x + 0.14, x + 0.14, x + 0.2
        place[2, 4 * f : 4 * f + 4] = z, z + 0.035, z - 0.035, z
    return Soles(place, np.repeat(contact, 4))


def assign(
    mapper: PlateMapper, plates: np.ndarray, feet: Soles, carried: tuple[float, float]
) -> np.ndarray:
    """Forces of both feet."""
    mapper.look(plates, feet)
    mapper.assign(plates, carried)
    return mapper.feet.copy()


def test_each_plate_goes_to_the_foot_on_it() -> None:
    feet = soles(0.0, 0.6)
    plates = np.concatenate(
        [row((0.0, 300.0, 0.0), (0.7, -0.1)), row((5.0, 400.0, 0.0), (0.1, 0.1))]
    )
    got = assign(PlateMapper(2), plates, feet, (400.0, 300.0))
    np.testing.assert_array_equal(got, plates[::-1])


def test_a_foot_on_two_plates_gets_the_sum_of_wrenches() -> None:
    feet = soles(0.0, 0.6, (1.0, 0.0))
    plates = np.concatenate(
        [row((9.0, 300.0, 2.0), (0.02, 0.1)), row((5.0, 400.0, 0.0), (0.18, 0.12))]
    )
    got = assign(PlateMapper(2), plates, feet, (700.0, 0.0))
    np.testing.assert_allclose(wrench(got[0]), wrench(plates).sum(axis=0), atol=1e-9)
    assert not got[1].any()


def test_a_plate_under_both_feet_is_not_known_and_its_total_is() -> None:
    mapper, plate = PlateMapper(1), row((9.0, 700.0, 2.0), (0.25, 0.08))
    got = assign(mapper, plate, soles(0.0, 0.3), (400.0, 300.0))
    assert np.isnan(got).all()
    np.testing.assert_array_equal(mapper.total, plate[0])
    alone = assign(mapper, row((0.0, 700.0, 0.0), (0.1, 0.1)), soles(0.0, 0.3), (700.0, 0.0))
    assert alone[:, 1].tolist() == [700.0, 0.0]


def test_a_foot_on_the_edge_is_not_known() -> None:
    corners = np.array([[[-0.5, 0, -0.5], [0.15, 0, -0.5], [0.15, 0, 0.5], [-0.5, 0, 0.5]]])
    plate = row((0.0, 500.0, 0.0), (0.1, 0.1))
    for order in (corners, corners[:, ::-1]):  # either way round
        mapper = PlateMapper(1, order.copy())
        got = assign(mapper, plate, soles(0.0, 0.6, (1.0, 0.0)), (0.0, 0.0))  # toes beyond
        assert np.isnan(got).all()
        assert np.isnan(mapper.total).all()
        assert mapper.edge[0]
        got = assign(mapper, plate, soles(-0.1, 0.6, (1.0, 0.0)), (0.0, 0.0))
        assert got[0, 1] == 500.0
        assert not mapper.edge[0]


def test_a_force_under_nobody_and_a_silent_plate_are_not_known() -> None:
    mapper = PlateMapper(2)
    far = np.concatenate([row((0.0, 300.0, 0.0), (3.0, 0.0)), np.zeros((1, 9))])
    assert np.isnan(assign(mapper, far, soles(0.0, 0.6), (0.0, 0.0))).all()
    silent = np.concatenate([row((0.0, 300.0, 0.0), (0.1, 0.1)), np.full((1, 9), np.nan)])
    assert np.isnan(assign(mapper, silent, soles(0.0, 0.6), (0.0, 0.0))).all()
    assert np.isnan(mapper.total).all()


def test_a_foot_keeps_its_plate_until_the_other_is_clearly_nearer() -> None:
    mapper, between = PlateMapper(1), row((0.0, 500.0, 0.0), (0.1, 0.01))
    for z, foot in ((0.1, 0), (0.0, 0), (-0.02, 0), (-0.1, 1), (0.02, 1)):
        between[0, 5] = z
        mapper.look(between, soles(0.0, 0.0))
        assert mapper.foot[0] == foot


def solve(
    walk: RecordedTrial, loads: tuple[ExternalForce, ...], forces: np.ndarray, frames: range
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Forces, moments, flags and faults of a part of a trial."""
    bridge = Bridge(walk.model, walk.marker_names, loads, BridgeSettings(walk.rate_hz))
    kept = []
    for i in frames:
        o = bridge.step(float(walk.time[i]), walk.markers[i], forces[i])
        kept.append((o.forces.copy(), o.tau.copy(), o.status & PREDICTED, o.plate_faults.copy()))
    parts = [np.array(part)[25:] for part in zip(*kept, strict=True)]
    return parts[0], parts[1], parts[2], parts[3]


BOTH_ON_PLATES = range(55, 185)
"""Frames of both trials in which both feet are on plates when they stand."""
PLATES = (ExternalForce("1", ON_FEET), ExternalForce("2", ON_FEET))


@pytest.mark.parametrize("trial", PARITY_TRIALS)
def test_plates_find_their_feet_in_real_walks(
    recorded: Callable[[str], RecordedTrial], trial: str
) -> None:
    walk = recorded(trial)
    known = solve(walk, walk.loads, walk.forces, BOTH_ON_PLATES)
    found = solve(walk, PLATES, walk.forces[:, ::-1], BOTH_ON_PLATES)  # the other way round
    np.testing.assert_array_equal(found[0], known[0])
    np.testing.assert_array_equal(found[1], known[1])
    assert not known[2].any()
    assert not found[2].any()
    assert not found[3].any()


@pytest.mark.slow
@pytest.mark.parametrize("trial", all_trials() or ["none"])
def test_feet_are_found_wherever_a_plate_holds_one(trial: str) -> None:
    """Every trial over ground: the same forces as told, wherever feet are wholly on plates."""
    toml = tomllib.loads((trial_dir(trial) / "trial.toml").read_text(encoding="utf-8"))
    if toml["treadmill"]:
        pytest.skip("feet cross from belt to belt, which the files count to the belt's own foot")
    walk = RecordedTrial.load(trial_dir(trial))
    frames = range(min(len(walk.time), 800))
    known, found = (solve(walk, loads, walk.forces, frames) for loads in (walk.loads, PLATES))
    time = walk.time[25 : len(frames)] - walk.bridge().filter_delay_s
    scored = np.zeros(len(time), dtype=bool)
    for start, end in toml["valid"]:
        scored |= (time >= start + 0.05) & (time <= end - 0.02)
    np.testing.assert_array_equal(found[0][scored], known[0][scored])
    assert not found[2][scored].any()
    assert not known[2][scored].any()


@pytest.mark.parametrize("trial", PARITY_TRIALS)
def test_one_belt_is_told_apart_better_than_by_motion_alone(
    recorded: Callable[[str], RecordedTrial], trial: str
) -> None:
    walk = recorded(trial)
    belt = walk.forces[:, :1].copy()
    for i in range(len(belt)):
        add_wrench(walk.forces[i, 1], belt[i, 0])
    known = solve(walk, walk.loads, walk.forces, BOTH_ON_PLATES)
    found = solve(walk, PLATES[:1], belt, BOTH_ON_PLATES)
    motion = solve(walk, (), np.zeros((len(belt), 0, 9)), BOTH_ON_PLATES)
    total = known[0][..., 1].sum(axis=1)
    # it is measured, whatever the shares; 2 % while the hand-over mixes with the last known ones
    np.testing.assert_allclose(found[0][..., 1].sum(axis=1), total, rtol=0.02)
    error, error_of_motion = (
        np.sqrt(np.mean((x[0][..., 1] - known[0][..., 1]) ** 2)) for x in (found, motion)
    )
    assert error < 0.8 * error_of_motion
    assert found[2].any()  # in double support the shares are predicted, and it is said
    assert not found[2].all()


def test_solve_takes_given_forces_as_they_are(walk: RecordedTrial) -> None:
    bridge, n = walk.bridge(), len(walk.model.coordinate_names)
    given = np.zeros((2, 9))
    given[0, 1], given[0, 3] = 12.0, 496.0  # far below the threshold, far away
    zeros = np.zeros(n)
    for _ in range(3):
        out = bridge.solve(zeros, zeros, zeros, given)
        np.testing.assert_array_equal(out.forces, given)
    assert not out.status & PREDICTED


def test_a_dead_plate_is_predicted_and_named(walk: RecordedTrial) -> None:
    known = solve(walk, walk.loads, walk.forces, BOTH_ON_PLATES)
    dead = walk.forces.copy()
    dead[:, 1] = 0.0
    found = solve(walk, walk.loads, dead, BOTH_ON_PLATES)
    stands = known[0][:, 1, 1] > 0.5 * walk.model.mass * 9.8
    late = np.roll(stands, 12) & stands  # 50 ms to see it, 50 ms to hand over, and a margin
    assert found[2][late].all()
    assert (found[0][late, 1, 1] > 0.2 * walk.model.mass * 9.8).all()
    assert PlateFault.NO_LOAD in found[3][:, 1]
    assert not found[3][:, 0].any()


def test_a_bad_plate_does_no_more_harm_than_a_silent_one(walk: RecordedTrial) -> None:
    known = solve(walk, walk.loads, walk.forces, BOTH_ON_PLATES)
    bad = walk.forces.copy()
    bad[:, 1, :3] *= -1.0
    found = solve(walk, walk.loads, bad, BOTH_ON_PLATES)
    none = solve(walk, walk.loads, walk.forces * np.nan, BOTH_ON_PLATES)
    leg = [i for i, n in enumerate(walk.model.coordinate_names) if n.endswith("_l")]
    errors = [np.sqrt(np.mean((x[1] - known[1])[:, leg] ** 2)) for x in (found, none)]
    assert errors[0] < 1.1 * errors[1]  # 0.3 s of load until the verdict; 1.03 seen
    assert PlateFault.INVERTED in found[3][:, 1]


def test_plates_of_nobody_need_a_model_with_feet() -> None:
    model = compile_model(SUBJECT / "model.osim")
    with pytest.raises(UnknownBody, match=r"find on plates.*toes_r"):
        Bridge(model, model.marker_names, PLATES, BridgeSettings(RATE_HZ))


def test_plates_and_bodies_cannot_be_mixed(walk: RecordedTrial) -> None:
    loads = (ExternalForce("a", ON_FEET), ExternalForce("b", "calcn_l"))
    with pytest.raises(SettingsError, match="each to its body"):
        Bridge(walk.model, walk.marker_names, loads, BridgeSettings(RATE_HZ))


def test_corners_that_do_not_fit_are_refused(walk: RecordedTrial) -> None:
    settings = BridgeSettings(RATE_HZ, corners=np.zeros((1, 4, 3)))
    for loads in (PLATES, walk.loads):
        with pytest.raises(SettingsError, match="four points each"):
            Bridge(walk.model, walk.marker_names, loads, settings)
