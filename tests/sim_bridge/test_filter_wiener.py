"""The default filter: optimal weights by true times, against a slow twin and closed forms."""

import numpy as np
import pytest
from scipy import integrate

from sim_bridge.filters import WienerFilter
from sim_bridge.filters.wiener import (
    _covariance_table,
    cross_covariance,
    optimal_weights,
    own_covariance,
)
from tests.sim_bridge.signals import RATE_HZ, frames, measured_delay_s, response, run

DELAYS_S = (0.0, 0.01, 0.02, 0.0275, 0.05)
CUTOFF_HZ = 8.0
CUBIC = np.polynomial.Polynomial([0.4, -0.7, 1.9, -0.3])


def make(delay_s: float = 0.02, n: int = 1, rate_hz: float = RATE_HZ) -> WienerFilter:
    return WienerFilter(n, rate_hz, delay_s, CUTOFF_HZ)


def assert_cubic(tested: WienerFilter, times: np.ndarray, after: int) -> None:
    """Feed the cubic; from a frame on it must come out at the declared delay."""
    estimate, late = run(tested, times, CUBIC(times)), times - tested.delay_s
    for order, got in enumerate(estimate):
        wanted = (CUBIC.deriv(order) if order else CUBIC)(late)
        # rounding, times the rate for each derivative
        np.testing.assert_allclose(got[after:], wanted[after:], rtol=0, atol=1e-11 * RATE_HZ**order)


def signal_spectrum(f: float) -> float:
    """Spectrum of the model, of variance 1; the integral is (3 pi / 8) 2 Hz."""
    return 4.0 / (3.0 * np.pi) / (1.0 + (f / 2.0) ** 2) ** 3


def test_covariance_is_the_transform_of_the_spectrum() -> None:
    for s in (0.0, 0.03, 0.2):
        wanted = integrate.quad(
            lambda f, s=s: 2.0 * signal_spectrum(f) * np.cos(2.0 * np.pi * f * s), 0.0, 60.0
        )[0]
        # beyond 60 Hz lies 1e-8 of the variance
        assert own_covariance(s) == pytest.approx(wanted, abs=3e-8)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_cross_covariance_is_the_transform_of_spectrum_times_low_pass(order: int) -> None:
    table = _covariance_table(CUTOFF_HZ, 500)
    for s in (-0.1234, -0.0203, 0.0, 0.0077, 0.31):

        def wave(f: float, s: float = s) -> float:
            omega = 2.0 * np.pi * f
            low_pass = 1.0 / (1.0 + (f / CUTOFF_HZ) ** 6)
            turned = np.cos(omega * s + 0.5 * np.pi * order)
            return float(2.0 * signal_spectrum(f) * low_pass * omega**order * turned)

        wanted = integrate.quad(wave, 0.0, 160.0, limit=400)[0]
        # the table's cubic, 1 ms wide; of the largest value
        scale = abs(table[order]).max()
        assert cross_covariance(order, s, table) == pytest.approx(wanted, abs=1e-7 * scale)


def test_the_table_is_made_once_for_settings_and_rate() -> None:
    first = make()
    assert make(n=31)._table is first._table
    made = (first, make(0.03), make(rate_hz=50.0), WienerFilter(1, RATE_HZ, 0.02, 6.0))
    assert len({id(other._table) for other in made}) == 4
    with pytest.raises(ValueError, match="read-only"):
        first._table[0, 0] = 0.0


def test_measured_rates_share_tables() -> None:
    made = [make(rate_hz=rate_hz) for rate_hz in np.linspace(99.99, 100.01, 20)]
    assert len({id(tested._table) for tested in made}) <= 2  # lengths are whole milliseconds


def test_a_filter_with_a_shared_table_estimates_the_same_to_the_bit() -> None:
    t = frames(1.0)
    signal = np.sin(np.outer(t, [3.0, 11.0]))
    make(0.0234)  # whoever was first
    shared, own = make(0.0234, n=2), make(0.0234, n=2)
    own._table = _covariance_table.__wrapped__(CUTOFF_HZ, shared._table.shape[1])
    assert own._table is not shared._table
    for got, wanted in zip(run(shared, t, signal), run(own, t, signal), strict=True):
        np.testing.assert_array_equal(got, wanted)


def naive_weights(age: np.ndarray, delay: float, tested: WienerFilter, noise: float) -> np.ndarray:
    """Bordered system of the constrained least squares, solved as a whole."""
    n = len(age)
    powers = np.arange(4)
    border = (-age[:, None]) ** powers
    own = np.array([[own_covariance(a - b) for b in age] for a in age]) + noise * np.eye(n)
    system = np.block([[own, border], [border.T, np.zeros((4, 4))]])
    rows = []
    for order in range(3):
        cross = [cross_covariance(order, a - delay, tested._table) for a in age]
        moments = [np.polynomial.Polynomial(row).deriv(order)(-delay) for row in np.eye(4)]
        rows.append(np.linalg.solve(system, np.concatenate([cross, moments]))[:n])
    return np.array(rows)


def test_weights_equal_a_naive_solution() -> None:
    rng, tested, delay = np.random.default_rng(51), make(), 0.0234
    age = np.concatenate([[0.0], np.cumsum(rng.uniform(0.5, 2.0, 11)) / RATE_HZ])
    weights, work = np.zeros((3, 12)), np.zeros((12, 19))
    optimal_weights(age, 12, delay, 1e-6, RATE_HZ, tested._table, work, np.zeros((4, 7)), weights)
    wanted = naive_weights(age, delay, tested, 1e-6)
    for got, row in zip(weights, wanted, strict=True):
        # the systems' condition is 1e8
        np.testing.assert_allclose(got, row, rtol=0, atol=1e-6 * abs(row).max())


