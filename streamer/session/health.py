"""What a session counts and times, and how it says so: health messages and the final report."""

import logging
from collections.abc import Callable, Sequence

import numpy as np
from hdrh.histogram import HdrHistogram

from streamer.status import Status

_log = logging.getLogger(__name__)

_LONGEST_US = 60_000_000
MISSED_SECONDS = 5
"""So many seconds in a row in which most frames miss the budget are no moment of load."""
_DIGITS = 2  # of each value kept: 1 %

GOOD = "OK"
"""Key under which frames with status 0 are counted."""


class DurationHistogram:
    """Percentiles of durations since the start, in constant memory (an HdrHistogram)."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, _LONGEST_US, _DIGITS)
        self._counts = np.ctypeslib.as_array(self._histogram.counts)

    def record(self, seconds: float) -> None:
        """Add one duration [s]; below 1 us counts as 1 us, above a minute as a minute."""
        self._histogram.record_value(min(max(round(1e6 * seconds), 1), _LONGEST_US))

    @property
    def count(self) -> int:
        """Durations recorded."""
        return int(self._histogram.get_total_count())

    def percentiles_us(self, percentiles: Sequence[float]) -> list[float]:
        """Percentiles [us]; 0 if nothing was recorded.

        As the histogram's own `get_value_at_percentile`, which walks the buckets in Python and
        takes 0.7 ms for one value: too long for a loop that reports every second.
        """
        if not self.count:
            return [0.0] * len(percentiles)
        wanted = np.maximum((np.asarray(percentiles) / 100.0 * self.count + 0.5).astype(int), 1)
        buckets = np.searchsorted(np.cumsum(self._counts), wanted)
        lowest = (self._histogram.get_value_from_index(int(b)) for b in buckets)
        return [float(self._histogram.get_highest_equivalent_value(v)) for v in lowest]

    def summary_ms(self) -> dict[str, float]:
        """Return p50, p90, p99, p99_9 and max [ms]."""
        values = self.percentiles_us((50.0, 90.0, 99.0, 99.9, 100.0))
        keys = ("p50", "p90", "p99", "p99_9", "max")
        return {key: round(1e-3 * v, 3) for key, v in zip(keys, values, strict=True)}

    def summary_us(self) -> dict[str, float]:
        """Return p50, p99 and max [us]."""
        values = self.percentiles_us((50.0, 99.0, 100.0))
        return dict(zip(("p50", "p99", "max"), values, strict=True))


class StageTimer:
    """Times the stages of a frame without disturbing them: histograms are filled afterwards.

    Parameters
    ----------
    clock : callable
        Returns the time [s].
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._now = clock
        self._began = self._last = clock()
        self._frame: dict[str, float] = {}
        self._histograms: dict[str, DurationHistogram] = {}

    def start(self) -> None:
        """Begin a frame."""
        self._began = self._last = self._now()

    def mark(self, stage: str) -> None:
        """End a stage: it took from the last mark (or the start) until now."""
        now = self._now()
        self._frame[stage] = now - self._last
        self._last = now

    def finish(self) -> None:
        """End the frame: file its durations, and their sum as ``total``."""
        self._frame["total"] = self._last - self._began
        for stage, seconds in self._frame.items():
            if stage not in self._histograms:
                self._histograms[stage] = DurationHistogram()
            self._histograms[stage].record(seconds)
        self._frame.clear()

    def summary_us(self) -> dict[str, dict[str, float]]:
        """Per stage p50, p99, max [us]."""
        return {stage: h.summary_us() for stage, h in self._histograms.items()}


class BudgetDoubt:
    """Says once that most frames take longer than the budget.

    Parameters
    ----------
    budget_ms : float
        The budget [ms].
    """

    def __init__(self, budget_ms: float) -> None:
        self._budget_ms = budget_ms
        self._published, self._on_time, self._seconds, self._said = 0, 0, 0, False

    def step(self, published: int, on_time: int, stages: StageTimer) -> None:
        """Look at a second.

        Parameters
        ----------
        published, on_time : int
            Estimates so far, and those that were computed within the budget.
        stages : StageTimer
            How long frames take.
        """
        came, kept = published - self._published, on_time - self._on_time
        self._published, self._on_time = published, on_time
        self._seconds = self._seconds + 1 if 2 * kept < came else 0
        total = stages.summary_us().get("total") if self._seconds >= MISSED_SECONDS else None
        if total is not None and not self._said:  # none if every frame failed inside
            self._said = True
            _log.warning(
                "most frames take longer than `budget_ms`, %g: the median one %.1f ms; raise it or "
                "relieve this machine",
                self._budget_ms,
                1e-3 * total["p50"],
            )


class StatusCounter:
    """How often each status bit was published."""

    def __init__(self) -> None:
        self._good = 0
        self._bits = dict.fromkeys(Status, 0)

    def add(self, status: int) -> None:
        """Count one frame."""
        if not status:
            self._good += 1
            return
        for flag in self._bits:
            if status & flag:
                self._bits[flag] += 1

    def counts(self) -> dict[str, int]:
        """Frames per flag name, those that occurred; fully good ones under ``OK``."""
        found = {str(flag.name): n for flag, n in self._bits.items() if n}
        return {GOOD: self._good} | found
