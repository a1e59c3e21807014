"""What a measured session says: frames, latencies, stages, and what the loop's process held."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.latency.session import Session
from streamer.arrays import F64
from streamer.reports.tables import rich_table

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99_9": 99.9, "max": 100.0}


@dataclass(frozen=True)
class Report:
    """A session and the nominal rate of its markers [Hz]."""

    session: Session
    rate_hz: float

    def frames(self) -> dict[str, int]:
        """Count what the client heard between the first and the last estimate it got.

        ``captured`` frames there must have been by their capture times, ``heard`` are different
        frames of which an estimate arrived, ``missing`` the difference; ``repeated`` are frames
        with more than one.
        """
        heard = self.session.heard
        if len(heard.t) == 0:
            return {"captured": 0, "heard": 0, "missing": 0, "repeated": 0}
        captured = round(float(heard.t.max() - heard.t.min()) * self.rate_hz) + 1
        different = len(np.unique(heard.seq))
        return {
            "captured": captured,
            "heard": different,
            "missing": captured - different,
            "repeated": len(heard.seq) - different,
        }

    def on_time_share(self) -> float:
        """Frames answered by a computed estimate within the budget, of all that came in."""
        report = self.session.report
        return float(report["on_time"]) / max(int(report["frames_in"]), 1)

    def latencies_ms(self) -> dict[str, dict[str, float]]:
        """Percentiles of the parts of a frame's way [ms]."""
        heard = self.session.heard
        ways = {
            "markers received to estimate sent": dict(self.session.report["latency_ms"]),
            "markers received to estimate finished": _percentiles(heard.compute_ms),
            "captured to sent": _percentiles(1e3 * (heard.sent - heard.t)),
            "sent to heard by the client": _percentiles(1e3 * (heard.arrived - heard.sent)),
            "captured to heard by the client": _percentiles(1e3 * (heard.arrived - heard.t)),
        }
        return {way: values for way, values in ways.items() if values}

    def row(self) -> dict[str, Any]:
        """JSON values."""
        seen = self.session.observation
        memory = seen.memory_mib
        return {
            "rate_hz": self.rate_hz,
            "frames": self.frames(),
            "on_time_share": self.on_time_share(),
            "latency_ms": self.latencies_ms(),
            "loop": {
                "looks": seen.looks,
                "opensim_mapped": seen.opensim_mapped if seen.looks else None,
                "realtime_priority": seen.realtime if seen.looks else None,
                "cpu_s": seen.cpu_s,
                "memory_mib_first_last": [memory[len(memory) // 2], memory[-1]] if memory else None,
            },
            "report": self.session.report,
        }

    def show(self, console: Console) -> None:
        """Print the tables."""
        console.print(self._latency_table())
        console.print(self._stage_table())
        for line in self._lines():
            console.print(line)

    def _latency_table(self) -> Table:
        head = ["from - to", *(name.replace("_", ".") for name in PERCENTILES)]
        rows = [
            [way, *(f"{values[name]:.2f}" for name in PERCENTILES)]
            for way, values in self.latencies_ms().items()
        ]
        return rich_table("Latency, ms", head, rows)

    def _stage_table(self) -> Table:
        names = ("p50", "p99", "max")
        rows = [
            [stage, *(f"{values[name]:.0f}" for name in names)]
            for stage, values in self.session.report["stage_us"].items()
        ]
        return rich_table("Stages in the session, us", ["stage", *names], rows)

    def _lines(self) -> list[str]:
        frames, report, seen = self.frames(), self.session.report, self.session.observation
        counts = ", ".join(f"{k} {v}" for k, v in report["status_counts"].items())
        lines = [
            f"the client heard {frames['heard']} of {frames['captured']} frames captured,"
            f" {frames['missing']} missing, {frames['repeated']} repeated",
            f"the main job took {report['frames_in']} frames, published {report['published']},"
            f" skipped {report['skipped']}, substituted {report['substituted']};"
            f" {100.0 * self.on_time_share():.2f} % on time within {report['budget_ms']:g} ms",
            f"flags: {counts}",
            "received to sent is of the session's histogram, to 1 %, the rest of single values",
        ]
        if not seen.looks:
            return [*lines, "the loop's process could not be looked at (no /proc)"]
        opensim = "had OpenSim loaded" if seen.opensim_mapped else "never had OpenSim loaded"
        priority = "real-time" if seen.realtime else "ordinary"
        return [
            *lines,
            f"the loop's process {opensim} ({seen.looks} looks), ran with {priority} priority,"
            f" used {seen.cpu_s:.1f} s of processor time, {seen.memory_mib[-1]:.0f} MiB at the end",
        ]


def _percentiles(milliseconds: F64) -> dict[str, float]:
    """Percentiles [ms] by name; empty if nothing was heard."""
    if len(milliseconds) == 0:
        return {}
    values = np.percentile(milliseconds, list(PERCENTILES.values()))
    return {name: float(v) for name, v in zip(PERCENTILES, values, strict=True)}
