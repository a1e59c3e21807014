"""One trial with its plates as they are known, as plates of unknown feet, and as one belt."""

from dataclasses import dataclass

import numpy as np

from benchmarks.means import rms
from benchmarks.trials import AFTER_S, BEFORE_S, PlateTrial
from sim_bridge import ON_FEET, Bridge, BridgeSettings, BridgeStatus, ExternalForce
from sim_bridge.dynamics.force_delay import ForceDelay
from sim_bridge.dynamics.wrench import add_wrench
from streamer.arrays import F64, Bool

FIELDS = (
    "cleaning N m",
    "plates: same %", "flagged %", "moment N m",
    "belt: same %", "flagged %", "moment N m",
    "motion N m",
)  # fmt: skip
"""Names of the scores, with their units."""
DIGITS = (1,) * len(FIELDS)
LOADED = 20.0
"""Vertical force of a foot from which on a frame is loaded [N]."""
SAME = 1.0
"""Vertical forces that differ by less are the same [N]."""


@dataclass(frozen=True)
class Run:
    """Forces of both feet, leg moments, and whether a force was predicted; a row a frame."""

    force: F64
    tau: F64
    predicted: Bool


@dataclass(frozen=True)
class Case:
    """A trial of a group solved five times; ``raw``: moments of forces as they are in the file."""

    group: str
    scored: Bool
    raw: F64
    known: Run
    plates: Run
    belt: Run
    motion: Run

    def scores(self) -> list[float]:
        """See ``FIELDS``."""
        found = [self._rms(self.raw)]
        for run in (self.plates, self.belt):
            found += [self._same(run), self._flagged(run), self._rms(run.tau)]
        return [*found, self._rms(self.motion.tau)]

    def _rms(self, tau: F64) -> float:
        return rms((tau - self.known.tau)[self.scored])

    def _flagged(self, run: Run) -> float:
        return 100.0 * float(run.predicted[self.scored].mean())

    def _same(self, run: Run) -> float:
        vertical = self.known.force[..., 1]
        loaded = (vertical > LOADED).any(axis=1) & self.scored
        apart = np.abs(run.force[..., 1] - vertical).max(axis=1)
        return 100.0 * float((apart[loaded] < SAME).mean())


def solve_case(trial: PlateTrial) -> Case | None:
    """Solve a trial; None if its valid intervals are too short."""
    forces = trial.subject.forces[: trial.frames]
    two = tuple(ExternalForce(name, ON_FEET) for name in ("1", "2"))
    known, raw, delay_s, settled = _with_raw(trial, forces)
    scored = trial.recorded.whole(trial.time - delay_s, AFTER_S, BEFORE_S) & settled
    if not scored.any():
        return None
    return Case(
        trial.group,
        scored,
        raw,
        known,
        _solve(trial, two, forces[:, ::-1]),  # the other way round than the feet
        _solve(trial, two[:1], _one_belt(forces)),
        _solve(trial, (), forces[:, :0]),
    )


def _one_belt(forces: F64) -> F64:
    """All forces as one plate under both feet would measure them."""
    belt = forces[:, :1].copy()
    for i, row in enumerate(belt[:, 0]):
        for other in forces[i, 1:]:
            add_wrench(other, row)
    return belt


def _solve(trial: PlateTrial, loads: tuple[ExternalForce, ...], forces: F64) -> Run:
    subject, leg = trial.subject, trial.leg
    bridge = Bridge(subject.model, subject.marker_names, loads, BridgeSettings(subject.rate_hz))
    kept = []
    for i, rows in enumerate(forces):
        out = bridge.step(float(subject.time[i]), subject.markers[i], rows)
        flag = bool(out.status & BridgeStatus.GRF_PREDICTED)
        kept.append((out.forces.copy(), out.tau[leg], flag))
    force, tau, predicted = (np.array(part) for part in zip(*kept, strict=True))
    return Run(force, tau, predicted)


def _with_raw(trial: PlateTrial, forces: F64) -> tuple[Run, F64, float, Bool]:
    """The known assignment; moments of uncleaned forces; the delay [s]; which frames are settled.

    The known one takes rows without load for none, whatever the motion needs.
    """
    subject, leg = trial.subject, trial.leg
    settings = BridgeSettings(subject.rate_hz, ground_reaction="measured")
    bridge, plain = (
        Bridge(subject.model, subject.marker_names, subject.loads, settings) for _ in range(2)
    )
    delay = ForceDelay(len(subject.loads), subject.rate_hz, bridge.filter_delay_s)
    kept = []
    for i, rows in enumerate(forces):
        out = bridge.step(float(subject.time[i]), subject.markers[i], rows)
        settled = not out.status & (BridgeStatus.WARMING_UP | BridgeStatus.HOLD)
        delay.step(float(subject.time[i]), rows)
        raw = plain.solve(out.q, out.qd, out.qdd, delay.forces).tau[leg]
        kept.append((out.forces.copy(), out.tau[leg], raw, settled))
    force, tau, raw_tau, settled_all = (np.array(part) for part in zip(*kept, strict=True))
    known = Run(force, tau, np.zeros(len(tau), dtype=bool))
    return known, raw_tau, bridge.filter_delay_s, settled_all
