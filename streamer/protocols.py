"""What the loop needs of its parts, so that it can be driven by other ones in tests.

The bridge and the network are in packages of their own; `run_realtime` hands them in.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from streamer.arrays import F32, F64
from streamer.messaging.messages import Message


class MarkerSource(Protocol):
    """Newest marker frame; `streamer.lsl.marker_inlet.MarkerInlet` is one."""

    rate_hz: float
    t: float
    received: float
    markers: F64

    def pull(self, timeout_s: float) -> int:
        """Wait for a frame; returns how many came, the newest is in the attributes."""
        ...

    def flush(self) -> int:
        """Drop what is waiting."""
        ...


class ForceSource(Protocol):
    """Forces at an instant; `streamer.lsl.force_inlet.ForceInlet` is one."""

    forces: F64

    @property
    def newest_s(self) -> float:
        """Time of the newest sample [s]."""
        ...

    def align(self, t: float, until: float) -> bool:
        """Bring `forces` to time `t`, waiting until `until`; False if they are held."""
        ...


class LiveForces(ForceSource, Protocol):
    """Forces of a stream."""

    def look(self) -> None:
        """Take what has come while there are no frames."""
        ...


class BridgeResult(Protocol):
    """One frame's result; arrays valid until the next step."""

    @property
    def q(self) -> F64: ...  # noqa: D102
    @property
    def qd(self) -> F64: ...  # noqa: D102
    @property
    def tau(self) -> F64: ...  # noqa: D102
    @property
    def forces(self) -> F64: ...  # noqa: D102
    @property
    def predicted(self) -> F64: ...  # noqa: D102
    @property
    def activation(self) -> F64: ...  # noqa: D102
    @property
    def marker_rms(self) -> float: ...  # noqa: D102
    @property
    def marker_spread(self) -> float: ...  # noqa: D102
    @property
    def guessed(self) -> bool: ...  # noqa: D102
    @property
    def status(self) -> int: ...  # noqa: D102


class BridgeStep(Protocol):
    """Markers and forces to activations; `sim_bridge.Bridge` is one."""

    on_stage: Callable[[str], None] | None
    on_plate_fault: Callable[[str, str], None] | None

    @property
    def filter_delay_s(self) -> float:
        """Group delay of the filter [s]."""
        ...

    def step(self, t: float, markers: F64, forces: F64) -> BridgeResult:
        """Advance by one frame."""
        ...

    def unseen_until(self, t: float) -> None:
        """Take note that frames before the next one, up to time `t`, are missing."""
        ...

    def reset(self) -> None:
        """Forget the past."""
        ...


class RefinerStep(Protocol):
    """Activations to EMG; `inference.Refiner` is one."""

    estimate: F32
    lead_s: float
    held_s: float

    @property
    def channel_names(self) -> Sequence[str]:
        """Names of the estimated channels."""
        ...

    @property
    def settled(self) -> bool:
        """Whether enough of the motion was seen."""
        ...

    @property
    def unlikeness(self) -> float:
        """How unlike what it was taught the motion is; above 1 it is no such motion."""
        ...

    def step(
        self,
        t: float,
        activation: F64,
        q: F64,
        qd: F64,
        tau: F64,
        *,
        forces_valid: bool = True,
        seen: bool = True,
    ) -> F32:
        """Advance by one frame.

        Without valid forces moments and activations are not believed; a frame that was not seen
        says nothing about the motion.
        """
        ...

    def reset(self) -> None:
        """Forget the past."""
        ...


class Sink(Protocol):
    """Where messages go; `streamer.messaging.publisher.Publisher` is one."""

    def send(self, message: Message) -> None:
        """Send without waiting."""
        ...

    def has_new_subscriber(self) -> bool:
        """Whether somebody subscribed since the last call."""
        ...
