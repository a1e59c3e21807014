"""Whether estimates know a measurement again, and at which lag."""

from __future__ import annotations

import numpy as np
import pytest

from inference.channels import MEASURED
from inference.metrics import MAX_LAG_S, MINIMUM_SAMPLES, SEARCHED_S
from inference.recognition import Part, best_lag, likeness, out_of_time

STEP_S = 0.01
N = 1000


def part(lag: int, channels: tuple[int, ...] = (0, 3), seed: int = 0) -> Part:
    """Noise of some channels, measured so many steps later than estimated."""
    rng = np.random.default_rng(seed)
    smooth = np.apply_along_axis(
        np.convolve, 0, rng.standard_normal((N + 200, len(MEASURED))), np.ones(15), "same"
    )
    mask = np.zeros((N, len(MEASURED)), dtype=np.bool_)
    mask[:, channels] = True
    return Part(smooth[100 + lag : 100 + lag + N], smooth[100 : 100 + N], mask)


@pytest.mark.parametrize("lag", [-30, -5, 0, 12, 39])
def test_a_measurement_is_known_again_at_its_lag(lag: int) -> None:
    found, r = best_lag([part(lag), part(lag, (1,), seed=1)], STEP_S)
    assert found == pytest.approx(lag * STEP_S)
    assert r == pytest.approx(1.0)


@pytest.mark.parametrize("lag", [-60, -40, 40])
def test_the_last_lag_that_is_searched_is_none(lag: int) -> None:
    """What is better still may lie beyond it; noise is not known again farther away."""
    _, r = best_lag([part(lag)], STEP_S)
    assert np.isnan(r) or r < 0.3  # of 1000 frames, correlated over 15


def test_what_was_hardly_measured_or_not_estimated_says_nothing() -> None:
    one = part(5)
    one.mask[MINIMUM_SAMPLES - 1 :] = False
    assert np.isnan(best_lag([one], STEP_S)[1])
    one = part(5)
    one.estimate[7, 3] = np.nan
    one.measured[:, 3] = 0.0
    found, r = best_lag([one], STEP_S)
    assert (found, r) == (pytest.approx(0.05), pytest.approx(1.0))  # of the other channel alone


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_what_is_too_late_or_too_early_is_told_with_its_sign(sign: float) -> None:
    assert out_of_time(sign * MAX_LAG_S) == ""
    said = out_of_time(sign * (MAX_LAG_S + 0.01))
    assert said.startswith(f"is {sign * 160:+.0f} ms off the network's estimate, 150 ms at most")


def test_likeness_is_told_of_the_best_lag_or_of_none() -> None:
    assert likeness(0.341) == f"mean r 0.34 at the best lag within {SEARCHED_S:g} s"
    assert likeness(float("nan")) == f"no lag is best within {SEARCHED_S:g} s"
