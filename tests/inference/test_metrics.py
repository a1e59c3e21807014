from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from inference.metrics import MINIMUM_SAMPLES, Series, best_common_lag, correlation

RNG = np.random.default_rng(0)
N = 400


def series(shift: int = 0, noise: float = 0.0, seed: int = 1) -> Series:
    """A smooth random signal, measured `shift` steps later."""
    smooth = np.convolve(np.random.default_rng(seed).standard_normal(N + 100), np.ones(15), "same")
    measured = smooth[50 : 50 + N] + noise * RNG.standard_normal(N)
    return Series(smooth[50 + shift : 50 + shift + N], measured, np.ones(N, dtype=np.bool_))


def test_correlation_equals_scipys_on_the_unmasked_samples() -> None:
    s = series(shift=2, noise=1.0)
    s.mask[100:200] = False
    estimate, measured = s.estimate[s.mask], s.measured[s.mask]
    assert correlation([s]) == pytest.approx(stats.pearsonr(estimate, measured).statistic)


def test_trials_are_pooled() -> None:
    a, b = series(seed=1, noise=1.0), series(seed=2, noise=1.0)
    joint = Series(*(np.concatenate(pair) for pair in zip(a, b, strict=True)))
    assert correlation([a, b]) == pytest.approx(correlation([joint]))


@pytest.mark.parametrize("shift", [-7, 0, 9])
def test_common_lag_is_found_with_its_sign(shift: int) -> None:
    # The estimate is the measurement `shift` steps ahead, so the measurement comes later.
    channels = [[series(shift, 0.5, seed=k)] for k in range(4)]
    assert best_common_lag(channels, 100.0) == shift
    assert correlation(channels[0], shift) > 0.9


@pytest.mark.parametrize(
    ("samples", "known"), [(MINIMUM_SAMPLES - 1, False), (MINIMUM_SAMPLES, True)]
)
def test_a_few_samples_have_no_correlation(samples: int, known: bool) -> None:
    s = series()
    s.mask[samples:] = False
    assert np.isfinite(correlation([s])) == known


def test_lag_does_not_reach_across_masked_samples() -> None:
    s = series(shift=5)
    s.measured[200:] = 1e6
    s.mask[200:] = False
    assert correlation([s], 5) == pytest.approx(1.0)


def test_degenerate_series_give_no_correlation_instead_of_a_warning() -> None:
    s = series()
    constant = np.ones(N)
    assert correlation([Series(constant, s.measured, s.mask)]) == 0.0
    assert np.isnan(correlation([Series(s.estimate, constant, s.mask)]))
    assert np.isnan(correlation([Series(s.estimate, s.measured, np.zeros(N, dtype=np.bool_))]))
    assert best_common_lag([[Series(s.estimate, constant, s.mask)]], 100.0) == 0
