"""A recording run again gives what a session of it publishes: estimates, moments, flags."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from inference import Refiner
from sim_bridge import Bridge, BridgeSettings, CompiledModel, compile_model
from streamer.commands.offline import process
from streamer.commands.offline_results import Results
from streamer.commands.run import demo_config
from streamer.formats import MarkerTable, Trial, read_trial
from streamer.formats.bridge_input import BridgeInput
from streamer.frames.force_ring import ForceRing
from streamer.frames.forces import FORCE_TRUST_S
from streamer.messaging.messages import Dyn, Emg, values
from streamer.model_inputs import inputs_of
from streamer.status import Status
from tests.data_sets import trial_dir
from tests.streamer.stand_ins import Frames, SharedClock, Tape, open_session, play

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

WITH_FEET = "gait1992/subject01/walk"
WITHOUT_FEET = "demo"
"""Its model has no toes: where no force is measured none is predicted either."""
FRAMES = 150
EDGES = (0.203, 0.503, 0.853, 1.103)


@cache
def walk(name: str) -> tuple[Trial, CompiledModel]:
    demo = demo_config().parent / "subject" / "walk"
    trial = read_trial(demo if name == WITHOUT_FEET else trial_dir(name))
    return trial, compile_model(trial.model)


def recording(name: str, sent: Callable[[F64], Bool] | None) -> BridgeInput:
    """The first frames of a walk with the force samples that were sent; None = no plates."""
    trial, _ = walk(name)
    table = trial.markers
    part = slice(20, 20 + FRAMES)
    markers = MarkerTable(table.time[part], table.names, table.positions[part], table.rate_hz)
    if sent is None:
        return BridgeInput(markers)
    all_of_it = BridgeInput.of_trial(trial)
    kept = sent(all_of_it.force_time - markers.time[0])
    return replace(
        all_of_it,
        markers=markers,
        force_time=all_of_it.force_time[kept],
        force_rows=all_of_it.force_rows[kept],
    )


def bridge_of(name: str, recorded: BridgeInput) -> Bridge:
    settings = BridgeSettings(recorded.markers.rate_hz, forces_in_step=True)
    return Bridge(walk(name)[1], recorded.markers.names, recorded.loads, settings)


def refiner_of(name: str) -> Refiner:
    model = walk(name)[1]
    return Refiner(inputs_of(model))


class Arriving:
    """Force source of a session: samples come when they are taken."""

    def __init__(self, clock: SharedClock, recorded: BridgeInput) -> None:
        self._clock, self._recorded = clock, recorded
        self._ring, self._come = ForceRing(len(recorded.loads)), 0
        self.forces = np.zeros((len(recorded.loads), 9))

    @property
    def newest_s(self) -> float:
        return self._ring.newest_s

    def look(self) -> None:
        pass

    def align(self, t: float, until: float) -> bool:  # noqa: ARG002
        come = int((self._recorded.force_time <= self._clock.t).sum())
        new = slice(self._come, come)
        self._ring.extend(self._recorded.force_time[new], self._recorded.force_rows[new])
        self._come = come
        return self._ring.at(t, self.forces)


def live(name: str, recorded: BridgeInput) -> tuple[list[Emg], list[Dyn]]:
    """What a session with these markers and forces publishes."""
    table = recorded.markers
    frames = list(zip(table.time.tolist(), table.positions, strict=True))
    clock, tape = SharedClock(float(table.time[0])), Tape()
    bridge, refiner = bridge_of(name, recorded), refiner_of(name)
    bridge.warm_up()
    refiner.warm_up()
    markers = Frames(clock, frames, table.rate_hz)
    plates = Arriving(clock, recorded) if recorded.loads else None
    play(open_session(markers, bridge, refiner, clock, tape, plates, budget_ms=1e3))
    return tape.of("emg"), tape.of("dyn")


def again(name: str, recorded: BridgeInput) -> Results:
    return process(recorded, bridge_of(name, recorded), refiner_of(name))


def whole(t: F64) -> Bool:
    return np.ones(len(t), dtype=np.bool_)


def broken(t: F64) -> Bool:
    """A hole of 0.35 s; nothing in the first 0.2 s and after 1.1 s.

    Samples set in 3 ms after a frame: who waits for late ones, up to 2 ms, waits in vain.
    """
    return (t > EDGES[0]) & (t < EDGES[3]) & ~((t > EDGES[1]) & (t < EDGES[2]))


@pytest.mark.parametrize("name", [WITH_FEET, WITHOUT_FEET])
@pytest.mark.parametrize("sent", [whole, broken, None])
def test_a_recording_gives_what_a_session_publishes(
    name: str, sent: Callable[[F64], Bool] | None
) -> None:
    recorded = recording(name, sent)
    (emg, dyn), results = live(name, recorded), again(name, recorded)
    assert len(emg) == FRAMES
    published = np.array([values(m.emg) for m in emg])
    assert (published > 0.01).any(axis=0).all()
    np.testing.assert_array_equal(results.emg, published)
    np.testing.assert_array_equal(results.sigma, np.array([values(m.sigma) for m in emg]))
    # messages carry float32
    np.testing.assert_array_equal(
        results.tau.astype(np.float32), np.array([values(m.tau) for m in dyn])
    )
    forces = np.array([values(m.forces) for m in dyn])
    np.testing.assert_array_equal(results.forces.reshape(FRAMES, -1).astype(np.float32), forces)
    np.testing.assert_array_equal(results.status, [m.status for m in emg])


def test_missing_frames_are_missing_to_both() -> None:
    recorded, table = recording(WITH_FEET, whole), recording(WITH_FEET, whole).markers
    kept = np.ones(FRAMES, dtype=np.bool_)
    kept[40:43] = kept[90:100] = False
    markers = MarkerTable(table.time[kept], table.names, table.positions[kept], table.rate_hz)
    holed = replace(recorded, markers=markers)
    (emg, _), results = live(WITH_FEET, holed), again(WITH_FEET, holed)
    np.testing.assert_array_equal(results.emg, np.array([values(m.emg) for m in emg]))
    np.testing.assert_array_equal(results.status, [m.status for m in emg])
    gaps = np.flatnonzero(results.status & Status.GAP)
    assert {40, 87} <= set(gaps.tolist())  # the first frames after the holes


@pytest.mark.parametrize("name", [WITH_FEET, WITHOUT_FEET])
def test_forces_that_nobody_measured_are_flagged_and_not_believed(name: str) -> None:
    recorded = recording(name, broken)
    results = again(name, recorded)
    about = recorded.markers.time - bridge_of(name, recorded).filter_delay_s
    about = about - recorded.markers.time[0]
    measured = broken(about)
    stale = (results.status & Status.FORCE_STALE) != 0
    # edges lie 2 ms from the instants asked for, and forces come every 2 ms at least
    assert not stale[measured].any()
    held = (EDGES[1] < about) & (about < EDGES[1] + FORCE_TRUST_S)
    long_ago = (EDGES[1] + FORCE_TRUST_S + 0.01 < about) & (about < EDGES[2] - 0.03)
    assert held.any()
    assert stale[held].all()
    # without feet nothing takes the place of forces that are not known
    assert (stale[long_ago] == (name == WITHOUT_FEET)).all()
    silent = (about > EDGES[3] + FORCE_TRUST_S) | (about < EDGES[0] - 0.05)
    predicted = (results.status & Status.GRF_PREDICTED) != 0
    assert silent.sum() > 30
    assert (predicted[silent] == (name == WITH_FEET)).all()


def test_without_forces_and_feet_the_network_goes_by_motion_alone() -> None:
    nobody, everybody = (again(WITHOUT_FEET, recording(WITHOUT_FEET, s)) for s in (None, whole))
    assert (nobody.status & Status.FORCE_STALE).all()  # its moments lack what carries the body
    assert not (nobody.status & Status.GRF_PREDICTED).any()
    refiner, steps = refiner_of(WITHOUT_FEET), []
    for i, t in enumerate(recording(WITHOUT_FEET, None).markers.time.tolist()):
        # no moment and no activation of theirs can matter to what is withheld from the network
        seen = not nobody.status[i] & Status.WARMING_UP
        nothing = np.zeros_like(nobody.activation[i]), nobody.q[i], nobody.qd[i]
        steps.append(
            refiner.step(
                t, *nothing, np.zeros_like(nobody.tau[i]), forces_valid=False, seen=seen
            ).copy()
        )
    np.testing.assert_array_equal(nobody.emg, np.array(steps))
    assert np.abs(nobody.emg - everybody.emg).max() > 0.01
