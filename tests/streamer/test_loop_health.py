"""What a session says of itself, counted from when it runs; and what it forgets after a fault."""

from typing import Any

import numpy as np
import pytest

from streamer.messaging.messages import Health
from streamer.session.pose_doubts import UNLIKE_S, PoseDoubts
from streamer.status import Status
from tests.streamer.stand_ins import StandInRefiner
from tests.streamer.test_loop import RATE, START, Rig

COMPILED_S = 30.0
"""From the making of a session to its first frame: kernels compile."""


def healths(rig: Rig) -> list[Health]:
    return [message for message in rig.tape.of("health") if isinstance(message, Health)]


def ran(seconds: float) -> Rig:
    """A session that waited for its kernels, then had frames for so long."""
    rig = Rig([START + COMPILED_S + k / RATE for k in range(1000)])
    rig.clock.t += COMPILED_S
    rig.session.run(seconds, lambda: False)
    return rig


def test_rates_are_those_since_the_first_frame() -> None:
    first, *later = healths(ran(3.5))
    assert first.uptime_s == pytest.approx(1.0, abs=0.02)  # a frame more or less, as below
    for health in (first, *later):
        assert health.rate_in_hz == pytest.approx(RATE, rel=0.05)
        assert health.rate_out_hz == pytest.approx(RATE, rel=0.05)


def test_the_last_word_of_a_session_has_all_of_its_frames() -> None:
    rig = ran(2.5)
    *_, before, last = healths(rig)
    assert last.frames_in == rig.session.frames_in > before.frames_in
    assert last.uptime_s == pytest.approx(2.5, abs=0.02)


def test_most_frames_late_are_told_of_by_the_session_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not by whoever reads its health alone."""
    rig = Rig([START + k / RATE for k in range(800)], budget_ms=3.0)

    def slow(_: float) -> None:
        rig.clock.t += 0.004

    rig.bridge.during = slow
    rig.play()
    assert rig.session.sender.on_time == 0
    assert caplog.text.count("most frames take longer than `budget_ms`, 3") == 1


def lying(q: np.ndarray, status: int) -> Rig:
    """A session of a model with a pelvis, all of whose poses are this one."""
    rig = Rig([])
    rig.session._doubts = PoseDoubts(["pelvis_tilt"], RATE)
    step = rig.bridge.step

    def posed(*args: Any) -> Any:
        result = step(*args)
        result.q, result.status = q, status
        return result

    rig.bridge.step = posed
    for k in range(200):
        rig.clock.t = START + k / RATE
        rig.markers.hand_out(rig.clock.t, np.full((3, 3), 0.4))
        rig.session.step(0.0)
    return rig


@pytest.mark.parametrize(("status", "lines"), [(0, 1), (int(Status.HOLD), 0)])
def test_of_a_pose_that_is_held_nothing_is_said(status: int, lines: int) -> None:
    rig = lying(np.array([1.5]), status)
    assert len(healths(rig)[-1].doubts) == lines


def test_a_frame_that_failed_inside_is_no_past_for_the_next_ones() -> None:
    """Bridge and network may have stopped anywhere in it."""
    rig = Rig([START + k / RATE for k in range(10)], with_plates=False)
    rig.markers.frames[4] = (START + 4 / RATE, np.full((3, 3), np.inf))
    rig.play()
    assert (rig.bridge.resets, rig.refiner.resets) == (1, 1)
    rig = Rig([START + k / RATE for k in range(10)])
    rig.markers.frames[0] = (START, np.full((3, 3), np.inf))
    rig.session.run(None, lambda: rig.session.frames_in >= 3)  # the one that finds the pose
    assert (rig.bridge.resets, rig.refiner.resets) == (1, 1)


def test_frames_that_came_while_the_pose_was_found_are_missing() -> None:
    rig = Rig([START + k / RATE for k in range(40)])

    def slow_at_first(t: float) -> None:
        if t == START:
            rig.clock.t += 0.2
            rig.markers.frames = [frame for frame in rig.markers.frames if frame[0] >= rig.clock.t]

    rig.bridge.during = slow_at_first
    rig.session.run(None, lambda: rig.session.frames_in >= 3)
    assert [m.status for m in rig.emg()] == [int(Status.GAP), 0, 0]
    assert rig.bridge.unseen == [pytest.approx(START + 0.19)]


def test_an_estimate_that_the_network_holds_is_as_much_older() -> None:
    rig = Rig([START + k / RATE for k in range(3)], filter_delay_s=0.03)
    rig.refiner.held_s = 0.02
    rig.play()
    assert [m.age_ms for m in rig.emg()] == pytest.approx(3 * [30.0 + 20.0])


def test_health_tells_how_unlike_the_motion_is_and_doubts_it() -> None:
    rig = Rig([START + k / RATE for k in range(round((UNLIKE_S + 2.0) * RATE))])
    rig.refiner.unlikeness = 1.7
    rig.play()
    health = rig.tape.of("health")
    assert {m.unlikeness for m in health} == {1.7}
    assert not health[0].doubts
    (doubt,) = health[-1].doubts
    assert "moves unlike what the network was taught" in doubt


def test_how_far_ahead_of_the_motion_an_estimate_is_goes_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(StandInRefiner, "lead_s", 0.025)
    rig = Rig([START])
    rig.session.step(0.01)
    assert [m.lead_ms for m in rig.emg()] == pytest.approx([25.0])
