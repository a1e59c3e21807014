"""Plates whose force is given to a foot while the other one stands on them, or none."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from sim_bridge import Bridge, BridgeSettings, BridgeStatus, ExternalForce
from sim_bridge.plates import EITHER, ON_FEET, FootCheck, PlateFault, Soles
from sim_bridge.plates.whose import LOOK_EVERY, MOST_LOOKS, STEPS
from tests.data_sets import all_trials, trial_dir
from tests.sim_bridge.trials import RecordedTrial

WEIGHT = 700.0
OTHER, NOBODY = int(PlateFault.OTHER_FOOT), int(PlateFault.UNDER_NOBODY)
RIGHT, LEFT = 0, 1
AT = {"right": (0.1, 0.1), "left": (0.7, -0.1), "between": (0.4, 0.0), "nobody": (3.0, 0.0)}
"""Centres of pressure: x, z [m]."""
LOOKS = 4
"""Looks at a step; in walking they are twice as many, in running half."""


def soles() -> Soles:
    """Feet of 20 cm, the left one 60 cm ahead; both on the floor."""
    place = np.zeros((3, 8))
    for f, (x, z) in enumerate(((0.0, 0.1), (0.6, -0.1))):
        place[0, 4 * f : 4 * f + 4] = x, x + 0.14, x + 0.14, x + 0.2
        place[2, 4 * f : 4 * f + 4] = z, z + 0.035, z - 0.035, z
    return Soles(place, np.ones(8))


def check_of(*foot: int) -> FootCheck:
    return FootCheck(np.array(foot), WEIGHT, np.zeros(len(foot), dtype=np.int64))


def step(check: FootCheck, plate: int, who: str, looks: int = LOOKS, after: float = 0.0) -> None:
    """One step on a plate, and its end."""
    x, z = AT[who]
    rows = np.zeros((2, 9))
    for vertical in [0.9 * WEIGHT] * looks + [after]:
        rows[plate, :6] = 0.0, vertical, 0.0, x, 0.0, z
        for _ in range(LOOK_EVERY):
            check.step(rows, soles())


def faults(steps: Sequence[tuple[int, str]]) -> list[int]:
    """Faults of a plate of the right foot and one of the left, after steps on them."""
    check = check_of(RIGHT, LEFT)
    for plate, who in steps:
        step(check, plate, who)
    return check.fault.tolist()


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(RIGHT, "right"), (LEFT, "left")] * 5, [0, 0]),
        ([(RIGHT, "left"), (LEFT, "right")], [OTHER, OTHER]),
        ([(RIGHT, "left")] * 2, [0, 0]),
        ([(RIGHT, "left")] * 3, [OTHER, 0]),
        ([(RIGHT, "nobody"), (LEFT, "nobody")], [NOBODY, NOBODY]),
        ([(LEFT, "nobody")] * 3, [0, NOBODY]),
        ([(RIGHT, "left"), (LEFT, "nobody")] * 3, [0, 0]),
        ([(RIGHT, "left"), (LEFT, "left")] * 9, [0, 0]),
        ([(RIGHT, "left"), (RIGHT, "left"), (RIGHT, "right")] * 9, [0, 0]),
    ],
    ids=["right", "exchanged", "crossed twice", "one plate", "origin", "one origin", "neither",
         "both feet on one belt", "crosses now and then"],
)  # fmt: skip
def test_steps_in_a_row_say_who_stands_there(
    steps: list[tuple[int, str]], expected: list[int]
) -> None:
    assert faults(steps) == expected


def test_a_verdict_stays_until_a_reset() -> None:
    check = check_of(RIGHT, LEFT)
    for plate, who in ((RIGHT, "left"), (LEFT, "right"), (RIGHT, "right"), (LEFT, "left")):
        step(check, plate, who)
    assert check.fault.tolist() == [OTHER, OTHER]
    check.reset()
    assert not check.fault.any()
    step(check, RIGHT, "left")
    assert not check.fault.any()


def test_a_step_ends_where_its_force_is_not_known_any_more() -> None:
    check = check_of(RIGHT, LEFT)
    for plate, who in ((RIGHT, "left"), (LEFT, "right")):
        step(check, plate, who, after=np.nan)
    assert check.fault.tolist() == [OTHER, OTHER]


def test_plates_for_either_foot_are_wrong_only_under_nobody() -> None:
    check = check_of(EITHER, EITHER)
    for plate, who in ((0, "left"), (1, "right"), (0, "between"), (1, "between")) * 3:
        step(check, plate, who)
    assert not check.fault.any()
    for plate in (0, 1):
        step(check, plate, "nobody")
    assert check.fault.tolist() == [NOBODY, NOBODY]


def test_on_a_belt_that_nobody_leaves_the_verdict_comes_all_the_same() -> None:
    check = check_of(EITHER)
    rows = np.zeros((1, 9))
    rows[0, :6] = 0.0, WEIGHT, 0.0, 3.0, 0.0, 0.0
    looks = 0
    while not check.fault[0]:
        check.step(rows, soles())
        looks += 1
    assert looks == STEPS * MOST_LOOKS * LOOK_EVERY


def test_a_glance_and_what_is_on_no_foot_say_nothing() -> None:
    check = check_of(RIGHT, -1)
    for _ in range(5):
        step(check, RIGHT, "left", looks=1)
        step(check, 1, "nobody")
    assert not check.fault.any()


Change = Callable[[np.ndarray], np.ndarray]


def exchanged(forces: np.ndarray) -> np.ndarray:
    return forces[:, ::-1]


def beside(forces: np.ndarray) -> np.ndarray:
    """The plates' origin is 30 cm behind the markers'."""
    moved = forces.copy()
    moved[..., 3] += 0.3
    return moved


def in_millimetres(forces: np.ndarray) -> np.ndarray:
    wrong = forces.copy()
    wrong[..., 3:6] *= 1000.0
    return wrong


def told_in(
    walk: RecordedTrial, forces: np.ndarray, frames: int, auto: bool = False
) -> tuple[list[str], np.ndarray]:
    """What a session says about who stands where, and its flags."""
    loads = tuple(ExternalForce(of.name, ON_FEET) for of in walk.loads) if auto else walk.loads
    bridge = Bridge(walk.model, walk.marker_names, loads, BridgeSettings(walk.rate_hz))
    told: list[str] = []
    bridge.on_plate_fault = lambda _, message: told.append(message)
    status = []
    for i in range(min(frames, len(walk.time))):
        out = bridge.step(float(walk.time[i]), walk.markers[i], forces[i])
        status.append(out.status)
    return [m for m in told if "not the one that gets" in m or "both feet" in m], np.array(status)


@pytest.mark.parametrize(
    ("change", "said"),
    [(exchanged, "left and right are exchanged"), (beside, "its origin"), (in_millimetres, "unit")],
)
def test_a_session_says_so_within_two_steps_and_predicts(
    recorded: Callable[[str], RecordedTrial], change: Change, said: str
) -> None:
    walk = recorded("uhlrich/subject1/walk")
    told, status = told_in(walk, change(walk.forces), 200)
    assert len(told) == 2  # plates
    assert all(said in message for message in told)
    assert (status[-50:] & int(BridgeStatus.GRF_PREDICTED) != 0).all()


@pytest.mark.parametrize("seconds", [0.6, 2.0])
def test_moments_of_an_exchange_are_right_where_no_flag_says_otherwise(
    recorded: Callable[[str], RecordedTrial], seconds: float
) -> None:
    walk = recorded("ceinms/subject06/walk45")
    forces, wrong = walk.forces.copy(), slice(800, 800 + round(100 * seconds))
    forces[wrong] = forces[wrong, ::-1]
    right, spoilt = walk.bridge(), walk.bridge()
    off, status = [], []
    limb = [i for i, n in enumerate(walk.model.coordinate_names) if n.startswith(("hip", "knee"))]
    limb += [i for i, n in enumerate(walk.model.coordinate_names) if n.startswith("ankle")]
    for i in range(1100):
        known = right.step(float(walk.time[i]), walk.markers[i], walk.forces[i]).tau.copy()
        out = spoilt.step(float(walk.time[i]), walk.markers[i], forces[i])
        off.append(np.abs(out.tau - known)[limb].max())
        status.append(out.status)
    error, flags = np.array(off), np.array(status)
    stale = flags & int(BridgeStatus.FORCE_STALE) != 0
    predicted = flags & int(BridgeStatus.GRF_PREDICTED) != 0
    assert error[stale].max() > 200.0
    # 85 N m while the leg that swings has the force of the one that it passes
    assert error[~stale & ~predicted].max() < 10.0
    # 230 N m when a prediction begins at the force of the wrong foot; predictions have 40 at most
    assert predicted.any()
    assert error[~stale].max() < 60.0


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5, 3.0])
def test_labels_that_are_exchanged_for_a_while_accuse_no_plate(
    recorded: Callable[[str], RecordedTrial], seconds: float
) -> None:
    """Left and right markers change places and come right again; the plates were right."""
    walk = recorded("ceinms/subject06/walk36")
    markers, column = walk.markers.copy(), {n: i for i, n in enumerate(walk.marker_names)}
    sides = [
        (column[n], column["L" + n[1:]]) for n in column if n[0] == "R" and "L" + n[1:] in column
    ]
    assert len(sides) > 5
    wrong = slice(300, 300 + round(100 * seconds))
    for right, left in sides:
        markers[wrong, right], markers[wrong, left] = (
            walk.markers[wrong, left], walk.markers[wrong, right],
        )  # fmt: skip
    told, status = told_in(replace(walk, markers=markers), walk.forces, 1000)
    assert told == []
    assert not np.any(status[-200:] & int(BridgeStatus.GRF_PREDICTED))


def test_with_feet_found_as_seen_left_and_right_do_not_matter_and_a_wrong_unit_does(
    recorded: Callable[[str], RecordedTrial],
) -> None:
    walk = recorded("uhlrich/subject1/walk")
    assert told_in(walk, exchanged(walk.forces), 400, auto=True)[0] == []
    told, status = told_in(walk, in_millimetres(walk.forces), 200, auto=True)
    assert len(told) == 2
    assert all("both feet" in message for message in told)
    assert (status[-50:] & int(BridgeStatus.GRF_PREDICTED) != 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("trial", all_trials() or ["none"])
def test_exchanged_plates_are_told_in_every_trial_and_right_ones_in_none(trial: str) -> None:
    walk = RecordedTrial.load(trial_dir(trial))
    assert told_in(walk, walk.forces, 1500)[0] == []
    assert told_in(walk, walk.forces, 1500, auto=True)[0] == []
    told, _ = told_in(walk, exchanged(walk.forces), 1500)
    assert len(told) == len(walk.loads)
    assert all("are exchanged" in message for message in told)
