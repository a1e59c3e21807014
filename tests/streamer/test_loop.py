"""The loop, driven by prepared frames and a clock that is moved by hand."""

import json

import numpy as np
import pytest

from streamer.frames.forces import FORCE_TRUST_S
from streamer.messaging.messages import Emg, values
from streamer.status import Status
from tests.streamer.stand_ins import (
    Frames,
    Plates,
    SharedClock,
    StandInBridge,
    StandInRefiner,
    Tape,
    open_session,
    play,
)

RATE = 100.0
START = 100.0


class Rig:
    """A session with all its stand-ins in reach."""

    def __init__(
        self,
        times: list[float],
        *,
        with_plates: bool = True,
        filter_delay_s: float = 0.0,
        **settings: object,
    ) -> None:
        self.clock, self.tape = SharedClock(START), Tape()
        self.markers = Frames(self.clock, [(t, np.full((3, 3), 0.4)) for t in times])
        self.plates = Plates() if with_plates else None
        self.bridge, self.refiner = StandInBridge(), StandInRefiner()
        self.bridge.filter_delay_s = filter_delay_s
        self.session = open_session(
            self.markers, self.bridge, self.refiner, self.clock, self.tape, self.plates, **settings
        )

    def play(self) -> None:
        """Until there are no frames left."""
        play(self.session)

    def emg(self) -> list[Emg]:
        return self.tape.of("emg")


def test_forces_are_looked_at_also_while_no_frames_come() -> None:
    """A stream that ended is noticed then, and looked for, and not when markers are back."""
    rig = Rig([START])
    assert rig.plates is not None
    assert rig.session.step(0.0)
    assert rig.plates.looks == 0
    assert not rig.session.step(0.0)
    assert rig.plates.looks == 1


def test_times_stay_even_for_the_bridge_though_frames_come_a_little_before_them() -> None:
    """Stamped as they come, half of them do: what is published was not taken after it came."""
    rig = Rig([])
    even = [START + 0.01 * k + 1e-4 for k in range(10)]
    came = [t + early for t, early in zip(even, [-4e-4, 3e-4] * 5, strict=True)]
    for t, now in zip(even, came, strict=True):
        rig.clock.t = now
        rig.markers.hand_out(t, np.full((3, 3), 0.4))
        assert rig.session.step(0.0)
    assert rig.bridge.seen == even
    for topic in ("emg", "kin", "dyn"):
        assert [m.t for m in rig.tape.of(topic)] == [
            min(t, c) for t, c in zip(even, came, strict=True)
        ]
    assert {m.status for m in rig.emg()} == {0}


def even(n: int) -> list[float]:
    return [START + k / RATE for k in range(n)]


def test_every_frame_is_published_once_on_each_topic() -> None:
    rig = Rig(even(5))
    rig.play()
    for topic in ("emg", "act", "kin", "dyn"):
        messages = rig.tape.of(topic)
        assert [m.seq for m in messages] == [0, 1, 2, 3, 4]
        assert [m.t for m in messages] == even(5)
        assert {m.session for m in messages} == {rig.session.session}
        assert {m.status for m in messages} == {0}


def test_the_arrays_are_what_bridge_and_network_gave() -> None:
    rig = Rig(even(1))
    rig.session.step(0.01)
    # 1e-6: float32
    np.testing.assert_allclose(values(rig.emg()[0].emg), [0.4, 0.2], rtol=1e-6)
    kin, dyn = rig.tape.of("kin")[0], rig.tape.of("dyn")[0]
    np.testing.assert_allclose(values(kin.q), START)
    np.testing.assert_allclose(values(kin.qd), 2.0)
    np.testing.assert_allclose(values(dyn.tau), 3.0)
    np.testing.assert_allclose(values(dyn.forces), np.full(18, 5.0))
    np.testing.assert_allclose(values(dyn.predicted), [0.0, 0.5])
    assert (kin.marker_rms, dyn.grf_source) == (0.01, "plate")


def test_the_estimate_leaves_before_the_rest() -> None:
    rig = Rig(even(1))
    rig.session.step(0.01)
    assert [topic for topic, _ in rig.tape.messages][:4] == ["emg", "act", "kin", "dyn"]


