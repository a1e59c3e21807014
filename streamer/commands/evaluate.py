"""`nem2e evaluate`: networks beside plain static optimization, muscle by muscle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inference.channels import MEASURED
from inference.checkpoint import load_checkpoint
from inference.choice import open_proven
from inference.dataset import LimbSequence, build_sequences
from inference.estimator import checkpoint_estimator
from inference.evaluation.bootstrap import Bootstrap
from inference.evaluation.coverage import SHARES, coverage, relative_errors
from inference.evaluation.doubts import emg_doubts
from inference.evaluation.estimates import Estimates, hide_unknown, known_channels
from inference.evaluation.methods import beside_simulation
from inference.evaluation.summary import score_tables
from inference.exceptions import FeatureError
from inference.exchange import put_right
from inference.record import FeatureRecord
from streamer.commands.extras import needs_training_extra
from streamer.exceptions import ConfigError, StreamerError
from streamer.feature_settings import FeatureSettings
from streamer.features import AS_RECORDED, find_trials, load_features, networks_dir
from streamer.outputs import check_output, write_output
from streamer.terminal import plain_console
from streamer.train_config import TrainConfig

if TYPE_CHECKING:
    from inference.evaluation.compare import Comparison

PAGE: Final = "results.md"
_METHODS: Final = {
    "SO": "simulation",
    "net": "network",
    "cal": "calibrated",
    "own": "own-strides",
}
"""Columns of the table."""
_AT_LAG: Final = ("SO", "net")
_WITH_SIGMA: Final = ("network", "calibrated")


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
    if report is not None:
        check_output(report, "--report")
    console = plain_console()
    loaded = load_checkpoint(checkpoint)
    step = open_proven(backend, loaded).backend
    rate = loaded.card.rate_hz
    records = as_taught(features(directories, cache, console), loaded.card.training, console)
    seen = trained_on(loaded.card.training) & {record.person for record in records}
    sequences = build_sequences(records, rate, lead_s=loaded.card.lead_s)
    people = loaded.card.training.get("people_by_channel", dict.fromkeys(MEASURED, 1))
    methods = beside_simulation(partial(checkpoint_estimator, step, loaded), sequences)
    rows = score_tables(sequences, hide_unknown(methods, known_channels(people)), rate)
    if not rows["network"]:
        raise StreamerError(
            f"none of the {len(records)} trials has a complete stride with measured EMG, from one "
            "contact of a foot to its next; give longer ones"
        )
    console.print(score_table(f"{loaded.card.name}, {loaded.digest[:12]}", rows))
    console.print(
        "n people; complete strides, muscles that the network was taught; errors are fractions "
        "of the person's reference maximum. SO = static optimization with the best gain of each "
        "person and channel, cal = the network calibrated on one trial of the person (or the "
        "first half of the only one), judged on the rest, own = that trial's strides at the true "
        "phase; * = at the person's one best lag; lag in ms, positive = measured later."
    )
    shares = {name: _coverage(sequences, methods[name]) for name in _WITH_SIGMA}
    console.print(_coverage_line(shares))
    if seen:
        console.print(
            f"{len(seen)} of {len({r.person for r in records})} people are among those that the "
            "network was trained on: no measure of how it does on others."
        )
    doubts = emg_doubts(sequences, methods["network"], rate)
    for doubt in doubts:
        console.print(f"warning: {doubt}", style="yellow")
    if report is not None:
        content = {"checkpoint": loaded.digest, "trained_on": sorted(seen), "methods": rows}
        content["doubts"] = doubts
        content["coverage"] = {name: of for name, of in shares.items() if of}
        write_output(report, json.dumps(content, indent=1) + "\n", "--report")


def compare(
    config: TrainConfig, *, docs: Path | None = None, cache: Path | None = None
) -> Comparison:
    """Train every method on people, score it on others, and write the page of results.

    Parameters
    ----------
    config : TrainConfig
        Trials of the people who are left out in turn, in `folds` groups; those of unseen people,
        estimated by what all of the former teach; the default network and the training.
    docs : Path, optional
        Folder whose ``results.md`` is written anew between its marks, with figures beside it; the
        page is printed without.
    cache : Path, optional
        Where feature records are kept, and networks beside them, so that a comparison that was cut
        off goes on.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        One clear message; nothing is written.
    """
    with needs_training_extra("nem2e evaluate --compare"):
        from benchmarks.tables import read_marked
        from inference.evaluation.compare import compare as compare_methods
    if docs is not None:
        read_marked(docs / PAGE)
    kept_in = networks_dir(cache)
    check_output(kept_in, "--cache", folder=True)
    console = plain_console()
    records, unseen = training_features(config, cache, console)
    comparison = compare_methods(records, unseen, config, console.print, kept_in)
    _publish(comparison, docs, console)
    return comparison


def _publish(comparison: Comparison, docs: Path | None, console: Console) -> None:
    """Print the page, or write it with its figures."""
    from benchmarks.results.plot import draw
    from benchmarks.results.report import page
    from benchmarks.tables import write_between_marks

    text = page(comparison, Bootstrap())
    if docs is None:
        console.print(text)
        return
    write_between_marks(docs / PAGE, text)
    studies = {"": comparison.left_out, "_unseen": comparison.unseen}
    for suffix, study in studies.items():
        for motion in sorted({s.motion for s in study.sequences}) if study else ():
            assert study is not None
            draw(study, motion, docs / f"results_{motion}{suffix}.png")
    console.print(f"wrote {docs / 'results.md'} and its figures")


def training_features(
    config: TrainConfig, cache: Path | None, console: Console
) -> tuple[list[FeatureRecord], list[FeatureRecord]]:
    """Load or make what a configuration trains on, variants included, and its unseen people."""
    if not config.trials:
        raise ConfigError("no trials to train on; give directories, or `trials:` in the file")
    variants = [FeatureSettings.of_variant(name) for name in dict.fromkeys(("", *config.variants))]
    records = features([Path(d) for d in config.trials], cache, console, variants)
    unseen = features([Path(d) for d in config.unseen], cache, console) if config.unseen else []
    return records, unseen


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
            status.update(f"features: {100 * share:.0f} % of {count} trials, {escape(trial)}")

        records = list(load_features(directories, settings, cache_dir=cache, progress=show))
    if not records:
        below = ", ".join(map(str, directories))
        raise StreamerError(
            f"none of the {count} trials below {below} has measured EMG; "
            "give trials with emg.csv and [emg.muscles] in trial.toml"
        )
    return records


def as_taught(
    records: Sequence[FeatureRecord], training: Mapping[str, Any], console: Console
) -> list[FeatureRecord]:
    """Put right the channels that a card says are exchanged, and say of whom.

    The card knows people by name alone: where a record of that name lacks a channel of the pair, it
    is left as it is.
    """
    found, people = [], {}
    for record in records:
        pairs = [
            (one, other) for one, other in training.get("exchanged", {}).get(record.person, ())
        ]
        try:
            (righted,) = put_right([record], {record.person: pairs})
        except FeatureError:
            righted = record
        if righted.emg_names != record.emg_names:
            people[record.person] = ", ".join(f"{one} with {other}" for one, other in pairs)
        found.append(righted)
    if people:
        said = "; ".join(f"{person}: {pairs}" for person, pairs in people.items())
        console.print(f"exchanged as in the training of the network: {said}")
    return found


def trained_on(training: Mapping[str, Any]) -> set[str]:
    """Return ``dataset/subject`` of every person on a card."""
    sets = training.get("data_sets", {})
    return {
        f"{name}/{trial.split('/')[0]}" for name, entry in sets.items() for trial in entry["trials"]
    }


def _coverage(sequences: Sequence[LimbSequence], estimates: Estimates) -> dict[str, list[float]]:
    """Return by channel which shares of the measurement lie within the intervals of `SHARES`."""
    found = coverage(relative_errors(sequences, estimates))
    return {of.channel: list(of.shares) for of in found}


def _coverage_line(shares: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Say how much of the measurement lies within the intervals of sigma."""
    said = [
        " and ".join(f"{100 * share:.0f} %" for share in of["all"]) + f" ({heading})"
        for heading, name in _METHODS.items()
        if (of := shares.get(name))
    ]
    promised = " and ".join(f"{100 * share:.0f} %" for share in SHARES)
    return f"Intervals of {promised} by sigma hold {', '.join(said)} of the measurement."


