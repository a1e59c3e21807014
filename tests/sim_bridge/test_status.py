"""Status bits: the values on the wire, and each raised by what it names."""

from collections.abc import Callable
from typing import Any

import numpy as np

from sim_bridge import Bridge, BridgeSettings, BridgeStatus
from streamer.status import Status
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.poses import Kinematics
from tests.sim_bridge.small_muscles import add_muscle, add_wrap, joint_of_two_turns
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial


def test_bits_are_those_of_the_message() -> None:
    for bit in BridgeStatus:
        assert Status[bit.name or ""].value == bit.value


def test_more_than_muscles_can_is_flagged(recorded: Callable[[str], RecordedTrial]) -> None:
    """A push of five times body weight on one foot."""
    trial = recorded(PARITY_TRIALS[0])
    bridge, rest = trial.bridge(), np.zeros(len(trial.model.coordinate_names))
    forces = np.zeros_like(trial.forces[0])
    status = []
    for push in (0.0, 5.0 * 9.81 * trial.model.mass):
        forces[0, 1] = push
        forces[0, 3:6] = (0.3, 0.0, 0.1)
        status.append(bridge.solve(rest, rest, rest, forces).status)
    assert not status[0] & BridgeStatus.SO_SATURATED
    assert status[1] & BridgeStatus.SO_SATURATED


def test_a_force_that_is_not_known_and_not_predicted_is_flagged(
    recorded: Callable[[str], RecordedTrial],
) -> None:
    trial = recorded(PARITY_TRIALS[0])
    rest, forces = np.zeros(len(trial.model.coordinate_names)), np.zeros_like(trial.forces[0])
    carried = np.array([0.0, trial.model.mass * 9.81, 0.0, *np.zeros(6)])
    flags = {
        "measured": (0, BridgeStatus.FORCE_STALE),
        "auto": (0, BridgeStatus.GRF_PREDICTED),
    }
    for mode, expected in flags.items():
        settings = BridgeSettings(trial.rate_hz, ground_reaction=mode)  # type: ignore[arg-type]
        bridge = Bridge(trial.model, trial.marker_names, trial.loads, settings)
        for unknown in (False, True):
            forces[:] = 0.5 * carried
            forces[0, :] = np.nan if unknown else forces[0]
            out = bridge.solve(rest, rest, rest, forces)
            either = BridgeStatus.FORCE_STALE | BridgeStatus.GRF_PREDICTED
            assert out.status & either == expected[unknown]
            assert out.force_ignored == (unknown and mode == "measured")


def test_pose_outside_of_a_fit_is_flagged(small_case: Callable[[Any], Case]) -> None:
    model = joint_of_two_turns()
    add_wrap(model, add_muscle(model, "m"), "WrapSphere", "base", (0.02, -0.1, 0.0), radius=0.04)
    compiled = small_case(model).compiled
    bridge = Bridge(compiled, compiled.marker_names, [], BridgeSettings(100.0))
    still, none = np.zeros(3), np.zeros((0, 9))
    for bend, outside in ((1.1, False), (1.3, True), (0.0, False)):
        status = bridge.solve(np.array([0.0, 0.1, bend]), still, still, none).status
        assert bool(status & BridgeStatus.PATH_EXTRAPOLATED) == outside


def test_a_quiet_frame_has_no_flag(small_case: Callable[[Any], Case]) -> None:
    model = joint_of_two_turns()
    add_muscle(model, "m")
    compiled = small_case(model).compiled
    bridge = Bridge(compiled, compiled.marker_names, [], BridgeSettings(100.0))
    kinematics, status = Kinematics(compiled), []
    for k in range(60):
        sway = 1e-3 * np.sin(0.2 * k)  # bodies that do not move at all are no measurement
        markers = kinematics.markers(np.array([0.3 + sway, 0.1, 0.2]))
        status.append(bridge.step(k / 100.0, markers, np.zeros((0, 9))).status)
    assert status[0] & BridgeStatus.WARMING_UP
    assert not status[-1] & ~int(BridgeStatus.SO_SATURATED)  # one muscle cannot hold the limb
