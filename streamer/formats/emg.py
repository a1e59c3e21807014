"""Measured EMG as comma-separated text: a ``time`` column and one column per channel."""

from collections.abc import Sequence
from pathlib import Path

from streamer.exceptions import FormatError
from streamer.formats.tables import Storage
from streamer.formats.text import (
    DECIMAL_COMMA,
    NumberedLine,
    check_unique,
    parse_rows,
    read_lines,
)


def read_emg(path: Path) -> Storage:
    """Read EMG channels.

    Parameters
    ----------
    path : Path
        A ``.csv`` file whose first line holds the labels, ``time`` first.

    Returns
    -------
    Storage
        Amplitudes in the units of the file (raw signals: mostly mV; envelopes: a fraction of a
        reference), NaN where a field is empty. Times [s] are on the clock of the markers.

    Raises
    ------
    FormatError
        If the file is missing or empty, its first column is not ``time``, or a field or time
        is unusable.
    """
    lines = read_lines(path)
    labels = [label.strip().strip('"') for label in lines[0].text.split(",")]
    _refuse_other_separators(path, lines)
    if labels[0].lower() != "time":
        raise FormatError(path, f"the first column is {labels[0]!r}", "it must be time", line=1)
    if len(labels) == 1:
        raise FormatError(path, "no EMG channel beside time", "export at least one", line=1)
    check_unique(path, labels, "channel")
    time, data = parse_rows(path, lines[1:], len(labels), ",")
    return Storage(time, tuple(labels[1:]), data, name="emg")


def _refuse_other_separators(path: Path, lines: Sequence[NumberedLine]) -> None:
    """Refuse what spreadsheets of many countries write: semicolons, and commas for points."""
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        first, found, _ = lines[0].text.partition(separator)
        if found and first.strip().strip('"').lower() == "time":
            commas = any(DECIMAL_COMMA.search(line.text) for line in lines[1:3])
            raise FormatError(
                path,
                f"its columns are separated by {name}" + commas * " and it has decimal commas",
                "export it with commas between columns and decimal points",
                line=1,
            )
