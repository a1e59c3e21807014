from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.emg.time_base import RATE_HZ, stride_period, time_base_warnings
from inference.exceptions import EmgError
from inference.record import FeatureRecord
from tests.inference.synthetic import synthetic_record

PERIOD_S = 1.0 / np.random.default_rng(0).uniform(0.9, 1.1)
"""Of the synthetic record with seed 0."""


def stretched(record: FeatureRecord, factor: float) -> FeatureRecord:
    """The same EMG by a clock that runs at another rate."""
    start = record.emg_t[0]
    return replace(record, emg_t=start + factor * (record.emg_t - start))


@pytest.mark.parametrize("period", [0.5, 0.773, 1.1, 2.3])
def test_period_of_bursts_in_noise(period: float) -> None:
    rng = np.random.default_rng(5)
    t = np.arange(0.0, 8.0, 1.0 / RATE_HZ)
    phase = 2.0 * np.pi * t[:, None] / period + np.array([0.0, 1.0, 4.0])
    bursts = np.maximum(np.sin(phase), 0.0) ** 2 + 0.1 * rng.standard_normal(phase.shape)
    # A tenth of noise moves the top of the parabola by less than a sample of 10 ms.
    assert stride_period(bursts) == pytest.approx(period, abs=0.01)


def test_muscles_that_work_twice_do_not_halve_the_period() -> None:
    t = np.arange(0.0, 6.0, 1.0 / RATE_HZ)
    once = np.maximum(np.sin(2.0 * np.pi * t), 0.0) ** 2
    twice = np.maximum(np.sin(4.0 * np.pi * t), 0.0) ** 2
    signals = np.stack([once, twice, twice, twice], axis=1)
    assert stride_period(signals) == pytest.approx(1.0, abs=0.005)


def test_what_does_not_repeat_has_no_period() -> None:
    rng = np.random.default_rng(6)
    assert stride_period(rng.standard_normal((1000, 3))) is None
    assert stride_period(np.linspace(0.0, 1.0, 1000)[:, None]) is None
    assert stride_period(np.ones((1000, 1))) is None
    assert stride_period(np.ones((30, 1))) is None
    assert stride_period(np.ones((1000, 0))) is None


def test_equal_clocks_are_silent() -> None:
    for seed in range(5):
        assert time_base_warnings(synthetic_record(seed=seed)) == []


@pytest.mark.parametrize("factor", [0.95, 1.02, 1.1])
def test_another_rate_of_the_emg_clock_is_told(factor: float) -> None:
    record = synthetic_record()
    (warning,) = time_base_warnings(stretched(record, factor))
    assert f"EMG repeats every {factor * PERIOD_S:.2f}" in warning
    assert f"ground forces every {PERIOD_S:.2f}" in warning


def test_a_long_recording_shows_a_small_difference() -> None:
    assert time_base_warnings(stretched(synthetic_record(seconds=60.0), 1.01)) != []
    assert time_base_warnings(stretched(synthetic_record(seconds=4.0), 1.01)) == []


def test_half_the_period_is_right_where_all_muscles_work_twice() -> None:
    record = synthetic_record(seconds=6.0)
    later = record.emg_t[:-200] + 0.5 * PERIOD_S
    emg = np.stack([np.interp(later, record.emg_t, column) for column in record.emg.T], axis=1)
    twice = replace(record, emg=record.emg[:-200] + emg, emg_t=record.emg_t[:-200])
    assert stride_period(twice.emg[::2]) == pytest.approx(0.5 * PERIOD_S, abs=0.005)
    assert not any("repeats" in warning for warning in time_base_warnings(twice))
    assert any("repeats" in warning for warning in time_base_warnings(stretched(twice, 1.1)))


def test_two_strides_are_too_few_to_tell_and_three_are_enough() -> None:
    assert time_base_warnings(stretched(synthetic_record(seconds=2.2), 1.1)) == []
    assert len(time_base_warnings(stretched(synthetic_record(seconds=3.4), 1.1))) == 1


def test_forces_may_be_missing_in_part_or_for_a_foot() -> None:
    record = synthetic_record()
    force = record.foot_force.copy()
    force[:150] = np.nan
    force[:, 1] = np.nan
    partly = replace(record, foot_force=force)
    assert time_base_warnings(partly) == []
    assert len(time_base_warnings(stretched(partly, 1.1))) == 1
    nowhere = replace(record, foot_force=np.full_like(force, np.nan))
    assert time_base_warnings(stretched(nowhere, 1.1)) == []


def test_held_poses_are_not_compared() -> None:
    record = synthetic_record()
    held = replace(record, usable=record.t >= 4.0)
    assert time_base_warnings(stretched(held, 1.1)) == []  # two strides are left
    assert len(time_base_warnings(stretched(record, 1.1))) == 1


def test_emg_of_a_part_of_the_motion_is_told_and_of_none_is_refused() -> None:
    record = synthetic_record()
    late = replace(record, emg_t=record.emg_t + 2.0)
    (warning,) = time_base_warnings(late)
    assert "covers 66 % of the motion (-0.03 to 5.96 s)" in warning  # 2.00 to 5.96 of 6 s
    with pytest.raises(EmgError, match=r"made/one/walk: EMG .* do not overlap"):
        time_base_warnings(replace(record, emg_t=record.emg_t + 6.0))
