"""C3D files in which the offsets of analog channels are no whole numbers by type.

The format wants ``ANALOG:OFFSET`` as 16-bit integers, and ezc3d refuses anything else. Visual3D
writes four-byte floats.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

__all__ = ["with_whole_offsets"]

_INTEGER, _FLOAT = 2, 4
_BLOCK: Final = 512
_INTEL: Final = 84
"""Processor code of files whose floats are IEEE, little endian."""
_MOST: Final = 127
"""Channels whose offsets fit; twice as many are written, and a dimension is one byte."""


class _Record(NamedTuple):
    """A group or a parameter: its group's number, its name, and where its type stands."""

    group: int
    is_group: bool
    name: bytes
    at: int


def with_whole_offsets(path: Path) -> bytes | None:
    """Return a file with its offsets as integers.

    Parameters
    ----------
    path : Path
        A C3D file whose header and parameters are whole.

    Returns
    -------
    bytes or None
        All of the file; None where its offsets are no floats, or have fractions.
    """
    content = bytearray(path.read_bytes())
    start = (content[0] - 1) * _BLOCK
    if content[start + 3] != _INTEL:
        return None
    records = list(_records(content, start + 4))
    groups = [r.group for r in records if r.is_group and r.name == b"ANALOG"]
    for record in records:
        if not record.is_group and record.group in groups and record.name == b"OFFSET":
            return _whole(content, record.at)
    return None


def _records(content: bytearray, at: int) -> Iterator[_Record]:
    """Yield groups and parameters in the order of the file."""
    while at + 4 < len(content):
        length, group = struct.unpack_from("<bb", content, at)
        name_ends = at + 2 + abs(length)  # the length of a locked one is negative
        (step,) = struct.unpack_from("<H", content, name_ends)
        name = bytes(content[at + 2 : name_ends]).upper()
        if length == 0:
            return
        yield _Record(abs(group), group < 0, name, name_ends + 2)
        if step == 0:
            return
        at = name_ends + step


def _whole(content: bytearray, at: int) -> bytes | None:
    """Write the offsets whose type stands there as integers, and zeros behind them."""
    kind, dimensions, n = struct.unpack_from("<bBB", content, at)
    if kind != _FLOAT or dimensions != 1 or n > _MOST:
        return None
    offsets = np.frombuffer(content, "<f4", n, at + 3).copy()
    whole = np.zeros(2 * n, dtype="<i2")
    whole[:n] = np.clip(np.nan_to_num(offsets), -0x8000, 0x7FFF)
    if not np.array_equal(whole[:n], offsets):
        return None
    struct.pack_into("<bBB", content, at, _INTEGER, 1, 2 * n)
    content[at + 3 : at + 3 + 4 * n] = whole.tobytes()
    return bytes(content)
