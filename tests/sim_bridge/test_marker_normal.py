"""The normal equations of inverse kinematics, against differences of marker positions."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_bridge import CompiledModel
from sim_bridge.pose.marker_normal import (
    Targets,
    empty_composite,
    gather_errors,
    normal_equations,
)
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.poses import Kinematics, random_free
from tests.sim_bridge.trials import SKELETON_TRIALS

F64 = NDArray[np.float64]
STEP = 1e-5


class Normal(NamedTuple):
    """Cost, half its gradient, J'WJ and the curvature of the markers' ways, both whole."""

    cost: float
    gradient: F64
    square: F64
    bend: F64


class Frame:
    """Markers a few centimetres from a model's, some of them missing, each of its own weight."""

    def __init__(self, model: CompiledModel, rng: np.random.Generator) -> None:
        self.kinematics, self.free = Kinematics(model), random_free(model, rng)
        place = self.kinematics.markers(self.free)
        self.markers = place + rng.normal(0.0, 0.03, place.shape)
        self.markers[rng.random(len(place)) < 0.2] = np.nan
        self.weight = rng.uniform(0.0, 3.0, len(place))
        column = np.arange(len(place))
        link, station = model.markers.link, model.markers.station
        self.targets = Targets(link, np.ascontiguousarray(station), self.weight, column)
        self.seen = np.isfinite(self.markers).all(axis=1)

    def normal(self, free: F64) -> Normal:
        """What the solver works with, at a pose."""
        own, n = self.kinematics, len(free)
        own.coordinates(free)
        sums = empty_composite(len(own.model.chain.parent))
        square, bend, gradient = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n)
        cost = gather_errors(
            own.skeleton, self.targets, self.markers, own.pose, np.zeros(3), sums, np.zeros(2)
        )
        normal_equations(own.skeleton, own.pose, sums, np.zeros((3, 3)), square, bend, gradient)
        return Normal(cost, gradient, *(m + np.tril(m, -1).T for m in (square, bend)))

    def jacobian(self) -> F64:
        """Derivative (n_seen, 3, n_free) of the marker positions, by central differences."""
        return along_each(lambda free: self.kinematics.markers(free)[self.seen], self.free)


def along_each(function: Callable[[F64], F64], free: F64) -> F64:
    """Derivative of a function in each free coordinate, last axis, by central differences."""
    moved = STEP * np.eye(len(free))
    slopes = [(function(free + d) - function(free - d)) / (2.0 * STEP) for d in moved]
    return np.stack(slopes, axis=-1)


@pytest.mark.parametrize("trial", SKELETON_TRIALS)
def test_gradient_and_matrix_are_those_of_the_marker_distances(
    skeleton_case: Callable[[str], Case], trial: str
) -> None:
    rng = np.random.default_rng(3)
    for _ in range(3):
        frame = Frame(skeleton_case(trial).compiled, rng)
        found, weight = frame.normal(frame.free), frame.weight[frame.seen]
        error = (frame.kinematics.markers(frame.free) - frame.markers)[frame.seen]
        slopes = frame.jacobian()
        square = np.einsum("mia,m,mib->ab", slopes, weight, slopes)
        gradient = np.einsum("mia,m,mi->a", slopes, weight, error)
        assert found.cost == pytest.approx(float(weight @ (error**2).sum(axis=1)), rel=1e-12)
        # central differences err by 1e-10, splines with a jump in slope by more
        np.testing.assert_allclose(found.square, square, rtol=0.0, atol=1e-5)
        np.testing.assert_allclose(found.gradient, gradient, rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("trial", SKELETON_TRIALS)
def test_with_the_curvature_it_is_the_whole_hessian(
    skeleton_case: Callable[[str], Case], trial: str
) -> None:
    """But for coordinates that lead others through a curve, whose own bend is left out."""
    rng = np.random.default_rng(4)
    model = skeleton_case(trial).compiled
    plain = np.ones(len(model.coordinates.free_index), dtype=bool)
    plain[[k for i, k in enumerate(model.coordinates.lead) if curved(model, i)]] = False
    assert plain.sum() >= 6
    for _ in range(3):
        frame = Frame(model, rng)
        found = frame.normal(frame.free)
        hessian = along_each(lambda free, f=frame: f.normal(free).gradient, frame.free)
        both = np.ix_(plain, plain)
        # as above; the second derivative of a cubic spline is of first order in the step
        np.testing.assert_allclose((found.square + found.bend)[both], hessian[both], atol=1e-4)


def curved(model: CompiledModel, coordinate: int) -> bool:
    """Whether a coordinate follows a free one, and not along a line."""
    if model.coordinates.lead[coordinate] < 0:
        return False
    function = int(model.coordinates.function[coordinate])
    values = [model.functions(function, x)[0] for x in (-0.3, 0.1, 0.5)]
    return abs(values[0] - 2.0 * values[1] + values[2]) > 1e-12
