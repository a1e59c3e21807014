"""What every kind of filter does; what only some do stands in a file of each."""

import numpy as np
import pytest

from sim_bridge.filters import DerivativeFilter, make_filter
from sim_bridge.filters.parse import KINDS
from tests.sim_bridge.signals import (
    EVERY_KIND,
    RATE_HZ,
    frames,
    measured_delay_s,
    run,
    swing,
    warm_flags,
)

every_kind = pytest.mark.parametrize("name", EVERY_KIND)


def make(name: str, n: int = 1) -> DerivativeFilter:
    return make_filter(name, n, RATE_HZ)


def test_these_are_of_all_kinds_that_there_are() -> None:
    assert {name.partition(":")[0] for name in EVERY_KIND} == set(KINDS)


@every_kind
def test_coordinates_do_not_mix_and_reset_forgets(name: str) -> None:
    t, together = frames(0.5), make(name, 3)
    signals = np.stack([np.sin(5.0 * t), t**2, np.full_like(t, 0.3)], axis=1)
    run(together, t, 7.0 * signals)
    assert not together.warming_up
    together.reset()
    assert together.warming_up
    for got, *alone in zip(
        run(together, t, signals), *(run(make(name), t, s) for s in signals.T), strict=True
    ):
        np.testing.assert_array_equal(got, np.stack(alone, axis=1))


@every_kind
@pytest.mark.parametrize("pause_s", [0.0, 1.0])
def test_starts_at_rest_where_it_is_and_anew_after_a_pause(name: str, pause_s: float) -> None:
    tested, t = make(name), frames(1.0)
    if pause_s:
        run(tested, t - t[-1] - pause_s, np.sin(t))
        assert not tested.warming_up
    tested.step(0.0, np.array([0.7]))
    assert tested.warming_up
    assert tested.q[0] == pytest.approx(0.7)
    # rounding, times the rate for each derivative
    assert tested.qd[0] == pytest.approx(0.0, abs=1e-12 * RATE_HZ)
    assert tested.qdd[0] == pytest.approx(0.0, abs=1e-12 * RATE_HZ**2)


@every_kind
def test_a_clock_that_is_set_back_starts_anew(name: str) -> None:
    t, tested, fresh = frames(1.0), make(name), make(name)
    run(tested, 100.0 + t, np.cos(t))
    again, wanted = run(tested, t, swing(t)), run(fresh, t, swing(t))
    np.testing.assert_array_equal(again.qdd, wanted.qdd)


@every_kind
def test_a_line_comes_out_late_by_the_declared_delay(name: str) -> None:
    t, tested = frames(4.0), make(name)
    estimate = run(tested, t, 0.2 + 1.7 * t)
    late = 0.2 + 1.7 * (t - tested.delay_s)
    np.testing.assert_allclose(estimate.q[200:], late[200:], rtol=0, atol=1e-9)
    np.testing.assert_allclose(estimate.qd[200:], 1.7, rtol=0, atol=1e-8)
    np.testing.assert_allclose(estimate.qdd[200:], 0.0, rtol=0, atol=1e-6)


@every_kind
def test_declared_delay_is_the_measured_one(name: str) -> None:
    t, tested = frames(5.0), make(name)
    estimate = run(tested, t, np.sin(2.0 * np.pi * t))
    # a tenth of a frame; delays are declared at 0 Hz, and this is at 1 Hz
    assert measured_delay_s(t, estimate.q, 1.0) == pytest.approx(tested.delay_s, abs=1e-3)


@every_kind
@pytest.mark.parametrize("missing", [1, 2, 5, 40])
def test_no_unflagged_acceleration_is_off_after_a_gap(name: str, missing: int) -> None:
    t, whole, tested = frames(3.0), make(name), make(name)
    wanted = run(whole, t, swing(t))
    for k in (*range(150), *range(150 + missing, len(t))):
        tested.step(float(t[k]), swing(t[k : k + 1]))
        if k > 100 and not tested.warming_up:
            # of 20 rad/s^2: what the start leaves of itself is at most 0.6 (wiener); frames taken
            # across a gap as if no time had passed give 42 or more
            assert abs(tested.qdd[0] - wanted.qdd[k]) < 1.0, k


@every_kind
@pytest.mark.parametrize("rate_hz", [99.0, 99.97, 101.0])
def test_a_rate_that_is_nearly_its_own_is_its_own(name: str, rate_hz: float) -> None:
    """Speeds of filters that count frames are off by the ratio of the rates then, a percent."""
    tested, t = make(name), np.arange(400) / rate_hz
    assert not any(warm_flags(tested, t)[40:])
    estimate = run(make(name), t, swing(t))
    speed = np.pi * np.cos(2.0 * np.pi * (t - tested.delay_s))
    # 1 % of the rate, and of a cycle the delay that is off by 1 % of 0.03 s; savgol:11:3 has 1.5 %
    assert abs(estimate.qd - speed)[100:].max() < 0.03 * np.pi
