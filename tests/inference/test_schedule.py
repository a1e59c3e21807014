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


@pytest.mark.parametrize("stream_hz", [500.0, 1000.0])
def test_a_stream_that_is_much_faster_steps_about_a_period_apart(stream_hz: float) -> None:
    _, when = steps_taken(100.0, np.arange(0.0, 20.0, 1.0 / stream_hz))
    # the first frame within a quarter of a period of a step stands for it
    assert np.all(np.abs(np.diff(when) - 0.01) <= 0.0026)
    # so the grid is pulled forward, by a tenth of a fifth of a period with every step
    assert 2000 <= len(when) <= 2050


@pytest.mark.parametrize("stream_hz", [37.0, 94.0, 100.0, 130.0, 240.0, 1000.0])
def test_steps_lie_between_the_last_frame_and_this_one(stream_hz: float) -> None:
    """However uneven frames are, and with holes of up to a quarter of a second."""
    random = np.random.default_rng(1)
    pauses = random.uniform(0.1, 2.0, 4000) * random.choice([1.0, 4.0], 4000, p=[0.95, 0.05])
    schedule = StepSchedule(100.0)
    for t in np.cumsum(pauses / stream_hz):
        steps = schedule.steps(float(t))
        assert all(0.0 < step <= 1.0 for step in steps)
        assert sorted(set(steps)) == steps


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
