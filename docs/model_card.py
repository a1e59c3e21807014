"""Write the numbers of ``model-card.md`` anew from the card of the default network.

python docs/model_card.py
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inference.architecture import Architecture
from inference.channels import MEASURED
from inference.checkpoint import Checkpoint, load_checkpoint
from streamer.reports.tables import markdown, write_between_marks

METHODS = {
    "simulation": "static optimization",
    "network": "network",
    "calibrated": "calibrated",
    "own-strides": "own strides",
}
STUDIES = {"cross_validation": "People left out in turn", "held_out": "People of other data sets"}
MOTIONS = {"walk": "walking", "run": "running"}


def numbers(checkpoint: Checkpoint) -> str:
    """Everything between the marks."""
    card = checkpoint.card
    parts = [_what(checkpoint, card.architecture), _data(card.training)]
    for study, title in STUDIES.items():
        found = card.metrics.get(study)
        if found is None:
            continue
        for motion, name in MOTIONS.items():
            if table := _scores(found["methods"], motion):
                parts += [f"## {title}: {name}", table]
    coverage = card.metrics.get("cross_validation", {}).get("coverage")
    if coverage:
        rows = [[n, *(f"{100 * share:.1f} %" for share in of)] for n, of in coverage.items()]
        heads = ("channel", "in the 50 % interval", "in the 90 % interval")
        parts += ["## Intervals of `sigma`, people left out", markdown(heads, rows)]
    return "\n\n".join(parts)


def _what(checkpoint: Checkpoint, arch: Architecture) -> str:
    card = checkpoint.card
    size = sum(array.size for array in checkpoint.weights().values())
    return (
        f"Digest `{checkpoint.digest[:12]}`: {arch.members} networks of kind"
        f" {type(arch).__struct_config__.tag}, width {arch.d_model}, {size} numbers in all;"
        f" {card.rate_hz:g} frames a second; {1e3 * card.lead_s:g} ms ahead of the filtered motion."
    )


def _data(training: Mapping[str, Any]) -> str:
    rows = [
        [
            name,
            str(len({trial.split("/")[0] for trial in of["trials"]})),
            str(len(of["trials"])),
            f"{of['measured_s']:.0f}",
            f"{1e3 * of['emg_lag_removed_s']:+.0f}",
            of["licence"],
            of["citation"].replace("|", ""),
        ]
        for name, of in training["data_sets"].items()
    ]
    heads = ("data set", "people", "trials", "s of EMG", "lag ms", "licence", "cite")
    return "## Trained on\n\n" + markdown(heads, rows)


def _scores(methods: Mapping[str, Sequence[Mapping[str, Any]]], motion: str) -> str:
    """One row a muscle: r, RMSE and people of every method that was scored."""
    by = {
        method: {row["channel"]: row for row in methods[method] if row["motion"] == motion}
        for method in METHODS
        if method in methods
    }
    rows = []
    for channel in (*MEASURED, "common", "all"):
        if channel in by["network"]:
            cells = [_cell(by[method].get(channel)) for method in by]
            rows.append([channel, *cells])
    heads = ("channel", *(f"{METHODS[method]}: r, RMSE (people)" for method in by))
    return markdown(heads, rows) if rows else ""


def _cell(row: Mapping[str, Any] | None) -> str:
    """All digits that the card has: fewer would be rounded twice."""
    if row is None or row["r"][0] is None:
        return "-"
    return f"{row['r'][0]:.3f}, {row['rmse'][0]:.3f} ({row['people']})"


if __name__ == "__main__":
    write_between_marks(Path(__file__).parent / "model-card.md", numbers(load_checkpoint()))
