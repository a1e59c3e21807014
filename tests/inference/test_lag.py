from __future__ import annotations

from inference.dataset import build_sequences
from inference.lag import estimate_lags
from tests.inference.synthetic import synthetic_record


def test_each_data_sets_lag_is_found_against_the_largest_one() -> None:
    records = [synthetic_record("many", f"p{k}", seed=k) for k in range(6)]
    records += [synthetic_record("late", "x", lag_s=0.07, seed=11)]
    records += [synthetic_record("early", "y", lag_s=-0.05, seed=12)]
    lags = estimate_lags(build_sequences(records, 100.0), 100.0)
    assert lags["many"] == 0.0
    # Steps of 10 ms, and a person's own tempo moves the regression's phase by a little.
    assert abs(lags["late"] - 0.07) <= 0.0101
    assert abs(lags["early"] + 0.05) <= 0.0101
