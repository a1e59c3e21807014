"""Static optimization: the muscle activations of least squared sum that make the moments.

minimise  sum_i a_i^2 + sum_j r_j^2   subject to   B' x = tau,   x = (a, r) within bounds,

where B holds force times moment arm of every muscle, optimal force of every coordinate actuator
and of one reserve per coordinate: OpenSim's StaticOptimization with exponent 2. We solve its dual.
For a multiplier per free coordinate the best actuation is x = clip(B lambda, bounds), and the dual
is convex and piecewise quadratic in lambda; a Newton step on the actuators that are off their
bounds with an exact line search (which a full step needs, or it cycles) ends after a few
iterations when started from the last frame.

Muscles tie only few coordinates together: each leg, and the trunk, is a system of its own.
"""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, Bool, kernel
from sim_bridge.base_coordinates import base_links
from sim_bridge.linalg import cholesky_solve
from sim_bridge.model import CompiledModel

MAX_ITERATIONS = 50
RESIDUAL_TOLERANCE = 1e-9
"""Largest moment left over, relative to the largest moment plus one N m."""


class _Problem(NamedTuple):
    """Actuators sorted by system; see :class:`StaticOptimization`."""

    block_start: I64
    block_coordinate: I64
    actuator_start: I64
    actuator: I64
    local: I64
    lower: F64
    upper: F64


class _Work(NamedTuple):
    hessian: F64
    gradient: F64
    step: F64
    trial: F64
    slope: F64


class StaticOptimization:
    """Moments to activations, one frame at a time.

    Parameters
    ----------
    model : CompiledModel
        The model.
    reserve : float
        Optimal force of the reserve on every coordinate [N m or N].
    residual : float
        The same for the coordinates that move the whole model, if it is let go [N m or N].

    Attributes
    ----------
    activation : ndarray of shape (n_muscle,), float64
        The last result.
    control : ndarray of shape (n_actuator,), float64
        Of the model's CoordinateActuators.
    reserve_control : ndarray of shape (n_coordinate,), float64
        Of the reserves; times the optimal force it is the moment that no muscle makes.
    saturated : bool
        Whether a muscle is fully active.
    iterations : int
        Newton iterations of the last frame, the most of any system.
    """

    def __init__(
        self, model: CompiledModel, reserve: float = 1.0, residual: float = 1000.0
    ) -> None:
        self._n_muscle = len(model.muscles.names)
        coordinates, acts = model.coordinates, model.actuators
        self._coordinates = coordinates
        self.reserve_force = np.where(_is_residual(model), residual, reserve)
        spanned = np.concatenate([model.paths.spanned, _actuator_rows(model)])
        self._moment = np.zeros(spanned.shape)
        self._actuators = acts
        self._problem = _sort_systems(
            spanned,
            len(coordinates.free_index),
            np.concatenate([model.muscles.lower, acts.lower]),
            np.concatenate([model.muscles.upper, acts.upper]),
        )
        width = max(int(np.diff(self._problem.block_start).max(initial=1)), 1)
        actuators = max(int(np.diff(self._problem.actuator_start).max(initial=1)), 1)
        self._work = _Work(
            np.zeros((width, width)),
            np.zeros(width),
            np.zeros(width),
            np.zeros(actuators),
            np.zeros(actuators),
        )
        self._multiplier = np.zeros(len(coordinates.free_index))
        self._free_tau = np.zeros(len(coordinates.free_index))
        self._free_reserve = np.zeros(len(coordinates.free_index))
        self._x = np.zeros(len(spanned))
        self._result = np.zeros(3)
        self.reserve_control = np.zeros(len(coordinates.names))

    @property
    def activation(self) -> F64:
        """See the class."""
        return self._x[: self._n_muscle]

    @property
    def control(self) -> F64:
        """See the class."""
        return self._x[self._n_muscle :]

    @property
    def residual(self) -> float:
        """Largest moment of a free coordinate that the solution misses [N m or N]."""
        return float(self._result[0])

    @property
    def iterations(self) -> int:
        """See the class."""
        return int(self._result[1])

    @property
    def saturated(self) -> bool:
        """See the class."""
        return bool(self._result[2] > 0.0)

    def reset(self) -> None:
        """Forget the last multipliers."""
        self._multiplier[:] = 0.0

    def step(self, tau: F64, dq: F64, force: F64, moment_arm: F64) -> None:
        """Solve one frame.

        Parameters
        ----------
        tau : ndarray of shape (n_coordinate,), float64 [N m] or [N]
            Generalized forces, model order.
        dq : ndarray of shape (n_coordinate,), float64
            Derivative of each coordinate in its lead: what a coupled coordinate passes on.
        force : ndarray of shape (n_muscle,), float64 [N]
            At full activation.
        moment_arm : ndarray of shape (n_muscle, n_spanned_max), float64 [m or 1]
            About the free coordinates that each muscle spans.
        """
        solve_frame(
            self._problem,
            tau,
            dq,
            self._coordinates.lead,
            self.reserve_force,
            self._actuators.optimal_force,
            self._actuators.coordinate,
            force,
            moment_arm,
            self._moment,
            self._free_tau,
            self._free_reserve,
            self._work,
            self._multiplier,
            self._x,
            self.reserve_control,
            self._result,
        )


