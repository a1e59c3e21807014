"""`nem2e evaluate --ablate`: what each choice behind the default network is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streamer.commands.extras import needs_training_extra
from streamer.config.training import TrainConfig
from streamer.console.outputs import check_output
from streamer.console.terminal import plain_console
from streamer.features.emg_records import training_records
from streamer.features.records import networks_dir

__all__ = ["run"]

PAGE: Final = "ablations.md"


def run(config: TrainConfig, cache: Path, *, docs: Path | None = None) -> None:
    """Cross-validate the default network and variations of it; print or write the table.

    Parameters
    ----------
    config : TrainConfig
        Trials, the default network and its training, and in how many groups people are left out.
    cache : Path
        Where feature records are kept, and networks beside them, so that what was cut off goes on.
    docs : Path, optional
        Folder whose ``ablations.md`` is written anew between its marks.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        One clear message; nothing is written.
    """
    with needs_training_extra("nem2e evaluate --ablate"):
        from inference.evaluation.ablate import ablate, ablations
        from streamer.reports.ablations import ablation_table
        from streamer.reports.tables import read_marked, write_between_marks
    if docs is not None:
        read_marked(docs / PAGE)
    kept_in = networks_dir(cache)
    check_output(kept_in, "--cache", folder=True)
    console = plain_console()
    chosen = ablations(config, config.variants)
    names = {v for a in chosen for v in (*a.learns_from, a.judged_on)}
    made = training_records(config, sorted(names), cache, console)
    records = {name: [r for r in made if r.variant == name] for name in names}
    results = {}
    for ablation in chosen:
        console.print(ablation.name)
        results[ablation.name] = ablate(ablation, records, console.print, kept_in)
        if docs is not None:  # after each: it takes long, and what is there counts
            write_between_marks(docs / PAGE, ablation_table(results))
    if docs is None:
        console.print(ablation_table(results))
