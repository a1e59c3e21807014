"""What capture times say about frames."""

import logging

import numpy as np
import pytest

from streamer.frames.dejitter import Dejitter
from streamer.frames.times import (
    NEW_RATE_FRAMES,
    SET_BACK_FRAMES,
    Arrival,
    Batches,
    FrameTimes,
)

RATE = 100.0
ON_TIME, GAP, ANEW, OLD = Arrival.ON_TIME, Arrival.GAP, Arrival.ANEW, Arrival.OLD


def judge(times: np.ndarray | list[float]) -> list[Arrival]:
    frames = FrameTimes(RATE, reset_after_s=1.0)
    return [frames.step(float(t)) for t in times]


def even(n: int, start: float = 100.0, rate: float = RATE) -> np.ndarray:
    return start + np.arange(n) / rate


def test_even_frames_are_on_time_and_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert set(judge(even(500))) == {ON_TIME}
    jittered = even(500) + np.random.default_rng(3).normal(0.0, 5e-4, 500)
    assert set(judge(jittered)) == {ON_TIME}
    assert not caplog.records


def test_repeated_and_backward_frames_are_old_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    repeated = np.repeat(even(50), 2)
    assert judge(repeated) == [ON_TIME] + [OLD, ON_TIME] * 49 + [OLD]
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert judge([100.0, 100.01, 100.005, 100.02]) == [ON_TIME, ON_TIME, OLD, ON_TIME]


def test_a_frame_that_is_sent_again_and_again_is_no_clock_that_was_set_back() -> None:
    again = 3 * SET_BACK_FRAMES
    assert judge([100.0] + [100.01] * (1 + again)) == [ON_TIME] * 2 + [OLD] * again


def test_times_that_stand_still_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    stuck = [100.0, *np.full(150, 100.01)]
    judge([*stuck, *even(50, 100.02), *np.full(150, 100.6)])
    judge([*stuck[:100], *even(50, 100.02)])  # not for long
    said = [r.message for r in caplog.records if "stand still" in r.message]
    assert len(said) == 1
    assert "correct the sender's time stamps" in said[0]


def test_a_stream_whose_every_frame_comes_twice_does_not_stand_still(
    caplog: pytest.LogCaptureFixture,
) -> None:
    judge(np.repeat(even(300), 2))
    assert not any("stand still" in r.message for r in caplog.records)


@pytest.mark.parametrize("back_s", [0.1, 0.9])
def test_a_clock_set_back_silences_nobody(back_s: float, caplog: pytest.LogCaptureFixture) -> None:
    times = np.concatenate([even(50), even(50, 100.5 - back_s)])
    arrivals = judge(times)
    old = SET_BACK_FRAMES - 1
    assert arrivals == [ON_TIME] * 50 + [OLD] * old + [ANEW] + [ON_TIME] * (49 - old)
    assert "jump" in caplog.records[-1].message


@pytest.mark.parametrize("jump_s", [1.5, -1.5])
def test_a_long_pause_and_a_long_step_back_start_anew(jump_s: float) -> None:
    times = np.concatenate([even(10), even(10, 100.09 + jump_s)])
    assert judge(times) == [ON_TIME] * 10 + [ANEW] + [ON_TIME] * 9


@pytest.mark.parametrize("rate", [50.0, 200.0, 250.0])
def test_another_rate_is_followed_and_said(rate: float, caplog: pytest.LogCaptureFixture) -> None:
    times = np.concatenate([even(100), even(120, 101.0, rate)])
    times = np.delete(times, 170)  # one frame is lost at the new rate
    arrivals = judge(times)
    assert arrivals[:101] == [ON_TIME] * 101
    late = 100 + NEW_RATE_FRAMES
    assert arrivals[late:170] == [ON_TIME] * (170 - late)
    assert arrivals[170:172] == [GAP, ON_TIME]
    assert len(caplog.records) == 1
    assert f"{rate:.1f} Hz" in caplog.records[0].message


@pytest.mark.parametrize("rate", [50.0, 200.0, 250.0])
def test_another_rate_behind_the_smoothing_is_said_as_it_is(
    rate: float, caplog: pytest.LogCaptureFixture
) -> None:
    """Smoothed times take some frames to follow; what is said and kept is the rate after that."""
    smooth, frames = Dejitter(RATE), FrameTimes(RATE, reset_after_s=1.0)
    for t in np.concatenate([even(300), even(600, 103.0, rate)]):
        frames.step(smooth.step(float(t)))
    assert 1.0 / frames.period_s == pytest.approx(rate, rel=0.001)
    assert len(caplog.records) == 1
    assert float(caplog.records[0].message.split()[3]) == pytest.approx(rate, rel=0.03)


def test_lost_frames_are_no_other_rate() -> None:
    lost = np.random.default_rng(4).random(2000) < 0.4
    times = even(2000)[~lost]
    arrivals = judge(times)
    gaps = np.diff(times) > 0.015
    assert [a is GAP for a in arrivals[1:]] == gaps.tolist()


def test_pauses_of_two_and_of_four_periods_in_turn_are_no_other_rate() -> None:
    times = 100.0 + np.cumsum([2, 4] * 20) / RATE
    assert judge(times)[1:] == [GAP] * 39


def test_a_backlog_is_a_gap_but_no_other_rate() -> None:
    frames = FrameTimes(RATE, reset_after_s=1.0)
    frames.step(100.0)
    arrivals = {frames.step(100.0 + 0.02 * k, count=2) for k in range(1, 40)}
    assert arrivals == {GAP}
    assert frames.period_s == pytest.approx(0.01)


def test_frames_that_come_two_at_a_time_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    batches = Batches()
    for k in range(2000):
        batches.step(1 if k % 5 == 0 else 2)  # now and then the second comes a moment later
    assert [r.message.split(":")[0] for r in caplog.records] == ["frames arrive 2 at a time"]


def test_a_sender_that_stalls_now_and_then_sends_no_batches(
    caplog: pytest.LogCaptureFixture,
) -> None:
    batches = Batches()
    for k in range(20_000):
        batches.step(4 if k % 3 == 0 else 1)
    assert not caplog.records


def test_the_rate_is_the_stated_one_unless_frames_come_at_another() -> None:
    frames = FrameTimes(RATE, reset_after_s=1.0)
    for rate, said in ((RATE * 1.04, RATE), (RATE * 1.06, 106.0), (44.87, 44.9)):
        for t in even(500, start=rate, rate=rate):
            frames.step(float(t))
        assert frames.rate_hz == said


def test_frames_that_begin_to_arrive_late_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    frames = FrameTimes(RATE, reset_after_s=1.0)
    for k in range(1100):
        late_s = 0.01 if k < 1000 else 0.3
        assert frames.long_ago(100.0, 100.0 + late_s) == (k >= 1000)
    assert [r.message.split(" after")[0] for r in caplog.records] == ["frames arrive 0.30 s"]


def test_much_is_said_at_first_and_little_later(caplog: pytest.LogCaptureFixture) -> None:
    frames = FrameTimes(RATE, reset_after_s=1.0)
    for k in range(100):
        frames.step(100.0 + 2.0 * k)  # 99 jumps, and the first frame
    assert len(caplog.records) == 20
    for t in even(6000, start=298.01):
        frames.step(float(t))
    frames.step(1000.0)
    frames.step(1002.0)
    assert len(caplog.records) == 21
    assert "jump" in caplog.records[-1].message
