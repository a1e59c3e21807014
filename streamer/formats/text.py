"""Text files to lines, and blocks of numbers to arrays, with the line at fault in each message."""

import codecs
import re
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from streamer.arrays import F64
from streamer.exceptions import FormatError

_WINDOWS_NAN = re.compile(r"[-+]?(?:1\.#(?:IND|QNAN|SNAN|INF)\d*|nan\((?:s?nan|ind)\))", re.I)
DECIMAL_COMMA = re.compile(r"\d,\d")


class NumberedLine(NamedTuple):
    """One line of text and its place in the file."""

    number: int
    """Counted from 1."""
    text: str
    """Without its line ending."""


def read_bytes(path: Path) -> bytes:
    """All of a file.

    Raises
    ------
    FormatError
        If the file is absent, a directory or unreadable.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FormatError(path, "no such file", "check the path") from None
    except IsADirectoryError:
        raise FormatError(path, "is a directory", "name the file in it") from None
    except OSError as error:
        raise FormatError(path, f"cannot be read ({error.strerror})", "check its rights") from error


def read_lines(path: Path) -> list[NumberedLine]:
    """All lines of a text file, whichever line endings and encoding it has.

    UTF-8 with or without byte-order mark is tried first; what is no UTF-8 is read as Latin-1,
    which older laboratory software writes and which cannot fail.

    Raises
    ------
    FormatError
        If the file is absent, a directory, unreadable, empty, or not text.
    """
    raw = read_bytes(path)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FormatError(path, "is text in UTF-16 ('Unicode' in Windows)", "save it as UTF-8")
    if b"\0" in raw[:4096]:
        raise FormatError(path, "is a binary file", "give the text file of this format")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if not text.strip():
        raise FormatError(path, "is empty", "export it again")
    # only the three line endings there are; str.splitlines would also cut at form feeds
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [NumberedLine(i, line) for i, line in enumerate(lines, start=1)]


def parse_rows(
    path: Path,
    lines: Sequence[NumberedLine],
    n_columns: int,
    delimiter: str | None,
    *,
    before_time: int = 0,
    called: str = "rows after the labels",
) -> tuple[F64, F64]:
    r"""Parse lines of numbers that begin with a time; blank lines are skipped.

    Parameters
    ----------
    path : Path
        Named in messages.
    lines : sequence of NumberedLine
        The body of the file.
    n_columns : int
        Numbers wanted in each row.
    delimiter : str or None
        ``"\t"`` or ``","``: an empty field is NaN, and so are fields missing at the end of a
        row. None: any run of blanks and tabs, and no field may be missing.
    before_time : int
        Columns before that of the times, which are left out.
    called : str
        What the rows are, for the message if there are none.

    Returns
    -------
    time : ndarray of shape (n_rows,), float64 [s], file clock
    values : ndarray of shape (n_rows, n_values), float64
        Of the columns after it.

    Raises
    ------
    FormatError
        If there are no rows; else naming the first line that has another number of fields, a field
        that is no number, no time, or a time that is not later than the one before.
    """
    filled = [line for line in lines if line.text.strip(" \t,")]
    if not filled:
        raise FormatError(path, f"no {called}", "export it again")
    rows = [_row(path, line, n_columns, delimiter) for line in filled]
    try:
        block = np.loadtxt(rows, delimiter=delimiter, comments=None, ndmin=2, dtype=np.float64)
    except ValueError:
        raise _first_fault(path, filled, rows, delimiter) from None
    time = np.ascontiguousarray(block[:, before_time])
    _check_times(path, time, filled)
    return time, np.ascontiguousarray(block[:, before_time + 1 :])


def _row(path: Path, line: NumberedLine, n_columns: int, delimiter: str | None) -> str:
    """One row with exactly `n_columns` non-empty fields."""
    text = line.text.strip() if delimiter is None else line.text.rstrip(f" {delimiter}")
    if "#" in text or "(" in text:
        text = _WINDOWS_NAN.sub("nan", text)
    n_found = len(text.split()) if delimiter is None else text.count(delimiter) + 1
    if n_found > n_columns or (delimiter is None and n_found < n_columns):
        raise FormatError(
            path,
            f"{n_found} fields where the header promises {n_columns}",
            "repair the row or export the file again",
            line=line.number,
        )
    if delimiter is None:
        return text
    text += delimiter * (n_columns - n_found)
    if delimiter * 2 in text or " " in text or text.endswith(delimiter):
        return delimiter.join(field.strip() or "nan" for field in text.split(delimiter))
    return text


def _first_fault(
    path: Path, lines: Sequence[NumberedLine], rows: Sequence[str], delimiter: str | None
) -> FormatError:
    """Find the field that the fast parser stumbled over."""
    for line, row in zip(lines, rows, strict=True):
        for column, field in enumerate(row.split(delimiter), start=1):
            try:
                float(field)
            except ValueError:
                remedy = "repair it or export the file again"
                if DECIMAL_COMMA.search(field):
                    remedy = "export the file again with a decimal point"
                problem = f"column {column}: {reprlib.repr(field)} is not a number"
                return FormatError(path, problem, remedy, line=line.number)
    return FormatError(path, "the block of numbers cannot be parsed", "export the file again")


def _check_times(path: Path, time: F64, lines: Sequence[NumberedLine]) -> None:
    """Refuse a time column that has gaps or does not increase, with the first line at fault."""
    at_fault = np.flatnonzero(~np.isfinite(time))
    if at_fault.size == 0:
        at_fault = np.flatnonzero(np.diff(time) <= 0.0) + 1
    if at_fault.size == 0:
        return
    row = int(at_fault[0])
    if not np.isfinite(time[row]):
        problem = "the time is missing"
    elif time[row] == time[row - 1]:
        problem = f"time {time[row]:g} s appears twice"
    else:
        problem = f"time goes back from {time[row - 1]:g} s to {time[row]:g} s"
    remedy = "times must increase from row to row: remove the row or write more decimals"
    raise FormatError(path, problem, remedy, line=lines[row].number)


def check_unique(path: Path, names: Sequence[str], kind: str) -> None:
    """Refuse names that occur twice.

    Raises
    ------
    FormatError
        With the first name that is repeated.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise FormatError(path, f"two {kind}s are named {name!r}", "rename or remove one")
        seen.add(name)
