"""What OpenSim's tools do to coordinates, against OpenSim's own classes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import opensim
import pytest

from sim_bridge.exceptions import SettingsError
from sim_bridge.filters import zero_phase_derivatives
from streamer.formats import Storage, write_storage
from tests.sim_bridge.signals import frames
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial

CUTOFF_HZ = 6.0
# Value, speed, acceleration of curves of size 1 at 100 Hz: both compute the same, but OpenSim's
# file holds 16 digits or fewer and every derivative multiplies by the rate.
TOLERANCE = (1e-8, 1e-6, 1e-4)


def opensim_derivatives(folder: Path, time: np.ndarray, q: np.ndarray) -> list[np.ndarray]:
    """Pad, low-pass and quintic splines as in InverseDynamicsTool."""
    names = tuple(f"c{k}" for k in range(q.shape[1]))
    write_storage(folder / "q.sto", Storage(time, names, q))
    storage = opensim.Storage(str(folder / "q.sto"))
    storage.pad(storage.getSize() // 2)
    storage.lowpassIIR(CUTOFF_HZ)
    splines = opensim.GCVSplineSet(5, storage)
    return [
        np.array([[splines.evaluate(c, order, float(t)) for c in range(len(names))] for t in time])
        for order in range(3)
    ]


@pytest.mark.parametrize("count", [60, 101, 238])
def test_equals_opensims_filter_and_splines(tmp_path: Path, count: int) -> None:
    time = 0.5 + np.arange(count) / 100.0
    rng = np.random.default_rng(37)
    slow = np.stack([np.sin((2.0 + k) * time + k) for k in range(3)], axis=1)
    q = slow + 0.01 * rng.normal(size=slow.shape)
    ours = zero_phase_derivatives(time, q, CUTOFF_HZ)
    theirs = opensim_derivatives(tmp_path, time, q)
    for order, (got, wanted) in enumerate(zip(ours, theirs, strict=True)):
        np.testing.assert_allclose(
            got, wanted, rtol=0, atol=TOLERANCE[order], err_msg=f"derivative {order}"
        )


@pytest.mark.parametrize(("lost", "tolerance"), [(1, 1e-5), (3, 1e-4), (10, 0.03)])
def test_frames_that_are_missing_leave_the_others_as_they_are(lost: int, tolerance: float) -> None:
    """Splines through motions up to 3 Hz are off by so much in the gap; even frames shift by it."""
    time = 0.5 + np.round(np.arange(600) / 100.0, 3)
    q = np.stack([np.sin(2 * np.pi * f * time) / f for f in (0.7, 1.5, 3.0)], axis=1)
    there = np.delete(np.arange(600), slice(300, 300 + lost))
    whole = zero_phase_derivatives(time, q, CUTOFF_HZ)
    for got, wanted in zip(
        zero_phase_derivatives(time[there], q[there], CUTOFF_HZ), whole, strict=True
    ):
        difference = np.abs(got - wanted[there]) / np.abs(wanted).max(axis=0)
        assert difference.max() < tolerance


def test_both_sides_of_a_long_gap_are_filtered_apart() -> None:
    time = np.concatenate([np.arange(100), np.arange(400, 500), [600]]) / 100.0
    q = np.sin(2 * np.pi * time)[:, None]
    found = zero_phase_derivatives(time, q, CUTOFF_HZ)
    for part in (slice(0, 100), slice(100, 200)):
        alone = zero_phase_derivatives(time[part], q[part], CUTOFF_HZ)
        for got, wanted in zip(found, alone, strict=True):
            np.testing.assert_array_equal(got[part], wanted)
    assert found[0][200] == q[200]  # nothing tells a speed of a single frame
    assert found[1][200] == found[2][200] == 0.0


@pytest.mark.parametrize("trial", PARITY_TRIALS)
def test_equals_opensim_on_a_recorded_trial(
    recorded: Callable[[str], RecordedTrial], tmp_path: Path, trial: str
) -> None:
    case = recorded(trial)
    q = case.zero_phase.ik_q
    ours = zero_phase_derivatives(case.time, q, CUTOFF_HZ)
    theirs = opensim_derivatives(tmp_path, case.time, q)
    for order, (got, wanted) in enumerate(zip(ours, theirs, strict=True)):
        size = np.abs(wanted).max()
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-6 * size, err_msg=str(order))


def test_one_frame_has_no_derivatives() -> None:
    with pytest.raises(SettingsError, match="over 1 frame; give it 2 or more"):
        zero_phase_derivatives(np.zeros(1), np.zeros((1, 3)), CUTOFF_HZ)
    two = zero_phase_derivatives(np.array([0.0, 0.01]), np.zeros((2, 3)), CUTOFF_HZ)
    np.testing.assert_array_equal(two, np.zeros((3, 2, 3)))


def test_a_slow_curve_passes_unchanged_in_the_middle() -> None:
    time = frames(4.0)
    ours = zero_phase_derivatives(time, np.sin(2.0 * time)[:, None], CUTOFF_HZ)
    middle = slice(100, 300)
    for order, wanted in enumerate((np.sin(2 * time), 2 * np.cos(2 * time), -4 * np.sin(2 * time))):
        np.testing.assert_allclose(ours[order][middle, 0], wanted[middle], rtol=0, atol=1e-3)


def test_derivatives_belong_to_the_values() -> None:
    time = frames(2.0)
    value, speed, acceleration = zero_phase_derivatives(time, np.sin(4.0 * time)[:, None], 6.0)
    for rate, function in ((speed, value), (acceleration, speed)):
        gained = np.cumsum(0.5 * (rate[1:] + rate[:-1]), axis=0) / 100.0
        # trapezoid rule: dt^2 / 12 of the change of the next derivative, steep at the ends
        np.testing.assert_allclose(function[1:] - function[0], gained, rtol=0, atol=5e-3)
