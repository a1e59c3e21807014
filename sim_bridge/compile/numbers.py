"""Numbers of a model file that cannot be: OpenSim reads ``nan`` without a word and goes on."""

import re
from pathlib import Path

from sim_bridge.exceptions import ModelFileError

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ELEMENT = re.compile(r"<(\w+)>([^<]*)</\1>")
_UNBOUNDED = re.compile(r"(min|max)_(control|[xyz])")
"""Elements that are infinite, or as good as, in published models."""
_FITTED = re.compile(r"<weights>[^<]*</weights>\s*(<coefficients>[^<]*</coefficients>)?")
"""Of a GCVSpline. OpenSim makes no use of them, and may write what memory happened to hold."""
_LARGEST = 1e12
"""Published models have springs of up to 1e8 N/m; what is far beyond that is a slip of the pen."""


def refuse_what_is_no_number(osim: Path) -> None:
    """Refuse a model with a value that is not a number, or endless, or absurdly large.

    Parameters
    ----------
    osim : Path
        The model's file.

    Raises
    ------
    ModelFileError
        Naming the line, for the person to repair.
    """
    text = osim.read_text(encoding="utf-8", errors="replace")
    for unread in (_COMMENT, _FITTED):
        text = unread.sub(lambda part: "\n" * part[0].count("\n"), text)
    for element in _ELEMENT.finditer(text):
        name, content = element.groups()
        odd = None if _UNBOUNDED.fullmatch(name) else _odd_number(content.split())
        if odd is not None:
            line = text.count("\n", 0, element.start(2)) + 1
            raise ModelFileError(f"{osim}, line {line}: <{name}> holds {odd!r}; correct it")


def _odd_number(values: list[str]) -> str | None:
    """Return the first that cannot be, or None; also where not all are numbers, as in a text."""
    try:
        fine = [abs(float(value)) < _LARGEST for value in values]
    except ValueError:
        return None
    return None if all(fine) else values[fine.index(False)]
