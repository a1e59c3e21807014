"""A minimal writer of XDF 1.0 files for tests: header, samples, clock offsets, footer.

Format: https://github.com/sccn/xdf/wiki/Specifications
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

_HEADER, _STREAM, _SAMPLES, _OFFSET, _FOOTER = 1, 2, 3, 4, 6


@dataclass
class XdfStream:
    """One stream: doubles with a time stamp each."""

    name: str
    type: str
    time: F64
    data: F64
    rate_hz: float
    channels: list[dict[str, str]] = field(default_factory=list)
    clock_offset_s: float = 0.0
    source_id: str = ""
    description: str = ""
    """More elements of it, XML."""
    text: str = ""
    """What each sample says, of one channel, in place of a number."""


def write_xdf(path: Path, streams: list[XdfStream]) -> Path:
    """Write the file."""
    chunks = [_chunk(_HEADER, b'<?xml version="1.0"?><info><version>1.0</version></info>')]
    for i, stream in enumerate(streams, start=1):
        chunks.append(_chunk(_STREAM, _id(i) + _header(stream).encode()))
        for at in _ends(stream):
            chunks.append(_chunk(_OFFSET, _id(i) + struct.pack("<dd", at, stream.clock_offset_s)))
        chunks.append(_chunk(_SAMPLES, _id(i) + _samples(stream)))
        chunks.append(_chunk(_FOOTER, _id(i) + _footer(stream).encode()))
    path.write_bytes(b"XDF:" + b"".join(chunks))
    return path


def _ends(stream: XdfStream) -> F64:
    """First and last time stamp, zeros of a stream without any."""
    return stream.time[[0, -1]] if len(stream.time) else np.zeros(2)


def _id(number: int) -> bytes:
    return struct.pack("<I", number)


def _chunk(tag: int, content: bytes) -> bytes:
    return b"\x08" + struct.pack("<QH", len(content) + 2, tag) + content


def _header(stream: XdfStream) -> str:
    described = "".join(
        "<channel>" + "".join(f"<{k}>{v}</{k}>" for k, v in channel.items()) + "</channel>"
        for channel in stream.channels
    )
    return (
        f'<?xml version="1.0"?><info><name>{stream.name}</name><type>{stream.type}</type>'
        f"<source_id>{stream.source_id}</source_id>"
        f"<channel_count>{stream.data.shape[1]}</channel_count>"
        f"<nominal_srate>{stream.rate_hz}</nominal_srate>"
        f"<channel_format>{'string' if stream.text else 'double64'}</channel_format>"
        f"<desc>{stream.description}<channels>{described}</channels></desc></info>"
    )


def _samples(stream: XdfStream) -> bytes:
    text = stream.text.encode()
    said = b"\x01" + struct.pack("<B", len(text)) + text
    rows = b"".join(
        b"\x08" + struct.pack("<d", t) + (said if text else row.astype("<f8").tobytes())
        for t, row in zip(stream.time, stream.data, strict=True)
    )
    return b"\x04" + struct.pack("<I", len(stream.time)) + rows


def _footer(stream: XdfStream) -> str:
    first, last = _ends(stream)
    return (
        f'<?xml version="1.0"?><info><first_timestamp>{first}</first_timestamp>'
        f"<last_timestamp>{last}</last_timestamp>"
        f"<sample_count>{len(stream.time)}</sample_count></info>"
    )
