"""Tables of the pages, read back."""

from __future__ import annotations

import re
from itertools import dropwhile, takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Table = dict[str, dict[str, str]]
"""Cells by the first cell of their row and the head of their column."""
STUDIES = {
    ("cross_validation", "walk"): ("## People left out", "### Walking"),
    ("cross_validation", "run"): ("## People left out", "### Running"),
    ("held_out", "walk"): ("## Other data sets", "### Walking"),
}
"""Where results.md has what the card names so."""


def text(page: str) -> str:
    """Return a page by its path from the root."""
    return (ROOT / page).read_text(encoding="utf-8")


def after(page: str, *headings: str) -> str:
    """Return what follows these lines, each looked for behind the one before."""
    for heading in headings:
        _, found, page = page.partition(f"\n{heading}")
        assert found, f"no line begins with {heading!r}"
    return page


def table(page: str, *headings: str, head: str = "|") -> Table:
    """Return the first table behind these lines of which the first line begins so."""
    lines = dropwhile(lambda line: not line.startswith(head), after(page, *headings).splitlines())
    names, _, *rows = (cells(line) for line in takewhile(lambda line: line.startswith("|"), lines))
    return {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in rows}


def cells(line: str) -> list[str]:
    """Split a line of a table."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def numbers(words: str) -> list[float]:
    """Return every number of a text, in order."""
    return [float(found) for found in re.findall(r"[+-]?\d+(?:\.\d+)?", words)]


def agrees(printed: str, value: float, known_to: float) -> bool:
    """Say whether a printed number is this one, which itself is known to that."""
    digits = len(printed.partition(".")[2])
    slack = 0.5 * 10.0**-digits + 0.5 * known_to
    return abs(float(printed) - value) <= slack + 1e-9
