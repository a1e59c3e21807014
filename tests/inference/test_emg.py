from __future__ import annotations

import numpy as np
import pytest

from inference.emg.envelope import (
    ENVELOPE_RATE_HZ,
    EmgTarget,
    channel_fault,
    envelope,
    prepare_emg,
    sampling_rate_hz,
    spike_fault,
)
from inference.exceptions import EmgError

RATE = 1500.0
TIME = np.arange(0.0, 4.0, 1.0 / RATE)


def test_envelope_of_modulated_noise_is_its_modulation() -> None:
    rng = np.random.default_rng(1)
    modulation = 1.0 + 0.8 * np.sin(2 * np.pi * 1.0 * TIME)  # 1 Hz, far below the 6 Hz low-pass
    raw = np.stack([modulation * rng.standard_normal(len(TIME)) for _ in range(40)], axis=1)
    mean = envelope(raw, RATE).mean(1)
    inner = slice(750, -750)  # half a second of edges
    expected = modulation / modulation[inner].mean()
    # 40 channels of noise at about 12 independent values per second each leave some 5 %.
    np.testing.assert_allclose(mean[inner] / mean[inner].mean(), expected[inner], atol=0.12)


def test_envelope_has_no_delay() -> None:
    burst = np.exp(-0.5 * ((TIME - 2.0) / 0.1) ** 2) * np.sin(2 * np.pi * 100.0 * TIME)
    found = envelope(burst[:, None], RATE)
    assert TIME[np.argmax(found)] == pytest.approx(2.0, abs=0.002)  # a fifth of a frame at 100 Hz
    assert found.min() >= 0.0  # though filters swing through zero after it


@pytest.mark.parametrize("kind", ["raw", "envelope"])
def test_causal_target_is_late_by_its_filter_and_knows_no_future(kind: str) -> None:
    slow = 1.0 + 0.5 * np.sin(2 * np.pi * 1.0 * TIME)  # far below the 6 Hz low-pass
    carrier = np.sin(2 * np.pi * 100.0 * TIME) if kind == "raw" else 1.0
    data = (slow * carrier)[:, None]
    out, causal = prepare_emg(TIME, data, ["SOL_r"], kind, "causal")  # type: ignore[arg-type]
    _, punctual = prepare_emg(TIME, data, ["SOL_r"], kind)  # type: ignore[arg-type]
    # Group delay of a second-order Butterworth filter at 0 Hz, sqrt(2) / (2 pi 6 Hz); the band-pass
    # of the raw signal and the warped band edge leave some ms.
    delay = np.sqrt(2.0) / (2.0 * np.pi * 6.0)
    if kind == "envelope":  # which does not rise from zero first
        assert causal[0, 0] == pytest.approx(data[0, 0], rel=0.01)
    inner = (out > 1.0) & (out < 3.0)  # beyond the transients
    lags = np.arange(0.0, 0.1, 0.001)
    error = [
        np.ptp((causal[:, 0] - np.interp(out - lag, out, punctual[:, 0]))[inner]) for lag in lags
    ]
    assert lags[np.argmin(error)] == pytest.approx(delay, abs=0.005)

    data[TIME > 2.0] *= 3.0
    _, changed = prepare_emg(TIME, data, ["SOL_r"], kind, "causal")  # type: ignore[arg-type]
    before = out < 1.98
    # The mean that is taken off a raw signal changes a little.
    np.testing.assert_allclose(changed[before], causal[before], atol=1e-3)


@pytest.mark.parametrize(("hertz", "passed"), [(5.0, False), (100.0, True), (700.0, False)])
def test_band_keeps_20_to_450_hz(hertz: float, passed: bool) -> None:
    tone = np.sin(2 * np.pi * hertz * TIME)[:, None]
    level = envelope(tone, RATE)[1500:-1500].mean()
    # The mean of a rectified sine is 2/pi. Outside, two passes of a second-order edge leave
    # (5/20)^4 below the band; above it the bilinear transform compresses to less.
    assert level == pytest.approx(2 / np.pi, rel=0.02) if passed else level < 0.02


