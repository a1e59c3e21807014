"""Strides as a figure: forces of plates, and predicted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.grf.score import Pair
from streamer.reports.drawing import INK, OURS, plain, pyplot, save

SHOWN_S = 2.4
"""Length of what the figure shows of a trial [s]."""


def draw(pairs: Sequence[Pair], path: Path) -> None:
    """Draw vertical and fore-aft force of one trial of each data set.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    plt = pyplot()

    first = {pair.group: pair for pair in reversed(pairs)}
    chosen = [first[group] for group in sorted(first)]
    figure, grid = plt.subplots(
        len(chosen), 2, figsize=(10, 1.5 * len(chosen)), layout="constrained", squeeze=False
    )
    for pair, axes in zip(chosen, grid, strict=True):
        for component, axis in zip((1, 0), axes, strict=True):
            _panel(axis, pair, component)
        axes[0].set_ylabel(pair.group, fontsize=7, color=INK)
    grid[0][0].set_title("vertical force [body weights]", fontsize=9, color=INK)
    grid[0][1].set_title("fore-aft force [body weights]", fontsize=9, color=INK)
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    save(figure, path, dpi=80, colours=32)


def _panel(axis: Any, pair: Pair, component: int) -> None:
    """Both feet, plates thin and prediction bold."""
    start = pair.time[pair.scored][0]
    shown = (pair.time >= start) & (pair.time < start + SHOWN_S) & pair.scored
    time = np.where(shown, pair.time - start, np.nan)
    for foot, (name, style) in enumerate(zip(("right", "left"), ("-", "--"), strict=True)):
        plates, ours = (np.where(shown, f[:, foot, component], np.nan) for f in pair.force)
        axis.plot(time, plates, style, color=INK, lw=0.8, label=f"{name}, plates")
        axis.plot(time, ours, style, color=OURS, lw=1.4, label=f"{name}, predicted")
    plain(axis)
