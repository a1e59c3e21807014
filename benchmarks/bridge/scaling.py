"""Cost against size: muscles, markers, coordinates, each with a straight line through it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.bridge.files import FileSubject
from benchmarks.bridge.variants import COPY, HINGES, swing, tree, with_marker_copies, with_muscles
from benchmarks.subject import Subject
from benchmarks.timing import StageClock
from sim_bridge import Bridge, BridgeSettings, CompiledModel, ExternalForce, compile_model
from streamer.arrays import F64
from streamer.console.terminal import say

MUSCLES = (18, 80, 92, 300)
MARKER_COPIES = 4
LEGS = (1, 2, 4, 8)
"""Of trees with 12, 18, 30 and 54 coordinates."""
TREE_MARKERS, TREE_RATE_HZ, TREE_FRAMES = 54, 100.0, 200


@dataclass(frozen=True)
class Scaling:
    """Median cost [us] of one stage at several sizes, and the line ``base + slope * size``.

    ``deviation`` is the largest distance of a point from its line, as a share of the point: what
    is not linear shows there.
    """

    stage: str
    against: str
    sizes: tuple[int, ...]
    p50_us: tuple[float, ...]
    base_us: float
    slope_us: float
    deviation: float

    @classmethod
    def of(cls, stage: str, against: str, points: Sequence[tuple[int, float]]) -> "Scaling":
        """Fit a line through (size, median [us]) by least squares."""
        sizes, costs = np.array(points, dtype=np.float64).T
        slope, base = np.polyfit(sizes, costs, 1)
        deviation = float(np.abs((base + slope * sizes - costs) / costs).max())
        return cls(
            stage, against, tuple(int(n) for n in sizes), tuple(float(c) for c in costs),
            float(base), float(slope), deviation,
        )  # fmt: skip

    def row(self) -> dict[str, Any]:
        """JSON values."""
        return dict(vars(self))


def measure_scaling(subject: FileSubject, rounds: int, seed: int) -> list[Scaling]:
    """Measure every stage against what it should grow with.

    Parameters
    ----------
    subject : FileSubject
        Recording; its model is the middle of the series of muscles and of markers.
    rounds : int
        How often each model goes through its recording.
    seed : int
        Of the trees' motion.
    """
    with TemporaryDirectory() as folder:
        return [
            *_against_muscles(subject, Path(folder), rounds),
            *_against_markers(subject, Path(folder), rounds),
            *_against_coordinates(Path(folder), rounds, seed),
        ]


def _against_muscles(subject: FileSubject, folder: Path, rounds: int) -> list[Scaling]:
    series: list[tuple[int, dict[str, float]]] = []
    for count in MUSCLES:
        say(f"  {count} muscles")
        osim = with_muscles(subject.files.model, count, folder / f"muscles{count}.osim")
        model = _compiled(osim, folder)
        markers = (subject.marker_names, subject.markers)
        medians = _medians(model, subject, *markers, rounds)
        series.append((len(model.muscle_names), medians))
    return _series(series, ("paths", "so"), "muscles")


def _against_markers(subject: FileSubject, folder: Path, rounds: int) -> list[Scaling]:
    osim = with_marker_copies(subject.files.model, MARKER_COPIES, folder / "markers.osim")
    say("  up to four times the markers")
    model = _compiled(osim, folder)
    known = set(subject.model.marker_names)
    columns = [i for i, name in enumerate(subject.marker_names) if name in known]
    names, positions = [subject.marker_names[i] for i in columns], subject.markers[:, columns]
    series = []
    for copies in range(1, MARKER_COPIES + 1):
        labels = [n if k == 0 else f"{n}{COPY}{k}" for k in range(copies) for n in names]
        placed = np.tile(positions, (1, copies, 1))
        series.append((len(labels), _medians(model, subject, labels, placed, rounds)))
    return _series(series, ("ik",), "markers")


def _against_coordinates(folder: Path, rounds: int, seed: int) -> list[Scaling]:
    series = []
    for legs in LEGS:
        say(f"  a tree of {6 + HINGES * legs} coordinates, {TREE_MARKERS} markers")
        osim = tree(legs, TREE_MARKERS, folder / f"tree{legs}.osim")
        model = _compiled(osim, folder)
        _, markers = swing(model, TREE_FRAMES, TREE_RATE_HZ, seed)
        time = np.arange(TREE_FRAMES) / TREE_RATE_HZ
        forces = np.zeros((TREE_FRAMES, 0, 9))
        settings = BridgeSettings(TREE_RATE_HZ)
        bridge = Bridge(model, model.marker_names, (), settings)
        series.append((len(model.coordinate_names), _run(bridge, time, markers, forces, rounds)))
    return _series(series, ("ik", "ik per iteration", "filter", "id"), "coordinates")


def _compiled(osim: Path, folder: Path) -> CompiledModel:
    """Compile a model and read it back, as a session does; arrays then are read-only."""
    compile_model(osim, cache_dir=folder)
    return compile_model(osim, cache_dir=folder)


def _series(
    series: list[tuple[int, dict[str, float]]], stages: Sequence[str], against: str
) -> list[Scaling]:
    return [Scaling.of(stage, against, [(n, m[stage]) for n, m in series]) for stage in stages]


def _medians(
    model: CompiledModel, subject: Subject, labels: Sequence[str], markers: F64, rounds: int
) -> dict[str, float]:
    """Median cost of every stage [us] of a variant of the subject's model."""
    loads: tuple[ExternalForce, ...] = subject.loads
    bridge = Bridge(model, labels, loads, BridgeSettings(subject.rate_hz))
    return _run(bridge, subject.time, markers, subject.forces, rounds)


def _run(bridge: Bridge, time: F64, markers: F64, forces: F64, rounds: int) -> dict[str, float]:
    """Step a bridge through a recording; medians over the frames [us]."""
    bridge.warm_up()
    clock, iterations = StageClock(), []
    bridge.on_stage = clock.mark
    for _ in range(rounds):
        bridge.reset()
        for i, t in enumerate(time):
            clock.start()
            bridge.step(float(t), markers[i], forces[i])
            clock.finish()
            iterations.append(max(bridge.ik.iterations, 1))
    each = clock.seconds("ik") / np.array(iterations)
    medians = {stage: q.p50 for stage, q in clock.table().items()}
    return medians | {"ik per iteration": 1e6 * float(np.median(each))}
