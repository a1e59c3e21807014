"""Results as JSON lines: one row a run, appended, so that runs can be compared over time."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.environment import commit_note, describe_environment, environment_line
from streamer.console.outputs import check_output
from streamer.console.terminal import plain_console
from streamer.exceptions import ConfigError
from streamer.reports.drawing import pyplot
from streamer.reports.tables import markdown, read_marked, rich_table, write_between_marks

Means = Mapping[str, Sequence[float | None]]
"""Mean scores by what they are of; None where there is no such score."""


class Record:
    """The row of a run in the making: made before anything is measured, written at the end.

    Parameters
    ----------
    benchmark : str
        Name of the scenario.
    out : Path
        JSON lines file; made, with its folder, if absent.
    page : Path or None
        Page that the run is to write, too.
    figure : bool
        Whether it draws a figure beside the page.

    Raises
    ------
    ConfigError
        If the file or the page cannot be written, or the figure not be drawn.
    """

    def __init__(
        self, benchmark: str, out: Path, page: Path | None = None, *, figure: bool = False
    ) -> None:
        check_output(out, "--out")
        if page is not None:
            read_marked(page)
            if figure:
                pyplot()
        self._benchmark, self._out, self._page = benchmark, out, page
        self._environment = describe_environment()

    def write_page(self, text: str) -> None:
        """Put text and the commit between the marks of the page, if there is one."""
        if self._page is not None:
            write_between_marks(self._page, f"{text}\n\n{commit_note(self._environment)}")
            plain_console().print(f"wrote {self._page}")

    def publish(self, title: str, head: Sequence[str], means: Means, digits: Sequence[int]) -> None:
        """Print a table of means, a row each, and write it to the page.

        Parameters
        ----------
        title : str
            Of the table on the terminal.
        head : sequence of str
            Over the names, then over each score.
        means : mapping of str to sequence of float or None
        digits : sequence of int
            Decimals of each score.
        """
        rows = [
            [name, *("-" if x is None else f"{x:.{n}f}" for x, n in zip(own, digits, strict=True))]
            for name, own in means.items()
        ]
        plain_console().print(rich_table(title, head, rows))
        self.write_page(markdown(head, rows))

    def append(self, settings: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """Write the row, and say where it went and on which machine it was measured.

        Parameters
        ----------
        settings : mapping
            What the run was asked for.
        found : mapping
            JSON values.

        Raises
        ------
        ConfigError
            If the file cannot be written after all.
        """
        row = {"benchmark": self._benchmark, **self._environment, "settings": settings, **found}
        line = json.dumps(row, allow_nan=False)
        try:
            self._out.parent.mkdir(parents=True, exist_ok=True)
            with self._out.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise ConfigError(
                f"cannot write {self._out}: {error.strerror or error}; give --out a path that can"
                " be written"
            ) from error
        console = plain_console()
        console.print(environment_line(self._environment))
        console.print(f"appended to {self._out}")
