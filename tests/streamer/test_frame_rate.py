"""The rate of a stream, told from the pauses between its frames."""

import numpy as np
import pytest

from streamer.frames.rate import FrameRate, mean_rate_hz
from streamer.frames.times import NEW_RATE_FRAMES

RATE = 100.0
MISFIT = 0.25
"""What frames of another rate are off by on average, in periods: anything up to a half."""


def learnt(pauses: np.ndarray, misfit: float = MISFIT) -> tuple[float, list[int]]:
    """Period after all pauses [s], and after which another rate was taken over."""
    rate = FrameRate(RATE)
    taken = [k for k, pause in enumerate(pauses.tolist()) if rate.step(pause, misfit)]
    return rate.period_s, taken


def pauses(jitter: float, n: int = 4000, rate: float = RATE) -> np.ndarray:
    """Pauses between frames whose times are off by so many periods (standard deviation)."""
    off = np.random.default_rng(7).normal(0.0, jitter, n + 1)
    return (1.0 + np.diff(off)) / rate


@pytest.mark.parametrize("rate", [40.0, 50.0, 80.0, 95.0, 97.0, 103.0, 105.0, 120.0, 250.0])
def test_ten_even_pauses_are_another_rate(rate: float) -> None:
    period, taken = learnt(np.full(NEW_RATE_FRAMES, 1.0 / rate))
    assert taken == [NEW_RATE_FRAMES - 1]
    assert period == pytest.approx(1.0 / rate, rel=1e-12)


def test_a_single_pause_does_not_make_another_rate_a_third() -> None:
    even = np.full(NEW_RATE_FRAMES, 2.0 / RATE)
    assert learnt(np.append(even, 1.94 / RATE))[1] == [NEW_RATE_FRAMES - 1]


def test_a_frame_of_the_known_rate_ends_what_may_have_been_another() -> None:
    slower = np.full(NEW_RATE_FRAMES - 1, 2.0 / RATE)
    assert learnt(np.concatenate([slower, [1.0 / RATE], slower])) == (1.0 / RATE, [])


@pytest.mark.parametrize("misfit", [0.0, 0.08])
def test_frames_that_fit_need_no_other_rate(misfit: float) -> None:
    """Every other frame lost is half the rate, but the rate that is known explains it as well."""
    assert learnt(np.full(1000, 2.0 / RATE), misfit) == (1.0 / RATE, [])


@pytest.mark.parametrize("jitter", [0.02, 0.1, 0.2])
def test_jitter_is_no_other_rate(jitter: float) -> None:
    period, taken = learnt(pauses(jitter))
    assert not taken
    # 1.6 % is the standard deviation that jitter of 0.2 leaves, and it is smaller for less
    assert period == pytest.approx(1.0 / RATE, rel=0.05)


@pytest.mark.parametrize("rate", [70.0, 80.0, 95.0, 105.0, 125.0, 160.0])
def test_another_rate_is_found_under_jitter(rate: float) -> None:
    assert learnt(pauses(0.2, rate=rate))[0] == pytest.approx(1.0 / rate, rel=0.05)  # see above


def test_lost_frames_and_bursts_do_not_count() -> None:
    steady = pauses(0.02)
    lost = np.where(np.random.default_rng(8).random(steady.size) < 0.3, steady + 1.0 / RATE, steady)
    # three frames at once, then none for three periods
    bursts = np.tile([1e-4, 1e-4, 3.0 / RATE - 2e-4], 1000)
    for stream in (lost, bursts):
        period, taken = learnt(stream)
        assert not taken
        assert period == pytest.approx(1.0 / RATE, rel=0.02)  # jitter alone: 0.3 % seen


def test_times_that_do_not_rise_are_no_rate() -> None:
    assert learnt(np.array([0.0, -0.01] * 100)) == (1.0 / RATE, [])


def test_the_mean_rate_is_that_of_different_times() -> None:
    even = [k / 100 for k in range(40)]
    # 1e-9: rounding
    assert mean_rate_hz(even) == pytest.approx(100.0, rel=1e-9)
    assert mean_rate_hz(2 * even) == pytest.approx(100.0, rel=1e-9)
    assert mean_rate_hz([5.0] * 40) == mean_rate_hz([]) == 0.0