def _is_residual(model: CompiledModel) -> Bool:
    """Coordinates that move the whole model, (n_coordinate,)."""
    found = np.zeros(len(model.coordinates.names), dtype=np.bool_)
    found[model.chain.coordinate[list(base_links(model))]] = True
    return found


def _actuator_rows(model: CompiledModel) -> I64:
    """Free coordinate of each coordinate actuator, padded like the muscles' rows."""
    rows = np.full((len(model.actuators.names), model.paths.spanned.shape[1]), -1, dtype=np.int64)
    rows[:, 0] = model.coordinates.lead[model.actuators.coordinate]
    return rows


def _sort_systems(spanned: I64, n_free: int, lower: F64, upper: F64) -> _Problem:
    """Split coordinates into the systems that actuators tie together."""
    label = np.arange(n_free)
    for row in spanned:
        tied = row[row >= 0]
        if len(tied):
            joined = np.isin(label, label[tied])
            label[joined] = label[tied].min()
    blocks = [np.flatnonzero(label == k) for k in np.unique(label)]
    position = np.zeros(n_free, dtype=np.int64)
    for block in blocks:
        position[block] = np.arange(len(block))
    used = spanned[:, 0] >= 0
    owner = np.where(used, label[spanned[:, 0]], -1)
    actuators = [np.flatnonzero(owner == label[block[0]]) for block in blocks]
    return _Problem(
        block_start=np.cumsum([0] + [len(b) for b in blocks]).astype(np.int64),
        block_coordinate=np.concatenate(blocks).astype(np.int64),
        actuator_start=np.cumsum([0] + [len(a) for a in actuators]).astype(np.int64),
        actuator=np.concatenate(actuators).astype(np.int64),
        local=np.where(spanned >= 0, position[spanned], -1),
        lower=lower,
        upper=upper,
    )


@kernel
def solve_frame(
    problem: _Problem,
    tau: F64,
    dq: F64,
    lead: I64,
    reserve_force: F64,
    optimal_force: F64,
    actuator_coordinate: I64,
    force: F64,
    moment_arm: F64,
    moment: F64,
    free_tau: F64,
    free_reserve: F64,
    work: _Work,
    multiplier_out: F64,
    x_out: F64,
    reserve_out: F64,
    result_out: F64,
) -> None:
    """Solve every system of one frame; see :class:`StaticOptimization` for the meaning."""
    n_muscle = force.shape[0]
    for i in range(n_muscle):
        for a in range(moment_arm.shape[1]):
            moment[i, a] = force[i] * moment_arm[i, a]
    for i in range(optimal_force.shape[0]):
        moment[n_muscle + i, 0] = optimal_force[i] * dq[actuator_coordinate[i]]
    free_tau[:] = 0.0
    free_reserve[:] = 0.0
    for k in range(lead.shape[0]):
        if lead[k] >= 0:
            free_tau[lead[k]] += dq[k] * tau[k]
            free_reserve[lead[k]] += (reserve_force[k] * dq[k]) ** 2
    scale = 1.0
    for j in range(free_tau.shape[0]):
        scale = max(scale, abs(free_tau[j]))
    result_out[0] = 0.0
    result_out[1] = 0.0
    for block in range(problem.block_start.shape[0] - 1):
        iterations = _solve_system(
            problem, block, moment, free_tau, free_reserve, scale, work, multiplier_out, x_out
        )
        result_out[1] = max(result_out[1], iterations)
        for a in range(problem.block_start[block + 1] - problem.block_start[block]):
            result_out[0] = max(result_out[0], abs(work.gradient[a]))
    result_out[2] = 0.0
    for i in range(n_muscle):
        if x_out[i] >= problem.upper[i]:
            result_out[2] = 1.0
    for k in range(lead.shape[0]):
        reserve_out[k] = reserve_force[k] * dq[k] * multiplier_out[lead[k]] if lead[k] >= 0 else 0.0


