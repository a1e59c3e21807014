"""Recorded trials with what a zero-phase low-pass makes of them: the truth of this scenario."""

import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from benchmarks.subject import DATA_VARIABLE, Files, Subject, demo_walk
from sim_bridge import Bridge, BridgeSettings, CompiledModel
from sim_bridge.filters import ForceDelay, make_filter, zero_phase_derivatives

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

WALK_HZ, RUN_HZ = 6.0, 15.0
"""Low-pass of the truth, as is usual for walking and for running."""
LEG = ("hip_", "knee_angle", "ankle_angle", "subtalar_angle")
"""How the names of the coordinates that are scored begin."""
START_S, END_S = 0.4, 0.15
"""Left out at the ends of a recording, where zero-phase filters have edges [s]."""
EDGE_S = 0.02
"""Left out at the ends of the intervals in which forces are whole [s]."""


Settings = Callable[[BridgeSettings, CompiledModel], BridgeSettings]


def _same(settings: BridgeSettings, model: CompiledModel) -> BridgeSettings:  # noqa: ARG001
    return settings


@dataclass(frozen=True)
class Solution:
    """Motion, moments and activations of frames in a row; SI and radians."""

    qd: F64
    qdd: F64
    tau: F64
    activation: F64

    FIELDS: ClassVar = ("qd", "qdd", "tau", "activation")


@dataclass(frozen=True)
class ScoredTrial:
    """A trial, inverse kinematics and the zero-phase solution of it.

    Attributes
    ----------
    name : str
        ``dataset/subject/trial``.
    running : bool
    subject : Subject
    valid : tuple of (float, float)
        Intervals [s] in which forces are whole.
    ik_q : ndarray of shape (n_frame, n_coordinate), float64 [rad, m]
    truth : Solution
        A row a frame.
    leg : ndarray of shape (n_coordinate,), bool
        Coordinates that are scored.
    bridge : Bridge
        That solves it.
    """

    name: str
    running: bool
    subject: Subject
    valid: tuple[tuple[float, float], ...]
    ik_q: F64
    truth: Solution
    leg: Bool
    bridge: Bridge

    @classmethod
    def load(cls, directory: Path, seconds: float, settings: Settings = _same) -> "ScoredTrial":
        """Read a trial, solve its first ``seconds`` [s]; ``settings`` may change the bridge's."""
        toml = tomllib.loads((directory / "trial.toml").read_text(encoding="utf-8"))
        subject = Subject.load(Files.of_trial(directory))
        keep = int(np.searchsorted(subject.time, subject.time[0] + seconds))
        bridge, solved = _bridge(subject, settings), []
        for markers in subject.markers[:keep]:
            bridge.track(markers)
            solved.append(bridge.output.ik_q.copy())
        ik_q, running = np.array(solved), str(toml["motion"]).startswith("run")
        cutoff = RUN_HZ if running else WALK_HZ
        motion = zero_phase_derivatives(subject.time[:keep], ik_q, cutoff)
        whole = [(float(subject.time[0]), float(subject.time[-1]))]
        leg = np.array([n.startswith(LEG) for n in subject.model.coordinate_names])
        return cls(
            "/".join(directory.parts[-3:]), running, subject,
            tuple((float(a), float(b)) for a, b in toml.get("valid", whole)),
            ik_q, solve(bridge, *motion, subject.forces[:keep]), leg, bridge,
        )  # fmt: skip

    @property
    def dataset(self) -> str:
        """First part of the name."""
        return self.name.partition("/")[0]

    @property
    def time(self) -> F64:
        """Of the frames that were solved [s]."""
        return self.subject.time[: len(self.ik_q)]

    def scored(self, instants: F64) -> Bool:
        """Which instants [s] are within the valid intervals and away from the ends."""
        inside = np.zeros(len(instants), dtype=bool)
        for start, end in self.valid:
            inside |= (instants >= start + EDGE_S) & (instants <= end - EDGE_S)
        away = (instants > self.time[0] + START_S) & (instants < self.time[-1] - END_S)
        both: Bool = inside & away
        return both

    def errors(self, filter_name: str) -> dict[str, float] | None:
        """RMSE per field behind a causal filter; None if no frame counts."""
        delay_s, frames, estimate = self.through(filter_name)
        if len(frames) == 0:
            return None
        return rmse(self, self.time[frames] - delay_s, estimate)

    def through(self, filter_name: str) -> tuple[float, NDArray[np.int64], Solution]:
        """Delay [s], the frames that count, and the solution of each behind a causal filter."""
        n = self.ik_q.shape[1]
        causal = make_filter(filter_name, n, self.subject.rate_hz)
        delay = ForceDelay(len(self.subject.loads), self.subject.rate_hz, causal.delay_s)
        motion, forces = np.zeros((3, *self.ik_q.shape)), np.zeros_like(self.subject.forces)
        for i, t in enumerate(self.time):
            causal.step(float(t), self.ik_q[i])
            delay.step(float(t), self.subject.forces[i])
            motion[0, i], motion[1, i], motion[2, i] = causal.q, causal.qd, causal.qdd
            forces[i] = delay.forces
        frames = np.flatnonzero(self.scored(self.time - causal.delay_s))
        solution = solve(
            self.bridge, motion[0, frames], motion[1, frames], motion[2, frames], forces[frames]
        )
        return causal.delay_s, frames, solution


def _bridge(subject: Subject, settings: Settings) -> Bridge:
    chosen = settings(BridgeSettings(subject.rate_hz), subject.model)
    bridge = Bridge(subject.model, subject.marker_names, subject.loads, chosen)
    bridge.warm_up()
    return bridge


def solve(bridge: Bridge, q: F64, qd: F64, qdd: F64, forces: F64) -> Solution:
    """Inverse dynamics and static optimization of a motion, frame by frame."""
    bridge.so.reset()
    tau, activation = [], []
    for i in range(len(q)):
        out = bridge.solve(q[i], qd[i], qdd[i], forces[i])
        tau.append(out.tau.copy())
        activation.append(out.activation.copy())
    return Solution(qd, qdd, np.array(tau), np.array(activation))


def rmse(trial: ScoredTrial, instants: F64, estimate: Solution) -> dict[str, float]:
    """Root mean square difference to the truth at the instants [s] that an estimate describes.

    Coordinates of the legs, both; all muscles of the model.
    """
    found = {}
    for field in Solution.FIELDS:
        truth = CubicSpline(trial.time, getattr(trial.truth, field))(instants)
        difference = getattr(estimate, field) - truth
        if field != "activation":
            difference = difference[:, trial.leg]
        found[field] = float(np.sqrt(np.mean(difference**2)))
    return found


def trial_directories() -> list[Path]:
    """All trials with plates, or the demo subject's walk where the data sets are not."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    root = Path(os.environ.get(DATA_VARIABLE) or beside)
    found = sorted(p.parent for p in root.glob("*/*/*/trial.toml") if _has_plates(p.parent))
    return found or [demo_walk()]


def _has_plates(directory: Path) -> bool:
    return (directory / "grf.mot").is_file() and (directory / "external_loads.xml").is_file()
