"""How long forces are believed, and what the network is told of them."""

import numpy as np
import pytest

from sim_bridge.plates.judge import FROZEN_S
from streamer.frames.forces import FORCE_TRUST_S, FrameForces, begin_frame, step_refiner
from streamer.frames.times import FrameTimes
from streamer.status import Status
from tests.streamer.stand_ins import Plates, StandInBridge, StandInRefiner


def test_a_plate_that_is_late_is_not_called_stuck() -> None:
    """Forces that are held stay the same to the last bit; frames of 25 Hz and up are between."""
    assert FORCE_TRUST_S + 0.04 < FROZEN_S


def test_forces_are_asked_for_as_long_before_the_frame_as_the_filter_is_late() -> None:
    plates = Plates()
    frames = FrameForces(plates, 0.025)
    assert frames.align(5.0, 5.002)
    assert plates.asked == [5.0 - 0.025]
    assert frames.believed
    assert frames.forces is plates.forces


def test_held_forces_are_believed_for_a_while() -> None:
    plates = Plates()
    frames = FrameForces(plates, 0.0)
    frames.align(5.0, 5.0)
    plates.fresh = False
    for t in (5.05, 5.0 + FORCE_TRUST_S - 1e-9):
        assert not frames.align(t, t)
        assert frames.believed
        assert frames.forces is plates.forces
    assert frames.align(5.0 + FORCE_TRUST_S + 1e-9, 6.0)  # none are held any more
    assert not frames.believed
    assert frames.forces.shape == plates.forces.shape
    assert np.isnan(frames.forces).all()
    plates.newest_s = 5.05  # late ones came
    assert not frames.align(5.12, 6.0)
    assert frames.believed


