"""What each stage gets on each frame, so that it can be timed alone."""

from dataclasses import dataclass

import numpy as np

from benchmarks.subject import Subject
from sim_bridge.dynamics.inverse_dynamics import InverseDynamics
from sim_bridge.muscles.force import MuscleForce
from sim_bridge.muscles.paths import MuscleGeometry
from streamer.arrays import F64


@dataclass(frozen=True)
class StageInputs:
    """Inputs of every stage over a recording, the first axis is the frame.

    ==================  =========================================  ============  ============
    field               meaning                                    unit          shape
    ==================  =========================================  ============  ============
    ik_q                inverse kinematics                         rad, m        (n, n_coord)
    q, qd, qdd          filtered                                   rad, m        (n, n_coord)
    free, free_speed    of these the free ones                     rad, m        (n, n_free)
    tau                 generalized forces                         N m, N        (n, n_coord)
    dq                  derivative of coordinates in their leads                 (n, n_coord)
    length, speed       of the muscles                             m, m/s        (n, n_muscle)
    force               of the muscles at full activation          N             (n, n_muscle)
    moment_arm          of the muscles                             m             (n, n_muscle, d)
    activation          of the muscles                                           (n, n_muscle)
    ==================  =========================================  ============  ============
    """

    subject: Subject
    ik_q: F64
    q: F64
    qd: F64
    qdd: F64
    free: F64
    free_speed: F64
    tau: F64
    dq: F64
    length: F64
    speed: F64
    force: F64
    moment_arm: F64
    activation: F64

    @classmethod
    def of(cls, subject: Subject) -> "StageInputs":
        """Run the whole bridge once and keep what passes between the stages."""
        model, bridge = subject.model, subject.bridge()
        dynamics = InverseDynamics(model, subject.loads)
        geometry, force = MuscleGeometry(model), MuscleForce(model)
        kept: dict[str, list[F64]] = {name: [] for name in cls.__annotations__ if name != "subject"}
        for i, t in enumerate(subject.time):
            out = bridge.step(float(t), subject.markers[i], subject.forces[i])
            free = out.q[model.coordinates.free_index]
            free_speed = out.qd[model.coordinates.free_index]
            dynamics.step(out.q, out.qd, out.qdd, subject.forces[i])
            geometry.step(free, free_speed)
            force.step(geometry.length, geometry.speed)
            values = {
                "ik_q": out.ik_q, "q": out.q, "qd": out.qd, "qdd": out.qdd,
                "free": free, "free_speed": free_speed, "tau": dynamics.tau,
                "dq": geometry.dq, "length": geometry.length, "speed": geometry.speed,
                "force": force.force, "moment_arm": geometry.moment_arm,
                "activation": out.activation,
            }  # fmt: skip
            for name, value in values.items():
                kept[name].append(np.array(value))
        return cls(subject, **{name: np.array(rows) for name, rows in kept.items()})
