"""Slow, obviously right twins of what the packages compute fast."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def lagrange_forces(
    kinetic: Callable[[F64, F64], float],
    potential: Callable[[F64], float],
    q: F64,
    qd: F64,
    qdd: F64,
    step: float = 1e-3,
) -> F64:
    """Generalized forces by Lagrange's equations, d/dt dT/dqd - dT/dq + dV/dq, from energies alone.

    Differences of fourth order; the momentum dT/dqd is exact, for T is quadratic in the speeds.
    """

    def momentum(t: float) -> F64:
        here, speed = q + qd * t + 0.5 * qdd * t * t, qd + qdd * t
        units = np.eye(len(q))
        return np.array(
            [0.5 * (kinetic(here, speed + e) - kinetic(here, speed - e)) for e in units]
        )

    def lagrangian(i: int) -> Callable[[float], float]:
        def along(x: float) -> float:
            moved = q.copy()
            moved[i] += x
            return kinetic(moved, qd) - potential(moved)

        return along

    rate = five_point_slope(momentum, step)
    return np.array([rate[i] - five_point_slope(lagrangian(i), step) for i in range(len(q))])


def five_point_slope(function: Callable[[float], F64 | float], step: float) -> F64:
    """Derivative at 0 by central differences of fourth order."""
    values = [np.asarray(function(k * step)) for k in (-2, -1, 1, 2)]
    slope: F64 = (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * step)
    return slope
