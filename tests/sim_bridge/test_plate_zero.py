"""Plates that show force while nobody is on them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from sim_bridge import Bridge, BridgeSettings
from sim_bridge.plates import EITHER, PlateFault, PlateZero, Soles
from tests.data_sets import all_trials, trial_dir
from tests.sim_bridge.trials import RecordedTrial

RATE_HZ, WEIGHT = 100.0, 700.0
STANCE, SWING = 65, 40
"""Frames."""


def strides(n: int, swing: int = SWING, leaving: int = 4) -> np.ndarray:
    """Vertical force under one foot [N]; it leaves from a tenth of the weight in some frames."""
    stance = WEIGHT * np.sin(np.linspace(0.0, np.pi, STANCE)) ** 0.5
    off = np.zeros(swing)
    off[:leaving] = np.linspace(0.1 * WEIGHT, 0.0, leaving)
    return np.concatenate([np.zeros(20), *[stance, off] * n, stance])


def offsets(
    vertical: np.ndarray, rate_hz: float = RATE_HZ, foot: int = 0, down: Sequence[int] = ()
) -> np.ndarray:
    """What is said after each frame, of a plate that is a foot's while these feet are down."""
    zero = PlateZero(np.array([foot]), WEIGHT, rate_hz)
    contact = np.repeat([float(f in down) for f in (0, 1)], 4)
    said = []
    for force in vertical:
        rows = np.zeros((1, 9))
        rows[0, 1] = force
        zero.step(rows)
        zero.see(Soles(np.zeros((3, 8)), contact))
        said.append(float(zero.offset[0]))
    return np.array(said)


@pytest.mark.parametrize("offset", [60.0, 12.0, -40.0])
@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_what_it_shows_between_three_steps_is_said(offset: float, rate_hz: float) -> None:
    force = np.repeat(strides(4), round(rate_hz / 50.0))[:: round(2 * RATE_HZ / 100.0)]
    said = offsets(force + offset, rate_hz)
    assert said[-1] == pytest.approx(offset, abs=1e-9)
    first = np.flatnonzero(said)[0]
    assert (said[first:] != 0.0).all()
    third = 20 + 3 * (STANCE + SWING)  # frames at 100 Hz until the fourth step
    assert third <= first * 100.0 / rate_hz <= third + 10  # load on the plate has to show first


def test_plates_at_zero_are_not_accused() -> None:
    assert not offsets(strides(9)).any()
    shaken = strides(9) + np.random.default_rng(3).normal(0.0, 8.0, len(strides(9)))
    assert not offsets(shaken).any()


def test_a_foot_that_leaves_slowly_is_no_offset() -> None:
    """In slow walking the last tenth of the weight leaves in a quarter of a second."""
    assert not offsets(strides(9, swing=60, leaving=25)).any()


def test_a_foot_that_rests_on_it_now_and_then_is_no_offset() -> None:
    resting = strides(9)
    touched = (resting < 0.15 * WEIGHT).astype(float) * np.linspace(20.0, 90.0, len(resting))
    assert not offsets(resting + touched).any()


def test_who_stands_still_shows_nothing() -> None:
    assert not offsets(np.full(2000, 0.5 * WEIGHT)).any()
    assert not offsets(np.full(2000, 30.0)).any()  # nobody has been on it: nobody minds


@pytest.mark.parametrize(
    ("foot", "down", "accused"),
    [
        (0, (0,), False), (0, (1,), True), (1, (1,), False), (1, (), True),
        (EITHER, (0, 1), False), (EITHER, (0,), True),
    ],
)  # fmt: skip
def test_who_sits_down_and_leaves_the_feet_there_accuses_no_plate(
    foot: int, down: tuple[int, ...], accused: bool
) -> None:
    """A tenth of the weight, to the newton, between rises to both feet."""
    assert offsets(strides(9) + 0.08 * WEIGHT, foot=foot, down=down).any() == accused


def test_frames_that_are_not_known_do_not_count() -> None:
    force = strides(6) + 60.0
    force[::7] = np.nan
    assert offsets(force)[-1] == pytest.approx(60.0, abs=1e-9)


def test_a_plate_that_is_zeroed_in_a_session_is_right_again() -> None:
    said = offsets(np.concatenate([strides(4) + 60.0, strides(4)]))
    assert said.max() == pytest.approx(60.0)
    assert said[-1] == 0.0


def test_what_is_no_plate_and_what_was_before_a_reset_are_not_looked_at() -> None:
    zero = PlateZero(np.array([-1, 0]), WEIGHT, RATE_HZ)
    rows = np.zeros((2, 9))
    for force in strides(4) + 60.0:
        rows[:, 1] = force
        zero.step(rows)
    assert zero.offset.tolist() == [0.0, pytest.approx(60.0)]
    zero.reset()
    assert not zero.offset.any()


def test_a_session_hears_of_it_and_uses_the_plate(
    recorded: Callable[[str], RecordedTrial],
) -> None:
    """A treadmill walk, the left belt 60 N too high."""
    walk = recorded("uhlrich/subject1/walk")
    frames, wrong = range(600), walk.forces.copy()
    wrong[:, 1, 1] += 60.0
    told: list[tuple[str, str]] = []
    bridge = Bridge(walk.model, walk.marker_names, walk.loads, BridgeSettings(walk.rate_hz))
    bridge.on_plate_fault = lambda name, message: told.append((name, message))
    for i in frames:
        out = bridge.step(float(walk.time[i]), walk.markers[i], wrong[i])
    assert out.plate_faults.tolist() == [0, PlateFault.NOT_ZEROED]
    ((name, message),) = told
    assert name == walk.loads[1].name
    assert message.startswith("it shows +60 N while nobody is on it")
    assert np.isfinite(out.forces).all()
    assert out.forces[1, 1] > 0.0


@pytest.mark.parametrize("trial", all_trials() or ["none"])
def test_no_recorded_plate_is_accused(trial: str) -> None:
    walk = RecordedTrial.load(trial_dir(trial))
    weight = float(walk.model.mass * np.linalg.norm(walk.model.gravity))
    zero = PlateZero(np.zeros(len(walk.loads), dtype=np.int64), weight, walk.rate_hz)
    for rows in walk.forces:
        zero.step(rows)
        assert not zero.offset.any()