def score_table(title: str, methods: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """Lay out the summary rows of every method, a line per motion and muscle; 80 columns wide."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    for heading in ("motion", "channel"):
        table.add_column(heading, no_wrap=True)
    shown = {heading: _by_line(methods.get(name, ())) for heading, name in _METHODS.items()}
    columns = [(f"{what}\n{h}", h, what) for what in ("rmse", "r") for h in _METHODS]
    columns += [(f"r*\n{h}", h, "r_lag") for h in _AT_LAG]
    columns += [(f"lag\n{h}", h, "lag_s") for h in _AT_LAG]
    for heading in ("n", *(heading for heading, _, _ in columns)):
        table.add_column(heading, justify="right", no_wrap=True)
    for line, row in shown["net"].items():
        numbers = [_text(shown[method].get(line), what) for _, method, what in columns]
        style = "bold" if row["channel"] == "all" else None
        table.add_row(*line, str(row["people"]), *numbers, style=style)
    return table


def _by_line(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(row["motion"], row["channel"]): row for row in rows}


def _text(row: Mapping[str, Any] | None, what: str) -> str:
    found = None if row is None else row[what]
    value = found[0] if isinstance(found, list) else found
    if value is None:
        return "-"
    return f"{1e3 * value:+.0f}" if what == "lag_s" else f"{value:.2f}".replace("0.", ".")
