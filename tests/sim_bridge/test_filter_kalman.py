"""The causal default filter: exact on cubics, equal to a batch smoother, late by what it says."""

import itertools

import numpy as np
import pytest

from sim_bridge.filters import KalmanFilter
from tests import naive
from tests.sim_bridge.signals import RATE_HZ, frames, measured_delay_s, response, run

LAGS = (0, 1, 3, 8)
CUTOFF_HZ = 8.0


def make(lag: int, n: int = 1, cutoff_hz: float = CUTOFF_HZ) -> KalmanFilter:
    return KalmanFilter(n, RATE_HZ, lag, cutoff_hz)


@pytest.mark.parametrize("lag", LAGS)
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_polynomials_up_to_degree_three_are_exact_after_warm_up(lag: int, degree: int) -> None:
    t, tested = frames(3.0), make(lag)
    cubic = np.polynomial.Polynomial(np.array([0.4, -0.7, 0.9, -0.3])[: degree + 1])
    estimate = run(tested, t, cubic(t))
    late = t - tested.delay_s
    after = slice(200, None)  # 2 s: the start's transient has decayed by e^-30
    for order, got in enumerate(estimate):
        wanted = (cubic.deriv(order) if order else cubic)(late)
        np.testing.assert_allclose(got[after], wanted[after], rtol=0, atol=1e-8)


@pytest.mark.parametrize("lag", LAGS)
def test_estimates_equal_a_batch_smoother(lag: int) -> None:
    """Each estimate is the best one given every frame up to the newest."""
    rng, t, tested = np.random.default_rng(33), frames(0.6), make(lag)
    signal = np.sin(7.0 * t) + 0.02 * rng.normal(size=len(t))
    estimate = run(tested, t, signal)
    for newest in (lag + 2, 20, 40, len(t) - 1):
        states = naive.smooth_states(signal[: newest + 1], 1.0 / RATE_HZ, CUTOFF_HZ)
        ours = [getattr(estimate, name)[newest] for name in ("q", "qd", "qdd")]
        # each derivative loses the factor of a frame's rate in precision
        for order, (got, wanted) in enumerate(zip(ours, states[newest - lag], strict=False)):
            assert got == pytest.approx(wanted, abs=1e-10 * RATE_HZ**order), (newest, order)


@pytest.mark.parametrize("lag", LAGS)
def test_declared_delay_is_the_measured_one(lag: int) -> None:
    t, tested = frames(5.0), make(lag)
    assert tested.delay_s == lag / RATE_HZ
    estimate = run(tested, t, np.sin(2.0 * np.pi * t))
    # 1 Hz, an eighth of the cutoff: what remains of the phase error is below 0.1 ms
    assert measured_delay_s(t, estimate.q, 1.0) == pytest.approx(tested.delay_s, abs=1e-4)


@pytest.mark.parametrize(("lag", "tolerance_s"), [(0, 4e-3), (1, 2e-3), (3, 1e-3), (8, 1e-4)])
def test_derivatives_are_as_late_as_the_value(lag: int, tolerance_s: float) -> None:
    """Without a lag an acceleration comes later than its position; frames of lag mend that."""
    t, tested = frames(5.0), make(lag)
    estimate = run(tested, t, np.sin(2.0 * np.pi * t))
    omega = 2.0 * np.pi
    speed = measured_delay_s(t + 0.25, estimate.qd / omega, 1.0)
    acceleration = measured_delay_s(t + 0.5, estimate.qdd / omega**2, 1.0)
    assert speed == pytest.approx(tested.delay_s, abs=tolerance_s)
    assert acceleration == pytest.approx(tested.delay_s, abs=tolerance_s)


def test_cutoff_is_where_half_the_amplitude_is_left() -> None:
    """With a long lag the filter is the smoother 1 / (1 + (f / fc)^8)."""
    t = frames(4.0)
    for frequency in (4.0, 8.0, 12.0):
        estimate = run(make(60), t, np.sin(2.0 * np.pi * frequency * t))
        expected = 1.0 / (1.0 + (frequency / CUTOFF_HZ) ** 8)
        # the continuous formula, met at 100 Hz to a percent
        assert abs(response(t, estimate.q, frequency)) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("lag", LAGS)
def test_a_gap_is_bridged_by_prediction(lag: int) -> None:
    """A cubic is predicted exactly, so frames that never came leave no trace."""
    t, tested = frames(4.0), make(lag)
    cubic = np.polynomial.Polynomial([0.4, -0.7, 0.9, -0.3])
    kept = np.ones(len(t), dtype=bool)
    kept[250:252] = False
    kept[300] = False
    estimate = run(tested, t[kept], cubic(t[kept]))
    late = t[kept] - tested.delay_s
    after = t[kept] > 2.0
    np.testing.assert_allclose(estimate.qd[after], cubic.deriv()(late)[after], rtol=0, atol=1e-7)


def test_jitter_of_the_stamps_is_no_gap() -> None:
    """Stamps off by up to 0.35 frames: nothing is missing, so they change nothing."""
    rng = np.random.default_rng(12)
    q = np.sin(np.arange(200) / 9.0)[:, None]
    even, jittered = make(3), make(3)
    for k in range(len(q)):
        even.step(k / RATE_HZ, q[k])
        off = rng.uniform(-0.35, 0.35) if k > 20 else 0.0  # the clock has found the frames by then
        jittered.step((k + off) / RATE_HZ, q[k])
        np.testing.assert_array_equal(jittered.qdd, even.qdd)


def test_more_than_two_missing_frames_start_anew() -> None:
    tested = make(3)
    t = frames(1.0)
    run(tested, t, np.sin(t))
    assert not tested.warming_up
    tested.step(t[-1] + 4.0 / RATE_HZ, np.array([5.0]))
    assert tested.warming_up
    assert tested.q[0] == pytest.approx(5.0)
    assert tested.qd[0] == pytest.approx(0.0)


def test_jittered_times_change_nothing() -> None:
    """Up to a fifth of a frame either way: frames count as even."""
    t = frames(1.0)
    even = run(make(3), t, np.sin(6.0 * t))
    jitter = 0.2 / RATE_HZ * np.random.default_rng(34).uniform(-1.0, 1.0, len(t))
    uneven = run(make(3), t + jitter, np.sin(6.0 * t))
    np.testing.assert_array_equal(even.qdd, uneven.qdd)


def test_noise_is_damped_more_by_a_lag() -> None:
    t = frames(6.0)
    noise = np.random.default_rng(35).normal(size=len(t))
    sizes = [np.std(run(make(lag), t, noise).qdd[100:]) for lag in LAGS]
    assert all(a > b for a, b in itertools.pairwise(sizes))
