"""What a session makes of frames whose time stamps cannot be, or are of long ago."""

import numpy as np
import pytest

from streamer.config.streams import MarkerStream
from streamer.status import Status
from tests.streamer.test_loop import Rig, even


def stamped(off_s: float, n: int, lag_ms: float = 0.0) -> Rig:
    """A session of frames whose stamps are off the time at which they came."""
    rig = Rig([], markers=MarkerStream(lag_ms=lag_ms))
    for t in even(n):
        rig.clock.t = t
        rig.markers.hand_out(t + off_s, np.full((3, 3), 0.4))
        rig.session.step(0.0)
    return rig


@pytest.mark.parametrize(
    ("ahead_s", "status"), [(3600.0, Status.GAP), (0.06, Status.GAP), (0.04, 0)]
)
def test_frames_from_the_future_count_as_taken_when_they_came(
    ahead_s: float, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    rig = stamped(ahead_s, 30)
    assert [m.t for m in rig.emg()] == even(30)
    assert {m.status for m in rig.emg()} == {status}
    said = f"capture times are {ahead_s:.2f} s ahead of this machine's clock"
    assert [r.message.split(":")[0] for r in caplog.records] == ([said] if status else [])


@pytest.mark.parametrize(("old_s", "late"), [(3600.0, True), (0.11, True), (0.09, False)])
def test_frames_of_long_ago_are_late_and_as_old_as_they_are(
    old_s: float, late: bool, caplog: pytest.LogCaptureFixture
) -> None:
    rig = stamped(-old_s, 150)
    assert {m.status for m in rig.emg()} == {int(Status.LATE) if late else 0}
    assert rig.session.sender.on_time == 150  # answered within the budget all the same
    assert [m.age_ms for m in rig.emg()] == pytest.approx(150 * [1e3 * old_s])
    said = f"frames arrive {old_s:.2f} s after their capture times"
    assert [r.message.split(",")[0] for r in caplog.records] == ([said] if late else [])


@pytest.mark.parametrize(("old_s", "late"), [(0.18, False), (0.26, True)])
def test_a_lag_that_is_known_is_not_late(old_s: float, late: bool) -> None:
    rig = stamped(-old_s, 10, lag_ms=150.0)
    assert {m.status for m in rig.emg()} == {int(Status.LATE) if late else 0}
    assert [m.age_ms for m in rig.emg()] == pytest.approx(10 * [1e3 * old_s])


def test_a_few_frames_that_were_delayed_are_flagged_and_not_spoken_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig([])
    for k, t in enumerate(even(60)):
        rig.clock.t = t
        rig.markers.hand_out(t - (0.2 if k in range(30, 35) else 0.0), np.full((3, 3), 0.4))
        rig.session.step(0.0)
    flagged = [m.seq for m in rig.emg() if m.status & Status.LATE]
    assert set(flagged) <= set(range(30, 35))
    assert not any("after their capture times" in r.message for r in caplog.records)
