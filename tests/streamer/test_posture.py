"""Whether a person is told to lie."""

import logging

import numpy as np
import pytest

from streamer.posture import Posture

NAMES = ("pelvis_tx", "pelvis_list", "hip_flexion_r", "pelvis_tilt")


def said(caplog: pytest.LogCaptureFixture, tilt_deg: float, list_deg: float, frames: int) -> str:
    posture = Posture(NAMES, 100.0)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        for k in range(frames):
            pause = k == 150  # upright for a frame
            turned = np.radians([0.0, list_deg, 170.0, tilt_deg]) * (not pause)
            posture.step(turned)
    return "\n".join(record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(("tilt", "roll"), [(0.0, 88.0), (0.0, -91.0), (-88.0, 5.0)])
def test_a_person_on_the_back_or_the_side_is_told_of_once(
    caplog: pytest.LogCaptureFixture, tilt: float, roll: float
) -> None:
    text = said(caplog, tilt, roll, 1000)
    assert len(text.splitlines()) == 1
    assert "look at `up` under `markers`" in text
    assert ("pelvis_tilt is -88" if tilt else f"pelvis_list is {roll:.0f}") in text


def test_leaning_is_not_lying_nor_is_less_than_a_second_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert not said(caplog, -55.0, 30.0, 1000)  # a deep squat
    assert not said(caplog, 0.0, 88.0, 99)
    assert not said(caplog, 358.0, 362.0, 1000)  # a turn is none


def test_a_model_without_these_coordinates_is_not_watched(caplog: pytest.LogCaptureFixture) -> None:
    posture = Posture(["knee_angle_r"], 100.0)
    for _ in range(1000):
        posture.step(np.array([1.5]))
    assert not caplog.records
