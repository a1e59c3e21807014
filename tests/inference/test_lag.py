from __future__ import annotations

from dataclasses import replace

import pytest

from inference.data.dataset import build_sequences
from inference.data.lag import estimate_lags
from tests.inference.synthetic import synthetic_record


def test_each_data_sets_lag_is_found_against_the_mean_of_all() -> None:
    records = [synthetic_record("many", f"p{k}", seed=k) for k in range(6)]
    records += [synthetic_record("late", "x", lag_s=0.07, seed=11)]
    records += [synthetic_record("early", "y", lag_s=-0.05, seed=12)]
    lags = estimate_lags(build_sequences(records, 100.0), 100.0)
    assert abs(sum(lags.values())) < 1e-9
    # Steps of 10 ms, and a person's own tempo moves the regression's phase by a little.
    assert abs(lags["late"] - lags["many"] - 0.07) <= 0.0101
    assert abs(lags["early"] - lags["many"] + 0.05) <= 0.0101


def test_where_nobody_walks_lags_are_told_from_what_there_is() -> None:
    records = [synthetic_record("many", f"p{k}", seed=k) for k in range(3)]
    records += [synthetic_record("late", "x", lag_s=0.07, seed=11)]
    walks = build_sequences(records, 100.0)
    runs = [replace(walk, motion="run") for walk in walks]
    assert estimate_lags(runs, 100.0) == estimate_lags(walks, 100.0)


def test_a_set_without_walking_has_no_lag_and_moves_no_other() -> None:
    walks = build_sequences([synthetic_record("many", f"p{k}", seed=k) for k in range(3)], 100.0)
    (run,) = build_sequences([synthetic_record("other", "r", lag_s=0.1, seed=9)], 100.0)
    assert estimate_lags([*walks, replace(run, motion="run")], 100.0) == {"many": 0.0, "other": 0.0}


@pytest.mark.parametrize(("lag_s", "told"), [(0.1, False), (0.3, True), (-0.25, True)])
def test_a_lag_that_is_too_large_to_be_removed_is_told(lag_s: float, told: bool) -> None:
    records = [synthetic_record("many", f"p{k}", seed=k) for k in range(6)]
    records += [synthetic_record("off", "x", lag_s=lag_s, seed=11)]
    lines: list[str] = []
    estimate_lags(build_sequences(records, 100.0), 100.0, lines.append)
    assert len(lines) == told
    for line in lines:
        found = float(line.split(" ms")[0].split()[-1])
        # as above: steps of 10 ms, and the person's own tempo
        assert abs(found - 1e3 * lag_s) <= 10.1
        assert line.startswith("warning: the EMG of off is ")
        assert "compared with many" in line
