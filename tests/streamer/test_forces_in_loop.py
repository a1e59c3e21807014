"""The loop with the bridge and a recorded walk: forces late, silent and wrong."""

import logging
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_bridge import Bridge, BridgeSettings, CompiledModel, ExternalForce, compile_model
from streamer.formats import Trial, read_trial
from streamer.frames.force_ring import ForceRing
from streamer.frames.forces import FORCE_TRUST_S
from streamer.messaging.messages import Dyn, values
from streamer.status import Status
from tests.data_sets import trial_dir
from tests.streamer.stand_ins import Frames, SharedClock, StandInRefiner, Tape, open_session, play

F64 = NDArray[np.float64]
TRIAL = "gait1992/subject01/walk"
START_S, END_S = 0.2, 2.4
"""Part of the trial [s]; the treadmill's plates see every step of it."""
SETTLED = 30
"""Frames after which the filter has seen enough."""


@cache
def walk() -> tuple[Trial, CompiledModel]:
    trial = read_trial(trial_dir(TRIAL))
    return trial, compile_model(trial.model)


class RecordedPlates:
    """Force source that has what was recorded up to some time before the clock's."""

    def __init__(
        self, clock: SharedClock, late_s: float, sends: Callable[[F64], F64], change: F64
    ) -> None:
        trial = walk()[0]
        assert trial.loads is not None
        assert trial.forces is not None
        self._clock, self._late_s = clock, late_s
        self._rows = trial.loads.select(trial.forces)
        self._rows[..., :3] *= change
        self._time = trial.forces.time
        kept = sends(self._time).astype(bool)
        self._time, self._rows = self._time[kept], self._rows[kept]
        self._ring, self._sent = ForceRing(2), 0
        self.forces = np.zeros((2, 9))

    @property
    def newest_s(self) -> float:
        return self._ring.newest_s

    def look(self) -> None:
        self._drain()

    def align(self, t: float, until: float) -> bool:
        self._drain()
        if not self._ring.covers(t):  # waits in vain, or until the sample comes
            self._clock.t = min(until, max(self._clock.t, t + self._late_s))
            self._drain()
        return self._ring.at(t, self.forces)

    def _drain(self) -> None:
        upto = int(np.searchsorted(self._time, self._clock.t - self._late_s, side="right"))
        if upto > self._sent:
            self._ring.extend(self._time[self._sent : upto], self._rows[self._sent : upto])
            self._sent = upto


def session(
    late_s: float = 0.0,
    sends: Callable[[F64], F64] = np.ones_like,
    change: tuple[float, float] = (1.0, 1.0),
) -> list[Dyn]:
    """Messages of a session over the walk; `change` multiplies the forces of each plate."""
    trial, model = walk()
    assert trial.loads is not None
    inside = (trial.markers.time >= START_S) & (trial.markers.time <= END_S)
    frames = list(
        zip(trial.markers.time[inside].tolist(), trial.markers.positions[inside], strict=True)
    )
    settings = BridgeSettings(trial.markers.rate_hz, forces_in_step=True)
    loads = [ExternalForce(f.name, f.body) for f in trial.loads.forces]
    bridge = Bridge(model, trial.markers.names, loads, settings)
    clock, tape = SharedClock(START_S), Tape()
    markers = Frames(clock, frames, trial.markers.rate_hz)
    plates = RecordedPlates(clock, late_s, sends, np.array(change)[:, None])
    play(open_session(markers, bridge, StandInRefiner(), clock, tape, plates, budget_ms=500.0))
    found = tape.of("dyn")
    assert len(found) == len(frames)
    assert all(np.isfinite(values(m.tau)).all() for m in found)
    return found


def moments(messages: list[Dyn]) -> F64:
    return np.array([values(m.tau) for m in messages])


def test_forces_late_by_less_than_the_filter_are_not_late() -> None:
    on_time, late = session(), session(late_s=0.02)
    for messages in (on_time, late):
        flags = Status.FORCE_STALE | Status.GRF_PREDICTED
        assert not any(m.status & flags for m in messages[SETTLED:])
        assert {m.grf_source for m in messages[SETTLED:]} == {"plate"}
    np.testing.assert_array_equal(moments(late)[SETTLED:], moments(on_time)[SETTLED:])


def test_forces_that_are_later_are_held_flagged_and_believed_for_a_while() -> None:
    late = session(late_s=0.06)[SETTLED:]
    assert all(m.status & Status.FORCE_STALE for m in late)
    assert {m.grf_source for m in late} == {"plate"}
    too_late = session(late_s=0.2)[SETTLED:]
    assert {m.status & (Status.FORCE_STALE | Status.GRF_PREDICTED) for m in too_late} == {
        Status.GRF_PREDICTED
    }
    assert {m.grf_source for m in too_late} == {"predicted"}


def test_plates_that_fall_silent_are_predicted_and_come_back() -> None:
    begin, end = 1.0, 1.5
    messages = session(sends=lambda t: (t < begin) | (t >= end))
    delay_s = 0.025
    about = np.array([m.t for m in messages]) - delay_s
    source = np.array([m.grf_source for m in messages])
    stale = np.array([bool(m.status & Status.FORCE_STALE) for m in messages])
    silent = (about > begin + FORCE_TRUST_S + 0.01) & (about < end - 0.001)
    assert set(source[silent]) == {"predicted"}
    # the last of them come when samples do again, of a little after their instants
    assert not stale[silent & (about < end - delay_s - 0.01)].any()
    held = (about > begin + 0.01) & (about < begin + FORCE_TRUST_S - 0.01)
    assert held.any()
    assert stale[held].all()
    # 50 ms of hand-over, and the period between two samples
    known = (about < begin - 0.01) | (about > end + 0.05 + 0.02)
    known[:SETTLED] = False
    assert set(source[known]) == {"plate"}
    assert not stale[known].any()
    whole = session()
    np.testing.assert_allclose(moments(messages)[known], moments(whole)[known], atol=1e-3)


def test_an_inverted_plate_is_said_once_and_predicted(caplog: pytest.LogCaptureFixture) -> None:
    messages = session(change=(1.0, -1.0))
    lines = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert len([line for line in lines if "'left'" in line and "inverted" in line]) == 1
    assert not any("'right'" in line for line in lines)
    assert {m.grf_source for m in messages[60:]} == {"predicted"}
