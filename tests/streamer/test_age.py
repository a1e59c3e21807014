"""An experiment on the age: a known moment, and when it comes out of the loop."""

import numpy as np
import pytest
from numpy.typing import NDArray

from configs.demo.build import SUBJECT
from sim_bridge import STAGES, Bridge, BridgeSettings, CompiledModel, compile_model
from sim_bridge.filters import CAUSAL_DEFAULT
from sim_bridge.kinematics import empty_pose, point_in_ground, pose_free, skeleton_of
from streamer.messaging.messages import values
from tests.streamer.stand_ins import Frames, SharedClock, Tape, open_session, play

F64 = NDArray[np.float64]
RATE_HZ = 100.0
START = 100.0
PULSE_AT, PULSE_WIDTH = START + 1.0123, 0.09
"""Middle and standard deviation [s]: between frames, and as quick as a step's moments."""
FILTERS = (
    CAUSAL_DEFAULT,
    "wiener:20:12",
    "wiener:27.5",
    "wiener:40:6",
    "kalman:2:8",
    "kalman:5:8",
    "butterworth:6",
    "butterworth:12",
    "savgol:9:3:2",
    "savgol:9:2:4",
)
"""Of each kind those that are as late as they say; docs/filters.md has the others."""
HALF_A_FRAME = 0.5 / RATE_HZ


class LateFrames(Frames):
    """Frames that arrive some time after they were captured, as behind cameras and a network."""

    def __init__(self, clock: SharedClock, frames: list[tuple[float, F64]], late_s: float) -> None:
        super().__init__(clock, frames)
        self._late_s = late_s

    def pull(self, timeout_s: float) -> int:
        count = super().pull(timeout_s)
        if count:
            self._clock.t = max(self._clock.t, self.t + self._late_s)
            self.received = self._clock.t
        return count


class MomentAsEmg:
    """Network that passes one moment through, so that the moment is in the message with the age."""

    channel_names = ("moment",)

    lead_s = held_s = unlikeness = 0.0
    settled = True

    def __init__(self, coordinate: int) -> None:
        self._coordinate = coordinate
        self.estimate = np.zeros((2, 1), np.float32)

    def step(
        self,
        t: float,  # noqa: ARG002
        activation: F64,  # noqa: ARG002
        q: F64,  # noqa: ARG002
        qd: F64,  # noqa: ARG002
        tau: F64,
        *,
        forces_valid: bool = True,  # noqa: ARG002
        seen: bool = True,  # noqa: ARG002
    ) -> NDArray[np.float32]:
        self.estimate[0] = tau[self._coordinate]
        return self.estimate[0]

    def reset(self) -> None:
        pass


class SwingingKnee:
    """The demo subject hangs still but for one knee, which bends and stretches once.

    Attributes
    ----------
    model : CompiledModel
    knee : int
        The coordinate that moves.
    """

    def __init__(self, model: CompiledModel) -> None:
        self.model = model
        self.knee = model.coordinate_names.index("knee_angle_r")

    def coordinates(self, t: float) -> tuple[F64, F64, F64]:
        """Angles, speeds and accelerations at an instant [s]: a Gaussian bump."""
        u = (t - PULSE_AT) / PULSE_WIDTH
        bump = -0.6 * np.exp(-0.5 * u * u)
        motion = np.zeros((3, len(self.model.coordinate_names)))
        motion[0] = self.model.coordinates.default
        motion[0, self.knee] = -0.3 + bump
        motion[1, self.knee] = -u / PULSE_WIDTH * bump
        motion[2, self.knee] = (u * u - 1.0) / PULSE_WIDTH**2 * bump
        return motion[0], motion[1], motion[2]

    def markers(self, t: float) -> F64:
        """Places of the model's markers [m]."""
        skeleton, pose = skeleton_of(self.model), empty_pose(self.model)
        free = self.coordinates(t)[0][self.model.coordinates.free_index]
        pose_free(skeleton, free, pose)
        places = np.zeros((len(self.model.marker_names), 3))
        for i, place in enumerate(places):
            point_in_ground(
                pose, int(self.model.markers.link[i]), self.model.markers.station[i], place
            )
        return places

    def moment(self, times: F64) -> F64:
        """Knee moment [N m] from the exact motion."""
        bridge = Bridge(self.model, self.model.marker_names, (), BridgeSettings(RATE_HZ))
        none = np.zeros((0, 9))
        return np.array(
            [bridge.solve(*self.coordinates(float(t)), none).tau[self.knee] for t in times]
        )


