"""Whether a person is told to lie, and markers to be another person's."""

import logging

import numpy as np
import pytest

from sim_bridge.pose.solver import MISFIT_M
from streamer.doubts import LOOSE_M, SIZE_OFF
from streamer.session.pose_doubts import LASTS_S, LOOKS_AT_S, UNLIKE_S, PoseDoubts

NAMES = ("pelvis_tx", "pelvis_list", "hip_flexion_r", "pelvis_tilt")
RATE_HZ = 100.0
ENOUGH = round(LASTS_S * RATE_HZ)
LOOKED_AT = round(LOOKS_AT_S * RATE_HZ)
NEAR_M, FAR_M = 0.02, 2.0 * MISFIT_M


def said(caplog: pytest.LogCaptureFixture, tilt_deg: float, list_deg: float, frames: int) -> str:
    doubts = PoseDoubts(NAMES, RATE_HZ)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        for k in range(frames):
            pause = k == 150  # upright for a frame
            turned = np.radians([0.0, list_deg, 170.0, tilt_deg]) * (not pause)
            doubts.step(turned, NEAR_M, 1.0, held=False)
    return "\n".join(record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(("tilt", "roll"), [(0.0, 88.0), (0.0, -91.0), (-88.0, 5.0)])
def test_a_person_on_the_back_or_the_side_is_told_of_once(
    caplog: pytest.LogCaptureFixture, tilt: float, roll: float
) -> None:
    text = said(caplog, tilt, roll, 1000)
    assert len(text.splitlines()) == 1
    assert "set `up: z` under `markers`" in text
    assert ("pelvis_tilt is -88" if tilt else f"pelvis_list is {roll:.0f}") in text


def test_leaning_is_not_lying_nor_is_less_than_a_second_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert not said(caplog, -55.0, 30.0, 1000)  # a deep squat
    assert not said(caplog, 0.0, 88.0, ENOUGH - 1)
    assert not said(caplog, 358.0, 362.0, 1000)  # a turn is none


def test_who_is_nearer_to_lying_than_to_standing_lies(caplog: pytest.LogCaptureFixture) -> None:
    """On a wedge, or with the head of the bed raised."""
    for turned in ((65.0, 0.0), (0.0, -65.0)):
        assert said(caplog, *turned, 1000).startswith("the person lies down")


def test_a_second_of_lying_is_as_many_frames_as_the_rate_has(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for rate_hz in (50.0, 200.0):
        doubts = PoseDoubts(NAMES, rate_hz)
        for _ in range(round(2.0 * LASTS_S * rate_hz)):  # upright, then down
            doubts.step(np.zeros(len(NAMES)), NEAR_M, 1.0, held=False)
        for _ in range(round(LASTS_S * rate_hz)):
            assert not doubts.said
            doubts.step(np.full(len(NAMES), 1.5), NEAR_M, 1.0, held=False)
        assert len(doubts.said) == 1
    assert len(caplog.records) == 2


def test_a_pose_that_is_held_does_not_lie_on(caplog: pytest.LogCaptureFixture) -> None:
    doubts = PoseDoubts(NAMES, RATE_HZ)
    for k in range(2 * ENOUGH):
        doubts.step(np.full(len(NAMES), 1.5), NEAR_M, 1.0, held=k > 0)
    assert not caplog.records


def test_a_pose_that_does_not_fit_the_markers_does_not_lie(
    caplog: pytest.LogCaptureFixture,
) -> None:
    doubts = PoseDoubts(NAMES, RATE_HZ)
    for _ in range(2 * LOOKED_AT):
        doubts.step(np.full(len(NAMES), 1.5), FAR_M, 1.0, held=False)
    assert [r.getMessage() for r in caplog.records if "lies down" in r.getMessage()] == []
    assert len(caplog.records) == 1  # that it does not fit


def test_a_model_without_these_coordinates_is_not_watched(caplog: pytest.LogCaptureFixture) -> None:
    doubts = PoseDoubts(["knee_angle_r"], RATE_HZ)
    for _ in range(1000):
        doubts.step(np.array([1.5]), NEAR_M, 1.0, held=False)
    assert not caplog.records


def said_of_markers(
    caplog: pytest.LogCaptureFixture, rms: list[float], held: list[bool], spread: float = 1.0
) -> list[str]:
    doubts = PoseDoubts(NAMES, RATE_HZ)
    with caplog.at_level(logging.WARNING):
        for marker_rms, is_held in zip(rms, held, strict=True):
            doubts.step(np.zeros(len(NAMES)), marker_rms, spread, held=is_held)
    lines = [record.getMessage() for record in caplog.records]
    assert doubts.said == lines
    return lines


@pytest.mark.parametrize(
    ("far", "near", "lines"),
    [(2, 1, 1), (1, 2, 0), (1, 0, 1), (0, 1, 0)],
)
def test_markers_that_are_far_from_the_models_in_most_frames_are_told_of_once(
    far: int, near: int, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    """By turns, or without a break."""
    rms = ([FAR_M] * far + [NEAR_M] * near) * 3 * LOOKED_AT
    found = said_of_markers(caplog, rms, [False] * len(rms))
    assert len(found) == lines
    assert all(line.startswith("markers lie 120 mm from the model's") for line in found)


def test_markers_of_poses_that_are_held_are_not_judged(caplog: pytest.LogCaptureFixture) -> None:
    """Those that did not fit are left out of them."""
    rms, held = [FAR_M, NEAR_M, NEAR_M] * LOOKED_AT, [False, True, True] * LOOKED_AT
    assert len(said_of_markers(caplog, rms, held)) == 1
    caplog.clear()
    assert not said_of_markers(caplog, rms, [not h for h in held])


def test_a_model_that_may_not_be_scaled_is_asked_about_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rms = [NEAR_M] * LOOKED_AT + [1.2 * LOOSE_M] * 3 * LOOKED_AT
    (line,) = said_of_markers(caplog, rms, [False] * len(rms))
    assert line.startswith("markers lie 36 mm from the model's, 30 mm is unusual")


def test_markers_are_judged_after_as_many_frames_as_the_rate_has() -> None:
    for rate_hz in (50.0, 200.0):
        doubts = PoseDoubts(NAMES, rate_hz)
        for _ in range(round(LOOKS_AT_S * rate_hz)):
            assert not doubts.said
            doubts.step(np.zeros(len(NAMES)), FAR_M, 1.0, held=False)
        assert len(doubts.said) == 1


def test_size_is_judged_by_the_last_frames_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Another person who steps in for the first does not have to outlast them."""
    doubts = PoseDoubts(NAMES, RATE_HZ)
    for spread, frames in ((1.0, 5 * LOOKED_AT), (1.0 + 1.5 * SIZE_OFF, LOOKED_AT)):
        assert not doubts.said
        for _ in range(frames):
            doubts.step(np.zeros(len(NAMES)), NEAR_M, spread, held=False)
    assert [r.getMessage() for r in caplog.records] == doubts.said
    (line,) = doubts.said
    assert "farther apart" in line


@pytest.mark.parametrize(
    ("spread", "words"),
    [
        (1.0 + 1.5 * SIZE_OFF, ("1.5 % farther apart", "larger")),
        (1.0 - 2.0 * SIZE_OFF, ("2.0 % nearer together", "smaller")),
        (1.0 + 0.9 * SIZE_OFF, ("36 mm from the model's, 30 mm is unusual",)),
    ],
)
def test_a_person_of_another_size_is_told_of_once(
    caplog: pytest.LogCaptureFixture, spread: float, words: tuple[str, ...]
) -> None:
    """Where the markers do not fit at all, that is said, and the size is not known."""
    n = 3 * LOOKED_AT
    (line,) = said_of_markers(caplog, [1.2 * LOOSE_M] * n, [False] * n, spread)
    assert all(word in line for word in words)
    caplog.clear()
    (line,) = said_of_markers(caplog, [FAR_M] * n, [False] * n, spread)
    assert line.startswith("markers lie 120 mm from the model's")


@pytest.mark.parametrize("rate_hz", [50.0, 200.0])
def test_motion_that_was_never_taught_is_told_of_once_it_lasts(
    caplog: pytest.LogCaptureFixture, rate_hz: float
) -> None:
    doubts = PoseDoubts(NAMES, rate_hz)
    lasts = round(UNLIKE_S * rate_hz)
    for unlikeness in [1.5] * (lasts - 1) + [1.0] + [1.5] * (lasts - 1):
        doubts.step_motion(unlikeness)
    assert not doubts.said
    for _ in range(2 * lasts):
        doubts.step_motion(1.6)
    assert [record.getMessage() for record in caplog.records] == doubts.said
    (line,) = doubts.said
    assert line.startswith("this person moves unlike what the network was taught (1.6 times")
