import time

import numpy as np
import pytest

from benchmarks.timing import Quantiles, StageClock, cpu_seconds


def test_quantiles_are_in_microseconds() -> None:
    quantiles = Quantiles.of(np.linspace(0.0, 1e-3, 101))
    assert quantiles.n == 101
    # percentiles of an even grid are its own points
    assert (quantiles.p50, quantiles.p99, quantiles.max) == pytest.approx((500.0, 990.0, 1000.0))


def test_stages_of_a_frame_add_up_to_less_than_its_total() -> None:
    clock = StageClock()
    for _ in range(5):
        clock.start()
        clock.mark("one")
        clock.mark("two")
        clock.finish()
    parts = clock.seconds("one") + clock.seconds("two")
    assert (parts <= clock.seconds("total")).all()
    assert list(clock.table()) == ["one", "two", "total", "total (cpu)"]


def test_sleeping_takes_wall_time_but_no_processor_time() -> None:
    clock = StageClock()
    clock.start()
    time.sleep(0.05)
    clock.finish()
    assert clock.seconds("total")[0] >= 0.05
    assert clock.seconds("total (cpu)")[0] < 0.04


def test_a_call_is_timed_with_its_arguments() -> None:
    assert cpu_seconds(sum, range(1_000_000)) > 1e-3


def test_sleeping_does_not_count_by_a_processor_clock() -> None:
    clock = StageClock(time.thread_time_ns)
    clock.start()
    time.sleep(0.05)
    clock.mark("asleep")
    clock.finish()
    assert clock.seconds("asleep")[0] < 0.04
    assert cpu_seconds(time.sleep, 0.05) < 0.04
