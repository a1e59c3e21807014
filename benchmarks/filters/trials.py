"""Recorded trials with what a zero-phase low-pass makes of them: the truth of this scenario."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.interpolate import CubicSpline

from benchmarks.means import rms
from benchmarks.trials import PlateTrial
from sim_bridge import Bridge, BridgeSettings
from sim_bridge.base_coordinates import rotations
from sim_bridge.dynamics.force_delay import ForceDelay
from sim_bridge.filters import make_filter, zero_phase_derivatives
from streamer.arrays import F64, I64, Bool
from streamer.commands.bridges import with_ik_setup
from streamer.commands.offline import tracked
from streamer.formats.ik_setup import IkSetup

WALK_HZ, RUN_HZ = 6.0, 15.0
"""Low-pass of the truth, as is usual for walking and for running."""
START_S, END_S = 0.4, 0.15
"""Left out at the ends of a recording, where zero-phase filters have edges [s]."""
EDGE_S = 0.02
"""Left out at the ends of the intervals in which forces are whole [s]."""


@dataclass(frozen=True)
class Solution:
    """Motion, moments and activations of frames in a row; SI and radians."""

    qd: F64
    qdd: F64
    tau: F64
    activation: F64

    FIELDS: ClassVar = ("qd", "qdd", "tau", "activation")


@dataclass(frozen=True)
class ScoredTrial(PlateTrial):
    """A trial, inverse kinematics and the zero-phase solution of it.

    Attributes
    ----------
    ik_q : ndarray of shape (n_frame, n_coordinate), float64 [rad, m]
    truth : Solution
        A row a frame.
    bridge : Bridge
        That solves it.
    """

    ik_q: F64
    truth: Solution
    bridge: Bridge

    @classmethod
    def solved(cls, trial: PlateTrial, setup: IkSetup | None = None) -> "ScoredTrial":
        """Solve a trial, with the markers' weights of an IK setup if there is one."""
        subject, n = trial.subject, trial.frames
        settings = BridgeSettings(subject.rate_hz)
        if setup is not None:
            settings = with_ik_setup(settings, setup, subject.model)
        bridge = subject.bridge(settings)
        ik_q = tracked(bridge, subject.markers[:n])
        motion = zero_phase_derivatives(trial.time, ik_q, RUN_HZ if trial.running else WALK_HZ)
        truth = solve(bridge, *motion, subject.forces[:n])
        return cls(**vars(trial), ik_q=ik_q, truth=truth, bridge=bridge)

    def scored(self, instants: F64) -> Bool:
        """Which instants [s] are within the valid intervals and away from the ends."""
        away = (instants > self.time[0] + START_S) & (instants < self.time[-1] - END_S)
        both: Bool = self.recorded.whole(instants, EDGE_S, EDGE_S) & away
        return both

    def errors(self, filter_name: str) -> dict[str, float] | None:
        """RMSE per field behind a causal filter; None if no frame counts."""
        delay_s, frames, estimate = self.through(filter_name)
        if len(frames) == 0:
            return None
        return rmse(self, self.time[frames] - delay_s, estimate)

    def through(self, filter_name: str) -> tuple[float, I64, Solution]:
        """Delay [s], the frames that count, and the solution of each behind a causal filter."""
        model, rate_hz = self.subject.model, self.subject.rate_hz
        causal = make_filter(filter_name, self.ik_q.shape[1], rate_hz, rotations(model))
        delay = ForceDelay(len(self.subject.loads), rate_hz, causal.delay_s)
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
        found[field] = rms(difference)
    return found
