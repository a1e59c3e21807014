"""Filters that count frames: what they do across a gap, and at another rate than theirs."""

import numpy as np
import pytest

from sim_bridge.filters import DerivativeFilter, make_filter
from sim_bridge.filters.frame_clock import FrameClock
from tests.sim_bridge.signals import RATE_HZ, frames, run, swing, warm_flags

COUNTING = ("savgol:11:3", "savgol:9:3:3", "butterworth:12", "kalman:3:8")
RESTARTING = COUNTING[:3]
OTHER_RATES_HZ = (30.0, 100.0 / 3.0, 50.0, 66.7, 80.0, 87.0, 95.0, 97.0, 103.0, 120.0, 150.0, 250.0)


def make(name: str) -> DerivativeFilter:
    return make_filter(name, 1, RATE_HZ)


@pytest.mark.parametrize("missing", [1, 2, 5, 40])
@pytest.mark.parametrize("name", RESTARTING)
def test_after_a_gap_it_starts_anew_and_says_so(name: str, missing: int) -> None:
    t = frames(2.0)
    before, after = t[:80], t[80 + missing :]
    tested, fresh = make(name), make(name)
    run(tested, before, swing(before))
    assert not tested.warming_up
    for moment in after:
        for each in (tested, fresh):
            each.step(float(moment), swing(np.array([moment])))
        assert tested.warming_up == fresh.warming_up
        np.testing.assert_array_equal(tested.qdd, fresh.qdd)
    assert not tested.warming_up


@pytest.mark.parametrize("name", COUNTING)
def test_jitter_of_the_stamps_is_neither_a_gap_nor_another_rate(name: str) -> None:
    """Stamps off by up to 0.35 frames, once the clock has found the frames."""
    rng, even, jittered = np.random.default_rng(13), make(name), make(name)
    for k in range(600):
        off = rng.uniform(-0.35, 0.35) if k > 20 else 0.0
        q = swing(np.array([k / RATE_HZ]))
        even.step(k / RATE_HZ, q)
        jittered.step((k + off) / RATE_HZ, q)
        np.testing.assert_array_equal(jittered.qdd, even.qdd)
        assert jittered.warming_up == even.warming_up


@pytest.mark.parametrize("rate_hz", OTHER_RATES_HZ)
@pytest.mark.parametrize("name", COUNTING)
def test_another_rate_is_told_for_as_long_as_it_lasts(name: str, rate_hz: float) -> None:
    tested = make(name)
    there = np.arange(int(4.0 * rate_hz)) / rate_hz
    flags = warm_flags(tested, there)
    # 3 % are told from the 73rd frame on, by the gain of the mean pause
    assert all(flags[80:])
    assert abs(tested.q[0]) < 1.0  # of a swing of 0.5: prediction upon prediction would diverge
    back = there[-1] + 1.0 / RATE_HZ + frames(4.0)
    # the mean pause falls from as much as 3.3 periods to 1.02
    assert not any(warm_flags(tested, back)[330:])


def test_a_clock_counts_what_is_missing_and_forgets() -> None:
    clock = FrameClock(RATE_HZ)
    stamps = (5.0, 5.01, 5.03, 5.04, 5.14, 3.0)
    assert [clock.step(t) for t in stamps] == [0, 0, 1, 0, 9, -215]
    clock.reset()
    assert clock.step(1.0) == 0


def test_single_gaps_are_no_other_rate() -> None:
    clock = FrameClock(RATE_HZ)
    for t in np.delete(frames(6.0), np.arange(10, 590, 5)):
        clock.step(float(t))
        assert clock.on_rate
