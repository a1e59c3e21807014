"""Strides of every muscle: measured, simulated, estimated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference.channels import MEASURED
from inference.data.curves import GRID, stride_curves
from inference.data.dataset import LimbSequence
from inference.evaluation.compare import Study
from streamer.arrays import F64
from streamer.reports.drawing import GREY, INK, OURS, plain, pyplot, save

__all__ = ["draw", "pooled_curves"]

LINES: Final = {"measured": (INK, "-"), "simulation": (GREY, "--"), "network": (OURS, "-")}
LABELS: Final = {
    "measured": "measured",
    "simulation": "static optimization, best gain",
    "network": "estimated, person unseen",
}
COLUMNS: Final = 4


def draw(study: Study, motion: str, path: Path) -> None:
    """Write a figure: mean and standard deviation over strides, people counting equally.

    Parameters
    ----------
    study : Study
    motion : str
        ``walk`` or ``run``.
    path : Path
        A ``.png`` file.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    plt = pyplot()

    own = [i for i, s in enumerate(study.sequences) if s.motion == motion]
    curves = pooled_curves(study, own)
    shown = [c for c in range(len(MEASURED)) if np.isfinite(curves["network"][0][:, c]).any()]
    rows = -(-len(shown) // COLUMNS)
    figure, grid = plt.subplots(
        rows, COLUMNS, figsize=(10, 1.9 * rows + 0.5), layout="constrained", sharex=True,
        squeeze=False,
    )  # fmt: skip
    for place, axis in enumerate(grid.flat):
        axis.set_visible(place < len(shown))
        axis.tick_params(labelbottom=place + COLUMNS >= len(shown))
    for axis, channel in zip(grid.flat, shown, strict=False):
        people = {
            s.person for s in (study.sequences[i] for i in own) if s.measured[:, channel].any()
        }
        for name, (mean, spread) in curves.items():
            _band(axis, name, mean[:, channel], spread[:, channel])
        axis.set_title(f"{MEASURED[channel]} ({len(people)})", fontsize=9, color=INK)
        axis.set_ylim(0.0, None)
        plain(axis)
    figure.supxlabel("stride [%]", fontsize=8, color=INK)
    unit = "fraction of the person's maximum in comfortable walking"
    figure.supylabel(f"EMG [{unit}]", fontsize=8, color=INK)
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3, fontsize=8, frameon=False)
    save(figure, path, dpi=90, colours=48)


def _band(axis: Any, name: str, mean: F64, spread: F64) -> None:
    colour, style = LINES[name]
    axis.fill_between(
        100.0 * GRID, np.maximum(mean - spread, 0.0), mean + spread, color=colour, alpha=0.13, lw=0
    )
    axis.plot(100.0 * GRID, mean, style, color=colour, lw=1.4, label=LABELS[name])


def pooled_curves(study: Study, own: Sequence[int]) -> dict[str, tuple[F64, F64]]:
    """Mean and standard deviation over strides, (len(GRID), len(MEASURED)) each.

    The simulation has the best gain of each person and channel over the strides shown; estimates
    are shown where there is a measurement.
    """
    sequences = [study.sequences[i] for i in own]
    measured = [np.where(s.measured, s.y, np.float32(np.nan)) for s in sequences]
    shown = {
        name: [np.where(s.measured, study.estimates[name].y[i], np.float32(np.nan))
               for i, s in zip(own, sequences, strict=True)]
        for name in ("simulation", "network")
    }  # fmt: skip
    curves = {"measured": [stride_curves(s, y) for s, y in zip(sequences, measured, strict=True)]}
    for name, estimates in shown.items():
        curves[name] = [stride_curves(s, y) for s, y in zip(sequences, estimates, strict=True)]
    _fit_gains(sequences, curves["simulation"], curves["measured"])
    return {name: _mean_and_spread(sequences, found) for name, found in curves.items()}


def _fit_gains(
    sequences: Sequence[LimbSequence], simulated: list[F64], measured: list[F64]
) -> None:
    """Scale each person's simulated curves, in place."""
    for person in {s.person for s in sequences}:
        own = [i for i, s in enumerate(sequences) if s.person == person]
        a, y = (np.concatenate([of[i] for i in own]) for of in (simulated, measured))
        both = np.isfinite(a) & np.isfinite(y)
        product = np.where(both, a * y, 0.0).sum((0, 1))
        power = np.where(both, a * a, 0.0).sum((0, 1))
        gain = np.maximum(product, 0.0) / np.where(power > 0.0, power, 1.0)
        for i in own:
            simulated[i] *= gain


def _mean_and_spread(sequences: Sequence[LimbSequence], curves: list[F64]) -> tuple[F64, F64]:
    strides = {
        person: sum(len(c) for c, s in zip(curves, sequences, strict=True) if s.person == person)
        for person in {s.person for s in sequences}
    }
    each = [
        np.full(len(c), 1.0 / max(strides[s.person], 1))
        for c, s in zip(curves, sequences, strict=True)
    ]
    every = np.concatenate(curves)
    weight = np.isfinite(every) * np.concatenate(each)[:, None, None]
    total = weight.sum(0)
    known = total > 0.0
    total = np.where(known, total, 1.0)
    filled = np.where(np.isfinite(every), every, 0.0)
    mean = (weight * filled).sum(0) / total
    variance = (weight * (filled - mean) ** 2).sum(0) / total
    return np.where(known, mean, np.nan), np.where(known, np.sqrt(variance), np.nan)
