"""Durations of frames and their percentiles, kept whole: a benchmark can afford the memory."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from streamer.arrays import F64


@dataclass(frozen=True)
class Quantiles:
    """Durations [us] of ``n`` frames: median, 99th percentile and longest."""

    n: int
    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: Sequence[float] | F64) -> "Quantiles":
        """Summarise durations [s]."""
        microseconds = 1e6 * np.asarray(seconds, dtype=np.float64)
        p50, p99 = np.percentile(microseconds, [50.0, 99.0])
        return cls(len(microseconds), float(p50), float(p99), float(microseconds.max()))

    def row(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


Nanoseconds = Callable[[], int]


def cpu_seconds(function: Callable[..., Any], *arguments: Any) -> float:
    """Processor time of one call [s], of the calling thread."""
    began = time.thread_time_ns()
    function(*arguments)
    return 1e-9 * (time.thread_time_ns() - began)


class StageClock:
    """Time of each stage of each frame, and the processor time of the frame.

    On a busy machine the wall time of a frame holds the time slices of others; the processor time
    of the thread does not. It costs a system call, so by default it is taken once a frame.

    Parameters
    ----------
    clock : callable
        Of the stages [ns]; ``time.thread_time_ns`` for processor time.
    """

    def __init__(self, clock: Nanoseconds = time.perf_counter_ns) -> None:
        self._now = clock
        self._stages: dict[str, list[float]] = {"total": [], "total (cpu)": []}
        self._began = self._last = self._cpu = 0

    def start(self) -> None:
        """Begin a frame."""
        self._cpu = time.thread_time_ns()
        self._began = self._last = self._now()

    def mark(self, stage: str) -> None:
        """End a stage: it took from the last mark, or the start, until now."""
        now = self._now()
        self._stages.setdefault(stage, []).append(1e-9 * (now - self._last))
        self._last = self._now()

    def finish(self) -> None:
        """End the frame."""
        self._stages["total"].append(1e-9 * (self._now() - self._began))
        self._stages["total (cpu)"].append(1e-9 * (time.thread_time_ns() - self._cpu))

    def seconds(self, stage: str) -> F64:
        """Durations of a stage [s], frame by frame."""
        return np.array(self._stages[stage])

    def table(self) -> dict[str, Quantiles]:
        """Percentiles per stage, the frame's total last."""
        order = [s for s in self._stages if not s.startswith("total")]
        return {s: Quantiles.of(self._stages[s]) for s in (*order, "total", "total (cpu)")}
