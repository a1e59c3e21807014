"""What the latency report makes of a session: built messages in, counts and percentiles out."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks.latency.listener import Heard
from benchmarks.latency.observe import Observation, loop_process
from benchmarks.latency.report import Report
from benchmarks.latency.session import Session

RATE_HZ = 100.0
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def heard(seq: list[int]) -> Heard:
    """Estimates of these frames: sent 2 ms after capture, arrived 1 ms later."""
    number = np.array(seq, dtype=np.int64)
    t = 50.0 + number / RATE_HZ
    zeros = np.zeros(len(seq), dtype=np.int64)
    return Heard(number, zeros, t, t + 2e-3, t + 3e-3, np.full(len(seq), 1.5))


def report(messages: Heard, **counts: int) -> Report:
    content = {
        "frames_in": 10, "on_time": 9, "published": 10, "skipped": 0, "substituted": 1,
        "latency_ms": dict.fromkeys(("p50", "p90", "p99", "p99_9", "max"), 1.6),
        "stage_us": {}, "status_counts": {"OK": 10}, "budget_ms": 10.0,
    }  # fmt: skip
    return Report(Session(content | counts, messages, Observation()), RATE_HZ)


def test_an_unbroken_stream_misses_nothing() -> None:
    frames = report(heard(list(range(40, 140)))).frames()
    assert frames == {"captured": 100, "heard": 100, "missing": 0, "repeated": 0}


def test_lost_and_repeated_frames_are_counted() -> None:
    frames = report(heard([0, 1, 1, 2, 5, 6])).frames()
    assert frames == {"captured": 7, "heard": 5, "missing": 2, "repeated": 1}


def test_a_client_that_heard_nothing_has_nothing_to_say() -> None:
    empty = report(heard([]))
    assert empty.frames()["captured"] == 0
    assert set(empty.latencies_ms()) == {"markers received to estimate sent"}


def test_ways_are_measured_between_the_right_times() -> None:
    ways = report(heard(list(range(200)))).latencies_ms()
    # from the times that `heard` sets; subtracting times of 50 s costs some 1e-11 ms
    assert ways["captured to sent"]["p50"] == pytest.approx(2.0)
    assert ways["sent to heard by the client"]["max"] == pytest.approx(1.0)
    assert ways["captured to heard by the client"]["p99"] == pytest.approx(3.0)
    assert ways["markers received to estimate finished"]["p50"] == 1.5


def test_the_share_on_time_counts_every_frame_that_came_in() -> None:
    assert report(heard([0, 1]), frames_in=12, on_time=9).on_time_share() == 0.75


@linux
@pytest.mark.parametrize("library", ["opensim", "numpy"])
def test_a_process_with_opensim_is_told_from_one_without(library: str) -> None:
    code = f"import {library}; print('ready', flush=True); input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        observation = Observation()
        observation.look(process.pid)
        process.communicate("\n")
    assert observation.looks == 1
    assert observation.opensim_mapped == (library == "opensim")
    assert observation.memory_mib[0] > 1.0
    assert observation.cpu_s > 0.0


@linux
def test_a_process_that_is_gone_is_not_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    observation = Observation()
    observation.look(process.pid)
    assert observation.looks == 0


@linux
def test_a_process_without_a_loop_has_none() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert loop_process(process.pid) is None
        process.communicate(b"\n")
