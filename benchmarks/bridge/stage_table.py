"""Cost of every stage of the bridge over the whole recording, beside its floor."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.bridge.floor import Floor, Peak, floors
from benchmarks.subject import Subject
from benchmarks.timing import Quantiles, StageClock
from sim_bridge import STAGES
from sim_bridge.filters.wiener import window_frames


@dataclass(frozen=True)
class StageTable:
    """Percentiles of every stage [us], its floor, and what the core can do."""

    stages: dict[str, Quantiles]
    floors: dict[str, Floor]
    peak: Peak
    ik_iterations: float
    so_iterations: float

    def times_floor(self, stage: str) -> float:
        """Median of a stage over the time its floor takes."""
        return self.stages[stage].p50 / (1e6 * self.floors[stage].seconds(self.peak))

    def row(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "stages_us": {stage: q.row() for stage, q in self.stages.items()},
            "floor": {
                stage: {"flops": f.flops, "bytes": f.bytes, "us": 1e6 * f.seconds(self.peak),
                        "times": self.times_floor(stage)}
                for stage, f in self.floors.items()
            },
            "peak_gflops": 1e-9 * self.peak.flops_per_s,
            "peak_gb_per_s": 1e-9 * self.peak.bytes_per_s,
            "iterations_median": {"ik": self.ik_iterations, "so": self.so_iterations},
        }  # fmt: skip


def measure_stages(subject: Subject, rounds: int) -> StageTable:
    """Step the bridge through the recording, after one round that is not counted.

    Parameters
    ----------
    subject : Subject
        Recording.
    rounds : int
        How often to go through it.
    """
    bridge, clock = subject.bridge(), StageClock()
    iterations: list[tuple[int, int]] = []
    for k in range(rounds + 1):
        bridge.reset()
        bridge.on_stage = clock.mark if k else None
        for t, markers, forces in zip(subject.time, subject.markers, subject.forces, strict=True):
            if k:
                clock.start()
            bridge.step(float(t), markers, forces)
            if k:
                clock.finish()
                iterations.append((bridge.ik.iterations, bridge.so.iterations))
    window = window_frames(subject.rate_hz)  # of the default filter
    found = floors(subject.model, bridge.ik.n_markers, len(subject.loads), window)
    ik, so = np.median(np.array(iterations), axis=0)
    table = clock.table()
    stages = {stage: table[stage] for stage in (*STAGES, "total", "total (cpu)")}
    whole = Floor(
        sum(f.flops for f in found.values()), sum(f.bytes for f in found.values())
    )  # fmt: skip
    return StageTable(stages, found | {"total": whole}, Peak.measure(), float(ik), float(so))
