"""Forward kinematics against OpenSim: real models in random legal poses."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.sim_bridge.conftest import Case
from tests.sim_bridge.poses import Kinematics, random_free
from tests.sim_bridge.trials import SKELETON_TRIALS

POSITION_TOLERANCE = 1e-9
"""[m] Both sides do the same arithmetic in another order; splines add 1e-12."""


@pytest.mark.parametrize("trial", SKELETON_TRIALS)
def test_markers_are_where_opensim_puts_them(
    skeleton_case: Callable[[str], Case], trial: str
) -> None:
    case = skeleton_case(trial)
    kinematics, rng = Kinematics(case.compiled), np.random.default_rng(1)
    for _ in range(200):
        free = random_free(case.compiled, rng)
        ours = kinematics.markers(free)
        case.oracle.set(kinematics.pose.q)
        assert np.abs(ours - case.oracle.markers()).max() < POSITION_TOLERANCE


@pytest.mark.parametrize("trial", SKELETON_TRIALS)
def test_coordinates_satisfy_opensims_constraints(
    skeleton_case: Callable[[str], Case], trial: str
) -> None:
    case = skeleton_case(trial)
    kinematics, rng = Kinematics(case.compiled), np.random.default_rng(2)
    for _ in range(20):
        q = kinematics.coordinates(random_free(case.compiled, rng))
        case.oracle.set(q)
        assert case.oracle.constraint_error() < POSITION_TOLERANCE
        kept = [c.getValue(case.oracle.state) for c in case.oracle.coordinates]
        np.testing.assert_array_equal(q, kept)  # a locked coordinate would not take another value


def test_names_and_order_are_those_of_opensim(skeleton_case: Callable[[str], Case]) -> None:
    case = skeleton_case(SKELETON_TRIALS[0])
    model = case.oracle.model
    assert case.compiled.coordinate_names == tuple(c.getName() for c in case.oracle.coordinates)
    bodies, markers = model.getBodySet(), model.getMarkerSet()
    assert case.compiled.bodies.names == tuple(
        bodies.get(i).getName() for i in range(bodies.getSize())
    )
    assert case.compiled.marker_names == tuple(
        markers.get(i).getName() for i in range(markers.getSize())
    )
    assert case.compiled.mass == pytest.approx(model.getTotalMass(case.oracle.state), rel=1e-12)
