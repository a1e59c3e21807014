"""`nem2e evaluate`: a table per muscle, the network beside plain static optimization."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from inference.checkpoint import load_checkpoint
from inference.choice import open_proven
from inference.dataset import build_sequences
from inference.evaluation import estimate_stream, evaluate, summarise, summary_table
from inference.record import FeatureRecord
from streamer.exceptions import StreamerError
from streamer.feature_settings import FeatureSettings
from streamer.features import AS_RECORDED, find_trials, load_features

_COLUMNS = (
    ("rmse", "rmse"), ("SO", "baseline_rmse"), ("r", "r"), ("SO", "baseline_r"), ("r*", "r_lag"),
    ("SO*", "baseline_r_lag"), ("lag", "lag_s"), ("SO lag", "baseline_lag_s"),
)  # fmt: skip


def run(
    directories: Sequence[Path],
    checkpoint: Path | None = None,
    *,
    report: Path | None = None,
    backend: str = "onnxruntime",
    cache: Path | None = None,
) -> None:
    """Score a checkpoint on trials with measured EMG and print the table.

    Parameters
    ----------
    directories : sequence of Path
        Trial directories, or directories above them.
    checkpoint : Path, optional
        Its folder; the default one of the package if not given.
    report : Path, optional
        Write the rows as JSON here.
    backend : str
        One of `inference.backends.BACKENDS`.
    cache : Path, optional
        Where feature records are kept.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        One clear message.
    """
    console = Console(highlight=False, soft_wrap=True)
    loaded = load_checkpoint(checkpoint)
    step = open_proven(backend, loaded).backend
    rate = loaded.card.rate_hz
    records = features(directories, cache, console)
    seen = trained_on(loaded.card.training) & {record.person for record in records}
    sequences = build_sequences(records, rate)
    scores = evaluate(sequences, estimate_stream(step, loaded.card.architecture), rate)
    rows = summary_table(summarise(scores))
    console.print(score_table(f"{loaded.card.name}, {loaded.digest[:12]}", rows))
    console.print(
        "Fractions of the person's reference maximum; SO = static optimization with the best gain "
        "of each person and channel; lag in ms, positive = measured later; * = at the person's one "
        "best lag; frames with valid forces only."
    )
    if seen:
        console.print(
            f"{len(seen)} of {len({r.person for r in records})} people are among those that the "
            "network was trained on: no measure of how it does on others."
        )
    if report is not None:
        content = {"checkpoint": loaded.digest, "trained_on": sorted(seen), "rows": rows}
        report.write_text(json.dumps(content, indent=1) + "\n")


def features(
    directories: Sequence[Path],
    cache: Path | None,
    console: Console,
    settings: Sequence[FeatureSettings] = AS_RECORDED,
) -> list[FeatureRecord]:
    """Load or make the records of all trials with EMG below `directories`, showing progress."""
    count = len(find_trials(directories))
    with console.status(f"features of {count} trials") as status:

        def show(trial: str, share: float) -> None:
            status.update(f"features: {100 * share:.0f} % of {count} trials, {trial}")

        records = list(load_features(directories, settings, cache_dir=cache, progress=show))
    if not records:
        below = ", ".join(map(str, directories))
        raise StreamerError(
            f"none of the {count} trials below {below} has measured EMG; "
            "give trials with emg.csv and [emg.muscles] in trial.toml"
        )
    return records


def trained_on(training: Mapping[str, Any]) -> set[str]:
    """Return ``dataset/subject`` of every person on a card."""
    sets = training.get("data_sets", {})
    return {
        f"{name}/{trial.split('/')[0]}" for name, entry in sets.items() for trial in entry["trials"]
    }


def score_table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Lay out summary rows."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("motion", "channel"):
        table.add_column(heading, no_wrap=True)
    for heading in ("people", "s", *(heading for heading, _ in _COLUMNS)):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        numbers = [_text(row[key], 1e3 if key.endswith("lag_s") else 1.0) for _, key in _COLUMNS]
        style = "bold" if row["channel"] == "all" else None
        head = (row["motion"], row["channel"], str(row["people"]), f"{row['seconds']:.0f}")
        table.add_row(*head, *numbers, style=style)
    return table


def _text(value: float | None, scale: float) -> str:
    if value is None:
        return "-"
    return f"{scale * value:+.0f}" if scale != 1.0 else f"{value:.2f}"
