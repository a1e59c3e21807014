"""Frames that are sent again under new times."""

import numpy as np
import pytest

from streamer.lsl.repeats import AGAIN_S, Repeats


def frames(n: int) -> np.ndarray:
    """Markers (n, 4, 3) of which one is missing throughout."""
    markers = np.random.default_rng(3).normal(size=(n, 4, 3))
    markers[:, 2] = np.nan
    return markers


def test_a_frame_that_comes_again_is_left_out() -> None:
    repeats, markers = Repeats("Mocap"), frames(50)
    for k in range(50):
        assert not repeats.step(markers[k], 0.01 * k)
        assert repeats.step(markers[k].copy(), 0.01 * k + 0.005)


def test_cameras_that_stop_are_told_after_a_tenth_of_a_second() -> None:
    repeats, markers = Repeats("Mocap"), frames(2)
    assert not repeats.step(markers[0], 5.0)
    for k in range(1, 40):
        assert repeats.step(markers[0], 5.0 + 0.01 * k) == (0.01 * k <= AGAIN_S)
    assert not repeats.step(markers[1], 5.5)


def test_that_nobody_is_seen_is_told_in_every_frame() -> None:
    repeats, nobody = Repeats("Mocap"), np.full((4, 3), np.nan)
    assert not any(repeats.step(nobody, 0.01 * k) for k in range(5))


def test_the_same_time_again_is_left_to_who_judges_times() -> None:
    repeats, markers = Repeats("Mocap"), frames(1)
    assert not repeats.step(markers[0], 5.0)
    assert not repeats.step(markers[0], 5.0)
    assert not repeats.step(markers[0], 4.9)


def test_a_sender_that_does_it_all_the_time_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    repeats, markers = Repeats("Mocap"), frames(60)
    for k in range(60):
        repeats.step(markers[k], 0.01 * k)
        repeats.step(markers[k], 0.01 * k + 0.005)
    (line,) = caplog.messages
    assert "'Mocap'" in line
    assert "20 so far" in line