def test_of_a_backlog_only_the_newest_frame_is_answered() -> None:
    rig = Rig(even(6))
    rig.session.step(0.01)
    rig.markers.count = 5
    rig.session.step(0.01)
    assert rig.bridge.seen == [START, START + 0.05]
    assert [m.seq for m in rig.emg()] == [0, 5]
    assert (rig.session.frames_in, rig.session.skipped) == (6, 4)
    assert rig.emg()[1].status == Status.GAP


def test_a_pause_in_the_capture_times_is_a_gap() -> None:
    rig = Rig([START, START + 0.010, START + 0.031, START + 0.041])
    rig.play()
    assert [m.status for m in rig.emg()] == [0, 0, Status.GAP, 0]
    assert rig.bridge.resets == 0
    # up to one period before the frame nobody saw anything
    assert rig.bridge.unseen == pytest.approx([START + 0.021], abs=1e-3)


@pytest.mark.parametrize("jump", [5.0, -50.0])
def test_after_a_long_pause_or_a_reset_clock_everything_starts_anew(jump: float) -> None:
    rig = Rig([START, START + 0.01, START + jump])
    rig.play()
    assert (rig.bridge.resets, rig.refiner.resets) == (1, 1)
    long_ago = Status.LATE if jump < 0.0 else 0  # by the clock of this machine
    assert [m.status for m in rig.emg()] == [0, 0, Status.GAP | long_ago]


def test_a_frame_that_is_not_newer_is_skipped() -> None:
    rig = Rig([START, START + 0.01, START + 0.01, START + 0.005, START + 0.02])
    rig.play()
    assert [m.seq for m in rig.emg()] == [0, 1, 4]
    assert (rig.session.frames_in, rig.session.skipped) == (5, 2)


def test_a_clock_that_is_set_back_by_little_silences_nobody() -> None:
    rig = Rig(even(30) + [t - 0.5 for t in even(60)[30:]])
    rig.play()
    assert len(rig.emg()) == 60 - 4
    assert rig.session.skipped == 4
    assert rig.session.sender.statuses.counts() == {"OK": 30, "GAP": 1, "LATE": 26}
    assert (rig.bridge.resets, rig.refiner.resets) == (1, 1)


def test_another_rate_is_no_row_of_gaps_and_hides_none() -> None:
    slower = [START + 0.5 + 0.02 * k for k in range(50)]
    rig = Rig(even(50) + slower)
    rig.play()
    assert {m.status for m in rig.emg()[-39:]} == {0}
    faster = [START + 0.5 + 0.005 * k for k in range(50) if k != 40]
    rig = Rig(even(50) + faster)
    rig.play()
    assert [m.seq for m in rig.emg() if m.status] == [90]


