"""`nem2e train`: trial directories in, a checkpoint with its card out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from streamer.commands.evaluate import features, score_table
from streamer.exceptions import StreamerError

try:
    import torch  # noqa: F401
except ImportError as error:
    raise StreamerError(
        "nem2e train needs torch, which is not installed; pip install 'nem2e-rt[train]'"
    ) from error

from inference.fit import FitSettings, fit_checkpoint
from inference.reference import add_reference
from inference.train_settings import TrainSettings


def run(
    directories: Sequence[Path],
    out: Path,
    *,
    held_out: Sequence[Path] = (),
    folds: int = 0,
    validation: int = 2,
    epochs: int | None = None,
    seed: int | None = None,
    cache: Path | None = None,
) -> None:
    """Train a network on trials and write its checkpoint.

    Parameters
    ----------
    directories : sequence of Path
        Trial directories, or directories above them.
    out : Path
        Folder of the checkpoint. Replaced only if it is one, and only by a finished one.
    held_out : sequence of Path
        Trials of other people, scored at the end and written on the card; never trained on.
    folds : int
        Also cross-validate over so many groups of people; 0 = no.
    validation : int
        People, of those in `directories`, by whom training stops; 0 = the full number of epochs.
    epochs, seed : int, optional
        Instead of the defaults of `inference.train_settings.TrainSettings`.
    cache : Path, optional
        Where feature records are kept.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        One clear message; nothing is written.
    """
    console = Console(highlight=False, soft_wrap=True)
    training = TrainSettings()
    if epochs is not None:
        training = replace(training, epochs=epochs)
    if seed is not None:
        training = replace(training, seed=seed)
    records = features(directories, cache, console)
    unseen = features(held_out, cache, console) if held_out else []
    fit_checkpoint(
        records, unseen, out, FitSettings(folds, validation, training=training), console.print
    )
    saved = add_reference(out)
    for part in ("cross_validation", "held_out"):
        if part in saved.card.metrics:
            console.print(score_table(part.replace("_", " "), saved.card.metrics[part]["summary"]))
    size = sum(path.stat().st_size for path in out.iterdir())
    console.print(f"wrote {out} ({size / 1e6:.2f} MB, digest {saved.digest[:12]})")
