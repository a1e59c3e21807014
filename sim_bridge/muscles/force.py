"""Active force of every muscle at full activation along a rigid tendon.

The formula is that of OpenSim's ``calcInextensibleTendonActiveFiberForce``; what differs between
the muscle classes is in the tables, see ``sim_bridge.compile.muscles``.
"""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, kernel
from sim_bridge.model import CompiledModel


class _Parameters(NamedTuple):
    force: F64
    optimal: F64
    slack: F64
    height: F64
    projection: F64
    minimum: F64
    max_velocity: F64
    length_curve: I64
    velocity_curve: I64
    force_length: F64
    force_velocity: F64
    length_range: F64
    velocity_range: F64


class MuscleForce:
    """Force at full activation of all muscles.

    Parameters
    ----------
    model : CompiledModel
        The model.

    Attributes
    ----------
    force : ndarray of shape (n_muscle,), float64 [N]
        Along the tendon, the last result.
    """

    def __init__(self, model: CompiledModel) -> None:
        m = model.muscles
        self._parameters = _Parameters(
            m.max_isometric_force,
            m.optimal_fiber_length,
            m.tendon_slack_length,
            m.fiber_height,
            m.projection_height,
            m.minimum_fiber_length,
            m.max_velocity,
            m.length_curve,
            m.velocity_curve,
            m.force_length,
            m.force_velocity,
            m.length_range,
            m.velocity_range,
        )
        self.force: F64 = np.zeros(len(m.names))

    def step(self, length: F64, speed: F64) -> None:
        """Evaluate at muscle-tendon lengths [m] and speeds [m/s], shape (n_muscle,) each."""
        full_activation_force(self._parameters, length, speed, self.force)


@kernel
def full_activation_force(p: _Parameters, length: F64, speed: F64, force_out: F64) -> None:
    """Maximum isometric force times both multipliers times the projection's cosine."""
    for i in range(length.shape[0]):
        along = length[i] - p.slack[i]
        fibre = np.sqrt(along * along + p.height[i] * p.height[i])
        if along <= 0.0 or fibre <= p.minimum[i]:
            force_out[i] = 0.0
            continue
        fl = table_value(p.force_length[p.length_curve[i]], p.length_range, fibre / p.optimal[i])
        fl = max(fl, 0.0)  # beyond its table a falling curve goes straight on, below zero
        velocity = speed[i] * (along / fibre) / p.max_velocity[i]
        fv = table_value(p.force_velocity[p.velocity_curve[i]], p.velocity_range, velocity)
        sine = min(p.projection[i] / fibre, 1.0)
        force_out[i] = p.force[i] * fl * fv * np.sqrt(1.0 - sine * sine)


@kernel
def table_value(table: F64, interval: F64, x: float) -> float:
    """Cubic Hermite value of an even table (n_knot, 2) of value and slope, straight on beyond."""
    last = table.shape[0] - 1
    step = (interval[1] - interval[0]) / last
    position = (x - interval[0]) / step
    if position <= 0.0:
        return float(table[0, 0] + table[0, 1] * (x - interval[0]))
    if position >= last:
        return float(table[last, 0] + table[last, 1] * (x - interval[1]))
    k = int(position)
    s = position - k
    y0, y1 = table[k, 0], table[k + 1, 0]
    d0, d1 = table[k, 1] * step, table[k + 1, 1] * step
    bend = 3.0 * (y1 - y0) - 2.0 * d0 - d1
    return float(y0 + s * (d0 + s * (bend + s * (2.0 * (y0 - y1) + d0 + d1))))
