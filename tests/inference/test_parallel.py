from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

import pytest

from inference.exceptions import InferenceError, TrainingDiverged
from inference.parallel import each


@pytest.fixture
def nobody_stays() -> Iterator[None]:
    """Ends without a process that was not there before: other modules keep some of their own."""
    others = multiprocessing.active_children()
    yield
    assert [child for child in multiprocessing.active_children() if child not in others] == []


def whose(number: int, rest_s: float = 0.0) -> tuple[int, int]:
    time.sleep(rest_s)
    return number, os.getpid()


def linger() -> None:
    os.write(1, b"here\n")
    time.sleep(300.0)


def diverge() -> None:
    raise TrainingDiverged("no number", 3, 1, ("made/one/walk",))


def die() -> None:
    os._exit(9)


def test_calls_are_made_one_by_one_in_this_process() -> None:
    asked: list[int] = []

    def ask(number: int) -> int:
        asked.append(number)
        return number

    answers = each(partial(ask, k) for k in range(3))
    assert next(answers) == 0
    assert asked == [0]  # the next one not before its turn
    assert list(answers) == [1, 2]


@pytest.mark.usefixtures("nobody_stays")
def test_calls_are_shared_out_and_come_back_in_their_order() -> None:
    found = list(each([partial(whose, 0, 0.3), *(partial(whose, k) for k in range(1, 5))], 2))
    assert [number for number, _ in found] == list(range(5))
    assert os.getpid() not in {process for _, process in found}


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_call_raises_arrives_whole(workers: int) -> None:
    with pytest.raises(TrainingDiverged, match="no number") as caught:
        list(each([diverge, partial(whose, 1)], workers))
    found = caught.value
    assert (found.epoch, found.batch, found.records) == (3, 1, ("made/one/walk",))


@pytest.mark.usefixtures("nobody_stays")
def test_others_are_abandoned_after_a_failure() -> None:
    with pytest.raises(TrainingDiverged):
        list(each([diverge, *(partial(whose, k, 300.0) for k in range(4))], 2))


def test_a_worker_that_dies_is_told() -> None:
    with pytest.raises(InferenceError, match=r"a worker died.*fewer workers"):
        list(each([die, partial(whose, 1)], 2))


def test_workers_do_not_outlive_who_waits_for_them() -> None:
    shared = "list(each([linger, linger], 2))"
    names = "from inference.parallel import each; from tests.inference.test_parallel import linger"
    waiting = subprocess.Popen(
        [sys.executable, "-c", f"{names}; {shared}"], stdout=subprocess.PIPE, text=True
    )
    assert waiting.stdout is not None
    assert [waiting.stdout.readline() for _ in range(2)] == ["here\n", "here\n"]
    waiting.kill()
    waiting.communicate(timeout=60)  # until nobody holds the other end
