"""Savitzky-Golay at the end point and before it, against scipy."""

import numpy as np
import pytest
from scipy import signal

from sim_bridge.filters import SavitzkyGolayFilter
from tests.sim_bridge.signals import RATE_HZ, frames, measured_delay_s, run


@pytest.mark.parametrize(("window", "degree", "lag"), [(9, 2, 0), (9, 3, 2), (11, 4, 5), (3, 2, 1)])
def test_equals_scipys_coefficients(window: int, degree: int, lag: int) -> None:
    t = frames(0.5)
    x = np.random.default_rng(54).normal(size=len(t))
    estimate = run(SavitzkyGolayFilter(1, RATE_HZ, window, degree, lag), t, x)
    for order, got in enumerate(estimate):
        weights = signal.savgol_coeffs(
            window, degree, order, 1.0 / RATE_HZ, pos=window - 1 - lag, use="dot"
        )
        wanted = [weights @ x[k - window + 1 : k + 1] for k in range(window - 1, len(t))]
        np.testing.assert_allclose(
            got[window - 1 :], wanted, rtol=0, atol=1e-10 * RATE_HZ**order
        )  # rounding, times the rate for each derivative


@pytest.mark.parametrize("lag", [0, 2, 4])
def test_a_parabola_is_exact_from_the_third_frame_on_at_the_declared_delay(lag: int) -> None:
    t, tested = frames(0.4), SavitzkyGolayFilter(1, RATE_HZ, 9, 2, lag)
    parabola = np.polynomial.Polynomial([0.4, -0.7, 1.9])
    estimate, late = run(tested, t, parabola(t)), t - lag / RATE_HZ
    assert tested.delay_s == lag / RATE_HZ
    for order, got in enumerate(estimate):
        wanted = (parabola.deriv(order) if order else parabola)(late)
        np.testing.assert_allclose(got[2:], wanted[2:], rtol=0, atol=1e-9)


def test_declared_delay_is_the_measured_one() -> None:
    """In the middle of the window the weights are symmetric, so the delay is exact."""
    t, tested = frames(4.0), SavitzkyGolayFilter(1, RATE_HZ, 9, 2, 4)
    estimate = run(tested, t, np.sin(4.0 * np.pi * t))
    assert measured_delay_s(t, estimate.q, 2.0) == pytest.approx(0.04, abs=1e-9)
