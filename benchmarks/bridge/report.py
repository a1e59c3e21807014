"""The bridge's benchmark as tables for people and as one row for machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.bridge.scaling import Scaling
from benchmarks.bridge.side_by_side import Comparison
from benchmarks.bridge.stage_table import StageTable
from benchmarks.subject import Subject
from benchmarks.timing import Quantiles
from streamer.reports.tables import rich_table


@dataclass(frozen=True)
class Report:
    """Everything that was measured; ``scaling`` and ``tool_us`` may be left out."""

    subject: Subject
    markers_used: int
    comparisons: Sequence[Comparison]
    tool_us: float | None
    stages: StageTable
    scaling: Sequence[Scaling]

    def sizes(self) -> dict[str, int]:
        """What the subject consists of."""
        model = self.subject.model
        return {
            "muscles": len(model.muscle_names),
            "coordinates": len(model.coordinate_names),
            "free_coordinates": len(model.coordinates.free_index),
            "links": len(model.chain.parent),
            "markers": self.markers_used,
            "loads": len(self.subject.loads),
            "frames": len(self.subject.time),
        }

    def row(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "model": self.subject.model.name,
            "model_digest": self.subject.model.digest,
            "sizes": self.sizes(),
            "side_by_side": [c.row() for c in self.comparisons],
            "inverse_dynamics_tool_us": self.tool_us,
            "stages": self.stages.row(),
            "scaling": [s.row() for s in self.scaling],
        }

    def show(self, console: Console) -> None:
        """Print the tables."""
        sizes = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in self.sizes().items())
        console.print(f"\n{self.subject.model.name}: {sizes}")
        console.print(_side_by_side(self.comparisons))
        if self.tool_us is not None:
            console.print(
                f"OpenSim's InverseDynamicsTool, file to file: {self.tool_us:.0f} us a frame",
            )
        console.print(_stages(self.stages))
        if self.scaling:
            console.print(_scaling(self.scaling))


def _side_by_side(comparisons: Sequence[Comparison]) -> Table:
    table = Table(title="OpenSim and the bridge, the same frames in turn, processor time")
    for name in ("OpenSim", "ms p50", "bridge", "us p50", "us max", "ratio p50", "p10 - p90"):
        table.add_column(name, justify="left" if name in ("OpenSim", "bridge") else "right")
    table.add_column("largest difference", justify="right")
    for c in comparisons:
        table.add_row(
            c.name, f"{1e-3 * c.opensim.p50:.3g}", c.stages, f"{c.ours.p50:.0f}",
            f"{c.ours.max:.0f}", f"{c.ratio['p50']:.0f}",
            f"{c.ratio['p10']:.0f} - {c.ratio['p90']:.0f}", c.difference,
        )  # fmt: skip
    return table


def _stages(stages: StageTable) -> Table:
    peak = stages.peak
    names = ("p50 us", "p99 us", "max us", "flops", "bytes", "floor us", "p50 / floor")
    rows = [
        [stage, *_numbers(quantiles), *_floor_cells(stages, stage)]
        for stage, quantiles in stages.stages.items()
    ]
    table = rich_table("Stages over the whole recording, one thread", ["stage", *names], rows)
    table.caption = (
        f"floor: least work of one iteration at {1e-9 * peak.flops_per_s:.0f} GFLOP/s and"
        f" {1e-9 * peak.bytes_per_s:.0f} GB/s, measured now on one core; median iterations:"
        f" ik {stages.ik_iterations:g}, so {stages.so_iterations:g}"
    )
    return table


def _numbers(q: Quantiles) -> tuple[str, str, str]:
    return f"{q.p50:.1f}", f"{q.p99:.1f}", f"{q.max:.1f}"


def _floor_cells(stages: StageTable, stage: str) -> tuple[str, ...]:
    if stage not in stages.floors:
        return ()
    floor = stages.floors[stage]
    microseconds = 1e6 * floor.seconds(stages.peak)
    times = f"{stages.times_floor(stage):.0f}"
    return f"{floor.flops:.0f}", f"{floor.bytes:.0f}", f"{microseconds:.2f}", times


def _scaling(series: Sequence[Scaling]) -> Table:
    table = Table(title="Cost against size: median us, and the straight line through it")
    for name in ("stage", "against", "size: us"):
        table.add_column(name)
    for name in ("base us", "us per piece", "off the line"):
        table.add_column(name, justify="right")
    for s in series:
        points = "  ".join(f"{n}: {c:.0f}" for n, c in zip(s.sizes, s.p50_us, strict=True))
        table.add_row(
            s.stage, s.against, points, f"{s.base_us:.1f}", f"{s.slope_us:.2f}",
            f"{100.0 * s.deviation:.0f} %",
        )  # fmt: skip
    return table
