"""Poses that came about as no body moves."""

from collections.abc import Callable

import numpy as np
import pytest

from sim_bridge.pose.leaps import FASTEST_TURN, Leaps
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.trials import PARITY_TRIALS


@pytest.fixture
def leaps(skeleton_case: Callable[[str], Case]) -> Leaps:
    return Leaps(skeleton_case(PARITY_TRIALS[0]).compiled)


def step(leaps: Leaps, t: float, angle: float = 0.0, *, surprised: bool = False) -> bool:
    q = np.zeros(len(leaps._q))
    q[0] = angle  # pelvis_tilt
    return leaps.step(t, q, surprised)


def test_an_angle_that_turns_faster_than_any_joint_leapt(leaps: Leaps) -> None:
    turn = 0.01 * FASTEST_TURN
    assert not step(leaps, 0.0, 5.0)  # the first has none before it
    assert not step(leaps, 0.01, 5.0 + 0.9 * turn)
    assert step(leaps, 0.02, 5.0 + 2.0 * turn)
    assert not step(leaps, 0.04, 5.0 + 3.9 * turn)  # in twice the time


def test_a_fast_knee_is_no_leap(leaps: Leaps, skeleton_case: Callable[[str], Case]) -> None:
    """The coordinate of the patella follows the knee's; OpenSim does not call it rotational."""
    names = skeleton_case(PARITY_TRIALS[0]).compiled.coordinate_names
    q = np.zeros(len(names))
    for k in range(10):
        q[[names.index("knee_angle_r"), names.index("knee_angle_r_beta")]] = 0.3 * k  # 30 rad/s
        assert not leaps.step(0.01 * k, q, surprised=False)


def test_a_surprise_is_a_leap_unless_frames_are_missing(leaps: Leaps) -> None:
    times = (0.0, 0.01, 0.02, 0.06, 0.07, 0.08)
    leapt = [step(leaps, t, surprised=True) for t in times]
    assert leapt == [False, False, True, False, False, True]
    leaps.reset()
    assert not step(leaps, 9.0, surprised=True)


def test_at_a_low_rate_a_surprise_is_none(leaps: Leaps) -> None:
    assert not any(step(leaps, k / 40.0, surprised=True) for k in range(10))
    leaps.reset()
    assert any(step(leaps, k / 50.0, surprised=True) for k in range(10))
