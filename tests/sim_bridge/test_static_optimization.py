"""Moments to activations, against a bounded least-squares twin; OpenSim's in test_trial_parity."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from sim_bridge import CompiledModel
from sim_bridge.muscles.static_optimization import MAX_ITERATIONS, StaticOptimization
from tests import naive
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial

WALKER = PARITY_TRIALS[0]
RESERVE, RESIDUAL = 1.0, 1000.0
CLOSE = 1e-7
"""Both are exact; the twin's active-set solver ends within 1e-9 of it, conditioning adds the rest.
"""
MISSED = 1e-6
"""[N m] What the constraints may miss."""


@dataclass
class Problem:
    """One frame's input, and the dense table that the twin takes."""

    model: CompiledModel
    tau: np.ndarray
    dq: np.ndarray
    force: np.ndarray
    moment_arm: np.ndarray

    @classmethod
    def random(
        cls, model: CompiledModel, rng: np.random.Generator, effort: float = 0.5
    ) -> "Problem":
        """Moments that random activations of this size would make, and a little more."""
        coordinates = model.coordinates
        spanned = model.paths.spanned
        arm = rng.normal(size=spanned.shape) * 0.04 * (spanned >= 0)
        problem = cls(
            model,
            np.zeros(len(coordinates.names)),
            np.where(coordinates.lead >= 0, 1.0, 0.0),
            model.muscles.max_isometric_force * rng.uniform(0.2, 1.1, len(spanned)),
            arm,
        )
        coupled = coordinates.lead >= 0
        coupled[coordinates.free_index] = False
        problem.dq[coupled] = rng.uniform(0.2, 1.5, coupled.sum())
        x = effort * rng.uniform(0.0, 1.0, len(problem.dense))
        moments = problem.dense.T @ x
        problem.tau[coordinates.free_index] = moments + rng.normal(size=len(moments))
        problem.tau[coupled] = rng.normal(size=coupled.sum())
        return problem

    @property
    def dense(self) -> np.ndarray:
        """Moment of every muscle and actuator on every free coordinate at full activation."""
        coordinates, actuators = self.model.coordinates, self.model.actuators
        table = np.zeros((len(self.force) + len(actuators.names), len(coordinates.free_index)))
        for i, row in enumerate(self.model.paths.spanned):
            for a, j in enumerate(row):
                if j >= 0:
                    table[i, j] += self.force[i] * self.moment_arm[i, a]
        for i, k in enumerate(actuators.coordinate):
            table[len(self.force) + i, coordinates.lead[k]] += (
                actuators.optimal_force[i] * self.dq[k]
            )
        return table

    @property
    def free_tau(self) -> np.ndarray:
        """Moments of free coordinates with what their followers pass on."""
        lead, out = self.model.coordinates.lead, np.zeros(len(self.model.coordinates.free_index))
        for k, j in enumerate(lead):
            if j >= 0:
                out[j] += self.dq[k] * self.tau[k]
        return out

    def twin(self, reserve_force: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Actuation and reserves by the naive solver; reserves of a free coordinate pool."""
        lead, pooled = self.model.coordinates.lead, np.zeros(len(self.free_tau))
        for k, j in enumerate(lead):
            if j >= 0:
                pooled[j] += (reserve_force[k] * self.dq[k]) ** 2
        muscles, actuators = self.model.muscles, self.model.actuators
        return naive.static_optimization(
            self.dense,
            self.free_tau,
            np.sqrt(pooled),
            np.concatenate([muscles.lower, actuators.lower]),
            np.concatenate([muscles.upper, actuators.upper]),
        )

    def solve(self, solver: StaticOptimization) -> np.ndarray:
        """Activations and controls."""
        solver.step(self.tau, self.dq, self.force, self.moment_arm)
        return np.concatenate([solver.activation, solver.control])

    def missed(self, solver: StaticOptimization) -> float:
        """Largest moment that muscles, actuators and reserves together do not make."""
        lead, made = self.model.coordinates.lead, self.dense.T @ self.solve(solver)
        for k, j in enumerate(lead):
            if j >= 0:
                made[j] += self.dq[k] * solver.reserve_force[k] * solver.reserve_control[k]
        return float(np.abs(made - self.free_tau).max())


@pytest.fixture(params=PARITY_TRIALS)
def model(
    request: pytest.FixtureRequest, recorded: Callable[[str], RecordedTrial]
) -> CompiledModel:
    return recorded(request.param).model


@pytest.fixture
def walker(recorded: Callable[[str], RecordedTrial]) -> CompiledModel:
    return recorded(WALKER).model


@pytest.mark.parametrize("effort", [0.0, 0.1, 0.5, 1.0])
def test_activations_are_those_of_the_twin(model: CompiledModel, effort: float) -> None:
    solver, rng = StaticOptimization(model, RESERVE, RESIDUAL), np.random.default_rng(26)
    at_bounds = 0
    for _ in range(8):
        problem = Problem.random(model, rng, effort)
        expected, _ = problem.twin(solver.reserve_force)
        solver.reset()
        np.testing.assert_allclose(problem.solve(solver), expected, rtol=0, atol=CLOSE)
        assert problem.missed(solver) < MISSED
        assert solver.residual < MISSED
        assert solver.iterations < MAX_ITERATIONS
        at_bounds += int(np.count_nonzero(solver.activation == model.muscles.lower))
    assert at_bounds > 0


def test_reserves_are_those_of_the_twin(walker: CompiledModel) -> None:
    solver = StaticOptimization(walker, 2.0, 500.0)
    problem = Problem.random(walker, np.random.default_rng(27))
    _, reserve = problem.twin(solver.reserve_force)
    problem.solve(solver)
    coordinates = walker.coordinates
    pooled = np.zeros(len(coordinates.free_index))
    for k, j in enumerate(coordinates.lead):
        if j >= 0:
            pooled[j] += solver.reserve_control[k] ** 2
    np.testing.assert_allclose(np.sqrt(pooled), np.abs(reserve), rtol=0, atol=1e-6)


def test_start_from_the_last_frame_changes_nothing(walker: CompiledModel) -> None:
    warm, cold = (StaticOptimization(walker, RESERVE, RESIDUAL) for _ in range(2))
    rng = np.random.default_rng(28)
    for _ in range(20):
        problem = Problem.random(walker, rng, rng.uniform(0.0, 1.5))
        cold.reset()
        np.testing.assert_allclose(problem.solve(warm), problem.solve(cold), rtol=0, atol=CLOSE)


def test_other_bounds_are_kept(walker: CompiledModel) -> None:
    """Activations of at least 0.02 and at most 0.6, as some models' controls demand."""
    muscles = replace(
        walker.muscles,
        lower=np.full(len(walker.muscle_names), 0.02),
        upper=np.full(len(walker.muscle_names), 0.6),
    )
    bounded = replace(walker, muscles=muscles)
    solver, rng = StaticOptimization(bounded, RESERVE, RESIDUAL), np.random.default_rng(29)
    for _ in range(5):
        problem = Problem.random(bounded, rng, 0.7)
        expected, _ = problem.twin(solver.reserve_force)
        np.testing.assert_allclose(problem.solve(solver), expected, rtol=0, atol=CLOSE)
        assert solver.saturated == bool(np.any(solver.activation >= 0.6))


@pytest.mark.parametrize("scale", [3.0, 30.0, 1e4])
def test_moments_beyond_strength_saturate_and_are_flagged(
    walker: CompiledModel, scale: float
) -> None:
    solver, rng = StaticOptimization(walker, RESERVE, RESIDUAL), np.random.default_rng(30)
    for _ in range(5):
        problem = Problem.random(walker, rng, 1.0)
        problem.tau *= scale
        x = problem.solve(solver)
        assert solver.saturated
        assert np.isfinite(x).all()
        assert np.isfinite(solver.reserve_control).all()
        assert np.all((solver.activation >= 0.0) & (solver.activation <= 1.0))
        assert problem.missed(solver) < MISSED * max(1.0, np.abs(problem.tau).max())


def test_muscles_without_force_leave_all_to_the_reserves(walker: CompiledModel) -> None:
    solver = StaticOptimization(walker, RESERVE, RESIDUAL)
    problem = Problem.random(walker, np.random.default_rng(31))
    problem.force[:] = 0.0
    expected, _ = problem.twin(solver.reserve_force)
    np.testing.assert_allclose(problem.solve(solver), expected, rtol=0, atol=CLOSE)
    np.testing.assert_array_equal(solver.activation, walker.muscles.lower)
    assert problem.missed(solver) < MISSED


def test_recovers_after_a_frame_of_nonsense(walker: CompiledModel) -> None:
    solver, rng = StaticOptimization(walker, RESERVE, RESIDUAL), np.random.default_rng(32)
    huge = Problem.random(walker, rng)
    huge.tau *= 1e9
    huge.solve(solver)
    problem = Problem.random(walker, rng)
    expected, _ = problem.twin(solver.reserve_force)
    np.testing.assert_allclose(problem.solve(solver), expected, rtol=0, atol=CLOSE)


def test_large_reserves_are_for_the_base_alone(walker: CompiledModel) -> None:
    solver = StaticOptimization(walker, RESERVE, RESIDUAL)
    large = {
        name
        for name, force in zip(walker.coordinate_names, solver.reserve_force, strict=True)
        if force == RESIDUAL
    }
    assert large == {f"pelvis_{c}" for c in ("tilt", "list", "rotation", "tx", "ty", "tz")}
