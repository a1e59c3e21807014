"""Marker trajectories in TRC files, as written by motion capture software and OpenSim.

A TRC file has three header lines, a line of marker labels, a line of axis labels and one row
per frame. Files in the wild differ: ``Times`` for ``Time``, metres or millimetres, a blank line
before the rows or none, trailing tabs, several between two values of the header, missing markers as
empty fields, NaN or zeros, any line ending. All of these are read alike.
"""

import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from streamer.arrays import F64
from streamer.exceptions import FormatError
from streamer.formats.tables import MarkerTable, even_frames, nominal_rate
from streamer.formats.text import NumberedLine, check_unique, parse_rows, read_lines
from streamer.units import METRES_PER_UNIT, spelled
from streamer.unseen import hide_unseen

_log = logging.getLogger(__name__)

_TIME_LABELS = ("time", "times", "time(s)", "time (s)")


def read_trc(path: Path) -> MarkerTable:
    """Read marker trajectories.

    A marker is missing in a frame (NaN) where one of its fields is empty, not finite, or where
    all three are exactly zero, which is how some exporters write a marker that was not seen.

    Parameters
    ----------
    path : Path
        The ``.trc`` file.

    Returns
    -------
    MarkerTable
        Positions in metres, in the laboratory frame of the file, at even times where the file's are
        rounded. Where the header counts other frames or markers, the log says so.

    Raises
    ------
    FormatError
        If the file is missing, has no header, no markers, no frames, an unknown unit, a label
        twice, a field that is no number, or times that do not increase.
    """
    lines = read_lines(path)
    top = _label_line(path, lines)
    names = _marker_names(path, lines[top])
    header = _header(lines[:top])
    body = lines[_first_row(lines, top) :]
    delimiter = "\t" if any("\t" in line.text for line in body[:5]) else None
    n_columns = 2 + 3 * len(names)
    time, places = parse_rows(
        path, body, n_columns, delimiter, before_time=1, called="frames after the header"
    )
    _tell_of_counts(path, header, {"NumFrames": len(time), "NumMarkers": len(names)})
    positions = places.reshape(-1, len(names), 3) * _unit(path, header)
    hide_unseen(positions)
    return MarkerTable(even_frames(time), names, positions, _rate(header, time))


def _label_line(path: Path, lines: Sequence[NumberedLine]) -> int:
    """Index of the line with the marker labels, ``Frame#  Time  <marker> ...``."""
    for i, line in enumerate(lines[:20]):
        fields = line.text.strip().lower().split(None, 1)
        if fields and fields[0].startswith("frame") and "time" in line.text.lower():
            return i
    raise FormatError(
        path,
        "no line 'Frame#  Time  <marker> ...' among the first 20",
        "give a TRC file as exported for OpenSim",
    )


def _marker_names(path: Path, line: NumberedLine) -> tuple[str, ...]:
    """Labels in column order; each stands over the first of its three columns."""
    fields = [f.strip() for f in line.text.split("\t" if "\t" in line.text else None)]
    if len(fields) < 2 or fields[1].lower() not in _TIME_LABELS:
        found = fields[1] if len(fields) > 1 else ""
        raise FormatError(
            path, f"the second column is {found!r}", "it must be Time", line=line.number
        )
    names = tuple(field for field in fields[2:] if field)
    if not names:
        raise FormatError(path, "no markers in it", "export at least one marker", line=line.number)
    check_unique(path, names, "marker")
    return names


def _header(lines: Sequence[NumberedLine]) -> dict[str, str]:
    """Keys of the second line with the values of the third, keys in lower case."""
    for keys, values in pairwise(lines):
        if "units" in keys.text.lower():
            names, found = keys.text.lower().split(), values.text.split()
            if len(found) != len(names) and "\t" in keys.text:  # one is left empty
                names, found = keys.text.lower().split("\t"), values.text.split("\t")
            return {k.strip(): v.strip() for k, v in zip(names, found, strict=False)}
    return {}


def _tell_of_counts(path: Path, header: dict[str, str], counts: dict[str, int]) -> None:
    """Log where the header counts otherwise: the file was cut off, or its exporter miscounts."""
    for key, count in counts.items():
        declared = header.get(key.lower(), "")
        if declared.isdecimal() and int(declared) != count:
            _log.warning(
                "%s: %s is %s in the header, but there are %d; if some are missing, export again",
                path, key, declared, count,
            )  # fmt: skip


def _unit(path: Path, header: dict[str, str]) -> float:
    """Metres per unit of the file."""
    unit = header.get("units", "")
    try:
        return METRES_PER_UNIT[spelled(unit)]
    except KeyError:
        raise FormatError(
            path, f"Units is {unit!r}", "write mm or m under Units in the third line"
        ) from None


def _first_row(lines: Sequence[NumberedLine], top: int) -> int:
    """Index of the first row of numbers: past the axis labels and a blank line, if any."""
    after = top + 1
    fields = lines[after].text.split() if after < len(lines) else []
    if fields and not _is_number(fields[0]):
        after += 1
    return after


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _rate(header: dict[str, str], time: F64) -> float:
    """DataRate of the header, or the time column's own rate where the two disagree [Hz].

    Times are often rounded to 1 ms, so the header is the better number as long as it agrees.
    """
    measured = nominal_rate(time)
    try:
        declared = float(header.get("datarate", "nan"))
    except ValueError:
        return measured
    agrees = measured == 0.0 or abs(declared - measured) <= 0.02 * measured
    return declared if declared > 0.0 and agrees else measured
