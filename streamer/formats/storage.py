"""OpenSim's storage and motion files (``.sto``, ``.mot``), read and written.

A header of ``key=value`` lines ends with ``endheader``; then one line of labels, then rows. The
older SIMM motion header (``datacolumns 19``, ``range 0 1``) is read as OpenSim reads it: without
an ``inDegrees`` line its rotations are in degrees, where the newer header then means radians.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from streamer.arrays import F64
from streamer.exceptions import FormatError
from streamer.formats.tables import Storage
from streamer.formats.text import (
    NumberedLine,
    check_unique,
    parse_rows,
    read_lines,
)

_SCALAR_TYPES = ("double", "float", "")
_SIMM_KEYS = ("datacolumns", "datarows", "range")


def read_storage(path: Path) -> Storage:
    """Read a ``.sto`` or ``.mot`` file.

    Parameters
    ----------
    path : Path
        The file; labels and rows separated by tabs or by blanks.

    Returns
    -------
    Storage
        Values as in the file, `in_degrees` as declared there.

    Raises
    ------
    FormatError
        If the file is missing, has no ``endheader``, no ``time`` column, no columns beside it,
        no rows, elements that are not scalars, a label twice, a field that is no number, or
        times that do not increase.
    """
    lines = read_lines(path)
    end = _end_of_header(path, lines)
    header = _header(path, lines[:end])
    top = next((i for i in range(end + 1, len(lines)) if lines[i].text.strip()), len(lines))
    if top == len(lines):
        raise FormatError(path, "no column labels after endheader", "write the file again")
    names = _labels(path, lines, top)
    time, data = parse_rows(path, lines[top + 1 :], 1 + len(names), None)
    return Storage(time, names, data, _in_degrees(header), header.get("", path.stem))


def _end_of_header(path: Path, lines: Sequence[NumberedLine]) -> int:
    """Index of the ``endheader`` line."""
    for i, line in enumerate(lines[:1000]):
        if line.text.strip().lower() == "endheader":
            return i
    raise FormatError(path, "no line 'endheader'", "give an OpenSim .sto or .mot file")


def _header(path: Path, lines: Sequence[NumberedLine]) -> dict[str, str]:
    """Keys in lower case to values; the file's own name under the empty key."""
    header: dict[str, str] = {}
    for line in lines:
        text = line.text.strip()
        key, equals, value = text.partition("=")
        if not equals:
            key, _, value = text.partition(" ")
        if key.strip().lower() == "name" and value.strip():
            header[""] = value.strip()  # SIMM's header: "name walk"
        elif text and not header and not equals:
            header[""] = text
        elif text:
            header[key.strip().lower()] = value.strip()
    if header.get("datatype", "double").lower() not in _SCALAR_TYPES:
        problem = f"DataType is {header['datatype']}, not double"
        raise FormatError(path, problem, "export scalar columns")
    return header


def _labels(path: Path, lines: Sequence[NumberedLine], top: int) -> tuple[str, ...]:
    """Labels without ``time``.

    Labels are split at tabs, and at blanks where there are no tabs or where only that gives as
    many labels as the first row has numbers.
    """
    text = lines[top].text
    labels = [label.strip() for label in text.strip().split("\t") if label.strip()]
    first = next((line.text.split() for line in lines[top + 1 :] if line.text.strip()), [])
    if len(labels) == 1 or (first and len(labels) != len(first) == len(text.split())):
        labels = text.split()
    if labels[0].lower() != "time":
        raise FormatError(
            path,
            f"the first column is {labels[0]!r}",
            "it must be time",
            line=lines[top].number,
        )
    if len(labels) == 1:
        raise FormatError(path, "no columns beside time", "write the file again")
    check_unique(path, labels, "column")
    return tuple(labels[1:])


def _in_degrees(header: dict[str, str]) -> bool:
    """Whether rotations are in degrees, as OpenSim decides it."""
    declared = header.get("indegrees")
    if declared is None:
        return any(key in header for key in _SIMM_KEYS)
    return declared.lower() in ("yes", "y", "true", "1")


def write_storage(path: Path, storage: Storage) -> None:
    """Write a ``.sto`` or ``.mot`` file that OpenSim reads back bit for bit.

    Numbers are written with as many digits as float64 needs. The file is complete or absent:
    it is written under another name first and then renamed.

    Parameters
    ----------
    path : Path
        The file; its folder is created where it is missing.
    storage : Storage
        What to write; ``in_degrees`` is declared in the header, values are not converted.

    Raises
    ------
    FormatError
        If a label has a tab or a line break in it, or the file cannot be written.
    """
    for name in storage.names:
        if not name or any(c in name for c in "\t\r\n"):
            raise FormatError(path, f"column label {name!r}", "labels hold no tabs or line breaks")
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.write(_head(storage))
            file.writelines(_row(t, row) for t, row in zip(storage.time, storage.data, strict=True))
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        problem = f"cannot be written ({error.strerror})"
        raise FormatError(path, problem, "choose a folder you may write to") from error


def _head(storage: Storage) -> str:
    """Header and line of labels."""
    return (
        f"{storage.name}\nversion=1\nnRows={storage.time.size}\n"
        f"nColumns={1 + len(storage.names)}\ninDegrees={'yes' if storage.in_degrees else 'no'}\n"
        "endheader\n" + "\t".join(("time", *storage.names)) + "\n"
    )


def _row(time: float, values: F64) -> str:
    # repr of a float is the shortest text that reads back as the same float
    return "\t".join(map(repr, (float(time), *values.tolist()))) + "\n"
