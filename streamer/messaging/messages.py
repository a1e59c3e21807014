"""Messages on the wire, version 1: one frame = topic, one zero byte, msgpack map.

A single frame keeps a message whole under ZeroMQ's CONFLATE option. Arrays travel as
little-endian float32 bytes; `values` turns them back. Every message carries the same head; the
names and units of the arrays' entries are in ``meta``, sent on subscription and every 2 s.
"""

import msgspec
import numpy as np

from streamer.arrays import F32
from streamer.exceptions import MessageError

VERSION = 1
"""Value of ``v``: raised when a field changes its meaning; added fields do not raise it."""


class Message(msgspec.Struct, kw_only=True):
    """Head of every message.

    Attributes
    ----------
    v : int
        Version of the protocol.
    session : str
        UUID of the run: changes when the publisher restarts.
    seq : int
        Number of the marker frame since the session's start, the same in all topics of a
        frame; frames that were skipped leave holes.
    t : float
        Capture time of the frame [s], LSL local clock of the publishing machine.
    sent : float
        Time of sending [s], same clock.
    status : int
        Bits of `streamer.status.Status`; 0 = fully good.
    """

    v: int = VERSION
    session: str = ""
    seq: int = 0
    t: float = 0.0
    sent: float = 0.0
    status: int = 0


class Emg(Message, kw_only=True):
    """Topic ``emg``: the estimate.

    Attributes
    ----------
    emg : bytes
        float32 (n_channel,), envelope as a fraction of the subject's reference maximum, that of
        comfortable walking; above 1 where the muscle works harder.
    sigma : bytes
        float32 (n_channel,), its uncertainty, likewise; larger where the motion is
        unlike what the network was trained on.
    age_ms : float
        How old the motion is that this was made from [ms]: ``sent - t`` plus the filter's delay,
        and the time from the network's last step to this frame, where frames come faster than it
        steps or it makes up for a pause. A substitute's is that of the estimate that it repeats.
    lead_ms : float
        How far ahead of that motion the network estimates the activity [ms]: the activity that
        `emg` describes is ``age_ms - lead_ms`` old.
    filter_delay_ms : float
        Group delay of the derivative filter [ms].
    compute_ms : float
        Receipt of the marker frame to the finished estimate [ms]; 0 for a substitute.
    """

    emg: bytes = b""
    sigma: bytes = b""
    age_ms: float = 0.0
    lead_ms: float = 0.0
    filter_delay_ms: float = 0.0
    compute_ms: float = 0.0


class Act(Message, kw_only=True):
    """Topic ``act``: ``activation``, float32 (n_muscle,), static optimization's, 0 to 1."""

    activation: bytes = b""


class Kin(Message, kw_only=True):
    """Topic ``kin``: coordinates ``q`` [rad, m], speeds ``qd`` [rad/s, m/s], ``marker_rms`` [m].

    The arrays are float32 (n_coordinate,); the RMS is over the distances of model and measured
    markers.
    """

    q: bytes = b""
    qd: bytes = b""
    marker_rms: float = 0.0


class Dyn(Message, kw_only=True):
    """Topic ``dyn``: generalized forces and the external forces that they were found with.

    Attributes
    ----------
    tau : bytes
        float32 (n_coordinate,), generalized forces [N m, N].
    forces : bytes
        float32 (n_force * 9,), each external force in turn: force [N], its point [m] and torque
        [N m], each along x, y, z of the model's ground; zeros where a force is not known.
    predicted : bytes
        float32 (n_force,), how much of each is predicted, 0 to 1.
    grf_source : str
        Where the ground reaction comes from: plate, predicted or none.
    """

    tau: bytes = b""
    forces: bytes = b""
    predicted: bytes = b""
    grf_source: str = "none"


class Health(Message, kw_only=True):
    """Topic ``health``, once a second: how the session does, counted since its start.

    Attributes
    ----------
    uptime_s : float
        Since the loop began to run, which is before its first frame [s].
    rate_in_hz, rate_out_hz : float
        Marker frames received and estimates sent, over the last second [Hz].
    frames_in, published, on_time, substituted, skipped : int
        Frames received; EMG messages sent; of these within the budget and computed; of these
        substitutes; frames passed over because a newer one was already there.
    late, gap, force_stale, faults : int
        EMG messages that left after their deadline (the flag LATE is also on substitutes that left
        in time); those flagged GAP; those flagged FORCE_STALE; frames that raised an error inside
        and were answered with a substitute.
    latency_ms : dict
        Receipt of the marker frame to sending of the estimate [ms]: p50, p90, p99, p99_9, max.
    stage_us : dict
        Per stage p50, p99, max [us].
    status_counts : dict
        How often each status bit was set.
    plate_faults : dict
        What was found wrong with a force plate, by its name; in words, with what to do.
    unlikeness : float
        How unlike what network and calibration were taught the motion of the last second is; above
        1 it is no such motion, and the estimate may be wrong. 0 where that cannot be told.
    doubts : list
        What was found wrong with the poses or the motion, likewise: that the model is another
        person's, say.
    """

    uptime_s: float = 0.0
    rate_in_hz: float = 0.0
    rate_out_hz: float = 0.0
    frames_in: int = 0
    published: int = 0
    on_time: int = 0
    substituted: int = 0
    skipped: int = 0
    late: int = 0
    gap: int = 0
    force_stale: int = 0
    faults: int = 0
    latency_ms: dict[str, float] = {}
    stage_us: dict[str, dict[str, float]] = {}
    status_counts: dict[str, int] = {}
    unlikeness: float = 0.0
    plate_faults: dict[str, str] = {}
    doubts: list[str] = []