def test_samples_from_another_time_are_no_forces_of_the_frame(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plates = Plates()
    frames = FrameForces(plates, 0.025)
    frames.align(5.0, 5.0)
    plates.fresh = False
    for t in np.arange(5.01, 8.0, 0.01):
        plates.newest_s = t + 60.0
        frames.align(t, t)
        assert frames.believed == (t - 5.0 <= FORCE_TRUST_S)
    assert [r.message[:52] for r in caplog.records] == [
        "the force plates' times are 60.0 s ahead of the mark"
    ]


def test_samples_that_are_ahead_of_late_markers_are_of_the_same_clock(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plates = Plates()
    frames = FrameForces(plates, 0.025)
    plates.fresh, plates.newest_s = False, 5.5
    frames.align(5.0, 5.0)
    assert not frames.believed
    assert not caplog.messages


def fed(newest_s: list[float]) -> None:
    """Let a source with forces so much later than their frames feed these; fresh where it is 0."""
    plates = Plates()
    frames = FrameForces(plates, 0.025)
    for k, later_s in enumerate(newest_s):
        t = 5.0 + 0.01 * k
        plates.fresh, plates.newest_s = later_s == 0.0, t - 0.025 + later_s
        frames.align(t, t)


def test_a_few_markers_that_were_held_up_do_not_make_two_clocks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a network was away for some seconds, forces may be back before markers are."""
    fed(([3.525] * 30 + [0.0] * 70) * 10)
    assert not caplog.messages


def test_forces_that_come_too_late_are_told_once_with_their_delay(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fed([0.0, -0.012, -0.012, -0.012] * 100)
    (line,) = caplog.messages
    assert line.startswith("forces arrive 12 ms too late for their frames")


@pytest.mark.parametrize("later_s", [-0.008, 3.5])
def test_a_hundred_frames_without_their_forces_are_told_however_many_had_them(
    later_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    """A sender that is changed in the course of a session."""
    fed([0.0] * 300 + [later_s] * 99)
    assert not caplog.messages
    fed([0.0] * 300 + [later_s] * 100)
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("later_s", [-0.008, 3.5])
def test_while_most_frames_have_their_forces_nothing_is_told(
    later_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    fed([later_s, 0.0] * 500)
    assert not caplog.messages


def test_the_delay_that_is_told_is_the_mean_of_late_ones(caplog: pytest.LogCaptureFixture) -> None:
    fed([-0.03] * 20 + [0.0] * 30 + [-0.008, -0.016] * 60)
    # of 30 ms 0.1 are left after 100 frames, and the last frame adds 0.1
    assert caplog.messages[0].startswith("forces arrive 12 ms too late")


@pytest.mark.parametrize(("ahead_s", "other_clock"), [(0.5, False), (0.9, False), (1.1, True)])
def test_clocks_differ_if_forces_are_of_more_than_a_second_later(
    ahead_s: float, other_clock: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Frames that are held up longer by their network are no sign of it."""
    fed([ahead_s + 0.025] * 300)
    assert len(caplog.messages) == other_clock


def test_plates_that_fall_silent_are_not_late(caplog: pytest.LogCaptureFixture) -> None:
    plates = Plates()
    frames = FrameForces(plates, 0.025)
    plates.newest_s = 5.0
    for k in range(400):
        plates.fresh = k < 2
        frames.align(5.0 + 0.01 * k, 5.0)
    assert not caplog.messages


def test_plates_that_end_while_their_times_are_ahead_are_not_believed() -> None:
    plates = Plates()
    frames = FrameForces(plates, 0.025)
    plates.newest_s = 35.0
    frames.align(5.0, 5.0)
    plates.fresh = False
    frames.align(5.2, 5.2)
    assert not frames.believed


def test_a_hole_between_samples_that_have_come_is_bridged() -> None:
    plates = Plates()
    frames = FrameForces(plates, 0.025)
    plates.fresh, plates.newest_s = False, 5.0
    assert not frames.align(5.0, 5.0)
    assert frames.believed


def test_before_the_first_sample_and_after_a_new_start_nothing_is_believed() -> None:
    plates = Plates()
    frames = FrameForces(plates, 0.0)
    plates.fresh = False
    assert frames.align(5.0, 5.0)
    assert not frames.believed
    plates.fresh = True
    frames.align(5.01, 5.01)
    frames.reset()
    plates.fresh = False
    frames.align(5.02, 5.02)
    assert not frames.believed


def test_without_plates_there_are_no_rows_and_nothing_is_late_or_believed() -> None:
    frames = FrameForces(None, 0.025)
    assert frames.align(5.0, 5.0)
    assert frames.forces.shape == (0, 9)
    assert not frames.believed


@pytest.mark.parametrize(
    ("believed", "status", "known"),
    [
        (True, 0, True),
        (True, Status.GAP | Status.SO_SATURATED | Status.PATH_EXTRAPOLATED, True),
        (True, Status.FORCE_STALE, False),
        (False, 0, False),
        (False, Status.GRF_PREDICTED, True),
        (True, Status.GRF_PREDICTED | Status.FORCE_STALE, False),
    ],
)
def test_the_network_is_told_whether_forces_are_known(
    believed: bool, status: int, known: bool
) -> None:
    bridge, refiner = StandInBridge(), StandInRefiner()
    bridge.status = int(status)
    step_refiner(refiner, 5.0, bridge.step(5.0, np.ones((3, 3)), np.zeros((0, 9))), believed)
    assert refiner.forces_valid == [known]
    assert refiner.frames_seen == [True]


def test_everybody_is_told_of_missing_frames() -> None:
    bridge, refiner, frames = StandInBridge(), StandInRefiner(), FrameForces(Plates(), 0.0)
    times = FrameTimes(100.0, reset_after_s=1.0)
    assert begin_frame(5.0, times, bridge, frames, refiner) == 0
    assert frames.align(5.0, 5.0)
    assert begin_frame(5.05, times, bridge, frames, refiner) == Status.GAP
    assert bridge.unseen == [pytest.approx(5.04)]  # a period before
    assert bridge.resets == refiner.resets == 0
    assert begin_frame(7.0, times, bridge, frames) == Status.GAP  # nor need there be a network
    assert (bridge.resets, refiner.resets) == (1, 0)
    assert not frames.believed
    begin_frame(9.0, times, bridge, frames, refiner)
    assert (bridge.resets, refiner.resets) == (2, 1)


@pytest.mark.parametrize(
    ("status", "guessed"),
    [(Status.HOLD, False), (Status.WARMING_UP, False), (Status.IK_UNCONVERGED, False), (0, True)],
)
def test_the_network_is_told_of_a_frame_that_tells_nothing(status: int, guessed: bool) -> None:
    bridge, refiner = StandInBridge(), StandInRefiner()
    bridge.status, bridge.guessed = int(status), guessed
    step_refiner(refiner, 5.0, bridge.step(5.0, np.ones((3, 3)), np.zeros((0, 9))), True)
    assert refiner.frames_seen == [False]
