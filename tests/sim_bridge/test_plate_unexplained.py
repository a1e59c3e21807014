"""Forces that do not explain the motion: flagged frame by frame, and told in words."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sim_bridge import Bridge, BridgeSettings, BridgeStatus
from sim_bridge.plates import ALL_PLATES
from sim_bridge.plates.effort import WALKING, Effort
from sim_bridge.plates.unexplained import ALONG, TILT, TWIST, UP, Unexplained
from tests.sim_bridge.trials import SKELETON_TRIALS, RecordedTrial

STALE = int(BridgeStatus.FORCE_STALE)
WHOLE = SKELETON_TRIALS[4]
"""uhlrich's walk, on plates throughout: force is measured in every frame."""
FRAMES = 300

Spoil = Callable[[np.ndarray], None]


def run(
    trial: RecordedTrial, spoil: Spoil, mode: str = "auto", until: int = FRAMES, end: int = FRAMES
) -> tuple[np.ndarray, dict[str, str]]:
    """Status of the frames of a session whose forces are spoilt for a time, and what was told."""
    settings = BridgeSettings(
        trial.rate_hz,
        forces_in_step=True,
        ground_reaction=mode,  # type: ignore[arg-type]
    )
    bridge = Bridge(trial.model, trial.marker_names, trial.loads, settings)
    told: dict[str, str] = {}
    bridge.on_plate_fault = lambda name, said: told.__setitem__(name, told.get(name, "") + said)
    status = []
    for i in range(end):
        t = trial.time[i] - bridge.filter_delay_s
        forces = trial.forces[min(int(np.searchsorted(trial.time, t)), i)].copy()
        if i < until:
            spoil(forces)
        status.append(bridge.step(float(trial.time[i]), trial.markers[i], forces).status)
    return np.array(status), told


def elsewhere(trial: RecordedTrial, first: int, unseen: int, yaw: float) -> RecordedTrial:
    """The trial, but from a frame on a metre away and turned, forces likewise, after a pause."""
    c, s = np.cos(yaw), np.sin(yaw)
    turn, there = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]]), np.array([1.0, 0.0, 0.5])
    markers, forces = trial.markers.copy(), trial.forces.copy()
    about = np.nanmean(markers[first], axis=0) * [1.0, 0.0, 1.0]
    markers[first:] = (markers[first:] - about) @ turn.T + about + there
    markers[first : first + unseen] = np.nan
    rows = forces[first:].reshape(-1, 3, 3)  # force, point, torque
    rows[:, 1] -= about
    rows[:] = rows @ turn.T
    rows[:, 1] += about + there
    return replace(trial, markers=markers, forces=forces)


@pytest.fixture
def trial(recorded: Callable[[str], RecordedTrial]) -> RecordedTrial:
    return recorded(WHOLE)


def leave(_forces: np.ndarray) -> None:
    """Spoil nothing."""


def turned(forces: np.ndarray) -> None:
    forces[:, 0] *= -1.0


def louder(forces: np.ndarray) -> None:
    forces[:, :3] *= 1.2


def moved_x(forces: np.ndarray) -> None:
    forces[:, 3] += 0.09


def moved_z(forces: np.ndarray) -> None:
    forces[:, 5] -= 0.09


def dead_x(forces: np.ndarray) -> None:
    forces[:, 0] = 0.0


def in_millimetres(forces: np.ndarray) -> None:
    forces[:, 6:] *= 1000.0


def test_whole_forces_explain_the_motion(trial: RecordedTrial) -> None:
    status, told = run(trial, leave)
    assert (status & STALE != 0).mean() < 0.02
    assert ALL_PLATES not in told


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (turned, "together they do not follow the motion along x (correlation -"),
        (dead_x, "together they do not follow the motion along x (correlation 0.00)"),
        (louder, "together they are 1."),
        (moved_x, "their points lie +"),
        (moved_z, "their points lie -"),
        (in_millimetres, "their moment about the vertical is "),
    ],
)
def test_what_is_wrong_with_all_plates_is_told_in_words(
    trial: RecordedTrial, spoil: Spoil, said: str
) -> None:
    _, told = run(trial, spoil)
    assert told[ALL_PLATES].startswith(said)
    assert "check" in told[ALL_PLATES]


def turned_and_quieter(forces: np.ndarray) -> None:
    turned(forces)
    forces[:, :3] *= 0.88


def test_a_gain_hides_no_wrong_side(trial: RecordedTrial) -> None:
    """A patient in a harness, whose plates are set up wrongly."""
    _, told = run(trial, turned_and_quieter)
    assert re.search(r"together they are 0\.8\d times what the motion needs", told[ALL_PLATES])
    assert "together they do not follow the motion along x" in told[ALL_PLATES]
    assert told[ALL_PLATES].count("together they are") == 1


def clipped(forces: np.ndarray) -> None:
    forces[0, 1] = min(forces[0, 1], 300.0)


def not_zeroed(forces: np.ndarray) -> None:
    forces[0, 1] += 60.0


@pytest.mark.parametrize(("spoil", "said"), [(clipped, "stays the same"), (not_zeroed, "+60 N")])
def test_what_is_wrong_with_one_plate_is_not_said_of_all(
    trial: RecordedTrial, spoil: Spoil, said: str
) -> None:
    _, told = run(trial, spoil)
    (message,) = told.values()
    assert said in message


def dead(forces: np.ndarray) -> None:
    forces[0] = 0.0