class Meta(Message, kw_only=True):
    """Topic ``meta``: what the arrays of the other topics mean, and what was promised.

    ``units`` maps the name of an array to the unit of its entries, or to a list with one unit
    per entry where they differ. ``force_bodies`` are the bodies that the external forces act on,
    ``mass_kg`` is the mass that the network takes the person to have. ``subject`` names the person
    whom the estimate is calibrated to; where it is empty, the network is as it was trained.
    ``subject_hash`` is that file's, ``subject_channels`` are those that it corrects.
    ``subject_lag_ms`` is how much later than the network's own estimate the calibrated one is: the
    lag of the EMG that it was calibrated on. ``boot_id`` is that of `streamer.clock`: whose machine
    has the same has the session's clock.
    """

    channel_names: tuple[str, ...] = ()
    muscle_names: tuple[str, ...] = ()
    coordinate_names: tuple[str, ...] = ()
    force_names: tuple[str, ...] = ()
    force_bodies: tuple[str, ...] = ()
    units: dict[str, str | list[str]] = {}
    model_name: str = ""
    model_hash: str = ""
    mass_kg: float = 0.0
    checkpoint_hash: str = ""
    subject: str = ""
    subject_hash: str = ""
    subject_channels: tuple[str, ...] = ()
    subject_lag_ms: float = 0.0
    rate_hz: float = 0.0
    budget_ms: float = 0.0
    pacing: str = "asap"
    filter: str = ""
    filter_delay_ms: float = 0.0
    clock: str = "lsl_local_clock"
    boot_id: str = ""
    software: str = ""


TOPICS: dict[str, type[Message]] = {
    "emg": Emg,
    "act": Act,
    "kin": Kin,
    "dyn": Dyn,
    "health": Health,
    "meta": Meta,
}
"""Topic name to message type."""

_PREFIX = {kind: topic.encode() + b"\0" for topic, kind in TOPICS.items()}
_encoder = msgspec.msgpack.Encoder()
_decoders = {topic: msgspec.msgpack.Decoder(kind) for topic, kind in TOPICS.items()}
_ARRAYS = {
    kind: tuple(f.name for f in msgspec.structs.fields(kind) if f.type is bytes)
    for kind in TOPICS.values()
}
"""Fields that are rows of float32."""


def encode(message: Message) -> bytes:
    """Make the single frame of a message.

    Parameters
    ----------
    message : Message
        One of the types in `TOPICS`.

    Returns
    -------
    bytes
        Topic, zero byte, msgpack map.
    """
    return _PREFIX[type(message)] + _encoder.encode(message)


def decode(frame: bytes) -> tuple[str, Message]:
    """Read a frame back.

    Parameters
    ----------
    frame : bytes
        As received.

    Returns
    -------
    topic : str
        Its topic.
    message : Message
        Fields that this version does not know are ignored.

    Raises
    ------
    MessageError
        If the frame is not of this protocol, or of a later version of it.
    """
    head, separator, body = frame.partition(b"\0")
    topic = head.decode("ascii", errors="replace")
    if not separator or topic not in _decoders:
        raise MessageError(
            f"frame of {len(frame)} bytes starts with {head[:16]!r}, not with a known topic; "
            f"connect to a nem2e publisher (topics: {', '.join(TOPICS)})"
        )
    try:
        message = _decoders[topic].decode(body)
        for name in _ARRAYS[type(message)]:
            values(getattr(message, name))
    except (msgspec.DecodeError, ValueError) as error:  # the latter: names, rows cut off
        raise MessageError(
            f"{topic} message unreadable ({error}); use the publisher's version of this package"
        ) from error
    if message.v != VERSION:
        raise MessageError(
            f"{topic} message has version {message.v}, this package reads {VERSION}; "
            "update the older side"
        )
    return topic, message


def values(field: bytes) -> F32:
    """Numbers of an array field.

    Parameters
    ----------
    field : bytes
        E.g. ``message.emg``.

    Returns
    -------
    ndarray of shape (n,), float32
        A read-only view of the bytes.
    """
    return np.frombuffer(field, dtype="<f4")
