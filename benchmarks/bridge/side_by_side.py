"""OpenSim and the bridge on the same frames, in turn within each frame.

A machine changes its speed from second to second, above all a shared one. So each frame is solved
by one side right after the other, each frame gives one ratio, and the median of the ratios counts,
not the ratio of two means. What takes microseconds is run up to its frame over the frames before
it, untimed: else it would be timed with the caches full of what took OpenSim half a second.

All times here are processor time of the calling thread. Wall time would flatter us on a busy
machine: a call of half a second is interrupted many times, one of half a millisecond hardly ever.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.bridge.files import FileSubject
from benchmarks.bridge.opensim_side import (
    InverseDynamicsSide,
    InverseKinematicsSide,
    StaticOptimizationSide,
    inverse_dynamics_tool,
)
from benchmarks.subject import Motion, Subject
from benchmarks.timing import Quantiles, StageClock, cpu_seconds
from sim_bridge import Bridge
from streamer.console.terminal import say
from streamer.formats import Storage, write_storage

ACCURACY_DEFAULT, ACCURACY_CONVERGED = 1e-5, 1e-8
"""Of OpenSim's IK. At the first, its tool's default, it is degrees away from its own optimum."""
CONVERGENCE_DEFAULT, CONVERGENCE_TIGHT = (1e-4, 100), (1e-7, 500)
"""Convergence criterion and most iterations of OpenSim's static optimization."""
RUN_UP = 5
"""Frames before the timed one that are solved just before it, by what is quick."""
_TOOL_SHORT = 2  # frames of the run that is subtracted: what the tool needs for its files


@dataclass(frozen=True)
class Comparison:
    """One solver of OpenSim against our stage or stages.

    Attributes
    ----------
    name : str
        What OpenSim did.
    stages : str
        What we did.
    opensim, ours : Quantiles
        Processor time per frame [us].
    ratio : dict of str to float
        Of OpenSim's to our time of the same frame: p10, p50 and p90 over the frames.
    difference : str
        Largest difference of the results, with its unit; empty where they do not compare.
    """

    name: str
    stages: str
    opensim: Quantiles
    ours: Quantiles
    ratio: dict[str, float]
    difference: str

    @classmethod
    def of(
        cls, name: str, stages: str, opensim: list[float], ours: list[float], difference: str = ""
    ) -> "Comparison":
        """Compare durations [s] frame by frame."""
        p10, p50, p90 = np.percentile(np.array(opensim) / np.array(ours), [10.0, 50.0, 90.0])
        ratio = {"p10": float(p10), "p50": float(p50), "p90": float(p90)}
        return cls(
            name, stages, Quantiles.of(opensim), Quantiles.of(ours), ratio, difference
        )  # fmt: skip

    def row(self) -> dict[str, Any]:
        """JSON values."""
        fields = {k: getattr(self, k) for k in ("name", "stages", "ratio", "difference")}
        return fields | {"opensim_us": self.opensim.row(), "ours_us": self.ours.row()}


class _OpenSim:
    """All solvers of OpenSim that take part."""

    def __init__(self, subject: FileSubject, motion: Motion) -> None:
        self.ik_default = InverseKinematicsSide(subject, ACCURACY_DEFAULT)
        self.ik_converged = InverseKinematicsSide(subject, ACCURACY_CONVERGED)
        self.id = InverseDynamicsSide(subject, motion)
        self.so_default = StaticOptimizationSide(subject, motion, *CONVERGENCE_DEFAULT)
        self.so_converged = StaticOptimizationSide(subject, motion, *CONVERGENCE_TIGHT)

    def begin(self, window: range) -> None:
        """Solve the frame before the window on every side: starting does not count."""
        before = window[0] - 1
        runs_up = range(window[0] - RUN_UP, window[-1] + 1)
        for ik in (self.ik_default, self.ik_converged):
            ik.begin(before)
        self.id.begin(runs_up)
        for so in (self.so_default, self.so_converged):
            so.begin(before)

    def run_up(self, frame: int) -> None:
        """Solve the dynamics of the frames before this one."""
        for earlier in range(frame - RUN_UP, frame):
            self.id.step(earlier)


class _Bridges:
    """Ours: one bridge for the stages on the motion that OpenSim gets, one as in a session.

    A third one runs up to each frame.
    """

    def __init__(self, subject: Subject, motion: Motion) -> None:
        self._subject, self._motion = subject, motion
        self.staged, self._live, self._ahead = (subject.bridge() for _ in range(3))
        self.clock = StageClock(time.thread_time_ns)

    def begin(self, window: range) -> None:
        """Get both bridges where a session would be at the window's first frame."""
        for frame in range(window[0]):
            self.staged.track(self._subject.markers[frame])
            self.live(frame)
        self._solve(window[0] - 1)
        self.run_up(window[0])
        self.staged.on_stage = self.clock.mark

    def run_up(self, frame: int) -> None:
        """Step a bridge that is not timed through the frames before this one."""
        for earlier in range(frame - RUN_UP, frame):
            self._step(self._ahead, earlier)

    def stages(self, frame: int) -> None:
        """One frame, stage by stage."""
        self.clock.start()
        self.staged.track(self._subject.markers[frame])
        self._solve(frame)
        self.clock.finish()

    def live(self, frame: int) -> None:
        """One frame as in a session, the causal filter included."""
        self._step(self._live, frame)

    def _step(self, bridge: Bridge, frame: int) -> None:
        s = self._subject
        bridge.step(float(s.time[frame]), s.markers[frame], s.forces[frame])

    def _solve(self, frame: int) -> None:
        m = self._motion
        self.staged.solve(m.q[frame], m.qd[frame], m.qdd[frame], self._subject.forces[frame])


