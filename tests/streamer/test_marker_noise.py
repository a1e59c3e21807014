from __future__ import annotations

import numpy as np
import pytest

from streamer.features.marker_noise import CAMERA_SHARE, SOFT_TISSUE_S, marker_noise

SD = 0.003


@pytest.mark.parametrize("rate_hz", [50.0, 250.0])
def test_size_is_as_asked_from_the_first_frame_on(rate_hz: float) -> None:
    noise = marker_noise(40, 4000, rate_hz, SD, [1])
    expected = SD * np.hypot(1.0, CAMERA_SHARE)
    # 12 000 independent series: the standard deviation is known to 1/sqrt(2 * 12 000) = 0.6 %.
    np.testing.assert_allclose(noise.std(axis=(1, 2)), expected, rtol=0.03)


def test_markers_and_axes_are_independent() -> None:
    series = marker_noise(60_000, 3, 100.0, SD, [2]).reshape(60_000, 9)
    off_diagonal = np.corrcoef(series.T)[~np.eye(9, dtype=bool)]
    # 600 s of noise with a correlation time of 4 x 0.15 s hold 1000 values: 3 % each, 4 of these.
    assert np.abs(off_diagonal).max() < 0.13


def test_noise_is_slow() -> None:
    rate = 100.0
    series = marker_noise(60_000, 1, rate, SD, [3])[:, 0, 0]
    power = np.abs(np.fft.rfft(series)) ** 2
    hertz = np.fft.rfftfreq(len(series), 1.0 / rate)
    turned = 1.0 / (1.0 + (2.0 * np.pi * 1.6 * SOFT_TISSUE_S) ** 2) ** 2  # two low-passes
    measured = power[np.abs(hertz - 1.6) < 0.2].mean() / power[(hertz > 0) & (hertz < 0.1)].mean()
    # 60 and 240 lines of a periodogram: 13 % and 6 %.
    assert measured == pytest.approx(turned, rel=0.5)


def test_seed_decides() -> None:
    first = marker_noise(20, 2, 100.0, SD, [1, 7])
    np.testing.assert_array_equal(first, marker_noise(20, 2, 100.0, SD, [1, 7]))
    assert not np.allclose(first, marker_noise(20, 2, 100.0, SD, [2, 7]), atol=1e-5)
    assert not np.allclose(first, marker_noise(20, 2, 100.0, SD, [1, 8]), atol=1e-5)
