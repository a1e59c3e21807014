"""Inverse kinematics: the weighted least-squares pose of OpenSim's InverseKinematicsTool.

Minimise sum_i w_i |x_i(u) - m_i|^2 over the free coordinates u within their bounds. Levenberg and
Marquardt's method (Marquardt 1963, doi 10.1137/0111030) with the analytic Jacobian, started from
the last pose moved on by its last step; coordinates that press against a bound leave the system.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ._jit import F64, I64, kernel
from .exceptions import MarkerMismatch
from .kinematics import (
    Pose,
    Skeleton,
    coordinate_slopes,
    empty_pose,
    point_in_ground,
    point_jacobian,
    pose_free,
    skeleton_of,
)
from .linalg import cholesky_solve
from .marker_match import match_markers
from .model import CompiledModel

MAX_ITERATIONS = 30
STEP_TOLERANCE = 1e-8
"""Largest change of a coordinate [rad, m] at which the solution counts as found."""
_SEED_TURNS = (0.0, 0.5 * np.pi, np.pi, -0.5 * np.pi)
_SEED_ITERATIONS = 200


class _Work(NamedTuple):
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


class InverseKinematics:
    """Markers to coordinates, one frame at a time.

    Parameters
    ----------
    model : CompiledModel
        The model.
    marker_names : sequence of str
        Labels of the incoming markers, in their order.
    weights : mapping of str to float, optional
        Weight of a marker; 1 where not given, 0 leaves it out.

    Raises
    ------
    MarkerMismatch
        If fewer than three incoming labels are markers of the model.

    Attributes
    ----------
    q : ndarray of shape (n_coordinate,), float64 [rad] or [m]
        The last solution, model order.
    marker_rms : float
        Root mean square distance of used markers from the model's [m].
    n_labels, n_markers : int
        How many labels arrive, and how many of them are the model's.
    n_used : int
        How many markers the last frame had.
    converged : bool
        Whether the last frame ended by its tolerance.
    """

    MINIMUM_MARKERS = 3
    """Fewer usable markers than this and the last solution stays."""

    def __init__(
        self,
        model: CompiledModel,
        marker_names: Sequence[str],
        weights: dict[str, float] | None = None,
    ) -> None:
        match = match_markers(marker_names, model.markers.names)
        self._skeleton = skeleton_of(model)
        self.n_labels = len(marker_names)
        self._column = match.column
        self._link = model.markers.link[match.marker]
        self._station = np.ascontiguousarray(model.markers.station[match.marker])
        chosen = weights or {}
        self._weight = np.array([float(chosen.get(name, 1.0)) for name in match.names])
        if np.count_nonzero(self._weight > 0.0) < 3:
            raise MarkerMismatch("fewer than three markers have a weight above 0; raise some")
        coordinates = model.coordinates
        self._lower = coordinates.lower[coordinates.free_index]
        self._upper = coordinates.upper[coordinates.free_index]
        self._default = np.clip(
            coordinates.default[coordinates.free_index], self._lower, self._upper
        )
        self._base = _base_coordinates(model)
        self._work = _allocate(model)
        self._result = np.zeros(4)
        self.free = self._default.copy()
        self._previous = self.free.copy()
        self._start = self.free.copy()
        self._placed = False

    @property
    def q(self) -> F64:
        """The last solution; see the class."""
        return self._work.pose.q

    @property
    def marker_rms(self) -> float:
        """Marker error of the last solution [m]."""
        return float(self._result[0])

    @property
    def n_used(self) -> int:
        """Markers that the last frame had."""
        return int(self._result[1])

    @property
    def n_markers(self) -> int:
        """Markers that are matched."""
        return len(self._link)

    @property
    def iterations(self) -> int:
        """Iterations of the last frame."""
        return int(self._result[2])

    @property
    def converged(self) -> bool:
        """Whether the last frame met the tolerance."""
        return bool(self._result[3] > 0.0)

    def reset(self) -> None:
        """Forget the last pose; the next frame starts from the seeds."""
        self._placed = False

    def step(self, markers: F64) -> None:
        """Solve one frame; with fewer than three markers the last solution stays.

        Parameters
        ----------
        markers : ndarray of shape (n_label, 3), float64 [m], ground
            In the order of ``marker_names``; NaN marks a missing one.
        """
        if not self._placed:
            self._place(markers)
            return
        self._start[:] = self.free
        self._start += self.free
        self._start -= self._previous
        np.clip(self._start, self._lower, self._upper, out=self._start)
        self._previous[:] = self.free
        self._solve(markers, self._start, MAX_ITERATIONS)

    def coupling(self, free: F64, dq_out: F64) -> None:
        """Derivative of every coordinate in its lead, shape (n_coordinate,), written in place."""
        coordinate_slopes(self._skeleton, free, dq_out)

    def _solve(self, markers: F64, start: F64, limit: int) -> None:
        self.free[:] = start
        solve_frame(
            self._skeleton,
            self._link,
            self._station,
            self._weight,
            self._column,
            markers,
            self._lower,
            self._upper,
            limit,
            self._work,
            self.free,
            self._result,
        )

    def _place(self, markers: F64) -> None:
        """First frame: the best of several headings, each with the model at the markers."""
        best_rms, best = np.inf, self._default.copy()
        for turn in _SEED_TURNS:
            start = self._default.copy()
            self._base.turn(start, turn)
            pose_free(self._skeleton, start, self._work.pose)
            self._base.shift(start, self._centroid_offset(markers))
            self._solve(markers, np.clip(start, self._lower, self._upper), _SEED_ITERATIONS)
            if self.n_used >= 3 and self.marker_rms < best_rms:
                best_rms, best = self.marker_rms, self.free.copy()
        self._placed = bool(np.isfinite(best_rms))
        self._solve(markers, best, _SEED_ITERATIONS)
        self._previous[:] = self.free

    def _centroid_offset(self, markers: F64) -> F64:
        """Mean vector from the model's markers to the measured ones [m]."""
        point, offsets = self._work.point, []
        for i, link in enumerate(self._link):
            if np.isfinite(markers[self._column[i], 0]):
                point_in_ground(self._work.pose, int(link), self._station[i], point)
                offsets.append(markers[self._column[i]] - point)
        return np.mean(offsets, axis=0) if offsets else np.zeros(3)


