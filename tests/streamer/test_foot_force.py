"""What carries a foot: plates where they do, predictions elsewhere, nothing from a cold filter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from sim_bridge import compile_model
from streamer.features.foot_force import foot_force
from streamer.features.trial_features import trial_features
from streamer.formats import read_trial
from tests.data_sets import trial_dir

F64 = npt.NDArray[np.float64]

WEIGHT = 700.0
RATE_HZ = 100.0
N = 60
T = np.arange(N) / RATE_HZ
BODIES = ("calcn_r", "calcn_l")
COLD = 10
"""Frames of the warm-up."""


def loads(right: F64, left: F64) -> F64:
    """Forces of both feet (n, 2, 9) from what they carry [body weights]."""
    rows = np.zeros((N, 2, 9))
    rows[:, 0, 1], rows[:, 1, 1] = WEIGHT * right, WEIGHT * left
    return rows


def under(used: F64, plates: F64, trusted: slice, settled: slice = slice(COLD, None)) -> F64:
    inside, warm = np.zeros((2, N), dtype=np.bool_)
    inside[trusted] = warm[settled] = True
    return foot_force(T, BODIES, used, plates, inside, warm, WEIGHT)


def landing(frame: int) -> F64:
    """A foot that lands there and stays."""
    return np.where(np.arange(N) >= frame, 0.8, 0.0)


NOTHING = np.zeros(N)


def test_a_foot_that_lands_on_its_plate_in_the_warm_up_lands_when_the_plate_says() -> None:
    used = loads(landing(3), landing(2))  # as a cold filter has it
    found = under(used, loads(landing(7), NOTHING), slice(30, None))
    np.testing.assert_allclose(found[:, 0], landing(7))
    assert np.isnan(found[: 2 * COLD - 1, 1]).all()  # beside the plates: nobody knows
    np.testing.assert_allclose(found[2 * COLD :, 1], 0.8)


def test_a_foot_that_is_on_its_plate_only_just_after_the_warm_up_counts_too() -> None:
    found = under(loads(landing(3), NOTHING), loads(landing(COLD + 5), NOTHING), slice(30, None))
    np.testing.assert_allclose(found[:, 0], landing(COLD + 5))


def test_a_plate_counts_before_a_prediction_where_it_carries_and_not_where_it_does_not() -> None:
    predicted = loads(landing(20), landing(30))
    plates = loads(landing(24), np.where(landing(0) > 0.0, 0.03, 0.0))  # the left one has an offset
    found = under(predicted, plates, slice(0, 0), slice(0, None))
    np.testing.assert_allclose(found[:, 0], landing(20))  # 4 frames of prediction, then the plate
    np.testing.assert_allclose(found[:, 1], landing(30))
    plates[24:, 0, 1] = 0.9 * WEIGHT
    assert under(predicted, plates, slice(0, 0), slice(0, None))[24, 0] == pytest.approx(0.9)


def test_where_plates_are_trusted_the_forces_behind_the_moments_are_what_counts() -> None:
    used, plates = loads(landing(20), NOTHING), loads(1.1 * landing(20), NOTHING)
    found = under(used, plates, slice(0, None), slice(0, None))
    np.testing.assert_allclose(found[:, 0], landing(20))


def test_without_plates_the_warm_up_is_not_known() -> None:
    found = under(loads(landing(3), NOTHING), np.zeros((N, 0, 9)), slice(0, 0))
    assert np.isnan(found[: 2 * COLD - 1]).all()
    assert np.isfinite(found[2 * COLD :]).all()


def landing_s(t: F64, force: F64) -> float:
    """When a foot lands first [s]: its force exceeds 0.1 body weights after less than half."""
    low = np.flatnonzero(force < 0.05)[0]
    return float(t[low + np.flatnonzero(force[low:] > 0.1)[0]])


@pytest.mark.parametrize(("trial", "foot"), [("2014001/C3_02", 0), ("2014001/C1_05", 1)])
def test_the_first_step_of_a_short_walk_lands_when_its_plate_says(trial: str, foot: int) -> None:
    """Within a frame and a half: the record's frames are 10 ms apart."""
    walk = read_trial(trial_dir(f"schreiber/{trial}"))
    record = trial_features(walk, compile_model(walk.model), with_emg=False)
    assert walk.forces is not None
    assert walk.loads is not None
    plate = walk.loads.select(walk.forces)[:, foot, 1] / (9.81 * walk.mass_kg)
    about = record.t - record.filter_delay_s
    landed = landing_s(about, record.foot_force[:, foot])
    assert landed == pytest.approx(landing_s(walk.forces.time, plate), abs=0.015)
