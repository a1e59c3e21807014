import numpy as np
import pytest

from streamer.dejitter import Dejitter

RATE = 100.0


def smoothed(raw: np.ndarray) -> np.ndarray:
    loop = Dejitter(RATE)
    return np.array([loop.step(float(t)) for t in raw])


def test_even_stamps_pass_unchanged() -> None:
    t = 50.0 + np.arange(500) / RATE
    # 1 ns: rounding of sums of 0.01 over 5 s
    np.testing.assert_allclose(smoothed(t), t, rtol=0, atol=1e-9)


def test_missing_frames_do_not_bend_the_times() -> None:
    t = 50.0 + np.arange(2000) / RATE
    kept = np.random.default_rng(1).random(t.size) > 0.03
    kept[1000:1080] = False  # and 0.8 s of silence
    np.testing.assert_allclose(smoothed(t[kept]), t[kept], rtol=0, atol=1e-9)


def test_a_long_silence_starts_anew() -> None:
    t = np.concatenate([np.arange(100) / RATE, 7.003 + np.arange(100) / RATE])
    np.testing.assert_allclose(smoothed(t), t, rtol=0, atol=1e-9)


def test_jitter_shrinks_and_no_lag_remains() -> None:
    random = np.random.default_rng(2)
    true = np.arange(6000) / RATE
    raw = true + random.normal(0.0, 1e-3, true.size)
    error = (smoothed(raw) - true)[1000:]
    # steady-state variance of an alpha-beta tracker, (2 a^2 + b (2 - 3 a)) / (a (4 - 2 a - b)),
    # is 0.0316 for a = 0.05, b = a^2 / 4; 15 % for 5000 correlated samples
    assert error.std() == pytest.approx(1e-3 * 0.0316**0.5, rel=0.15)
    assert abs(error.mean()) < 0.05e-3


def test_a_rate_that_is_slightly_off_is_learnt() -> None:
    true = np.arange(8000) / (RATE * 1.001)
    error = (smoothed(true) - true)[6000:]
    assert np.abs(error).max() < 0.02e-3


@pytest.mark.parametrize("rate", [50.0, 120.0, 200.0, 250.0])
def test_another_rate_is_followed(rate: float) -> None:
    """A camera system set from 100 Hz to another rate without a pause."""
    t = np.concatenate([np.arange(300) / RATE, 3.0 + np.arange(3000) / rate])
    out = smoothed(t)
    assert (np.diff(out) > 0).all()
    # times already given out may be ahead and must be waited for: exact after 100 frames (66 seen)
    np.testing.assert_allclose(out[400:], t[400:], rtol=0, atol=1e-6)


@pytest.mark.parametrize("raw", [[0.0, 0.01, 0.011, 0.02], [5.0, 5.01, 5.005, 5.03]])
def test_times_always_increase(raw: list[float]) -> None:
    assert (np.diff(smoothed(np.array(raw))) > 0).all()


def test_a_clock_that_jumps_back_is_followed() -> None:
    t = np.array([100.0, 100.01, 3.0, 3.01])
    np.testing.assert_allclose(smoothed(t), t, rtol=0, atol=1e-9)


def test_a_repeated_frame_is_not_newer_and_changes_nothing() -> None:
    t = 50.0 + np.arange(200) / RATE
    out = smoothed(np.repeat(t, 2))
    np.testing.assert_allclose(out[::2], t, rtol=0, atol=1e-9)
    assert (out[1::2] <= out[::2]).all()


@pytest.mark.parametrize("back_s", [0.03, 0.3, 0.9, 2.0])
def test_a_clock_that_is_set_back_is_followed_within_five_frames(back_s: float) -> None:
    t = 50.0 + np.arange(200) / RATE
    t[100:] -= back_s
    np.testing.assert_allclose(smoothed(t)[104:], t[104:], rtol=0, atol=1e-9)
