"""The least-squares pose of one frame of markers: the solver of inverse kinematics.

Minimise sum_i w_i |x_i(u) - m_i|^2 over the free coordinates u within their bounds. Newton's step
where the Hessian is positive definite and the cost falls, else Gauss-Newton's with Levenberg and
Marquardt's damping (Marquardt 1963, doi 10.1137/0111030). Soft tissue leaves errors of centimetres
even at the optimum: Gauss-Newton alone then gains half a digit an iteration, Newton doubles them.
"""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, kernel
from sim_bridge.kinematics import Pose, Skeleton, empty_pose, pose_free
from sim_bridge.linalg import cholesky_solve, copy_vector
from sim_bridge.model import CompiledModel

from .marker_normal import (
    MINIMUM_MARKERS,
    Composite,
    Targets,
    empty_composite,
    gather_errors,
    normal_equations,
)

STEP_TOLERANCE = 1e-7
"""Largest change of a coordinate [rad, m] in the last step."""
LEAST_DAMPING, _MOST_DAMPING = 1e-10, 1e8
_NEWTON_RMS = 0.05
"""RMS marker error [m] above which Newton's step is not tried: far away it may lead elsewhere."""
_FLOOR = 1e-12
"""Added to every diagonal: a coordinate that no marker sees stays where it is."""


class Work(NamedTuple):
    """Memory of the solver: allocated once, written in every frame."""

    pose: Pose
    sums: Composite
    normal: F64
    bend: F64
    factor: F64
    gradient: F64
    step: F64
    trial: F64
    point: F64
    vectors: F64
    active: I64


def allocate(model: CompiledModel) -> Work:
    """Memory for the pose solver of a model."""
    n = len(model.coordinates.free_index)
    return Work(
        pose=empty_pose(model),
        sums=empty_composite(len(model.chain.parent)),
        normal=np.zeros((n, n)),
        bend=np.zeros((n, n)),
        factor=np.zeros((n, n)),
        gradient=np.zeros(n),
        step=np.zeros(n),
        trial=np.zeros(n),
        point=np.zeros(3),
        vectors=np.zeros((3, 3)),
        active=np.zeros(n, dtype=np.int64),
    )


@kernel
def solve_frame(
    skeleton: Skeleton,
    targets: Targets,
    markers: F64,
    lower: F64,
    upper: F64,
    anchor: F64,
    stiffness: F64,
    limit: int,
    work: Work,
    free_out: F64,
    result_out: F64,
) -> None:
    """Least-squares pose of one frame.

    Parameters
    ----------
    skeleton : Skeleton
        Of the model.
    targets : Targets
        Matched markers.
    markers : ndarray of shape (n_label, 3), float64 [m], ground
        Measured positions; NaN marks a missing one.
    lower, upper : ndarray of shape (n_free,), float64 [rad] or [m]
        Bounds of the free coordinates.
    anchor : ndarray of shape (n_free,), float64 [rad] or [m]
        Where ``stiffness`` pulls the free coordinates.
    stiffness : ndarray of shape (n_free,), float64 [m^2/rad^2] or [1]
        0 for the markers alone.
    limit : int
        Most iterations.
    work : Work
        Working memory; its pose is that of the solution on return.
    free_out : ndarray of shape (n_free,), float64 [rad] or [m]
        Start on entry, solution on return.
    result_out : ndarray of shape (6,), float64
        RMS marker error [m], markers used, iterations, 1 if converged, cost [m^2], and the
        damping: that to begin with on entry, that to go on with on return.
    """
    damping = result_out[5]
    converged = False
    cost = _cost(skeleton, targets, markers, free_out, work, result_out)
    cost += _pull(free_out, anchor, stiffness, work, False)
    iteration = 0
    while iteration < limit and result_out[1] >= MINIMUM_MARKERS and not converged:
        iteration += 1
        normal_equations(
            skeleton, work.pose, work.sums, work.vectors, work.normal, work.bend, work.gradient
        )
        _pull(free_out, anchor, stiffness, work, True)
        newton = result_out[0] < _NEWTON_RMS
        while True:
            size = _trial_step(free_out, lower, upper, damping, newton, work)
            if size >= 0.0:
                trial_cost = _cost(skeleton, targets, markers, work.trial, work, result_out)
                trial_cost += _pull(work.trial, anchor, stiffness, work, False)
                if trial_cost <= cost:
                    copy_vector(work.trial, free_out)
                    cost = trial_cost
                    converged = size < STEP_TOLERANCE
                    damping = max(0.1 * damping, LEAST_DAMPING)
                    break
                if size < STEP_TOLERANCE:  # rounding is reached
                    converged = True
                    break
            if not newton:
                damping = 10.0 * max(damping, 1e-7)
                if damping > _MOST_DAMPING:
                    converged = True  # no descent even along the gradient
                    break
            newton = False
    _cost(skeleton, targets, markers, free_out, work, result_out)
    result_out[2] = iteration
    result_out[4] = cost
    result_out[3] = 1.0 if converged else 0.0
    result_out[5] = damping


@kernel
def _cost(
    skeleton: Skeleton, targets: Targets, markers: F64, free: F64, work: Work, result_out: F64
) -> float:
    """Pose the model and sum the errors of its markers."""
    pose_free(skeleton, free, work.pose)
    cost = gather_errors(skeleton, targets, markers, work.pose, work.point, work.sums, result_out)
    return float(cost)


@kernel
def _pull(free: F64, anchor: F64, stiffness: F64, work: Work, into_equations: bool) -> float:
    """Cost of the distance from the anchor; on demand its part of the normal equations."""
    cost = 0.0
    for j in range(free.shape[0]):
        if stiffness[j] > 0.0:
            away = free[j] - anchor[j]
            cost += stiffness[j] * away * away
            if into_equations:
                work.gradient[j] += stiffness[j] * away
                work.normal[j, j] += stiffness[j]
    return cost


@kernel
def _trial_step(
    free: F64, lower: F64, upper: F64, damping: float, newton: bool, work: Work
) -> float:
    """Write a trial point within the bounds; return its largest change, -1 if there is no step.

    A coordinate at a bound whose gradient presses outwards stays.
    """
    n = 0
    for j in range(free.shape[0]):
        g = work.gradient[j]
        pressed = (free[j] <= lower[j] and g > 0.0) or (free[j] >= upper[j] and g < 0.0)
        if not pressed:
            work.active[n] = j
            n += 1
    for a in range(n):
        j = work.active[a]
        work.step[a] = -work.gradient[j]
        for b in range(a + 1):
            k = work.active[b]
            work.factor[a, b] = work.normal[j, k] + (work.bend[j, k] if newton else 0.0)
        work.factor[a, a] += damping * work.normal[j, j] + _FLOOR
    if not cholesky_solve(work.factor, work.step, n):
        return -1.0
    copy_vector(free, work.trial)
    largest = 0.0
    for a in range(n):
        j = work.active[a]
        moved = min(max(free[j] + work.step[a], lower[j]), upper[j])
        largest = max(largest, abs(moved - free[j]))
        work.trial[j] = moved
    return largest
