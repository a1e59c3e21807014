"""`nem2e evaluate`: networks beside plain static optimization, muscle by muscle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from inference.channels import MEASURED
from inference.checkpoint import load_checkpoint
from inference.data.dataset import LimbSequence, build_sequences
from inference.data.exchange import put_right
from inference.evaluation.coverage import SHARES, coverage, relative_errors
from inference.evaluation.doubts import emg_doubts, unlikeness_of
from inference.evaluation.estimates import Estimates, hide_unknown, known_channels
from inference.evaluation.methods import beside_simulation
from inference.evaluation.summary import score_tables
from inference.exceptions import FeatureError
from inference.live.choice import open_proven
from inference.live.estimator import checkpoint_estimator
from inference.record import FeatureRecord
from streamer.console.outputs import check_output, write_output
from streamer.console.terminal import plain_console
from streamer.doubts import unlike_doubt
from streamer.exceptions import StreamerError
from streamer.features.emg_records import emg_records
from streamer.reports.score_table import METHODS, score_table

_WITH_SIGMA: Final = ("network", "calibrated")


def run(
    directories: Sequence[Path],
    cache: Path,
    checkpoint: Path | None = None,
    *,
    report: Path | None = None,
) -> None:
    """Score a checkpoint on trials with measured EMG and print the table.

    Parameters
    ----------
    directories : sequence of Path
        Trial directories, or directories above them.
    cache : Path
        Where feature records are kept.
    checkpoint : Path, optional
        Its folder; the default one of the package if not given.
    report : Path, optional
        Write the rows as JSON here.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        One clear message.
    """
    if report is not None:
        check_output(report, "--report")
    console = plain_console()
    loaded = load_checkpoint(checkpoint)
    step = open_proven("onnxruntime", loaded).backend
    rate = loaded.card.rate_hz
    records = as_taught(emg_records(directories, cache, console), loaded.card.training, console)
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
            f"The network was trained on {len(seen)} of these {len({r.person for r in records})} "
            "people: their scores do not tell how it does on others."
        )
    unlikeness = unlikeness_of(sequences, checkpoint_estimator(step, loaded))
    doubts = emg_doubts(sequences, methods["network"], rate, unlikeness)
    doubts += [f"{who}: {doubt}" for who, of in unlikeness.items() if (doubt := unlike_doubt(of))]
    for doubt in doubts:
        console.print(f"warning: {doubt}", style="yellow")
    if report is not None:
        content = {"checkpoint": loaded.digest, "trained_on": sorted(seen), "methods": rows}
        content["doubts"] = doubts
        content["coverage"] = {name: of for name, of in shares.items() if of}
        write_output(report, json.dumps(content, indent=1) + "\n", "--report")


def as_taught(
    records: Sequence[FeatureRecord], training: Mapping[str, Any], console: Console
) -> list[FeatureRecord]:
    """Put right the channels that a card says are exchanged, and say whose they are.

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
    """Return for each channel how much of the measurement lies within the intervals of `SHARES`."""
    found = coverage(relative_errors(sequences, estimates))
    return {of.channel: list(of.shares) for of in found}


def _coverage_line(shares: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Say how much of the measurement lies within the intervals of sigma."""
    said = [
        " and ".join(f"{100 * share:.0f} %" for share in of["all"]) + f" ({heading})"
        for heading, name in METHODS.items()
        if (of := shares.get(name))
    ]
    promised = " and ".join(f"{100 * share:.0f} %" for share in SHARES)
    return f"Intervals of {promised} by sigma hold {', '.join(said)} of the measurement."