def test_frames_that_lack_a_force_say_nothing_of_all_plates(trial: RecordedTrial) -> None:
    """The other plates measure half of what the motion needs, and are right."""
    status, told = run(trial, dead, "measured")
    assert (status & STALE != 0).mean() > 0.4
    assert ALL_PLATES not in told


def test_how_far_points_are_off_is_about_right(trial: RecordedTrial) -> None:
    for spoil, axis in ((moved_x, "x"), (moved_z, "z")):
        words = run(trial, spoil)[1][ALL_PLATES].split()
        # 9 cm and what is left of a sound trial, up to 4 cm along x
        assert abs(int(words[3])) == pytest.approx(9, abs=4)
        assert f"along {axis}," in " ".join(words)


def test_a_frame_that_is_far_off_is_flagged(trial: RecordedTrial) -> None:
    status, _ = run(trial, in_millimetres)
    assert (status[40:] & STALE != 0).mean() > 0.9


@pytest.mark.parametrize("spoil", [turned, dead_x, moved_x, moved_z])
def test_every_frame_is_flagged_while_a_side_or_a_place_is_wrong(
    trial: RecordedTrial, spoil: Spoil
) -> None:
    status, told = run(trial, spoil, until=400, end=1400)
    assert ALL_PLATES in told
    assert (status[300:400] & STALE != 0).all()  # told within three seconds
    assert (status[1000:] & STALE != 0).mean() < 0.02  # the means have forgotten


@pytest.mark.parametrize("unseen", [2, 10])
def test_a_jump_in_which_nobody_was_seen_is_not_held_against_the_plates(
    trial: RecordedTrial, unseen: int
) -> None:
    """The filter goes over short pauses, with accelerations that no person has."""
    jump, end = 225, 600
    usual, _ = run(trial, leave, end=end)
    status, told = run(elsewhere(trial, jump, unseen, np.pi / 3.0), leave, end=end)
    later = slice(jump + unseen + 50, end)  # a second on
    assert ALL_PLATES not in told
    assert not (status & ~usual & STALE)[later].any()


def test_a_gain_alone_flags_no_frame_that_explains_the_motion(trial: RecordedTrial) -> None:
    status, told = run(trial, louder)
    assert ALL_PLATES in told
    assert (status & STALE != 0).mean() < 0.1


def remainder_of(
    moment: list[float], force: list[float], weight: float, effort: float = 1.0
) -> bool:
    """Whether one link at (1, 2, 3) that needs this is more than errors of a motion."""
    parent, at = np.array([-1]), np.array([1.0, 2.0, 3.0])
    looks = Unexplained(parent, 0, weight, 100.0)
    about_origin = np.array(moment) + np.cross(at, force)
    needs = np.concatenate([about_origin, force])[None] * weight
    return looks.step(needs, at[None], np.zeros((1, 9)), effort)


def test_limits_are_of_body_weight_and_about_the_base() -> None:
    for weight in (300.0, 900.0):
        assert not remainder_of([0.0, 0.0, 0.0], [0.0, 0.99 * UP, 0.0], weight)
        assert remainder_of([0.0, 0.0, 0.0], [0.0, -1.01 * UP, 0.0], weight)
        assert not remainder_of([0.99 * TILT, 0.0, 0.0], [0.1, 0.1, 0.1], weight)
        assert remainder_of([0.0, 0.0, 1.01 * TILT], [0.1, 0.1, 0.1], weight)


def test_limits_grow_with_effort() -> None:
    for moment, force in (
        ([0.0, 0.0, 0.0], [0.0, UP, 0.0]),
        ([0.0, 0.0, 0.0], [0.0, 0.0, -ALONG]),
        ([0.0, TWIST, 0.0], [0.0, 0.0, 0.0]),
        ([TILT, 0.0, 0.0], [0.0, 0.0, 0.0]),
    ):
        doubled = [2.0 * m for m in moment], [2.0 * f for f in force]
        assert remainder_of(*doubled, 700.0)
        assert not remainder_of(*doubled, 700.0, effort=2.01)
        assert remainder_of(*doubled, 700.0, effort=1.99)


def test_effort_is_what_is_carried_and_needed_and_fades() -> None:
    weight, rate_hz = 700.0, 100.0
    effort, forces = Effort(weight, rate_hz), np.zeros((2, 9))

    def after(right: float, left: float, needed: float) -> float:
        forces[:, 1] = right * weight, left * weight
        effort.step(forces, needed * weight)
        return effort.times

    assert after(0.7, 0.7, 0.0) == 1.0
    assert after(2.0, 0.8, -1.3) == pytest.approx(1.5 / WALKING)  # the rest is in a plate alone
    assert after(2.0, 0.8, 0.3) == pytest.approx(2.8 / WALKING)  # what nothing carries is none
    flight = [after(0.0, 0.0, 0.0) for _ in range(35)]
    assert flight[-1] == pytest.approx(2.0 * np.exp(-0.35))
    assert after(np.nan, 0.0, 0.0) == pytest.approx(2.0 * np.exp(-0.36))
    effort.reset()
    assert effort.times == 1.0


def test_a_body_that_is_held_by_ground_is_not_looked_at() -> None:
    looks = Unexplained(np.array([-1]), -1, 700.0, 100.0)
    assert not looks.step(np.full((1, 6), 1e6), np.zeros((1, 3)), np.zeros((1, 9)), 1.0)
