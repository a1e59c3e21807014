"""What a session publishes, as LSL streams: for recorders, and programs that know LSL alone."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from streamer.arrays import F32
from streamer.channels import Channel
from streamer.lsl.outlets import Outlet
from streamer.messaging.messages import Act, Dyn, Emg, Kin, Message, Meta, values

TYPES: Final = {
    "emg": "EMGEstimate",
    "act": "MuscleActivation",
    "kin": "Kinematics",
    "dyn": "Dynamics",
}
"""LSL type by topic. That of estimated EMG is not ``EMG``, which a calibration listens for."""

WRENCH_PARTS: Final = tuple(part + axis for part in ("v", "p", "torque_") for axis in "xyz")
"""What an external force's name is followed by in the labels of its force, point and torque."""


class EstimateOutlets:
    """One LSL stream per topic of a session.

    Every sample has ``status`` as its last channel, see `streamer.status.Status`. It is stamped
    with the instant that it describes, LSL local clock of this machine: of angles, moments and
    activations the capture of the frame less the filter's delay; of EMG the sending less
    ``age_ms``, plus the look-ahead. An estimate that is held until the network steps again keeps
    its instant.

    Parameters
    ----------
    meta : Meta
        The session's names and units; it has to run on this machine.

    Attributes
    ----------
    outlets : dict of str to Outlet
        By topic.
    sent : int
        Samples so far, of all streams.
    """

    def __init__(self, meta: Meta) -> None:
        self._delay_s = 1e-3 * meta.filter_delay_ms
        self._channels = _channels(meta)
        self.sent = 0
        self.outlets = {
            topic: Outlet(
                f"nem2e-{topic}",
                TYPES[topic],
                [*channels, Channel("status", type="Status", unit="bits")],
                0.0,  # frames may be skipped, and readers smooth the times of a regular stream
                f"{meta.session}-{topic}",
                manufacturer=meta.software,
            )
            for topic, channels in self._channels.items()
        }

    def fit(self, meta: Meta) -> bool:
        """Whether another session's messages are the same streams."""
        return _channels(meta) == self._channels and 1e-3 * meta.filter_delay_ms == self._delay_s

    def push(self, topic: str, message: Message) -> None:
        """Send a message of these topics on; others are passed over."""
        if topic not in self.outlets:
            return
        row = np.concatenate([*_arrays(message), _one(message.status)])
        self.outlets[topic].push(row[None], np.array([self._instant(message)]))
        self.sent += 1

    def _instant(self, message: Message) -> float:
        """The instant that a message describes [s], LSL local clock."""
        if isinstance(message, Emg):
            return message.sent - 1e-3 * (message.age_ms - message.lead_ms)
        return message.t - self._delay_s


def _channels(meta: Meta) -> dict[str, list[Channel]]:
    """Channels by topic, in the order of `_arrays`."""
    coordinates = meta.coordinate_names

    def described(field: str, labels: Iterable[str], kind: str) -> list[Channel]:
        given = meta.units.get(field, "")
        names = list(labels)
        units = [given] * len(names) if isinstance(given, str) else given
        return [Channel(n, type=kind, unit=u) for n, u in zip(names, units, strict=True)]

    turned = [unit == "N m" for unit in meta.units.get("tau", ())]
    moments = (
        f"{c}_{'moment' if t else 'force'}" for c, t in zip(coordinates, turned, strict=True)
    )
    forces = (f"{name}_{part}" for name in meta.force_names for part in WRENCH_PARTS)
    return {
        "emg": [
            *described("emg", meta.channel_names, "Envelope"),
            *described("sigma", (f"{name}_sigma" for name in meta.channel_names), "Deviation"),
            Channel("age_ms", type="Age", unit="ms"),
        ],
        "act": described("activation", meta.muscle_names, "Activation"),
        "kin": [
            *described("q", coordinates, "Coordinate"),
            *described("qd", (f"{name}_speed" for name in coordinates), "Speed"),
            Channel("marker_rms", type="Distance", unit="m"),
        ],
        "dyn": [
            *described("tau", moments, "GeneralizedForce"),
            *described("forces", forces, "ExternalForce"),
        ],
    }


def _arrays(message: Message) -> Sequence[F32]:
    if isinstance(message, Emg):
        return (values(message.emg), values(message.sigma), _one(message.age_ms))
    if isinstance(message, Act):
        return (values(message.activation),)
    if isinstance(message, Kin):
        return (values(message.q), values(message.qd), _one(message.marker_rms))
    assert isinstance(message, Dyn)
    return (values(message.tau), values(message.forces))


def _one(number: float) -> F32:
    return np.array([number], np.float32)
