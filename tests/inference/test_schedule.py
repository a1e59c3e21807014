from __future__ import annotations

import numpy as np
import pytest

from inference.inputs.schedule import StepSchedule


def steps_taken(rate_hz: float, times: np.ndarray) -> tuple[list[int], list[float]]:
    """Steps per frame, and the time of every step."""
    schedule, counts, when, previous = StepSchedule(rate_hz), [], [], float("nan")
    for t in times:
        fractions = schedule.steps(float(t))
        counts.append(len(fractions))
        when += [t if f == 1.0 else previous + f * (t - previous) for f in fractions]
        previous = t
    return counts, when


def test_same_rate_steps_once_per_frame_despite_jitter_and_drift() -> None:
    rng = np.random.default_rng(0)
    nominal = np.arange(2000) / 99.8  # 0.2 % slow clock
    counts, _ = steps_taken(100.0, nominal + rng.uniform(-1e-3, 1e-3, 2000))
    assert set(counts) == {1}


@pytest.mark.parametrize("stream_hz", [98.0, 102.0])
def test_a_stream_that_is_two_percent_off_steps_once_per_frame(stream_hz: float) -> None:
    """The grid follows by a tenth of a quarter of a period, 2.5 %; no session's clock is so bad."""
    counts, _ = steps_taken(100.0, np.arange(2000) / stream_hz)
    assert set(counts) == {1}


@pytest.mark.parametrize("stream_hz", [50.0, 100.0, 200.0])
@pytest.mark.parametrize("late", [0.3, 0.5, 0.7])
def test_steps_come_to_frames_though_the_first_was_late(late: float, stream_hz: float) -> None:
    """Else every estimate would be older by up to half a period, for the whole session."""
    times = np.arange(0.0, 4.0, 1.0 / stream_hz)
    frames = times.copy()
    times[0] += late / stream_hz
    counts, when = steps_taken(100.0, times)
    settled = [t for t in when if t > 1.0]
    apart = np.abs(np.subtract.outer(settled, frames)).min(1)
    whole = apart < 1e-9
    assert whole.mean() == pytest.approx(min(1.0, stream_hz / 100.0), abs=0.01)
    assert set(counts[round(stream_hz) :]) == {50.0: {2}, 100.0: {1}, 200.0: {0, 1}}[stream_hz]


@pytest.mark.parametrize("stream_hz", [94.0, 96.0, 104.0, 106.0])
def test_other_rates_near_the_networks_are_not_taken_for_its_own(stream_hz: float) -> None:
    _, when = steps_taken(100.0, np.arange(0.0, 20.0, 1.0 / stream_hz))
    assert len(when) == pytest.approx(2000, abs=10)


@pytest.mark.parametrize("stream_hz", [50.0, 120.0, 200.0, 250.0])
def test_other_rates_are_brought_to_the_networks_rate(stream_hz: float) -> None:
    seconds = 20.0
    _, when = steps_taken(100.0, np.arange(0.0, seconds, 1.0 / stream_hz))
    assert len(when) == pytest.approx(100.0 * seconds, abs=2)  # one step may stay due at each end
    # A step sits off its grid point by a quarter of a period at most, on both sides.
    assert np.all(np.abs(np.diff(when) - 0.01) <= 0.0051)


def test_gap_and_time_reversal_start_a_new_stream() -> None:
    schedule = StepSchedule(100.0)
    assert schedule.steps(5.0) == [1.0]
    assert not schedule.is_new_stream(5.01)
    assert not schedule.is_new_stream(5.24)
    assert schedule.is_new_stream(5.26)  # a quarter of a second, as the docs say
    assert schedule.is_new_stream(4.99)
    assert schedule.steps(4.99) == [1.0]


def test_after_a_reset_the_next_frame_starts_a_stream_however_soon_it_comes() -> None:
    schedule = StepSchedule(100.0)
    schedule.steps(5.0)
    schedule.reset()
    assert schedule.is_new_stream(5.004)
    assert schedule.steps(5.004) == [1.0]
    assert schedule.steps(5.014) == [1.0]


def test_a_few_lost_frames_are_bridged_by_steps_in_between() -> None:
    schedule = StepSchedule(100.0)
    schedule.steps(0.0)
    assert schedule.steps(0.04) == pytest.approx([0.25, 0.5, 0.75, 1.0])
