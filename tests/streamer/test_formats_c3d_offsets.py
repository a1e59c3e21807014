"""C3D files whose analog channels have offsets, which a channel is counted from.

A channel is its samples less the offset, by its scale and the general scale; files that Visual3D
writes have floats there.
"""

import struct
from pathlib import Path

import numpy as np
import pytest

from streamer.exceptions import FormatError
from streamer.formats import read_c3d
from streamer.formats.c3d_offsets import with_whole_offsets
from tests.streamer.c3d_writing import C3dContent, write_c3d

N = 12
CHANNELS = np.arange(3.0 * N).reshape(N, 3)
LABELS = ["EMG 1", "EMG 2", "EMG 3"]
SCALES = np.array([2.0, 0.5, -1.0])


def written(path: Path, samples: str = "SIGNED") -> Path:
    points = np.random.default_rng(3).uniform(0.0, 1000.0, (N, 3, 3))
    labels = ["A", "B", "C"]
    units = ["V"] * 3
    content = C3dContent(
        labels, points, channels=CHANNELS, channel_labels=LABELS, channel_units=units,
        samples=samples,
    )  # fmt: skip
    write_c3d(path, content)
    data = bytearray(path.read_bytes())
    at = data.index(b"SCALE", data.index(b"GEN_SCALE") + len("GEN_SCALE")) + len("SCALE") + 2
    assert tuple(data[at : at + 3]) == (4, 1, 3)
    struct.pack_into("<3f", data, at + 3, *SCALES)
    path.write_bytes(data)
    return path


def with_integers(path: Path, offsets: list[int]) -> Path:
    """Write other offsets; the samples stay."""
    data = bytearray(path.read_bytes())
    at = data.index(b"OFFSET") + len("OFFSET") + 2 + 3
    struct.pack_into(f"<{len(offsets)}H", data, at, *(offset % 0x10000 for offset in offsets))
    path.write_bytes(data)
    return path


def with_floats(path: Path, offsets: list[float]) -> Path:
    """Make the integers floats, which take as much room more as is left before the samples."""
    data, n = bytearray(path.read_bytes()), len(offsets)
    (samples,) = struct.unpack_from("<H", data, 16)
    end = (samples - 1) * 512
    assert not any(data[end - 2 * n : end])
    del data[end - 2 * n : end]
    step = data.index(b"OFFSET") + len("OFFSET")
    at = step + 2
    assert tuple(data[at : at + 3]) == (2, 1, n)
    data[at : at + 3 + 2 * n] = struct.pack(f"<bBB{n}f", 4, 1, n, *offsets)
    struct.pack_into("<H", data, step, struct.unpack_from("<H", data, step)[0] + 2 * n)
    path.write_bytes(data)
    return path


def test_offsets_of_either_sign_are_taken_off(tmp_path: Path) -> None:
    found = read_c3d(with_integers(written(tmp_path / "signed.c3d"), [3, -4, 0]))
    assert found.analogs is not None
    np.testing.assert_array_equal(found.analogs.data, SCALES * (CHANNELS - [3, -4, 0]))


def test_offsets_of_unsigned_samples_have_no_sign(tmp_path: Path) -> None:
    file = with_integers(written(tmp_path / "unsigned.c3d", "UNSIGNED"), [0x8000, 0xF000, 2048])
    found = read_c3d(file)
    assert found.analogs is not None
    np.testing.assert_array_equal(found.analogs.data, SCALES * (CHANNELS - [0x8000, 0xF000, 2048]))


def test_offsets_that_are_floats_are_taken_off(tmp_path: Path) -> None:
    plain = read_c3d(written(tmp_path / "plain.c3d"))
    file = with_floats(written(tmp_path / "floats.c3d"), [5.0, 0.0, -7.0])
    before = file.read_bytes()
    found = read_c3d(file)
    assert file.read_bytes() == before
    assert found.analogs is not None
    assert found.analogs.names == tuple(LABELS)
    np.testing.assert_array_equal(found.analogs.data, SCALES * (CHANNELS - [5.0, 0.0, -7.0]))
    np.testing.assert_array_equal(found.markers.positions, plain.markers.positions)


