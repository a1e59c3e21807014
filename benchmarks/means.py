"""Scores of trials, and their means over groups."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from benchmarks.records import Means
from inference.means import finite_mean
from streamer.arrays import F64

BY_GROUP = "data set (trials)"
"""What the names of `means_by_group` are."""


class Scored(Protocol):
    """A trial of a group with its scores."""

    @property
    def group(self) -> str: ...  # noqa: D102
    def scores(self) -> list[float]: ...  # noqa: D102


def rms(x: F64) -> float:
    """Root of the mean square of all values."""
    return float(np.sqrt(np.mean(x**2)))


def means_by_group(trials: Sequence[Scored]) -> Means:
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
