"""Tables of numbers in Markdown, and pages that hold them between two marks."""

from collections.abc import Sequence
from pathlib import Path

from streamer.exceptions import ConfigError

BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"


def number(value: float) -> str:
    """Three digits or so."""
    return f"{value:.3f}" if abs(value) < 1.0 else f"{value:.2f}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown table; all columns but the first are right-aligned."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def read_marked(page: Path) -> str:
    """Read a page that has the marks; long work may ask before it starts.

    Raises
    ------
    ConfigError
        If the page or its marks are not there.
    """
    try:
        content = page.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot read {page}: {error.strerror}; give --docs its folder"
        ) from error
    if BEGIN not in content or END not in content:
        raise ConfigError(f"{page} lacks the lines '{BEGIN}' and '{END}'; put them where it goes")
    return content


def write_between_marks(page: Path, text: str) -> None:
    """Put text between the marks of a page.

    Raises
    ------
    ConfigError
        If the page or its marks are not there.
    """
    before = read_marked(page)
    head, tail = before.partition(BEGIN)[0], before.partition(END)[2]
    page.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")