@kernel
def _solve_system(
    problem: _Problem,
    block: int,
    moment: F64,
    tau: F64,
    reserve: F64,
    scale: float,
    work: _Work,
    multiplier_out: F64,
    x_out: F64,
) -> int:
    """Newton's method with exact line search on one system; returns its iterations."""
    first = problem.block_start[block]
    n = problem.block_start[block + 1] - first
    iteration = 0
    while True:
        _gradient_and_hessian(problem, block, moment, tau, reserve, multiplier_out, work, x_out)
        largest = 0.0
        for a in range(n):
            largest = max(largest, abs(work.gradient[a]))
            work.step[a] = -work.gradient[a]
        if largest <= RESIDUAL_TOLERANCE * scale or iteration >= MAX_ITERATIONS:
            return iteration
        iteration += 1
        cholesky_solve(work.hessian, work.step, n)
        share = _line_search(problem, block, moment, tau, reserve, multiplier_out, work)
        for a in range(n):
            multiplier_out[problem.block_coordinate[first + a]] += share * work.step[a]


@kernel
def _gradient_and_hessian(
    problem: _Problem,
    block: int,
    moment: F64,
    tau: F64,
    reserve: F64,
    multiplier: F64,
    work: _Work,
    x_out: F64,
) -> None:
    """Moments missed, and their derivative in the multipliers, at the current multipliers."""
    first = problem.block_start[block]
    n = problem.block_start[block + 1] - first
    for a in range(n):
        j = problem.block_coordinate[first + a]
        work.gradient[a] = reserve[j] * multiplier[j] - tau[j]
        for b in range(a):
            work.hessian[a, b] = 0.0
        work.hessian[a, a] = reserve[j]
    for s in range(problem.actuator_start[block], problem.actuator_start[block + 1]):
        i = problem.actuator[s]
        z = _drive(problem, block, i, moment, multiplier)
        x = min(max(z, problem.lower[i]), problem.upper[i])
        x_out[i] = x
        inside = x == z
        for p in range(moment.shape[1]):
            a = problem.local[i, p]
            if a < 0:
                break
            work.gradient[a] += moment[i, p] * x
            if inside:
                for q in range(moment.shape[1]):
                    b = problem.local[i, q]
                    if b < 0:
                        break
                    if b <= a:
                        work.hessian[a, b] += moment[i, p] * moment[i, q]


@kernel
def _drive(problem: _Problem, block: int, i: int, moment: F64, multiplier: F64) -> float:
    """Row of B times the multipliers: the activation if there were no bounds."""
    z = 0.0
    for p in range(moment.shape[1]):
        a = problem.local[i, p]
        if a < 0:
            break
        z += moment[i, p] * multiplier[problem.block_coordinate[problem.block_start[block] + a]]
    return z


@kernel
def _line_search(
    problem: _Problem,
    block: int,
    moment: F64,
    tau: F64,
    reserve: F64,
    multiplier: F64,
    work: _Work,
) -> float:
    """Share of the step at which the dual's slope, piecewise linear and rising, is zero."""
    first = problem.block_start[block]
    n = problem.block_start[block + 1] - first
    begin, end = problem.actuator_start[block], problem.actuator_start[block + 1]
    constant, linear = 0.0, 0.0
    for a in range(n):
        j = problem.block_coordinate[first + a]
        constant += work.step[a] * (reserve[j] * multiplier[j] - tau[j])
        linear += work.step[a] * reserve[j] * work.step[a]
    for s in range(begin, end):
        i = problem.actuator[s]
        work.trial[s - begin] = _drive(problem, block, i, moment, multiplier)
        w = 0.0
        for p in range(moment.shape[1]):
            a = problem.local[i, p]
            if a < 0:
                break
            w += moment[i, p] * work.step[a]
        work.slope[s - begin] = w
    low, high, share = 0.0, np.inf, 1.0
    for _ in range(60):
        slope = constant + share * linear
        growth = linear
        for s in range(begin, end):
            i = problem.actuator[s]
            z = work.trial[s - begin] + share * work.slope[s - begin]
            x = min(max(z, problem.lower[i]), problem.upper[i])
            slope += work.slope[s - begin] * x
            if x == z:
                growth += work.slope[s - begin] ** 2
        if slope > 0.0:
            high = share
        else:
            low = share
        following = share - slope / growth
        if not low < following < high:
            following = 0.5 * (low + high) if high < np.inf else 2.0 * share
        if abs(following - share) <= 1e-12 * share:
            return following
        share = following
    return share
