"""Small parts that tests put in place of streams, solvers and time."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.config.session import RunConfig
from streamer.messaging.messages import Message, Meta, decode, encode
from streamer.protocols import BridgeStep, LiveForces, RefinerStep
from streamer.session.loop import Session


class HandClock:
    """A clock that moves only when told to."""

    def __init__(self, t: float = 100.0) -> None:
        self.t = t

    def now(self) -> float:
        return self.t

    def sleep_until(self, t: float) -> None:
        self.t = max(self.t, t)


class SharedClock(HandClock):
    """The same for two threads: one that sleeps does not move the time of the other."""

    def sleep_until(self, t: float) -> None:  # noqa: ARG002
        time.sleep(0.001)


class Frames:
    """Marker source: hands out prepared frames ``(t, markers)``, `count` of them per pull."""

    def __init__(
        self,
        clock: HandClock,
        frames: list[tuple[float, NDArray[np.float64]]],
        rate_hz: float = 100.0,
    ) -> None:
        self._clock, self.frames, self.rate_hz = clock, frames, rate_hz
        self.t = self.received = -np.inf
        self.markers = np.zeros((3, 3))
        self.count = 1
        self.flushed = False
        self.comes_at_its_time = True

    def hand_out(self, t: float, markers: NDArray[np.float64]) -> None:
        """One more frame, which is there at once."""
        self.frames.append((t, markers))
        self.comes_at_its_time = False

    def pull(self, timeout_s: float) -> int:
        taken, self.frames = self.frames[: self.count], self.frames[self.count :]
        if not taken:
            self._clock.t += timeout_s
            return 0
        self.t, self.markers = taken[-1]
        if self.comes_at_its_time:
            self._clock.t = max(self._clock.t, self.t)
        self.received = self._clock.t
        return len(taken)

    def flush(self) -> int:
        self.flushed = True
        return 0


def config(**settings: object) -> RunConfig:
    """Return that of a session without files."""
    return RunConfig(model=Path("none.osim"), **settings)


class Plates:
    """Force source that is fresh or stale as told."""

    def __init__(self) -> None:
        self.forces = np.ones((2, 9))
        self.fresh = True
        self.newest_s = -np.inf
        self.asked: list[float] = []
        self.looks = 0

    def look(self) -> None:
        self.looks += 1

    def align(self, t: float, until: float) -> bool:  # noqa: ARG002
        self.asked.append(t)
        return self.fresh


class StandInBridge:
    """Bridge whose activation is the mean marker height, and which does what `during` says."""

    filter_delay_s = 0.0

    def __init__(self, during: Callable[[float], None] = lambda _: None) -> None:
        self.on_stage: Callable[[str], None] | None = None
        self.on_plate_fault: Callable[[str, str], None] | None = None
        self.during = during
        self.status, self.guessed = 0, False
        self.resets = 0
        self.seen: list[float] = []
        self.forces_seen: NDArray[np.float64] | None = None
        self.all_forces: list[NDArray[np.float64]] = []
        self.unseen: list[float] = []

    def unseen_until(self, t: float) -> None:
        self.unseen.append(t)

    def step(
        self, t: float, markers: NDArray[np.float64], forces: NDArray[np.float64]
    ) -> SimpleNamespace:
        self.seen.append(t)
        self.forces_seen = forces.copy()
        self.all_forces.append(self.forces_seen)
        self.during(t)
        if self.on_stage is not None:
            self.on_stage("ik")
        level = float(np.nanmean(markers[:, 1]))
        return SimpleNamespace(
            q=np.full(4, t), qd=np.full(4, 2.0), tau=np.full(4, 3.0), forces=np.full((2, 9), 5.0),
            predicted=np.array([0.0, 0.5]),
            activation=np.array([level, level / 2, 0.0]),
            marker_rms=0.01, marker_spread=1.0, guessed=self.guessed,
            status=self.status,
        )  # fmt: skip

    def reset(self) -> None:
        self.resets += 1


class StandInRefiner:
    """Network whose EMG is the first two activations, each sure to a tenth of it."""

    channel_names = ("SOL_r", "TA_r")
    lead_s = held_s = unlikeness = 0.0
    settled = True

    def __init__(self) -> None:
        self.estimate = np.zeros((2, 2), np.float32)
        self.resets = 0
        self.forces_valid: list[bool] = []
        self.frames_seen: list[bool] = []

    def step(
        self,
        t: float,  # noqa: ARG002
        activation: NDArray[np.float64],
        q: NDArray[np.float64],  # noqa: ARG002
        qd: NDArray[np.float64],  # noqa: ARG002
        tau: NDArray[np.float64],  # noqa: ARG002
        *,
        forces_valid: bool = True,
        seen: bool = True,
    ) -> NDArray[np.float32]:
        self.forces_valid.append(forces_valid)
        self.frames_seen.append(seen)
        self.estimate[:] = activation[:2], 0.1 * activation[:2]
        return self.estimate[0]

    def reset(self) -> None:
        self.resets += 1


class Tape:
    """Sink that keeps every message, as a client would decode it."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Message]] = []
        self.subscribed = False

    def send(self, message: Message) -> None:
        self.messages.append(decode(encode(message)))

    def has_new_subscriber(self) -> bool:
        new, self.subscribed = self.subscribed, False
        return new

    def of(self, topic: str) -> list[Any]:
        return [message for name, message in self.messages if name == topic]


def open_session(
    markers: Frames,
    bridge: BridgeStep,
    refiner: RefinerStep,
    clock: HandClock,
    tape: Tape,
    forces: LiveForces | None = None,
    /,  # the settings may have `markers`, too
    **settings: object,
) -> Session:
    """Return a session of these parts."""
    return Session(
        markers=markers,
        forces=forces,
        bridge=bridge,
        refiner=refiner,
        sink=tape,
        clock=clock,
        config=config(**settings),
        meta=Meta(channel_names=refiner.channel_names),
    )


def play(session: Session) -> None:
    """Step a session until there are no frames left."""
    while session.step(0.01):
        pass
