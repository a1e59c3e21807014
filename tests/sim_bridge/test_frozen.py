"""Markers that stay the same to the last bit: the whole frame, or some of it."""

from collections.abc import Callable

import numpy as np
import pytest

from sim_bridge import BridgeStatus
from sim_bridge.pose.frozen import FILLED_FRAMES, FROZEN_S, FrozenMarkers
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial


def moving(k: int, n: int = 4) -> np.ndarray:
    return 0.01 * k + np.arange(3.0 * n).reshape(n, 3)


def test_a_whole_frame_that_comes_again_is_none() -> None:
    frozen = FrozenMarkers(4)
    assert not frozen.step(0.0, moving(0))
    assert frozen.step(0.01, moving(0))
    assert not frozen.step(0.02, moving(1))


def test_a_single_marker_that_stays_counts_as_missing_until_it_moves() -> None:
    frozen, missing = FrozenMarkers(4), []
    for k in range(20):
        markers = moving(k)
        if 5 <= k < 12:
            markers[2] = moving(4)[2]
        assert not frozen.step(0.01 * k, markers)
        assert np.isfinite(markers[[0, 1, 3]]).all()
        missing.append(bool(np.isnan(markers[2]).all()))
    first = 4 + FILLED_FRAMES
    assert missing == [first <= k < 12 for k in range(20)]


@pytest.mark.parametrize("rate_hz", [100.0, 250.0])
def test_a_foot_on_the_floor_rests_for_a_while_where_a_tenth_of_a_millimetre_is_the_least(
    rate_hz: float,
) -> None:
    frozen, missing = FrozenMarkers(4), []
    for k in range(100):
        t, markers = k / rate_hz, moving(k)
        markers[1] = np.round(0.05 * np.exp(-t / 0.02), 4)  # lands, and rests
        frozen.step(t, markers)
        missing.append(bool(np.isnan(markers[1]).any()))
    rests_s = 0.02 * np.log(0.05 / 0.5e-4)
    first = missing.index(True) / rate_hz
    assert rests_s + FROZEN_S < first < rests_s + FROZEN_S + 3.0 / rate_hz


@pytest.mark.parametrize(("every", "lines"), [(2, 1), (50, 1), (200, 0)])
def test_repeats_are_told_of_if_they_are_no_chance(
    every: int, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    frozen = FrozenMarkers(4)
    for k in range(30 * every):
        frozen.step(0.01 * k, moving(k - (k % every == every - 1)))
    assert caplog.text.count("20 frames repeat the one before") == lines


def test_a_marker_that_is_missing_may_stay_so() -> None:
    frozen = FrozenMarkers(4)
    for k in range(10):
        markers = moving(k)
        markers[1] = np.nan
        assert not frozen.step(0.01 * k, markers)
        assert np.isfinite(markers[[0, 2, 3]]).all()


@pytest.mark.parametrize("names", [("R.SH1", "R.SH2", "R.SH3", "R.SH4"), ("R.Heel", "R.MT5")])
def test_a_limb_whose_markers_are_repeated_is_not_believed(
    recorded: Callable[[str], RecordedTrial], names: tuple[str, ...]
) -> None:
    """For 0.3 s, as software that lost them may do; believed, moments were off by 293 N m."""
    trial = recorded(PARITY_TRIALS[0])
    columns = [list(trial.marker_names).index(name) for name in names]
    clean, filled = trial.bridge(), trial.bridge()
    rotation = trial.model.coordinate_is_rotation
    for i in range(160):
        markers = trial.markers[i].copy()
        if 80 <= i < 110:
            markers[columns] = trial.markers[79, columns]
        truth = clean.step(float(trial.time[i]), trial.markers[i], trial.forces[i])
        found = filled.step(float(trial.time[i]), markers, trial.forces[i])
        # the frames before it is clear are followed; they describe instants 25 ms before
        if i >= 80 + FILLED_FRAMES and not found.status & ~int(BridgeStatus.SO_SATURATED):
            assert np.abs(found.tau - truth.tau)[rotation].max() < 30.0