def test_band_of_a_slow_recording_ends_near_half_its_rate() -> None:
    tone = np.sin(2 * np.pi * 185.0 * np.arange(0.0, 8.0, 0.002))[:, None]
    # upper edge 225 Hz: the filter's two passes leave 0.98 of it
    assert envelope(tone, 500.0)[1000:-1000].mean() == pytest.approx(0.98 * 2 / np.pi, rel=0.02)


@pytest.mark.parametrize("target", ["zero-phase", "causal"])
def test_constant_offset_is_no_activity(target: EmgTarget) -> None:
    rng = np.random.default_rng(2)
    raw = 0.1 * rng.standard_normal((len(TIME), 1))
    found, expected = (envelope(raw + offset, RATE, target) for offset in (50.0, 0.0))
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("rate_hz", [1925.93, 1000.0, 2148.15])
def test_the_rate_is_known_from_rounded_times_and_with_samples_missing(rate_hz: float) -> None:
    time = np.round(np.arange(20000) / rate_hz, 4)
    # rounding is off by 50 us at either end of ten seconds
    assert sampling_rate_hz(time) == pytest.approx(rate_hz, rel=1e-5)
    holes = np.delete(time, np.arange(3000, 18000, 1000)[:, None] + np.arange(20))
    # at each hole half a rounding is left over
    assert sampling_rate_hz(holes) == pytest.approx(rate_hz, rel=2e-4)


@pytest.mark.parametrize("target", ["zero-phase", "causal"])
def test_between_samples_nothing_of_raw_emg_is_lost(target: EmgTarget) -> None:
    """From the middle on times are half a sample later, and two tenths of a second are missing."""
    rate_hz, rng = 1000.0, np.random.default_rng(5)
    raw, time = rng.normal(size=(8000, 1)), np.arange(8000) / rate_hz
    late = np.where(np.arange(8000) < 4000, time, time + 0.5 / rate_hz)
    kept = np.delete(np.arange(8000), np.arange(1500, 1700))
    expected_t, expected = prepare_emg(time, raw, ["SOL_r"], "raw", target)
    t, found = prepare_emg(late[kept], raw[kept], ["SOL_r"], "raw", target)
    away = (t < 1.2) | (t > 2.2)  # of the filters' reach from the hole
    truth = np.interp(t, np.interp(expected_t, time, late), expected[:, 0])
    # the mean of what was rectified is 0.8; interpolated halfway it would be 6 % lower
    np.testing.assert_allclose(found[away, 0], truth[away], rtol=0, atol=0.005)


def test_jitter_of_a_third_of_the_period_makes_no_holes() -> None:
    rate_hz, rng = 1000.0, np.random.default_rng(6)
    even = np.arange(20000) / rate_hz
    late = np.maximum.accumulate(even + rng.normal(0.0, 0.3e-3, even.size)) + 1e-9 * even
    slow = 1.0 + 0.8 * np.sin(2.0 * np.pi * even)
    raw = (slow * rng.normal(size=even.size))[:, None]
    expected_t, expected = prepare_emg(even, raw, ["SOL_r"], "raw")
    t, found = prepare_emg(late, raw, ["SOL_r"], "raw")
    away = (t > 0.5) & (t < 19.5)  # of the filters' ends
    truth = np.interp(t, expected_t, expected[:, 0])
    # a rate that jitter makes half a percent too low moves the band by as much: 0.035; with a hole
    # for every late sample it was four times that
    np.testing.assert_allclose(found[away, 0], truth[away], rtol=0, atol=0.05)


