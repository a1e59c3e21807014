"""One trial, solved with plates and without, and what lies between the two."""

from dataclasses import dataclass

import numpy as np

from benchmarks.means import rms
from benchmarks.trials import AFTER_S, BEFORE_S, PlateTrial
from sim_bridge import Bridge, BridgeSettings, BridgeStatus
from streamer.arrays import F64, Bool
from streamer.exceptions import ConfigError

CONTACT = 0.05
"""Vertical force at which a foot touches the floor [body weights]."""
LOADED = 0.2
"""Vertical force from which on a centre of pressure is compared [body weights]."""
FARTHEST_S = 0.1
"""Contacts farther apart than this are not the same one [s]."""
FIELDS = ("vertical %", "fore-aft %", "lateral %", "centre cm", "contact ms", "moment N m", "act.")
"""Names of the scores, with their units."""
DIGITS = (1, 1, 1, 1, 1, 1, 3)


@dataclass(frozen=True)
class Pair:
    """A trial of a group solved twice: rows are frames, forces in body weights.

    ``force`` and ``centre`` of shape (2, n_frame, n_foot, 3): with plates, and predicted.
    """

    group: str
    time: F64
    force: F64
    centre: F64
    tau: F64
    activation: F64
    scored: Bool

    def scores(self) -> list[float]:
        """See ``FIELDS``."""
        error = (self.force[1] - self.force[0])[self.scored]
        by_axis = 100.0 * np.sqrt(np.mean(error**2, axis=(0, 1)))
        loaded = (self.force[..., 1] > LOADED).all(axis=0) & self.scored[:, None]
        along = (self.centre[1] - self.centre[0])[..., 0][loaded]
        return [
            *(float(by_axis[axis]) for axis in (1, 0, 2)),
            100.0 * rms(along),
            1e3 * self._contact_error_s(),
            rms((self.tau[1] - self.tau[0])[self.scored]),
            rms((self.activation[1] - self.activation[0])[self.scored]),
        ]

    def _contact_error_s(self) -> float:
        """Median absolute difference of the instants at which feet land or leave.

        Those without a counterpart within `FARTHEST_S` are left out.
        """
        found: list[float] = []
        for foot in range(self.force.shape[2]):
            plates, ours = (crossings(self.time, f[:, foot, 1], CONTACT) for f in self.force)
            for instant in plates:
                if len(ours) and self._counts(instant):
                    nearest = float(np.abs(ours - instant).min())
                    found += [nearest] if nearest < FARTHEST_S else []
        return float(np.median(found)) if found else float("nan")

    def _counts(self, instant: float) -> bool:
        return bool(self.scored[int(np.argmin(np.abs(self.time - instant)))])


def crossings(time: F64, force: F64, level: float) -> F64:
    """Instants [s] at which a force crosses a level, between frames."""
    above = force - level
    k = np.flatnonzero(above[1:] * above[:-1] < 0.0)
    share = above[k] / (above[k] - above[k + 1])
    crossed: F64 = time[k] + share * (time[k + 1] - time[k])
    return crossed


def solve_pair(trial: PlateTrial) -> Pair | None:
    """Solve a trial twice; None if its valid intervals are too short.

    Raises
    ------
    ConfigError
        If a foot has several plates: a prediction is not shared out to them.
    """
    bodies = [load.body for load in trial.subject.loads]
    if len(set(bodies)) < len(bodies):
        raise ConfigError(f"{trial.recorded.directory} has several plates for a foot; leave it out")
    measured, predicted = (_solve(trial, mode) for mode in ("measured", "predicted"))
    time = trial.time - measured[4]
    scored = trial.recorded.whole(time, AFTER_S, BEFORE_S) & measured[3]
    if not scored.any():
        return None
    force, tau, activation = (
        np.stack([a, b]) for a, b in zip(measured[:3], predicted[:3], strict=True)
    )
    model = trial.subject.model
    weight = model.mass * float(np.linalg.norm(model.gravity))
    return Pair(
        trial.group, time, force[..., :3] / weight, force[..., 3:6], tau[..., trial.leg],
        activation, scored,
    )  # fmt: skip


def _solve(trial: PlateTrial, mode: str) -> tuple[F64, F64, F64, Bool, float]:
    """Forces, moments, activations, which frames are settled, and the filter's delay [s]."""
    subject = trial.subject
    settings = BridgeSettings(subject.rate_hz, ground_reaction=mode)  # type: ignore[arg-type]
    bridge = Bridge(subject.model, subject.marker_names, subject.loads, settings)
    rows: list[tuple[F64, F64, F64, bool]] = []
    for i in range(trial.frames):
        out = bridge.step(float(subject.time[i]), subject.markers[i], subject.forces[i])
        settled = not out.status & (BridgeStatus.WARMING_UP | BridgeStatus.HOLD)
        rows.append((out.forces.copy(), out.tau.copy(), out.activation.copy(), settled))
    forces, tau, activation, settled_all = (np.array(c) for c in zip(*rows, strict=True))
    return forces, tau, activation, settled_all, bridge.filter_delay_s
