"""The curve as tables for people: on the terminal and in Markdown."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from benchmarks.filters.curve import RUNNING, WALKING, Curve
from benchmarks.filters.opensimrt import Published
from benchmarks.filters.trials import Solution
from streamer.reports.tables import markdown, rich_table

UNITS = {"qd": "rad/s", "qdd": "rad/s^2", "tau": "N m", "activation": "1"}


@dataclass(frozen=True)
class Report:
    """Everything that was measured."""

    curve: Curve
    published: Published | None

    def row(self) -> dict[str, Any]:
        """JSON values."""
        theirs = None if self.published is None else vars(self.published)
        return {**self.curve.row(), "opensimrt": theirs}

    def groups(self) -> list[str]:
        """Both gaits, then every data set."""
        sets = sorted(self.curve.trials)
        gaits = [g for g in (WALKING, RUNNING) if any(g in e for e in self.curve.errors.values())]
        return gaits + sets

    def by_gait(self) -> tuple[list[str], list[list[str]]]:
        """Table of every field over each gait: head and rows."""
        gaits = [g for g in self.groups() if g in (WALKING, RUNNING)]
        head = ["filter", "delay ms", "late by ms"]
        head += [f"{gait}: {f} {UNITS[f]}" for gait in gaits for f in Solution.FIELDS]
        rows = []
        for name, errors in self._by_delay():
            cells = [_digits(errors[g][f]) for g in gaits for f in Solution.FIELDS]
            late = f"{self.curve.lateness_ms[name]:+.1f}"
            rows.append([name, self._delay(name), late, *cells])
        return head, rows

    def by_dataset(self) -> tuple[list[str], list[list[str]]]:
        """Table of the moments over each data set: head and rows."""
        sets = sorted(self.curve.trials)
        head = ["filter", "delay ms", *(f"{s} ({self.curve.trials[s]})" for s in sets)]
        rows = [
            [name, self._delay(name), *(_digits(errors[s]["tau"]) for s in sets)]
            for name, errors in self._by_delay()
        ]
        return head, rows

    def opensimrt_line(self) -> str:
        """What OpenSimRT's results come to."""
        p = self.published
        if p is None:
            return "OpenSimRT's online results are not at hand."
        errors = ", ".join(f"{f} {_digits(p.errors[f])} {UNITS[f]}" for f in Solution.FIELDS)
        return (
            f"OpenSimRT online on {p.trial}: {1e3 * p.delay_s:.0f} ms (as published), {errors};"
            f" its time stamps fit best shifted by {1e3 * p.best_shift_s:.0f} ms"
        )

    def show(self, console: Console) -> None:
        """Print the tables."""
        for title, (head, rows) in (
            ("RMSE against zero-phase, legs; activation of all muscles", self.by_gait()),
            ("RMSE of the legs' moments by data set (trials), N m", self.by_dataset()),
        ):
            console.print(rich_table(title, head, rows))
        console.print(self.opensimrt_line())

    def markdown(self) -> str:
        """Both tables and the line."""
        return "\n\n".join(
            [
                "RMSE over both gaits; every data set counts once. *late by*: how much later than"
                " declared the accelerations of a quick swing come (a bend of 90 ms standard"
                " deviation).",
                markdown(*self.by_gait()),
                "RMSE of the legs' moments by data set (in brackets: trials), N m.",
                markdown(*self.by_dataset()),
                self.opensimrt_line() + ".",
            ]
        )

    def _by_delay(self) -> list[tuple[str, dict[str, dict[str, float]]]]:
        """Families together, each from its shortest delay to its longest."""
        order = {name: k for k, name in enumerate(self.curve.errors)}
        names = sorted(order, key=lambda n: (_family(n, order), self.curve.delays_ms[n], order[n]))
        return [(name, self.curve.errors[name]) for name in names]

    def _delay(self, name: str) -> str:
        return f"{self.curve.delays_ms[name]:.1f}"


def _digits(value: float) -> str:
    """Three or so."""
    return f"{value:.3f}" if abs(value) < 1.0 else f"{value:.2f}"


def _family(name: str, order: dict[str, int]) -> int:
    """Rank of a family: that of its first member."""
    kind = name.partition(":")[0]
    return min(k for n, k in order.items() if n.partition(":")[0] == kind)