def compare(subject: FileSubject, motion: Motion, frames: int, seed: int) -> list[Comparison]:
    """Solve a window of the recording on both sides.

    Parameters
    ----------
    subject : FileSubject
        Recording.
    motion : Motion
        Of it, for the dynamics of both sides.
    frames : int
        How many frames in a row, from somewhere in the middle half of the recording.
    seed : int
        Chooses where.

    Returns
    -------
    list of Comparison
        Inverse kinematics and static optimization as OpenSim comes and converged, inverse
        dynamics, and all three together.
    """
    window = _window(len(subject.time), frames, seed)
    theirs, ours = _OpenSim(subject, motion), _Bridges(subject, motion)
    say(f"  OpenSim and the bridge in turn, frames {window[0]} to {window[-1]}")
    theirs.begin(window)
    ours.begin(window)
    spent: dict[str, list[float]] = {}
    apart: dict[str, float] = {}
    for frame in window:
        for name, seconds in _solve(theirs, ours, frame).items():
            spent.setdefault(name, []).append(seconds)
        for name, value in _differences(theirs, ours, subject).items():
            apart[name] = max(apart.get(name, 0.0), value)
    stages = {stage: list(ours.clock.seconds(stage)) for stage in ("ik", "id", "paths", "so")}
    return _comparisons(spent, stages, apart)


def _window(n: int, frames: int, seed: int) -> range:
    """Frames in a row, begun in the middle half of ``n``, with room before them."""
    first = max(n // 4, RUN_UP)
    begin = int(np.random.default_rng(seed).integers(first, max(3 * n // 4 - frames, first) + 1))
    return range(begin, min(begin + frames, n))


def _solve(theirs: _OpenSim, ours: _Bridges, frame: int) -> dict[str, float]:
    """One frame by every solver in turn [s]; our stages are timed by their own clock."""
    spent = {
        "ik": cpu_seconds(theirs.ik_default.step, frame),
        "ik tight": cpu_seconds(theirs.ik_converged.step, frame),
    }
    theirs.run_up(frame)
    spent["id"] = cpu_seconds(theirs.id.step, frame)
    ours.run_up(frame)
    ours.stages(frame)
    spent["step"] = cpu_seconds(ours.live, frame)
    theirs.so_default.place(frame)
    spent["so"] = cpu_seconds(theirs.so_default.step, frame)
    theirs.so_converged.place(frame)
    spent["so tight"] = cpu_seconds(theirs.so_converged.step, frame)
    return spent


def _differences(theirs: _OpenSim, ours: _Bridges, subject: Subject) -> dict[str, float]:
    """Largest differences of the frame just solved: angles [deg], moments, activations."""
    out, rotation = ours.staged.output, subject.model.coordinate_is_rotation
    angles = {
        name: np.degrees(np.abs(side.coordinates() - out.ik_q)[rotation])
        for name, side in (("ik", theirs.ik_default), ("ik tight", theirs.ik_converged))
    }
    activations = {
        name: np.abs(side.activations() - out.activation)
        for name, side in (("so", theirs.so_default), ("so tight", theirs.so_converged))
    }
    moments = {"id": np.abs(theirs.id.moments() - out.tau)}
    return {k: float(v.max(initial=0.0)) for k, v in (angles | moments | activations).items()}


def _comparisons(
    spent: dict[str, list[float]], stages: dict[str, list[float]], apart: dict[str, float]
) -> list[Comparison]:
    """Put both sides together."""
    muscles = [p + s for p, s in zip(stages["paths"], stages["so"], strict=True)]
    three = [sum(x) for x in zip(spent["ik"], spent["id"], spent["so"], strict=True)]
    tight = [sum(x) for x in zip(spent["ik tight"], spent["id"], spent["so tight"], strict=True)]
    of = Comparison.of
    return [
        of("IK, accuracy 1e-5 (default)", "ik", spent["ik"], stages["ik"],
           f"{apart['ik']:.2g} deg"),
        of("IK, accuracy 1e-8", "ik", spent["ik tight"], stages["ik"],
           f"{apart['ik tight']:.2g} deg"),
        of("ID, InverseDynamicsSolver", "id", spent["id"], stages["id"],
           f"{apart['id']:.2g} N m"),
        of("SO, convergence 1e-4 (default)", "paths + so", spent["so"], muscles,
           f"{apart['so']:.2g}"),
        of("SO, convergence 1e-7", "paths + so", spent["so tight"], muscles,
           f"{apart['so tight']:.2g}"),
        of("the three at their defaults", "whole step", three, spent["step"]),
        of("the three converged", "whole step", tight, spent["step"]),
    ]  # fmt: skip


def time_inverse_dynamics_tool(subject: FileSubject, motion: Motion) -> float:
    """Cost of one frame in OpenSim's InverseDynamicsTool [us].

    The whole recording less a run of two frames, so that reading files does not count.
    """
    model = subject.model
    degrees = np.where(model.coordinate_is_rotation, np.degrees(1.0), 1.0)
    table = Storage(subject.time, model.coordinate_names, degrees * motion.q, True, "Coordinates")
    begin = float(subject.time[0])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "coordinates.mot"
        write_storage(path, table)
        ends = (float(subject.time[_TOOL_SHORT - 1]), float(subject.time[-1]))
        short, whole = (
            cpu_seconds(inverse_dynamics_tool, subject, path, (begin, end)) for end in ends
        )
    return 1e6 * (whole - short) / (len(subject.time) - _TOOL_SHORT)
