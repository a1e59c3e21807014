"""What the markers that are seen tell of each coordinate, and what follows where it is little."""

from collections.abc import Callable, Collection

import numpy as np
import pytest

from sim_bridge import BridgeStatus, CoordinateTask
from sim_bridge.pose.inverse_kinematics import InverseKinematics
from sim_bridge.pose.marker_normal import Targets
from sim_bridge.pose.sight import Sight
from tests.sim_bridge.poses import Kinematics
from tests.sim_bridge.trials import RecordedTrial

WALKER = "rajagopal/walker/walk"
PELVIS = ("R.ASIS", "L.ASIS", "R.PSIS", "L.PSIS", "S2")
FOREFOOT = ("L.MT5", "L.Toe")


def hidden(trial: RecordedTrial, i: int, names: Collection[str]) -> np.ndarray:
    """A frame without some markers."""
    markers = trial.markers[i].copy()
    markers[[trial.marker_names.index(name) for name in names]] = np.nan
    return markers


def test_it_is_the_schur_complement_of_the_markers_jacobian(
    recorded: Callable[[str], RecordedTrial],
) -> None:
    walker = recorded(WALKER).model
    kinematics, n = Kinematics(walker), len(walker.coordinates.free_names)
    free, step = np.full(n, 0.1), 1e-5
    off = [walker.marker_names.index(name) for name in PELVIS]
    slopes = [
        (kinematics.markers(free + step * e) - kinematics.markers(free - step * e)) / (2.0 * step)
        for e in np.eye(n)
    ]
    jacobian = np.array([np.delete(slope, off, axis=0).ravel() for slope in slopes])
    normal = jacobian @ jacobian.T + 1e-5 * np.eye(n)  # what is known without markers

    markers = kinematics.markers(free)
    markers[off] = np.nan
    link, station = walker.markers.link, walker.markers.station
    weight = np.ones(len(link))
    weight[::5] = 20.0  # what is followed more closely than most tells no more
    targets = Targets(link, station, weight, np.arange(len(link)))
    sight = Sight(walker, targets, walker.marker_names, np.zeros(n))
    sight.step(markers, np.ones(len(link), dtype=np.bool_), kinematics.pose)
    # central differences of 1e-5 are good to 1e-10, times the condition number
    np.testing.assert_allclose(sight.told, 1.0 / np.diag(np.linalg.inv(normal)), rtol=1e-5)


@pytest.mark.parametrize(
    ("names", "blind", "guessed"),
    [
        (PELVIS, True, True),  # both legs hardly tell it
        (FOREFOOT, True, True),
        (("L.Wrist",), True, False),  # of an arm, which no muscle spans
        (("L.ASIS", "R.PSIS"), False, False),
        (("R.SH1", "R.SH2", "R.SH3", "R.SH4", "R.Ankle"), False, False),  # the foot tells
    ],
)
def test_what_is_guessed_while_markers_are_hidden(
    recorded: Callable[[str], RecordedTrial], names: tuple[str, ...], blind: bool, guessed: bool
) -> None:
    trial = recorded(WALKER)
    ik = InverseKinematics(trial.model, trial.marker_names)
    for i in range(60):
        away = 20 <= i < 40
        ik.step(hidden(trial, i, names) if away else trial.markers[i])
        assert (ik.blind, ik.guessed) == (away and blind, away and guessed)


def test_whom_markers_never_told_is_flagged_and_named(
    recorded: Callable[[str], RecordedTrial], caplog: pytest.LogCaptureFixture
) -> None:
    """At status 0 pelvis and hips were off by 21 degrees, activations by 0.55."""
    trial = recorded(WALKER)
    bridge = trial.bridge()
    for i in range(230):
        whole = i >= 220
        markers = trial.markers[i] if whole else hidden(trial, i, PELVIS)
        out = bridge.step(float(trial.time[i]), markers, trial.forces[i])
        assert out.guessed != whole
        assert out.status & BridgeStatus.GAP or whole
    lines = [r.getMessage() for r in caplog.records if "too few markers show" in r.getMessage()]
    assert len(lines) == 1
    assert "pelvis_tilt" in lines[0]
    assert lines[0].endswith("IK setup: R.ASIS, L.ASIS, R.PSIS, S2, L.PSIS")


def test_an_arm_that_is_never_seen_flags_nothing(recorded: Callable[[str], RecordedTrial]) -> None:
    trial = recorded(WALKER)
    bridge = trial.bridge()
    for i in range(40):
        out = bridge.step(
            float(trial.time[i]), hidden(trial, i, ("L.Wrist", "L.Forearm")), trial.forces[i]
        )
        assert not out.guessed
        assert not out.status & BridgeStatus.GAP


def test_what_markers_tell_does_not_hang_on_how_closely_they_are_followed(
    recorded: Callable[[str], RecordedTrial],
) -> None:
    """IK setups weigh the pelvis ten times; one of its five markers is no more missed for that."""
    trial = recorded(WALKER)
    for weight in (0.1, 1.0, 20.0):
        weights = dict.fromkeys(PELVIS, weight)
        ik = InverseKinematics(trial.model, trial.marker_names, weights)
        for names, guessed in ((("L.ASIS", "R.ASIS"), False), (PELVIS, True)):
            ik.step(trial.markers[0])
            ik.step(hidden(trial, 1, names))
            assert ik.guessed == (guessed and weight >= 1.0)  # who is hardly followed is not missed


def test_a_coordinate_that_a_task_holds_is_not_guessed(
    recorded: Callable[[str], RecordedTrial],
) -> None:
    trial = recorded(WALKER)
    for weight, guessed in ((1e-9, True), (10.0, False)):
        tasks = [CoordinateTask("mtp_angle_l", weight, 0.0)]
        ik = InverseKinematics(trial.model, trial.marker_names, tasks=tasks)
        ik.step(trial.markers[0])
        ik.step(hidden(trial, 1, ("L.Toe",)))
        assert ik.guessed == guessed
