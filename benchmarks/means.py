"""Scores of trials as means over their groups: the table, the page and the row of a scenario."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from benchmarks.records import Record
from inference.means import finite_mean
from streamer.console.terminal import plain_console
from streamer.reports.tables import markdown, rich_table


class Scored(Protocol):
    """A trial of a group with its scores."""

    @property
    def group(self) -> str: ...  # noqa: D102
    def scores(self) -> list[float]: ...  # noqa: D102


def publish_means(
    record: Record,
    title: str,
    fields: Sequence[str],
    trials: Sequence[Scored],
    settings: Mapping[str, Any],
    digits: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Print the mean scores of every group, write them to the page, append and return the row.

    Parameters
    ----------
    record : Record
        Of the run.
    title : str
        Of the table on the terminal.
    fields : sequence of str
        Names of the scores, with their units.
    trials : sequence of Scored
        At least one.
    settings : mapping
        What the run was asked for.
    digits : mapping of str to int, optional
        Decimals of a field where they are not 1.
    """
    means = means_by_group(trials)
    decimals = [(digits or {}).get(field, 1) for field in fields]
    head = ["data set (trials)", *fields]
    rows = [
        [group, *("-" if x is None else f"{x:.{n}f}" for x, n in zip(own, decimals, strict=True))]
        for group, own in means.items()
    ]
    plain_console().print(rich_table(title, head, rows))
    record.write_page(markdown(head, rows))
    return record.append(settings, {"fields": fields, "means": means})


def means_by_group(trials: Sequence[Scored]) -> dict[str, list[float | None]]:
    """Mean scores over the trials of each group, which is named with how many they are.

    None where no trial has the score.
    """
    found: dict[str, list[list[float]]] = {}
    for trial in trials:
        found.setdefault(trial.group, []).append(trial.scores())
    return {
        f"{group} ({len(rows)})": [
            float(x) if np.isfinite(x) else None for x in finite_mean(rows, axis=0)
        ]
        for group, rows in found.items()
    }