@pytest.mark.parametrize("delay_s", DELAYS_S)
@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 250.0])
def test_cubics_are_exact_from_the_twelfth_frame_on(delay_s: float, rate_hz: float) -> None:
    assert_cubic(make(delay_s, rate_hz=rate_hz), frames(1.0, rate_hz), 11)


def test_true_times_count() -> None:
    times = np.cumsum(np.random.default_rng(52).uniform(0.6, 1.4, 80)) / RATE_HZ
    assert_cubic(make(), times, 11)


def test_a_gap_leaves_no_trace_in_a_cubic() -> None:
    times = np.delete(frames(1.0), [*range(40, 46), 60])
    assert_cubic(make(), times, 11)


def test_a_change_of_rate_leaves_no_trace_in_a_cubic() -> None:
    times = np.concatenate([np.arange(50) / 100.0, 0.5 + np.arange(100) / 200.0])
    assert_cubic(make(), times, 11)


@pytest.mark.parametrize("rate_hz", [100.0, 200.0])
def test_a_sine_survives_a_change_of_rate(rate_hz: float) -> None:
    """From 100 Hz to another rate: the same estimate, up to what more frames know better."""
    times = np.concatenate([np.arange(100) / 100.0, 1.0 + np.arange(2.0 * rate_hz) / rate_hz])
    tested, omega = make(), 2.0 * np.pi
    estimate = run(tested, times, np.sin(omega * times))
    wanted = -(omega**2) * np.sin(omega * (times - tested.delay_s))
    # 2 %: the model's own error at 1 Hz, with no noise in the signal; 12 % if times were wrong
    assert abs(estimate.qdd - wanted)[30:].max() < 0.04 * omega**2


@pytest.mark.parametrize("delay_s", DELAYS_S)
def test_declared_delay_is_the_measured_one(delay_s: float) -> None:
    t, tested = frames(5.0), make(delay_s)
    assert tested.delay_s == delay_s
    estimate = run(tested, t, np.sin(2.0 * np.pi * t))
    omega = 2.0 * np.pi
    # at 1 Hz, an eighth of the cutoff; what is left grows with frequency, and towards no delay,
    # where an acceleration is guessed from what was before
    last = {0.0: 7e-3, 0.01: 4e-3}.get(delay_s, 1.5e-3)
    tolerance = (1e-4, 6e-4, last)
    measured = (
        measured_delay_s(t, estimate.q, 1.0),
        measured_delay_s(t + 0.25, estimate.qd / omega, 1.0),
        measured_delay_s(t + 0.5, estimate.qdd / omega**2, 1.0),
    )
    for late, within in zip(measured, tolerance, strict=True):
        assert late == pytest.approx(delay_s, abs=within)


def test_with_a_long_delay_it_is_the_zero_phase_low_pass() -> None:
    t = frames(4.0)
    for frequency in (4.0, 8.0, 12.0):
        tested = make(0.08)
        estimate = run(tested, t, np.sin(2.0 * np.pi * frequency * t))
        wanted = 1.0 / (1.0 + (frequency / CUTOFF_HZ) ** 6)
        # 80 ms after the instant are not the whole of the low-pass's response
        assert abs(response(t, estimate.q, frequency)) == pytest.approx(wanted, abs=0.1)


def test_a_first_frame_is_at_rest_and_the_first_few_are_tame() -> None:
    """Noise of 1 mm or 1 mrad on a body at rest: at most the third and fourth shake."""
    rng = np.random.default_rng(53)
    signal = 0.7 + 1e-3 * rng.normal(size=(60, 200))
    estimate = run(make(n=200), frames(0.6), signal)
    np.testing.assert_allclose(estimate.q[0], signal[0])
    np.testing.assert_array_equal(estimate.qdd[0], 0.0)
    later = np.std(estimate.qdd[30:])
    shaking = np.std(estimate.qdd[:30], axis=1) / later
    # differences of three bare frames, would shake 5 times as much
    assert shaking.max() < 3.0
    assert shaking[4:].max() < 1.4


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 250.0])
def test_the_start_lasts_no_less_at_another_rate(rate_hz: float) -> None:
    tested, t = make(), frames(1.0, rate_hz)
    flags = []
    for moment in t:
        tested.step(moment, np.array([moment]))
        flags.append(tested.warming_up)
    over = t[np.flatnonzero(flags)[-1] + 1]
    nominal = tested.delay_s + 0.5 / 8.0
    # at half the rate as many frames take twice as long; a frame more may be needed
    assert nominal <= over <= nominal * max(1.0, RATE_HZ / rate_hz) + 1.0 / min(rate_hz, RATE_HZ)


def test_a_frame_that_is_not_later_is_left_out() -> None:
    t, once, twice = frames(0.5), make(), make()
    for k, moment in enumerate(t):
        once.step(moment, np.array([np.sin(moment)]))
        twice.step(moment, np.array([np.sin(moment)]))
        if k > 3:
            twice.step(moment, np.array([9.0]))
            twice.step(moment - 0.02, np.array([9.0]))
    np.testing.assert_array_equal(once.qdd, twice.qdd)
