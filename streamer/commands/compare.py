"""`nem2e evaluate --compare`: every method on people left out in turn, and the page of results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from inference.evaluation.bootstrap import Bootstrap
from streamer.commands.extras import needs_training_extra
from streamer.config.training import TrainConfig
from streamer.console.outputs import check_output
from streamer.console.terminal import plain_console
from streamer.features.emg_records import training_records, unseen_records
from streamer.features.records import networks_dir

if TYPE_CHECKING:
    from inference.evaluation.compare import Comparison

__all__ = ["run"]

PAGE: Final = "results.md"


def run(config: TrainConfig, cache: Path, *, docs: Path | None = None) -> None:
    """Train every method on people, score it on others, and write the page of results.

    Parameters
    ----------
    config : TrainConfig
        Trials of the people who are left out in turn, in `folds` groups; trials of unseen people,
        estimated by networks that learn from all of the former; the default network and the
        training.
    cache : Path
        Where feature records are kept, and networks beside them, so that a comparison that was cut
        off goes on.
    docs : Path, optional
        Folder whose ``results.md`` is written anew between its marks, with figures beside it; the
        page is printed without.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        One clear message; nothing is written.
    """
    with needs_training_extra("nem2e evaluate --compare"):
        from inference.evaluation.compare import compare
        from streamer.reports.tables import read_marked
    if docs is not None:
        read_marked(docs / PAGE)
    kept_in = networks_dir(cache)
    check_output(kept_in, "--cache", folder=True)
    console = plain_console()
    records = training_records(config, config.variants, cache, console)
    unseen = unseen_records(config, cache, console)
    _publish(compare(records, unseen, config, console.print, kept_in), docs, console)


def _publish(comparison: Comparison, docs: Path | None, console: Console) -> None:
    """Print the page, or write it with its figures."""
    from streamer.reports.results import page
    from streamer.reports.results_plot import draw
    from streamer.reports.tables import write_between_marks

    text = page(comparison, Bootstrap())
    if docs is None:
        console.print(text)
        return
    write_between_marks(docs / PAGE, text)
    studies = {"": comparison.left_out}
    if comparison.unseen is not None:
        studies["_unseen"] = comparison.unseen
    for suffix, study in studies.items():
        for motion in sorted({s.motion for s in study.sequences}):
            draw(study, motion, docs / f"results_{motion}{suffix}.png")
    console.print(f"wrote {docs / PAGE} and its figures")
