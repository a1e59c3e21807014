"""What a client gets where a frame fails inside, is not ready in time, or has to wait."""

import numpy as np
import pytest

from streamer.messaging.messages import values
from streamer.status import Status
from tests.streamer.stand_ins import StandInBridge
from tests.streamer.test_loop import START, Rig, even


def test_a_frame_that_fails_inside_is_answered_and_the_session_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig(even(4))

    def fail(t: float) -> None:
        if START < t < START + 0.025:
            raise ZeroDivisionError("bad frame")

    rig.bridge.during = fail
    rig.play()
    flagged = Status.HOLD | Status.REFINER_SKIPPED
    assert [m.status for m in rig.emg()] == [0, flagged, flagged, 0]
    assert rig.session.faults == 2
    assert (rig.bridge.resets, rig.refiner.resets) == (2, 2)
    assert len(caplog.records) == 1  # the same fault is not repeated in the log
    assert np.isfinite(values(rig.emg()[1].emg)).all()


def test_faults_that_all_read_differently_do_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig(even(30))

    def fail(t: float) -> None:
        raise ZeroDivisionError(f"bad frame at {t}")

    rig.bridge.during = fail
    rig.play()
    assert rig.session.faults == 30
    assert sum("answered with a substitute" in line for line in caplog.messages) == 20


def test_no_nan_is_ever_published() -> None:
    rig = Rig(even(2))
    rig.markers.frames[1] = (START + 0.01, np.full((3, 3), np.inf))
    rig.play()
    assert rig.session.faults == 1
    assert all(np.isfinite(values(m.emg)).all() for m in rig.emg())


@pytest.mark.parametrize("part", ["activation", "q", "qd", "tau"])
def test_a_bridge_that_returns_no_number_is_answered_by_a_substitute(part: str) -> None:
    rig, step = Rig(even(2)), StandInBridge.step

    def broken(*args: np.ndarray) -> object:
        result = step(rig.bridge, *args)  # type: ignore[arg-type]
        getattr(result, part)[0] = np.nan if args[0] > START else 0.0
        return result

    rig.bridge.step = broken  # type: ignore[method-assign,assignment]
    rig.play()
    assert [m.status for m in rig.emg()] == [0, Status.HOLD | Status.REFINER_SKIPPED]
    assert rig.session.faults == 1


def test_a_substitute_says_that_the_network_has_not_settled() -> None:
    rig = Rig(even(1), budget_ms=5.0)
    rig.refiner.settled = False

    def dawdle(_: float) -> None:
        rig.clock.t += 0.02
        rig.session.sender.tick(rig.clock.t)

    rig.bridge.during = dawdle
    rig.session.step(0.01)
    assert rig.emg()[0].status & Status.REFINER_SKIPPED
    assert rig.emg()[0].status & Status.WARMING_UP


def test_the_age_counts_from_when_the_network_last_stepped() -> None:
    rig = Rig(even(1), filter_delay_s=0.025)
    rig.refiner.held_s = 0.004
    rig.session.step(0.01)
    assert rig.emg()[0].age_ms == pytest.approx(29.0, abs=0.01)


def test_an_estimate_that_waits_is_not_overwritten_by_the_next() -> None:
    rig = Rig(even(1), budget_ms=5.0, pacing="constant")
    rig.session.step(0.01)
    assert not rig.emg()
    rig.refiner.estimate[:] = 9.0  # as the network writes its next
    rig.clock.t += 0.0045
    rig.session.sender.tick(rig.clock.t)
    np.testing.assert_allclose(values(rig.emg()[0].emg), [0.4, 0.2], rtol=1e-6)