def test_what_is_wrong_with_a_plate_is_told_twice(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(even(200))
    assert rig.bridge.on_plate_fault is not None
    rig.bridge.on_plate_fault("left", "its sign is inverted")
    rig.bridge.on_plate_fault("all", "too small")
    rig.bridge.on_plate_fault("all", "to one side")
    rig.play()
    assert "force plate 'left': its sign is inverted" in caplog.text
    *_, faults = [m.plate_faults for m in rig.tape.of("health")]
    assert faults == {"left": "its sign is inverted", "all": "too small; to one side"}


def test_held_forces_are_flagged_and_after_a_while_not_believed() -> None:
    times = even(20)
    rig = Rig(times)
    rig.session.step(0.01)
    assert rig.plates is not None
    rig.plates.fresh = False
    rig.play()
    believed = [t - START <= FORCE_TRUST_S for t in times]
    held = [int(Status.FORCE_STALE) if known else 0 for known in believed[1:]]
    assert [m.status for m in rig.emg()] == [0, *held]  # then the bridge does without, and says so
    assert rig.refiner.forces_valid == believed
    assert [np.isfinite(seen).all() for seen in rig.bridge.all_forces] == believed
    sources = [m.grf_source for m in rig.tape.of("dyn")]  # type: ignore[attr-defined]
    assert sources == ["plate" if known else "none" for known in believed]


def test_forces_are_asked_for_at_the_instant_that_the_moments_are_about() -> None:
    rig = Rig(even(3), filter_delay_s=0.025)
    rig.play()
    assert rig.plates is not None
    np.testing.assert_allclose(rig.plates.asked, [t - 0.025 for t in even(3)])


def test_forces_that_are_always_a_little_late_are_flagged_and_believed() -> None:
    rig = Rig(even(30))
    assert rig.plates is not None
    rig.plates.fresh = False
    for t in even(30):
        rig.plates.newest_s = t - 0.04
        rig.session.step(0.01)
    assert {m.status for m in rig.emg()} == {Status.FORCE_STALE}
    assert {m.grf_source for m in rig.tape.of("dyn")} == {"plate"}  # type: ignore[attr-defined]
    assert all(rig.refiner.forces_valid)


def test_source_of_the_forces_follows_every_frame() -> None:
    """Plates fall silent, the bridge predicts, plates come back."""
    times = even(60)
    rig = Rig(times)
    assert rig.plates is not None
    for k in range(60):
        rig.plates.fresh = not 20 <= k < 40
        silent = 20 <= k < 40 and times[k] - times[19] > FORCE_TRUST_S
        rig.bridge.status = int(Status.GRF_PREDICTED) if silent else 0
        rig.session.step(0.01)
        dyn = rig.tape.of("dyn")[-1]
        assert dyn.grf_source == ("predicted" if silent else "plate")  # type: ignore[attr-defined]
        assert bool(dyn.status & Status.GRF_PREDICTED) == silent
        assert bool(dyn.status & Status.FORCE_STALE) == (20 <= k < 40 and not silent)


def test_without_plates_nothing_is_stale_and_no_force_is_believed() -> None:
    rig = Rig(even(2), with_plates=False)
    rig.play()
    assert [m.status for m in rig.emg()] == [0, 0]
    assert rig.refiner.forces_valid == [False, False]
    assert rig.bridge.forces_seen is not None
    assert rig.bridge.forces_seen.shape == (0, 9)
    assert rig.tape.of("dyn")[0].grf_source == "none"  # type: ignore[attr-defined]


def test_flags_of_the_bridge_are_published() -> None:
    rig = Rig(even(1))
    rig.bridge.status = int(Status.SO_SATURATED | Status.IK_UNCONVERGED)
    rig.session.step(0.01)
    assert rig.emg()[0].status == Status.SO_SATURATED | Status.IK_UNCONVERGED


def test_a_frame_behind_which_the_network_has_not_settled_is_flagged_on_all_topics() -> None:
    rig = Rig(even(1))
    rig.refiner.settled = False
    rig.session.step(0.01)
    for topic in ("emg", "act", "kin", "dyn"):
        assert [m.status for m in rig.tape.of(topic)] == [Status.WARMING_UP]


@pytest.mark.parametrize("flag", [Status.HOLD, Status.WARMING_UP])
def test_the_network_is_told_of_frames_that_tell_nothing_of_the_motion(flag: Status) -> None:
    rig = Rig(even(3))
    rig.bridge.during = lambda t: setattr(rig.bridge, "status", int(flag) * (t == START))
    rig.play()
    assert rig.refiner.frames_seen == [False, True, True]


@pytest.mark.parametrize("flag", [Status.FORCE_STALE, Status.WARMING_UP])
def test_moments_of_a_frame_without_a_force_or_accelerations_are_not_believed(
    flag: Status,
) -> None:
    rig = Rig(even(1))
    rig.bridge.status = int(flag)
    rig.session.step(0.01)
    assert rig.refiner.forces_valid == [False]
    assert rig.emg()[0].status == flag


def test_a_slow_frame_is_late_on_all_topics() -> None:
    rig = Rig(even(1), budget_ms=5.0)

    def dawdle(_: float) -> None:
        rig.clock.t += 0.02
        rig.session.sender.tick(rig.clock.t)  # what the deadline thread does meanwhile

    rig.bridge.during = dawdle
    rig.session.step(0.01)
    assert rig.emg()[0].status == Status.LATE | Status.REFINER_SKIPPED
    assert rig.tape.of("kin")[0].status == Status.LATE


def test_a_late_frame_that_nobody_substituted_is_late_on_all_topics() -> None:
    rig = Rig(even(1), budget_ms=5.0)
    rig.bridge.during = lambda _: setattr(rig.clock, "t", rig.clock.t + 0.02)
    rig.session.step(0.01)
    for topic in ("emg", "act", "kin", "dyn"):
        assert [m.status for m in rig.tape.of(topic)] == [Status.LATE]


def test_a_new_subscriber_gets_meta_at_once() -> None:
    rig = Rig(even(3), budget_ms=8.0, filter_delay_s=0.03)
    rig.session.step(0.01)
    before = len(rig.tape.of("meta"))
    rig.tape.subscribed = True
    rig.session.step(0.01)
    assert len(rig.tape.of("meta")) == before + 1
    newest = rig.tape.of("meta")[-1]
    assert (newest.channel_names, newest.session) == (("SOL_r", "TA_r"), rig.session.session)
    assert (newest.rate_hz, newest.budget_ms, newest.filter_delay_ms) == (RATE, 8.0, 30.0)


def test_meta_comes_every_two_seconds_and_health_every_second_even_in_silence() -> None:
    rig = Rig([])
    while rig.clock.t < START + 10.0:
        assert not rig.session.step(0.05)
    assert len(rig.tape.of("meta")) == pytest.approx(5, abs=1)
    assert len(rig.tape.of("health")) == pytest.approx(10, abs=1)


def test_health_tells_rates_and_counts() -> None:
    rig = Rig(even(250))
    rig.play()
    health = rig.tape.of("health")[-1]
    assert health.rate_in_hz == pytest.approx(RATE, rel=0.02)  # one frame more or less
    assert health.rate_out_hz == pytest.approx(RATE, rel=0.02)
    assert health.published == health.on_time == health.frames_in
    assert health.status_counts == {"OK": health.published}


def test_run_flushes_old_frames_and_stops_by_time() -> None:
    rig = Rig(even(100))
    rig.session.run(0.5, lambda: False)
    assert rig.markers.flushed
    assert rig.session.frames_in == pytest.approx(50, abs=2)


def test_run_stops_when_asked() -> None:
    rig = Rig(even(100))
    rig.session.run(None, lambda: rig.session.frames_in >= 7)
    assert rig.session.frames_in == 7


def test_run_finds_the_pose_in_a_frame_of_its_own() -> None:
    rig = Rig(even(100))
    rig.session.run(None, lambda: rig.session.frames_in >= 3)
    assert rig.bridge.seen == even(4)
    assert [m.t for m in rig.emg()] == even(4)[1:]
    assert {m.status for m in rig.emg()} == {0}


def test_a_bad_frame_before_the_first_ends_nothing() -> None:
    rig = Rig(even(10))
    rig.markers.frames[0] = (START, np.full((3, 3), np.inf))
    rig.session.run(None, lambda: rig.session.frames_in >= 3)
    assert [m.status for m in rig.emg()] == [0, 0, 0]


def test_the_report_has_the_promised_fields_and_is_json() -> None:
    rig = Rig(even(3))
    rig.play()
    report = json.loads(json.dumps(rig.session.report(), allow_nan=False))
    assert set(report) == {
        "frames_in", "published", "on_time", "substituted", "skipped", "latency_ms", "stage_us",
        "budget_ms", "status_counts", "late",
    }  # fmt: skip
    assert set(report["latency_ms"]) == {"p50", "p90", "p99", "p99_9", "max"}
    assert {"align", "ik", "refine", "publish", "total"} <= set(report["stage_us"])
    assert set(report["stage_us"]["ik"]) == {"p50", "p99", "max"}
    assert (report["frames_in"], report["published"], report["on_time"]) == (3, 3, 3)


def test_meta_names_the_rate_at_which_frames_come() -> None:
    rig = Rig(even(50) + [START + 0.5 + 0.02 * k for k in range(150)])
    rig.play()
    rates = [m.rate_hz for m in rig.tape.of("meta")]
    assert (rates[0], rates[-1]) == (RATE, 50.0)
