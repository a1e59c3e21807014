from __future__ import annotations

import numpy as np
import pytest

from inference.channels import N_INPUT
from inference.inputs.schedule import LONGEST_GAP_S, StepSchedule
from inference.live.backlog import CATCH_UP, Backlog

RATE_HZ = 100.0


def drive(backlog: Backlog, times: np.ndarray) -> tuple[list[float], list[int], list[float]]:
    """Times of all steps, how many each frame took, and how old the last then was [s]."""
    schedule, last = StepSchedule(RATE_HZ), 0.0
    stepped: list[float] = []
    came: list[float] = []
    taken, held = [], []
    for t in times.tolist():
        for fraction in schedule.steps(t):
            at = last + fraction * (t - last)
            came.append(at)
            backlog.add(at, np.full((2, 2 * N_INPUT), at, np.float32))
        before = len(stepped)
        for at, x in backlog.due():
            assert (x == np.float32(at)).all()
            stepped.append(at)
        taken.append(len(stepped) - before)
        held.append(t - stepped[-1])
        last = t
    assert stepped == came[: len(stepped)]
    return stepped, taken, held


@pytest.mark.parametrize("rate_hz", [20.0, 33.0, 60.0, 100.0, 200.0])
def test_at_an_even_rate_nothing_waits(rate_hz: float) -> None:
    _, taken, held = drive(Backlog(RATE_HZ), np.arange(60) / rate_hz)
    assert max(held[4:]) < 1.0 / RATE_HZ
    assert max(taken) <= 1 + RATE_HZ / rate_hz + CATCH_UP


@pytest.mark.parametrize("lost", [1, 2, 5, 12, 24])
def test_steps_of_a_pause_are_taken_in_their_order_by_few_a_frame(lost: int) -> None:
    times = 0.01 * np.concatenate([np.arange(20), np.arange(20 + lost, 60 + lost)])
    stepped, taken, held = drive(Backlog(RATE_HZ), times)
    np.testing.assert_allclose(stepped, 0.01 * np.arange(60 + lost), atol=1e-9)
    assert max(taken) <= 1 + CATCH_UP
    assert held[20] == pytest.approx(0.01 * max(lost - CATCH_UP, 0), abs=1e-9)
    assert held[-1] == pytest.approx(0.0, abs=1e-9)


def test_pauses_one_after_the_other_find_room() -> None:
    times = np.arange(40) * (LONGEST_GAP_S - 1e-3)
    _, _, held = drive(Backlog(RATE_HZ), times)
    assert max(held) < 2.0 * LONGEST_GAP_S


def test_pauses_with_single_frames_between_them_find_room() -> None:
    times = np.cumsum([LONGEST_GAP_S - 1e-3, 1.0 / RATE_HZ] * 20)
    stepped, _, held = drive(Backlog(RATE_HZ), times)
    assert stepped == sorted(stepped)
    assert max(held) < 2.0 * LONGEST_GAP_S


def test_reset_forgets_what_waits() -> None:
    backlog = Backlog(RATE_HZ)
    for k in range(10):
        backlog.add(0.01 * k, np.zeros((2, 2 * N_INPUT), np.float32))
    backlog.reset()
    assert list(backlog.due()) == []


def test_reset_forgets_how_many_are_usual() -> None:
    backlog, taken = Backlog(RATE_HZ), []
    for _ in range(2):
        for k in range(9):
            backlog.add(0.01 * k, np.zeros((2, 2 * N_INPUT), np.float32))
        taken.append(len(list(backlog.due())))
        backlog.reset()
    assert taken == [CATCH_UP, CATCH_UP]
