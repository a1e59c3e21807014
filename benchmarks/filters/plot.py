"""Delay against error, a panel a field, a line a family."""

from pathlib import Path
from typing import Any

from benchmarks.filters.curve import RUNNING, WALKING
from benchmarks.filters.report import UNITS, Report
from benchmarks.filters.trials import Solution
from sim_bridge.filters import CAUSAL_DEFAULT
from streamer.reports.drawing import INK, OTHERS, OURS, plain, pyplot, save

STYLES = {"6Hz": ":", "8Hz": "-", "15Hz": "--", "12Hz": "-.", "13": "--"}
TITLES = {"qd": "speed", "qdd": "acceleration", "tau": "moment", "activation": "activation"}
GAIT1992 = "gait1992"


def draw(report: Report, path: Path) -> None:
    """Write the figure.

    Parameters
    ----------
    report : Report
    path : Path
        A ``.png`` file.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    plt = pyplot()

    gaits = [g for g in (GAIT1992, WALKING, RUNNING) if g in report.groups()]
    figure, grid = plt.subplots(
        len(gaits), 4, figsize=(11, 2.6 * len(gaits)), layout="constrained", squeeze=False
    )
    for gait, axes in zip(gaits, grid, strict=True):
        for field, axis in zip(Solution.FIELDS, axes, strict=True):
            _panel(axis, report, gait, field)
        axes[0].set_ylabel(gait, color=INK)
    for axis in grid[-1]:
        axis.set_xlabel("declared delay [ms]", fontsize=8, color=INK)
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=6, fontsize=8, frameon=False
    )  # fmt: skip
    save(figure, path, dpi=90, colours=64)


def _panel(axis: Any, report: Report, gait: str, field: str) -> None:
    """All families of one field on one group of trials."""
    curve, colours = report.curve, iter(OTHERS)
    by_kind: dict[str, str] = {}
    for label, names in families(list(curve.errors)).items():
        kind = label.partition(":")[0]
        if kind not in by_kind:
            by_kind[kind] = OURS if kind == "wiener" else next(colours)
        points = sorted((curve.delays_ms[n], curve.errors[n][gait][field]) for n in names)
        first, last = label.partition(": ")[2].split(" ")[0], label.rpartition(" ")[2]
        style = STYLES.get(last, STYLES.get(first, "-"))
        axis.plot(*zip(*points, strict=True), style, color=by_kind[kind], lw=1.4, label=label)
    if CAUSAL_DEFAULT in curve.errors:
        here = curve.delays_ms[CAUSAL_DEFAULT], curve.errors[CAUSAL_DEFAULT][gait][field]
        axis.plot(*here, "o", color=OURS, ms=6, label="default")
    theirs = report.published
    if theirs is not None and gait == GAIT1992:
        at = 1e3 * theirs.delay_s, theirs.errors[field]
        axis.plot(*at, "*", color=INK, ms=9, label="OpenSimRT")
    axis.set_title(f"{TITLES[field]} RMSE [{UNITS[field]}]", fontsize=8, color=INK)
    axis.set_ylim(0.0, 1.15 * max(curve.errors["wiener:0:8"][gait][field], 1e-9)
                  if "wiener:0:8" in curve.errors else None)  # fmt: skip
    plain(axis)


def families(names: list[str]) -> dict[str, list[str]]:
    """Filters that differ in their delay alone, under what they share."""
    found: dict[str, list[str]] = {}
    for name in names:
        kind, *numbers = name.split(":")
        if kind in ("wiener", "kalman") and len(numbers) == 2:
            label = f"{kind}: {numbers[1]}Hz"
        elif kind == "savgol" and len(numbers) == 3:
            label = f"{kind}: {numbers[0]} frames, degree {numbers[1]}"
        else:
            label = kind
        found.setdefault(label, []).append(name)
    return found
