"""Times of frames in a file: what their rounding and jitter hid, and what is left as it is."""

import numpy as np

from streamer.formats.tables import even_frames


def test_rounded_times_are_those_of_the_camera_though_frames_are_missing() -> None:
    """The first may be as far off as any other."""
    frame = np.delete(np.arange(1000), [*range(200, 203), 500, *range(700, 760)])
    true = 3.0004 + frame / 120.0
    # every three frames the same roundings come again, whose mean is up to a sixth of 1 ms
    np.testing.assert_allclose(even_frames(np.round(true, 3)), true, rtol=0, atol=1.7e-4)


def test_jitter_of_a_small_part_of_a_frame_is_taken_off() -> None:
    true = np.arange(400) / 100.0
    jitter = np.random.default_rng(0).uniform(-1.5e-3, 1.5e-3, true.size)
    # 0.87 ms over the root of 400 frames is 0.04 ms, at either end twice that; three of these
    np.testing.assert_allclose(even_frames(true + jitter), true, rtol=0, atol=0.26e-3)


def test_frames_that_were_not_taken_evenly_stay_where_they_are() -> None:
    """One frame is late by 4 ms, or by a third of a short period: it was taken then."""
    for rate_hz, late_s in ((50.0, 4e-3), (250.0, 1.3e-3)):
        time = np.arange(200) / rate_hz
        time[100] += late_s
        np.testing.assert_array_equal(even_frames(time), time)


def test_times_that_are_exact_stay_to_the_last_bit() -> None:
    time = 0.1 + np.arange(100) / 120.0
    np.testing.assert_array_equal(even_frames(time), time)
    np.testing.assert_array_equal(even_frames(time[:1]), time[:1])
