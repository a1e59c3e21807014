import struct

import msgspec
import numpy as np
import pytest

from streamer.exceptions import MessageError
from streamer.messaging.messages import (
    TOPICS,
    Act,
    Dyn,
    Emg,
    Health,
    Kin,
    Meta,
    decode,
    encode,
    values,
)

FIELDS = {
    "emg": {"emg", "sigma", "age_ms", "lead_ms", "filter_delay_ms", "compute_ms"},
    "act": {"activation"},
    "kin": {"q", "qd", "marker_rms"},
    "dyn": {"tau", "forces", "predicted", "grf_source"},
}
HEAD = {"v", "session", "seq", "t", "sent", "status"}


@pytest.mark.parametrize("topic", TOPICS)
def test_a_frame_is_topic_zero_byte_and_a_msgpack_map(topic: str) -> None:
    frame = encode(TOPICS[topic](session="s", seq=7, t=1.5, sent=2.5, status=3))
    head, _, body = frame.partition(b"\0")
    content = msgspec.msgpack.decode(body)  # without our types
    assert head == topic.encode()
    assert content["v"] == 1
    assert (content["session"], content["seq"], content["t"]) == ("s", 7, 1.5)
    assert (content["sent"], content["status"]) == (2.5, 3)
    if topic in FIELDS:
        assert set(content) == HEAD | FIELDS[topic]


@pytest.mark.parametrize(
    "message",
    [
        Emg(emg=b"\0\0\x80?", age_ms=12.0),
        Act(activation=b"1234"),
        Kin(q=b"1234", qd=b"5678", marker_rms=0.01),
        Dyn(tau=b"1234", forces=b"12345678", grf_source="plate"),
        Health(latency_ms={"p50": 1.0}, stage_us={"ik": {"p50": 2.0}}),
        Meta(channel_names=("SOL_r",), units={"q": ["rad"], "emg": "1"}),
    ],
)
def test_what_is_encoded_is_decoded(message: Emg) -> None:
    assert decode(encode(message))[1] == message


def test_arrays_are_little_endian_float32() -> None:
    assert list(values(struct.pack("<3f", 0.25, -1.0, 3.5))) == [0.25, -1.0, 3.5]
    assert values(b"").shape == (0,)
    assert np.isnan(values(struct.pack("<f", float("nan")))[0])


def test_fields_of_a_newer_minor_version_are_ignored() -> None:
    body = msgspec.msgpack.encode({"v": 1, "seq": 3, "invented_later": [1, 2]})
    assert decode(b"emg\0" + body)[1].seq == 3


def test_an_older_publishers_meta_has_no_subject() -> None:
    message = decode(b"meta\0" + msgspec.msgpack.encode({"v": 1, "model_name": "walker"}))[1]
    assert isinstance(message, Meta)
    assert message.subject == ""


def test_a_later_version_is_refused_with_both_versions() -> None:
    with pytest.raises(MessageError, match="version 2, this package reads 1"):
        decode(b"emg\0" + msgspec.msgpack.encode({"v": 2}))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"emg",
        b"news\0\x80",
        b"emg\0\xc1",
        b"emg\0\x91\x01",
        b"emg\0\x82\xa1v\x01\xa7session\xa1\xff",  # a name that is no text
        b"emg\0" + msgspec.msgpack.encode({"v": 1, "emg": b"abc"}),  # a row cut off
    ],
)
def test_a_frame_of_something_else_is_refused(frame: bytes) -> None:
    with pytest.raises(MessageError):
        decode(frame)