def test_holes_that_are_no_whole_number_of_samples_add_up_to_no_delay() -> None:
    """Of a wireless sensor that loses some every half second, and samples anew: 60 times 0.4 ms."""
    rate_hz, lost = 1000.0, 10.4
    time = np.arange(30000) / rate_hz + (lost - 1.0) / rate_hz * (np.arange(30000) // 500)
    slow = 1.0 + 0.5 * np.sin(2.0 * np.pi * time)
    t, found = prepare_emg(time, (slow * np.sin(200.0 * np.pi * time))[:, None], ["SOL_r"], "raw")
    late = t > t[-1] - 3.0
    expected = 2.0 / np.pi * (1.0 + 0.5 * np.sin(2.0 * np.pi * t))
    # 24 ms would be 0.048 at the steepest; what holes take off the envelope is as much on average
    lags = np.arange(-0.04, 0.041, 0.002)
    r = [np.corrcoef(found[late, 0], np.interp(t - lag, t, expected)[late])[0, 1] for lag in lags]
    assert lags[np.argmax(r)] == pytest.approx(0.0, abs=0.005)


def test_uneven_times_are_interpolated() -> None:
    rng = np.random.default_rng(3)
    time = np.sort(rng.uniform(0.0, 3.0, 4000))
    out, data = prepare_emg(time, (2.0 + np.sin(time))[:, None], ["SOL_r"], "envelope")
    np.testing.assert_allclose(np.diff(out), 1.0 / ENVELOPE_RATE_HZ, rtol=1e-9)
    np.testing.assert_allclose(data[:, 0], 2.0 + np.sin(out), atol=1e-4)  # gaps of a few ms


def test_negative_envelope_values_become_zero() -> None:
    time = np.arange(100) / 50.0
    _, data = prepare_emg(time, np.sin(9 * time)[:, None], ["SOL_l"], "envelope")
    assert data.min() == 0.0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a: a.__setitem__((slice(None), 1), 0.0), "VM_r is flat at 0"),
        (lambda a: a.__setitem__((5, 0), np.nan), "SOL_r has missing samples"),
        (lambda a: np.clip(a, -0.5, 0.5, out=a), "SOL_r is clipped"),
    ],
)
def test_unusable_channel_is_named(spoil: object, message: str) -> None:
    data = np.random.default_rng(4).standard_normal((len(TIME), 2))
    spoil(data)  # type: ignore[operator]
    with pytest.raises(EmgError, match=message):
        prepare_emg(TIME, data, ["SOL_r", "VM_r"], "raw")


def test_the_two_ends_of_a_short_recording_are_not_clipped() -> None:
    assert channel_fault(np.random.default_rng(7).standard_normal(40), "raw") == ""


@pytest.mark.parametrize(("share", "clipped"), [(0.015, False), (0.025, True)])
def test_raw_emg_is_clipped_with_two_percent_of_it_at_its_limits(
    share: float, clipped: bool
) -> None:
    column = np.random.default_rng(8).uniform(-1.0, 1.0, 4000)
    column[: round(2000 * share)], column[-round(2000 * share) :] = 1.0, -1.0
    assert channel_fault(column, "raw").startswith("is clipped") == clipped
    assert channel_fault(column, "envelope") == ""


@pytest.mark.parametrize(("times", "spike"), [(15.0, False), (25.0, True)])
def test_one_sample_that_leaves_all_others_behind_is_a_spike(times: float, spike: bool) -> None:
    column = 0.3 + np.random.default_rng(9).standard_normal(4000)
    column[700] = 0.3 - times * np.percentile(np.abs(column - np.median(column)), 99.0)
    assert spike_fault(column).startswith(f"has a spike of {column[700]:g}, where") == spike


def test_times_that_do_not_rise_are_refused() -> None:
    with pytest.raises(EmgError, match="must rise"):
        prepare_emg(np.array([0.0, 0.0]), np.ones((2, 1)), ["SOL_r"], "envelope")


def test_too_slow_or_too_short_for_raw_emg() -> None:
    with pytest.raises(EmgError, match="40 Hz"):
        envelope(np.ones((400, 1)), 40.0)
    with pytest.raises(EmgError, match="too short"):
        envelope(np.ones((round(0.49 * RATE), 1)), RATE)
    assert envelope(np.ones((round(0.5 * RATE), 1)), RATE).max() < 1e-9