@pytest.fixture(scope="module")
def knee() -> SwingingKnee:
    return SwingingKnee(compile_model(SUBJECT / "model.osim"))


def published(knee: SwingingKnee, name: str, *, late_s: float, compute_s: float) -> Tape:
    """Everything that a session says of the pulse."""
    clock, tape = SharedClock(START), Tape()
    times = START + np.arange(200) / RATE_HZ
    frames = [(float(t), knee.markers(float(t))) for t in times]
    settings = BridgeSettings(RATE_HZ, filter=name)
    bridge = Bridge(knee.model, knee.model.marker_names, (), settings)

    markers = LateFrames(clock, frames, late_s)
    session = open_session(markers, bridge, MomentAsEmg(knee.knee), clock, tape)
    marked = bridge.on_stage

    def take_time(stage: str) -> None:
        clock.t += compute_s / len(STAGES)
        assert marked is not None
        marked(stage)

    bridge.on_stage = take_time
    play(session)
    return tape


def time_of_pulse(knee: SwingingKnee, times: F64, moment: F64) -> float:
    """How much later than it was made the pulse is in a series [s]: least squares over shifts."""
    shifts = np.arange(-0.02, 0.2, 5e-4)
    fine = np.arange(START - 0.5, START + 2.5, 1e-3)
    truth = knee.moment(fine)
    errors = []
    for shift in shifts:
        basis = np.stack([np.interp(times - shift, fine, truth), np.ones_like(times)], axis=1)
        errors.append(np.linalg.lstsq(basis, moment, rcond=None)[1][0])
    return float(shifts[int(np.argmin(errors))])


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(("late_s", "compute_s"), [(0.0, 0.0), (0.012, 0.0025)])
def test_a_moment_comes_out_as_old_as_its_message_says(
    knee: SwingingKnee, name: str, late_s: float, compute_s: float
) -> None:
    tape = published(knee, name, late_s=late_s, compute_s=compute_s)
    messages = tape.of("emg")[40:]
    sent = np.array([m.sent for m in messages])
    moment = np.array([values(m.emg)[0] for m in messages], dtype=float)
    ages = np.array([m.age_ms for m in messages]) * 1e-3
    assert np.ptp(ages) < 1e-9
    measured = time_of_pulse(knee, sent, moment)
    assert measured == pytest.approx(ages[0], abs=HALF_A_FRAME)
    assert ages[0] >= late_s + compute_s


def test_age_is_the_way_from_capture_and_the_declared_delay(knee: SwingingKnee) -> None:
    tape = published(knee, CAUSAL_DEFAULT, late_s=0.012, compute_s=0.0025)
    for message in tape.of("emg"):
        way_ms = 1e3 * (message.sent - message.t)
        assert way_ms == pytest.approx(14.5, abs=1e-6)
        assert message.filter_delay_ms == pytest.approx(25.0)
        assert message.age_ms == pytest.approx(way_ms + message.filter_delay_ms, abs=1e-6)


def test_the_published_moment_is_that_of_the_dyn_message(knee: SwingingKnee) -> None:
    tape = published(knee, CAUSAL_DEFAULT, late_s=0.0, compute_s=0.0)
    for emg, dyn in zip(tape.of("emg"), tape.of("dyn"), strict=True):
        assert (emg.seq, emg.t) == (dyn.seq, dyn.t)
        assert values(emg.emg)[0] == values(dyn.tau)[knee.knee]
