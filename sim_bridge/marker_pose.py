"""The least-squares pose of one frame of markers: kernels of inverse kinematics.

Minimise sum_i w_i |x_i(u) - m_i|^2 over the free coordinates u within their bounds, by Levenberg
and Marquardt's method (Marquardt 1963, doi 10.1137/0111030) with the analytic Jacobian;
coordinates that press against a bound leave the system.
"""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, is_finite, kernel
from sim_bridge.kinematics import (
    Pose,
    Skeleton,
    empty_pose,
    point_in_ground,
    point_jacobian,
    pose_free,
)
from sim_bridge.linalg import cholesky_solve
from sim_bridge.model import CompiledModel

STEP_TOLERANCE = 1e-8
"""Largest change of a coordinate [rad, m] at which the solution counts as found."""


class Work(NamedTuple):
    """Memory of the solver: allocated once, written in every frame."""

    pose: Pose
    jacobian: F64
    normal: F64
    factor: F64
    gradient: F64
    step: F64
    trial: F64
    point: F64
    active: I64


def allocate(model: CompiledModel) -> Work:
    """Memory for the pose solver of a model."""
    n = len(model.coordinates.free_index)
    return Work(
        pose=empty_pose(model),
        jacobian=np.zeros((n, 3)),
        normal=np.zeros((n, n)),
        factor=np.zeros((n, n)),
        gradient=np.zeros(n),
        step=np.zeros(n),
        trial=np.zeros(n),
        point=np.zeros(3),
        active=np.zeros(n, dtype=np.int64),
    )


@kernel
def solve_frame(
    skeleton: Skeleton,
    link: I64,
    station: F64,
    weight: F64,
    column: I64,
    markers: F64,
    lower: F64,
    upper: F64,
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
    link, station, weight, column : ndarray of shape (n_marker, ...)
        Link, place on it [m], weight and row in ``markers`` of each matched marker.
    markers : ndarray of shape (n_label, 3), float64 [m], ground
        Measured positions; NaN marks a missing one.
    lower, upper : ndarray of shape (n_free,), float64 [rad] or [m]
        Bounds of the free coordinates.
    limit : int
        Most iterations.
    work : Work
        Working memory; its pose is that of the solution on return.
    free_out : ndarray of shape (n_free,), float64 [rad] or [m]
        Start on entry, solution on return.
    result_out : ndarray of shape (4,), float64
        RMS marker error [m], markers used, iterations, 1 if converged.
    """
    damping = 1e-6
    converged = False
    pose_free(skeleton, free_out, work.pose)
    cost = _marker_cost(link, station, weight, column, markers, work, result_out)
    iteration = 0
    while iteration < limit and result_out[1] >= 3.0 and not converged:
        iteration += 1
        _normal_equations(skeleton, link, station, weight, column, markers, work)
        stalled = True
        while damping < 1e8:
            size = _damped_step(free_out, lower, upper, damping, work)
            if size < STEP_TOLERANCE:
                converged = True
                stalled = False
                break
            pose_free(skeleton, work.trial, work.pose)
            trial_cost = _marker_cost(link, station, weight, column, markers, work, result_out)
            if trial_cost <= cost:
                free_out[:] = work.trial
                cost = trial_cost
                damping = max(damping * 0.1, 1e-9)
                stalled = False
                break
            damping = max(damping * 10.0, 1e-6)
        if stalled:
            converged = True  # no descent even along the gradient: rounding is reached
    pose_free(skeleton, free_out, work.pose)
    _marker_cost(link, station, weight, column, markers, work, result_out)
    result_out[2] = iteration
    result_out[3] = 1.0 if converged else 0.0


@kernel
def _marker_cost(
    link: I64, station: F64, weight: F64, column: I64, markers: F64, work: Work, result_out: F64
) -> float:
    """Weighted squared distances; RMS and number of markers used go to ``result_out``."""
    cost = 0.0
    total = 0.0
    used = 0
    for i in range(link.shape[0]):
        row = column[i]
        if weight[i] <= 0.0 or not is_finite(markers[row, 0] + markers[row, 1] + markers[row, 2]):
            continue
        point_in_ground(work.pose, link[i], station[i], work.point)
        d0 = work.point[0] - markers[row, 0]
        d1 = work.point[1] - markers[row, 1]
        d2 = work.point[2] - markers[row, 2]
        squared = d0 * d0 + d1 * d1 + d2 * d2
        cost += weight[i] * squared
        total += squared
        used += 1
    result_out[0] = np.sqrt(total / used) if used > 0 else 0.0
    result_out[1] = used
    return cost


@kernel
def _normal_equations(
    skeleton: Skeleton,
    link: I64,
    station: F64,
    weight: F64,
    column: I64,
    markers: F64,
    work: Work,
) -> None:
    """J'WJ and J'We at the pose in ``work``; only coordinates that move a marker are touched."""
    work.normal[:] = 0.0
    work.gradient[:] = 0.0
    for i in range(link.shape[0]):
        row = column[i]
        w = weight[i]
        if w <= 0.0 or not is_finite(markers[row, 0] + markers[row, 1] + markers[row, 2]):
            continue
        point_in_ground(work.pose, link[i], station[i], work.point)
        n = _moving_coordinates(skeleton, link[i], work)
        point_jacobian(skeleton, work.pose, link[i], work.point, work.jacobian)
        d0 = work.point[0] - markers[row, 0]
        d1 = work.point[1] - markers[row, 1]
        d2 = work.point[2] - markers[row, 2]
        for a in range(n):
            j = work.active[a]
            j0, j1, j2 = work.jacobian[j, 0], work.jacobian[j, 1], work.jacobian[j, 2]
            work.gradient[j] += w * (j0 * d0 + j1 * d1 + j2 * d2)
            for b in range(a + 1):
                k = work.active[b]
                product = w * (
                    j0 * work.jacobian[k, 0] + j1 * work.jacobian[k, 1] + j2 * work.jacobian[k, 2]
                )
                if j >= k:
                    work.normal[j, k] += product
                else:
                    work.normal[k, j] += product


@kernel
def _moving_coordinates(skeleton: Skeleton, link: int, work: Work) -> int:
    """List the free coordinates that move a link in ``work.active``; clear their Jacobian rows."""
    n = 0
    while link >= 0:
        lead = skeleton.lead[skeleton.coordinate[link]]
        if lead >= 0:
            known = False
            for a in range(n):
                known = known or work.active[a] == lead
            if not known:
                work.active[n] = lead
                n += 1
                for r in range(3):
                    work.jacobian[lead, r] = 0.0
        link = skeleton.parent[link]
    return n


@kernel
def _damped_step(free: F64, lower: F64, upper: F64, damping: float, work: Work) -> float:
    """Trial point of one damped step within the bounds; returns its largest change.

    A coordinate at a bound whose gradient presses outwards stays; the diagonal keeps a small
    floor, so that a coordinate that no marker sees stays where it is.
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
            work.factor[a, b] = work.normal[j, work.active[b]]
        work.factor[a, a] += damping * work.normal[j, j] + 1e-12
    if not cholesky_solve(work.factor, work.step, n):
        return np.inf
    work.trial[:] = free
    largest = 0.0
    for a in range(n):
        j = work.active[a]
        moved = min(max(free[j] + work.step[a], lower[j]), upper[j])
        largest = max(largest, abs(moved - free[j]))
        work.trial[j] = moved
    return largest
