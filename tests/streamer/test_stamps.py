"""Stamps of a whole recording: jitter, lost samples, a clock that is set."""

import numpy as np
import pytest

from streamer.frames.stamps import even_times, newer, set_back_s

RATE_HZ = 1000.0
PACKET = 14
"""Samples that an amplifier sends at once over the air, and loses at once."""


def test_jitter_is_taken_off_and_holes_stay(rng: np.random.Generator) -> None:
    true = np.concatenate([np.arange(900), np.arange(1000, 2500)]) / RATE_HZ
    stamps = np.maximum.accumulate(true + rng.normal(scale=2e-3, size=len(true)))
    smooth = even_times(stamps)
    # the mean of 500 errors of 2 ms; running maxima add one or two of them to all
    assert np.abs(smooth - true - np.median(smooth - true)).max() < 1e-3
    assert (np.diff(smooth) > 0.0).all()
    assert smooth[900] - smooth[899] == pytest.approx(0.101, abs=2e-3)
    assert even_times(np.array([3.0])).tolist() == [3.0]
    assert even_times(np.zeros(0)).tolist() == []


@pytest.mark.parametrize(("share", "until_s"), [(0.02, 30.0), (0.02, 60.0), (0.05, 60.0)])
def test_lost_packets_leave_the_others_where_they_are(
    rng: np.random.Generator, share: float, until_s: float
) -> None:
    """In half of a recording, or all along; holes of one packet are too short to be seen."""
    true = np.arange(60 * int(RATE_HZ) // PACKET * PACKET) / RATE_HZ
    lost = np.repeat(rng.random(len(true) // PACKET) < share, PACKET) & (true < until_s)
    true = true[~lost]
    # within half a second at most some packets are lost, each of 14 ms; half of them on a side
    assert np.abs(even_times(true) - true).max() < 0.05
    assert np.sqrt(np.mean((even_times(true) - true) ** 2)) < 0.007


def test_a_clock_that_is_set_back_is_told_from_samples_out_of_order() -> None:
    assert set_back_s(np.array([0.0, 0.01, 0.009, 0.02])) == 0.0
    assert set_back_s(np.array([5.0, 5.01, 4.5, 4.51])) == pytest.approx(0.51)
    assert set_back_s(np.zeros(0)) == 0.0


def test_samples_that_are_not_later_than_all_before_are_not_new() -> None:
    assert newer(np.array([0.0, 1.0, 1.0, 0.5, 0.75, 2.0])).tolist() == [
        True, True, False, False, False, True,
    ]  # fmt: skip


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20250101)
