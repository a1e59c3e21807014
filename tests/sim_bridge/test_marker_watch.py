"""Markers that are named in the log: those that are away for long, and no others."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from sim_bridge import CompiledModel
from sim_bridge.pose.inverse_kinematics import InverseKinematics
from sim_bridge.pose.marker_watch import GONE_AFTER, OFF_AFTER
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.poses import Kinematics
from tests.sim_bridge.trials import SKELETON_TRIALS, RecordedTrial

WALKER, TREADMILL = "rajagopal/walker/walk", "ceinms/subject06/walk36"
BOTH = ("R.Knee", "L.Toe")


@pytest.fixture
def walker(skeleton_case: Callable[[str], Case]) -> CompiledModel:
    return skeleton_case(WALKER).compiled


@pytest.fixture
def named(caplog: pytest.LogCaptureFixture) -> Callable[[str], list[set[str]]]:
    """Markers of each line that says this."""

    def of(what: str) -> list[set[str]]:
        lines = [r.getMessage() for r in caplog.records if what in r.getMessage()]
        heads = [re.sub(r" \(\d+ mm\)", "", re.split(" has | have ", line)[0]) for line in lines]
        return [set(head.removeprefix("markers ").removeprefix("marker ").split(", "))
                for head in heads]  # fmt: skip

    return of


def standing(model: CompiledModel, spoil: Callable[[int, np.ndarray], None], frames: int) -> None:
    """Somebody who stands, with markers that `spoil` may change."""
    ik = InverseKinematics(model, model.marker_names)
    markers = Kinematics(model).markers(np.zeros(len(model.coordinates.free_names)))
    for i in range(frames):
        frame = markers.copy()
        spoil(i, frame)
        ik.step(frame)


def walking(trial: RecordedTrial, spoil: Callable[[np.ndarray], None], frames: int) -> None:
    """A recorded walk likewise."""
    ik = InverseKinematics(trial.model, trial.marker_names)
    for recorded in trial.markers[:frames]:
        markers = recorded.copy()
        spoil(markers)
        ik.step(markers)


@pytest.mark.parametrize("share", [1.0, 0.8])
def test_markers_that_are_elsewhere_in_most_frames_are_named_once(
    walker: CompiledModel, named: Callable[[str], list[set[str]]], share: float
) -> None:
    columns = [walker.marker_names.index(name) for name in BOTH]

    def aside(i: int, markers: np.ndarray) -> None:
        if i >= 2 and i % 10 < 10.0 * share:
            markers[columns, 2] += 0.1

    standing(walker, aside, 5 * OFF_AFTER)
    assert named("not been in place") == [set(BOTH)]


def test_a_marker_is_named_even_after_it_was_elsewhere_with_most_others(
    walker: CompiledModel, named: Callable[[str], list[set[str]]]
) -> None:
    """Nobody is named then; seven of twenty-four, say, whose segment was knocked."""
    n = len(walker.marker_names)
    column = walker.marker_names.index(BOTH[0])
    many = [column, *(i for i in range(n) if i != column)][: n // 3 + 1]

    def aside(i: int, markers: np.ndarray) -> None:
        if 2 <= i < 2 + 155:
            markers[many, 2] += 0.1
        elif i >= 300:
            markers[column, 2] += 0.1

    standing(walker, aside, 300 + 3 * OFF_AFTER)
    assert named("not been in place") == [{BOTH[0]}]


def test_markers_that_are_elsewhere_in_half_of_the_frames_are_not_named(
    walker: CompiledModel, caplog: pytest.LogCaptureFixture
) -> None:
    column = walker.marker_names.index(BOTH[0])

    def by_turns(i: int, markers: np.ndarray) -> None:
        if i % 40 >= 20:
            markers[column] = np.nan if i % 80 >= 60 else markers[column] + 0.1

    standing(walker, by_turns, 10 * GONE_AFTER)
    assert not caplog.records


def test_a_marker_that_is_lost_is_named_once(
    walker: CompiledModel, named: Callable[[str], list[set[str]]]
) -> None:
    columns = [walker.marker_names.index(name) for name in BOTH]

    def lose(i: int, markers: np.ndarray) -> None:
        markers[columns[: 1 + (i > 2 * GONE_AFTER)]] = np.nan if i > 5 else 0.0

    standing(walker, lose, 5 * GONE_AFTER)
    assert named("not been seen in most of the last 200 frames") == [{BOTH[0]}, {BOTH[1]}]


def test_who_leaves_takes_the_markers_along(
    walker: CompiledModel, caplog: pytest.LogCaptureFixture
) -> None:
    def leave(i: int, markers: np.ndarray) -> None:
        if i > 5:
            markers[: -len(markers) // 3] = np.nan
            markers[-1] += 2.0  # a ghost

    standing(walker, leave, 5 * GONE_AFTER)
    assert not [r for r in caplog.records if "not been" in r.getMessage()]


def test_a_body_of_another_size_is_no_fault_of_its_markers(
    walker: CompiledModel, caplog: pytest.LogCaptureFixture
) -> None:
    def grow(_: int, markers: np.ndarray) -> None:
        markers *= 1.4

    standing(walker, grow, 5 * OFF_AFTER)
    assert not [r for r in caplog.records if "not been" in r.getMessage()]


@pytest.mark.parametrize("pair", ["CAL", "MM", "MFE", "S1", "TRC", "ASI", "T2"])
def test_labels_exchanged_between_the_sides_from_the_start_are_named(
    recorded: Callable[[str], RecordedTrial], named: Callable[[str], list[set[str]]], pair: str
) -> None:
    """Poses of it are far off, held, or with markers set aside, by turns of 16 to 50 frames."""
    trial, both = recorded(TREADMILL), [f"R{pair}", f"L{pair}"]
    columns = [trial.marker_names.index(name) for name in both]

    def exchange(markers: np.ndarray) -> None:
        markers[columns] = markers[columns[::-1]]

    walking(trial, exchange, 400)
    assert named("not been in place") == [set(both)]


def test_labels_exchanged_within_a_foot_are_flagged_and_named(
    recorded: Callable[[str], RecordedTrial], named: Callable[[str], list[set[str]]]
) -> None:
    """Three of sixty markers: the whole body's error stays small."""
    trial, names = recorded(WALKER), ["R.Heel", "R.MT5", "R.Toe"]
    foot = [list(trial.marker_names).index(name) for name in names]
    ik, clean = (InverseKinematics(trial.model, trial.marker_names) for _ in range(2))
    for i in range(220):
        markers = trial.markers[i].copy()
        if i >= 30:
            markers[foot] = markers[np.roll(foot, 1)]
        ik.step(markers)
        clean.step(trial.markers[i])
        wrong = np.abs(ik.q - clean.q).max() > 0.2
        assert ik.misplaced or not ik.complete or not wrong
        assert not clean.misplaced
    assert ik.misplaced
    found = named("not been in place")
    assert found
    assert set().union(*found) <= set(names)


@pytest.mark.parametrize("trial_name", SKELETON_TRIALS)
def test_of_a_good_recording_nothing_is_said(
    recorded: Callable[[str], RecordedTrial], caplog: pytest.LogCaptureFixture, trial_name: str
) -> None:
    walking(recorded(trial_name), lambda _: None, 1000)
    assert not caplog.records
