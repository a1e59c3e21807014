"""Filters by their written name, and what is said of names without meaning."""

import pytest

from sim_bridge import SettingsError
from sim_bridge.filters import (
    CAUSAL_DEFAULT,
    ButterworthFilter,
    KalmanFilter,
    SavitzkyGolayFilter,
    WienerFilter,
    make_filter,
    zero_phase_cutoff,
)


@pytest.mark.parametrize(
    ("name", "kind", "delay_s"),
    [
        ("kalman:0", KalmanFilter, 0.0),
        ("kalman:3", KalmanFilter, 0.03),
        ("kalman:5:12.5", KalmanFilter, 0.05),
        ("wiener:27.5", WienerFilter, 0.0275),
        ("wiener:0:6", WienerFilter, 0.0),
        ("savgol:9", SavitzkyGolayFilter, 0.0),
        ("savgol:9:3:2", SavitzkyGolayFilter, 0.02),
        ("causal", WienerFilter, 0.025),
        (CAUSAL_DEFAULT, WienerFilter, 0.025),
    ],
)
def test_name_gives_filter_and_delay(name: str, kind: type, delay_s: float) -> None:
    made = make_filter(name, 4, 100.0)
    assert isinstance(made, kind)
    assert made.delay_s == pytest.approx(delay_s)
    assert made.q.shape == made.qd.shape == made.qdd.shape == (4,)


def test_butterworth_by_name() -> None:
    made = make_filter("butterworth:6", 2, 100.0)
    assert isinstance(made, ButterworthFilter)
    assert 0.03 < made.delay_s < 0.06


@pytest.mark.parametrize(
    "name",
    ["", "kalman", "kalman:", "kalman:x", "kalman:-1", "kalman:2.5", "kalman:3:8:1", "kalman:nan",
     "kalman:inf", "kalman:3:nan", "butterworth", "butterworth:nan", "butterworth:6:2",
     "wiener", "wiener:-5", "wiener:201", "wiener:20:8:1", "wiener:nan", "savgol", "savgol:9.5",
     "savgol:3:3", "savgol:9:1", "savgol:9:2:9", "savgol:9:2:-1", "savgol:9:2:1:1",
     "savgol:100000", "butterworth:x", "moving-average:3"],
)  # fmt: skip
def test_name_without_meaning_is_refused_and_forms_are_listed(name: str) -> None:
    with pytest.raises(SettingsError, match="kalman:LAG_FRAMES"):
        make_filter(name, 1, 100.0)


@pytest.mark.parametrize(
    "name", ["kalman:3:0", "kalman:3:50", "butterworth:-6", "wiener:20:50", "wiener:20:0"]
)
def test_cutoff_outside_of_half_the_rate_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="half the rate"):
        make_filter(name, 1, 100.0)


def test_a_parabola_off_its_middle_is_refused_as_its_delay_would_not_be_true() -> None:
    assert make_filter("savgol:9:2:4", 1, 100.0).delay_s == pytest.approx(0.04)
    with pytest.raises(SettingsError, match="degree of 3"):
        make_filter("savgol:9:2:2", 1, 100.0)


@pytest.mark.parametrize("rate", [0.0, -100.0, float("nan"), float("inf")])
def test_rate_must_be_positive(rate: float) -> None:
    with pytest.raises(SettingsError, match="frame rate"):
        make_filter("kalman:3", 1, rate)


def test_zero_phase_cannot_run_live() -> None:
    with pytest.raises(SettingsError, match="looks ahead"):
        make_filter("zero-phase:6", 1, 100.0)


def test_zero_phase_cutoff_is_read() -> None:
    assert zero_phase_cutoff("zero-phase:6") == 6.0
    assert zero_phase_cutoff("kalman:3") is None


@pytest.mark.parametrize("name", ["zero-phase", "zero-phase:", "zero-phase:0", "zero-phase:x",
                                  "zero-phase:nan", "zero-phase:-3"])  # fmt: skip
def test_zero_phase_without_a_cutoff_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="zero-phase"):
        zero_phase_cutoff(name)
