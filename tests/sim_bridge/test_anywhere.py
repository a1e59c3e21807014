"""The same person elsewhere in the laboratory, walking in another direction, is the same."""

from collections.abc import Callable

import numpy as np
import pytest

from sim_bridge import Bridge, BridgeSettings
from sim_bridge.base_coordinates import base_links
from tests.sim_bridge.trials import RecordedTrial

FRAMES = 200
OTHER_BASE = 1e-6
"""[rad] Inverse kinematics stops at its tolerance; every other angle is that of a limb."""


def turned(trial: RecordedTrial, degrees: float, shift: np.ndarray) -> tuple[np.ndarray, ...]:
    """Markers and forces of a laboratory that is turned about the vertical and moved [m]."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    forces = (trial.forces.reshape(len(trial.forces), -1, 3) @ turn.T).reshape(trial.forces.shape)
    forces[..., 3:6] += shift
    return trial.markers @ turn.T + shift, forces


def run(
    trial: RecordedTrial, markers: np.ndarray, forces: np.ndarray, mode: str
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates and generalized forces of the first frames."""
    settings = BridgeSettings(trial.rate_hz, ground_reaction=mode)  # type: ignore[arg-type]
    bridge, found = Bridge(trial.model, trial.marker_names, trial.loads, settings), []
    for i in range(FRAMES):
        out = bridge.step(float(trial.time[i]), markers[i], forces[i])
        found.append((out.q.copy(), out.tau.copy()))
    q, tau = (np.array(rows) for rows in zip(*found, strict=True))
    return q, tau


@pytest.mark.parametrize("mode", ["auto", "predicted"])
@pytest.mark.parametrize(
    ("degrees", "shift"),
    [(180.0, (-40.0, 0.3, 10.0)), (137.0, (3.0, 0.25, -2.0)), (-90.0, (0.0, 0.0, 0.0))],
)
@pytest.mark.parametrize(
    "name", ["gait1992/subject01/walk", "uhlrich/subject1/walk", "ceinms/subject06/run81"]
)
def test_direction_and_place_do_not_matter(
    recorded: Callable[[str], RecordedTrial],
    name: str,
    degrees: float,
    shift: tuple[float, float, float],
    mode: str,
) -> None:
    """Moments to 0.01 N m: inverse kinematics stops at its tolerance."""
    trial = recorded(name)
    limbs = np.ones(len(trial.model.coordinates.names), dtype=bool)
    limbs[trial.model.chain.coordinate[list(base_links(trial.model))]] = False
    q, tau = run(trial, trial.markers, trial.forces, mode)
    other_q, other_tau = run(trial, *turned(trial, degrees, np.array(shift)), mode)
    np.testing.assert_allclose(other_q[:, limbs], q[:, limbs], rtol=0, atol=OTHER_BASE)
    np.testing.assert_allclose(other_tau[:, limbs], tau[:, limbs], rtol=0, atol=0.01)
