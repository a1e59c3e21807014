"""Markers of one body that lie where its own cannot."""

from collections.abc import Callable

import numpy as np
import pytest

from sim_bridge.pose.link_misfit import LINK_MISFIT_M, LinkMisfit
from sim_bridge.pose.marker_normal import Targets
from sim_bridge.pose.sight import muscled_links
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.poses import Kinematics
from tests.sim_bridge.trials import SKELETON_TRIALS

SMALL, LARGE = LINK_MISFIT_M - 0.01, LINK_MISFIT_M + 0.01


@pytest.mark.parametrize(("off", "misfits"), [(SMALL, False), (LARGE, True)])
def test_markers_of_a_body_are_judged_by_themselves_and_those_on_ground_not_at_all(
    skeleton_case: Callable[[str], Case], off: float, misfits: bool
) -> None:
    """As of a model that is welded to ground: its last body has muscles, and ground is no body."""
    model = skeleton_case(SKELETON_TRIALS[0]).compiled
    own = Kinematics(model)
    own.coordinates(np.zeros(len(model.coordinates.free_index)))
    last = int(np.flatnonzero(muscled_links(model))[-1])
    link = np.array([last] * 3 + [-1] * 6)
    station = np.random.default_rng(4).normal(0.0, 0.1, (9, 3))
    targets = Targets(link, station, np.ones(9), np.arange(9))
    markers = station.copy()
    markers[:3] = own.pose.position[last] + station[:3] @ own.pose.rotation[last].T
    for on_ground, of_body, expected in ((1.0, 0.0, False), (0.0, off, misfits)):
        shifted = markers.copy()
        shifted[:3, 0] += of_body
        shifted[3:, 0] += on_ground
        assert LinkMisfit(model, targets).step(shifted, own.pose) is expected
