"""Tables of numbers in Markdown, and pages that hold them between two marks."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from streamer.console.outputs import check_output, write_output
from streamer.exceptions import ConfigError

BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown table; all columns but the first are right-aligned."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def rich_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return the same for a terminal."""
    table = Table(title=title)
    for k, name in enumerate(head):
        table.add_column(name, justify="right" if k else "left")
    for row in rows:
        table.add_row(*row)
    return table


def read_marked(page: Path) -> str:
    """Read a page that has the marks; long work may ask before it starts.

    Raises
    ------
    ConfigError
        If the page or its marks are not there, or it or its folder cannot be written.
    """
    try:
        content = page.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot read {page}: {error.strerror}; give --docs its folder"
        ) from error
    if BEGIN not in content or END not in content:
        raise ConfigError(
            f"{page} lacks the lines '{BEGIN}' and '{END}'; put them where the table goes"
        )
    check_output(page, "--docs")
    check_output(page.absolute().parent, "--docs", folder=True)  # figures go beside it
    return content


def write_between_marks(page: Path, text: str) -> None:
    """Put text between the marks of a page.

    Raises
    ------
    ConfigError, StreamerError
        As `read_marked`, or if the page cannot be written after all.
    """
    before = read_marked(page)
    head, tail = before.partition(BEGIN)[0], before.partition(END)[2]
    write_output(page, f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", "--docs")
