"""Access to the parameters and samples of a C3D file, with one voice for what is wrong."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from streamer.arrays import F64
from streamer.exceptions import FormatError
from streamer.formats.c3d_offsets import with_whole_offsets
from streamer.units import METRES_PER_UNIT, spelled

_INTEL, _MIPS = b"\x54", b"\x56"
"""Processor codes; the third, DEC, has little-endian integers too."""


def _check_whole(path: Path) -> None:
    """Refuse a file that is missing, no C3D, or shorter than its own header says.

    ezc3d returns the frames that are left of a file that was cut off, and takes half a minute
    to give up on one without its parameters.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(512)
            if len(head) < 512 or head[0] == 0 or head[1] != 0x50:
                raise FormatError(path, "not a C3D file", "export the trial as C3D")
            file.seek((head[0] - 1) * 512)
            parameters = file.read(4)
    except FileNotFoundError:
        raise FormatError(path, "no such file", "check the path") from None
    except OSError as error:
        raise FormatError(path, f"cannot be read ({error.strerror})", "check the path") from error
    order = ">" if parameters[3:] == _MIPS else "<"
    words = np.frombuffer(head, dtype=f"{order}u2")
    n_points, n_analogs, first, last, start = (int(words[i]) for i in (1, 2, 3, 4, 8))
    # a negative scale marks four-byte floats; its sign is in the second word on Intel alone
    negative = bool(words[7 if parameters[3:] == _INTEL else 6] & 0x8000)
    frame = (4 * n_points + n_analogs) * (4 if negative else 2)
    promised = (start - 1) * 512 + (last - first + 1) * frame
    if size < promised:
        problem = f"{size} bytes where the header promises {promised}: it was cut off"
        raise FormatError(path, problem, "copy or export it again")


def _content(path: Path) -> Any:
    """Let ezc3d read a file, and what it refuses once more as it should be."""
    import ezc3d  # 0.1 s that a session without C3D need not pay

    try:
        return ezc3d.c3d(str(path))
    except ValueError:
        mended = with_whole_offsets(path)
        if mended is None:
            raise
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / path.name
            copy.write_bytes(mended)
            return ezc3d.c3d(str(copy))


class C3dFile:
    """An open C3D file; parameters by group and name, absent ones as empty lists."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_whole(path)
        try:
            self._content = _content(path)
        except (OSError, ValueError, RuntimeError, IndexError) as error:
            problem = f"not a readable C3D file ({error})"
            raise FormatError(path, problem, "export the trial again") from None

    def values(self, group: str, name: str) -> list[Any]:
        """All values of a parameter, first index fastest."""
        parameter = self._content["parameters"].get(group, {}).get(name)
        if parameter is None:
            return []
        value = parameter["value"]
        if isinstance(value, np.ndarray):
            return list(value.ravel(order="F").tolist())
        return [str(text).strip() for text in value]

    def joined(self, group: str, name: str) -> list[Any]:
        """Join a list and its continuations: LABELS, LABELS2, LABELS3."""
        found, more = self.values(group, name), 2
        while part := self.values(group, f"{name}{more}"):
            found += part
            more += 1
        return found

    def texts(self, group: str, name: str) -> list[str]:
        """Join a list of texts and its continuations."""
        return [str(v) for v in self.joined(group, name)]

    def rate(self, group: str) -> float:
        """Rate of points or analogs [Hz]."""
        rate = float(next(iter(self.values(group, "RATE")), 0.0))
        if not rate > 0.0:
            raise FormatError(self.path, f"{group}:RATE is {rate:g}", "export the trial again")
        return rate

    def points(self) -> F64:
        """Positions (n, points, 3) in the file's unit; NaN where the residual says unseen."""
        data = self._content["data"]
        points: F64 = np.moveaxis(np.asarray(data["points"], dtype=np.float64)[:3], 0, -1)
        unseen = np.asarray(data["meta_points"]["residuals"])[0] < 0.0
        points[unseen] = np.nan
        return np.ascontiguousarray(points.swapaxes(0, 1))

    def analogs(self) -> F64:
        """Analog channels (n, channels) in their units."""
        analogs: F64 = np.asarray(self._content["data"]["analogs"], dtype=np.float64)
        if not analogs.size:
            return np.empty((0, 0))
        return analogs.reshape(-1, analogs.shape[-1]).T + self._wrongly_taken_off(analogs.shape[-2])

    def _wrongly_taken_off(self, n: int) -> F64:
        """What ezc3d took off each of n channels too much: it ignores the sign of offsets.

        Those of a file with unsigned samples are meant without it, those of others with it.
        """
        offset, scale = np.zeros(n), np.ones(n)
        for name, column in (("OFFSET", offset), ("SCALE", scale)):
            told = self.joined("ANALOG", name)[:n]
            column[: len(told)] = told
        unsigned = "UNSIGNED" in (str(v).upper() for v in self.values("ANALOG", "FORMAT"))
        meant = np.where(offset < 0.0, offset + 0x10000, offset) if unsigned else offset
        general = float(next(iter(self.values("ANALOG", "GEN_SCALE")), 1.0))
        taken_off: F64 = (np.abs(offset) - meant) * scale * general
        return taken_off

    def factor(self, what: str, unit: str, table: Mapping[str, float]) -> float:
        """Size of a unit in SI units; `what` says in a message whose unit it is."""
        try:
            return table[spelled(unit)]
        except KeyError:
            remedy = f"export it in one of {', '.join(list(table)[:3])}"
            raise FormatError(self.path, f"{what} is {unit!r}", remedy) from None

    @property
    def metres(self) -> float:
        """Unit of length of the points and plates [m]."""
        unit = next(iter(self.values("POINT", "UNITS")), "")
        return self.factor("POINT:UNITS", unit, METRES_PER_UNIT)