class _BaseCoordinates(NamedTuple):
    """Free coordinates that move the whole model: one per ground axis, and the heading."""

    translation: tuple[tuple[int, F64], ...]
    heading: int

    def shift(self, free: F64, offset: F64) -> None:
        """Move the model by a vector of ground [m]."""
        for index, direction in self.translation:
            free[index] += float(direction @ offset)

    def turn(self, free: F64, angle: float) -> None:
        """Turn the model about the vertical [rad]."""
        if self.heading >= 0:
            free[self.heading] += angle


def _base_coordinates(model: CompiledModel) -> _BaseCoordinates:
    """Coordinates of the links between ground and the first body."""
    chain, translation, heading = model.chain, [], -1
    up = -model.gravity / max(float(np.linalg.norm(model.gravity)), 1e-9)
    trunk = int(np.argmax(np.cumsum(chain.mass) > 0.0))
    while trunk >= 0:
        lead = int(model.coordinates.lead[chain.coordinate[trunk]])
        axis = chain.fixed_rotation[trunk] @ chain.axis[trunk]
        if lead >= 0 and not chain.is_rotation[trunk]:
            translation.append((lead, axis))
        elif lead >= 0 and abs(float(axis @ up)) > 0.9:
            heading = lead
        trunk = int(chain.parent[trunk])
    return _BaseCoordinates(tuple(translation), heading)


def _allocate(model: CompiledModel) -> _Work:
    n = len(model.coordinates.free_index)
    return _Work(
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
    work: _Work,
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
    work : _Work
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
    link: I64, station: F64, weight: F64, column: I64, markers: F64, work: _Work, result_out: F64
) -> float:
    """Weighted squared distances; RMS and number of markers used go to ``result_out``."""
    cost = 0.0
    total = 0.0
    used = 0
    for i in range(link.shape[0]):
        row = column[i]
        if weight[i] <= 0.0 or not np.isfinite(markers[row, 0] + markers[row, 1] + markers[row, 2]):
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
    work: _Work,
) -> None:
    """J'WJ and J'We at the pose in ``work``; only coordinates that move a marker are touched."""
    work.normal[:] = 0.0
    work.gradient[:] = 0.0
    for i in range(link.shape[0]):
        row = column[i]
        w = weight[i]
        if w <= 0.0 or not np.isfinite(markers[row, 0] + markers[row, 1] + markers[row, 2]):
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
def _moving_coordinates(skeleton: Skeleton, link: int, work: _Work) -> int:
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
def _damped_step(free: F64, lower: F64, upper: F64, damping: float, work: _Work) -> float:
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
