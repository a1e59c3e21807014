"""`nem2e train`: trial directories in, a checkpoint with its card out."""

from __future__ import annotations

from pathlib import Path

from inference.checkpoint import check_savable
from streamer.commands.extras import needs_training_extra
from streamer.config.training import TrainConfig
from streamer.console.outputs import check_output
from streamer.console.terminal import plain_console
from streamer.features.emg_records import training_records, unseen_records
from streamer.features.records import networks_dir
from streamer.reports.score_table import score_table


def run(config: TrainConfig, out: Path, cache: Path) -> None:
    """Train a network on trials and write its checkpoint.

    Parameters
    ----------
    config : TrainConfig
        Trials, network, training.
    out : Path
        Folder of the checkpoint. Replaced only if it is one, and only by a finished one.
    cache : Path
        Where feature records are kept; those that are missing are made. Networks without some of
        the people are kept beside them, so that a training that was cut off goes on.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        One clear message; nothing is written.
    """
    with needs_training_extra("nem2e train"):
        from inference.fit import fit_checkpoint
        from inference.training.trainer import first_process
    out, kept_in = out.resolve(), networks_dir(cache)
    check_savable(out)
    check_output(out.parent, "--out", folder=True)
    if config.folds:
        check_output(kept_in, "--cache", folder=True)
    console = plain_console(quiet=not first_process())
    records = training_records(config, config.variants, cache, console)
    unseen = unseen_records(config, cache, console)
    saved = fit_checkpoint(records, unseen, out, config, console.print, kept_in)
    if saved is None:
        return
    for part in ("cross_validation", "held_out"):
        if part in saved.card.metrics:
            console.print(score_table(part.replace("_", " "), saved.card.metrics[part]["methods"]))
    size = sum(path.stat().st_size for path in out.iterdir())
    console.print(f"wrote {out} ({size / 1e6:.2f} MB, digest {saved.digest[:12]})")
