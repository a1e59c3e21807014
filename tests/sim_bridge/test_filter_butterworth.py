"""The baseline filter: a Butterworth low-pass and differences, against scipy."""

import numpy as np
import pytest
from scipy import signal

from sim_bridge.filters import ButterworthFilter
from tests.sim_bridge.signals import RATE_HZ, frames, measured_delay_s, response, run

CUTOFF_HZ = 6.0


def make(n: int = 1) -> ButterworthFilter:
    return ButterworthFilter(n, RATE_HZ, CUTOFF_HZ)


def test_equals_scipys_filter_and_central_differences() -> None:
    t = frames(1.0)
    x = 0.3 + np.random.default_rng(36).normal(size=len(t))
    b, a = signal.butter(2, CUTOFF_HZ, fs=RATE_HZ)
    smooth = signal.lfilter(b, a, x, zi=signal.lfilter_zi(b, a) * x[0])[0]
    estimate = run(make(), t, x)
    # before the first frame the signal counts as standing where it began
    smooth = np.concatenate([[x[0], x[0]], smooth])
    np.testing.assert_allclose(estimate.q, smooth[1:-1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        estimate.qd, (smooth[2:] - smooth[:-2]) * RATE_HZ / 2.0, rtol=0, atol=1e-9
    )
    curvature = (smooth[2:] - 2.0 * smooth[1:-1] + smooth[:-2]) * RATE_HZ**2
    np.testing.assert_allclose(estimate.qdd, curvature, rtol=0, atol=1e-7)


def test_declared_delay_is_the_measured_one() -> None:
    t, tested = frames(5.0), make()
    estimate = run(tested, t, np.sin(2.0 * np.pi * t))
    # the group delay is that at 0 Hz; at 1 Hz, a sixth of the cutoff, it is 1 ms longer
    assert measured_delay_s(t, estimate.q, 1.0) == pytest.approx(tested.delay_s, abs=1e-3)
    for late, derivative in ((0.25, estimate.qd), (0.5, estimate.qdd)):
        measured = measured_delay_s(t + late, derivative, 1.0)
        assert measured == pytest.approx(tested.delay_s, abs=1e-3)


def test_cutoff_leaves_half_the_power() -> None:
    t = frames(5.0)
    estimate = run(make(), t, np.sin(2.0 * np.pi * CUTOFF_HZ * t))
    power = abs(response(t, estimate.q, CUTOFF_HZ)) ** 2
    assert power == pytest.approx(0.5, abs=1e-6)