@pytest.mark.parametrize("offset", [0.5, 40000.0, np.nan])
def test_offsets_that_are_no_integers_are_refused(tmp_path: Path, offset: float) -> None:
    file = with_floats(written(tmp_path / "halves.c3d"), [0.0, offset, 0.0])
    with pytest.raises(FormatError, match=r"OFFSET parameter is not an INT\); export the trial"):
        read_c3d(file)


def test_a_file_with_integers_needs_nothing(tmp_path: Path) -> None:
    assert with_whole_offsets(written(tmp_path / "plain.c3d")) is None


INTEL, MIPS = 84, 86
FLOAT = 4


def record(group: int, name: bytes, body: bytes = b"", *, last: bool = False) -> bytes:
    """A parameter, or with a negative number a group."""
    step = 0 if last else 2 + len(body)
    return struct.pack("<bb", len(name), group) + name + struct.pack("<H", step) + body


def offsets(values: list[float], kind: int = FLOAT, dimensions: int = 1) -> bytes:
    n = len(values)
    return struct.pack(f"<bBB{n}f", kind, dimensions, n, *values) + b"\0"


def mended(tmp_path: Path, *records: bytes, processor: int = INTEL) -> bytes | None:
    """Of a file with these parameters, from its second block on."""
    file = tmp_path / "made.c3d"
    head = bytes([2, 0x50]).ljust(512, b"\0") + bytes([1, 0x50, 1, processor])
    file.write_bytes(head + b"".join(records))
    found = with_whole_offsets(file)
    assert found is None or len(found) == len(file.read_bytes())
    return None if found is None else found[len(head) :]


OTHER, ANALOG = record(-1, b"POINT"), record(-2, b"ANALOG")
END = b"\0\0\0\0\0"


def test_offsets_of_the_analog_group_alone_are_mended(tmp_path: Path) -> None:
    others = (
        OTHER + record(1, b"OFFSET", offsets([1.0])) + ANALOG + record(2, b"SCALE", offsets([2.0]))
    )
    found = mended(tmp_path, others, record(2, b"OFFSET", offsets([-3.0, 7.0])), END)
    integers = struct.pack("<bBB4h", 2, 1, 4, -3, 7, 0, 0) + b"\0"
    assert found == others + record(2, b"OFFSET", integers) + END


@pytest.mark.parametrize("name", [b"offset", b"OFFSET"])
def test_the_last_parameter_may_be_theirs(tmp_path: Path, name: bytes) -> None:
    assert mended(tmp_path, ANALOG, record(2, name, offsets([1.0]), last=True)) is not None


@pytest.mark.parametrize("end", [END, record(2, b"UNITS", b"\0" * 9, last=True)])
def test_nothing_is_read_behind_the_last_parameter(tmp_path: Path, end: bytes) -> None:
    assert mended(tmp_path, ANALOG, end, record(2, b"OFFSET", offsets([1.0]))) is None
    assert mended(tmp_path, end, ANALOG, record(2, b"OFFSET", offsets([1.0]))) is None


@pytest.mark.parametrize(
    ("body", "can"),
    [
        (offsets([0.0] * 127), True),
        (offsets([0.0] * 128), False),
        (offsets([0.0] * 4, kind=2), False),
        (offsets([0.0] * 4, dimensions=2), False),
        (offsets([32767.0, -32768.0]), True),
        (offsets([32768.0]), False),
        (offsets([-32769.0]), False),
    ],
)
def test_what_cannot_be_integers_is_left(tmp_path: Path, body: bytes, can: bool) -> None:
    assert (mended(tmp_path, ANALOG, record(2, b"OFFSET", body), END) is not None) == can


def test_floats_of_other_processors_are_left(tmp_path: Path) -> None:
    parts = ANALOG, record(2, b"OFFSET", offsets([1.0])), END
    assert mended(tmp_path, *parts, processor=MIPS) is None
