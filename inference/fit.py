"""From feature records to a saved checkpoint with an honest card."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import torch

from inference.arrays import F32, F64
from inference.backends.export import export_step
from inference.backends.onnx_step import OnnxStep
from inference.backends.reference import reference_stream
from inference.channels import CHANNELS, INPUT_NAMES
from inference.checkpoint import Card, Checkpoint, save_checkpoint
from inference.data.dataset import LimbSequence, as_recorded, data_sets, people_by_channel
from inference.evaluation.coverage import (
    coverage,
    gains_of_others,
    relative_errors,
    spread_gain,
)
from inference.evaluation.crossval import cross_validate, validation_people
from inference.evaluation.estimates import Estimates, hide_unknown, known_channels
from inference.evaluation.methods.network import Recipe, judged_live, trained_and_calibrated
from inference.evaluation.summary import score_tables
from inference.inputs.muscle_map import FAMILIES
from inference.networks.weights import network_arrays
from inference.opinion import usual_for
from inference.record import FeatureRecord
from inference.training.fit_settings import FitSettings
from inference.training.train import Epoch, settings_for, train
from inference.training.trainer import first_process
from inference.training.training_data import prepared

__all__ = ["fit_checkpoint"]

DESCRIPTION: Final = (
    "EMG envelopes of both legs, as fractions of the subject's reference maximum, from "
    "angles, velocities and moments of both; in motion unlike that of the training people in part "
    "from simulated activations; causal, one step per frame"
)
METRICS_NOTE: Final = (
    "Complete strides with measured EMG; per person, then averaged over people, with 95 % "
    "bootstrap intervals. rmse is a fraction of the reference maximum (99th percentile of the "
    "envelope in the person's walking trial nearest to 1.25 m/s). simulation = plain static "
    "optimization with the best gain of each person and channel; the network has no gain. "
    "calibrated = on one trial of the person, judged on the others; own-strides = the mean of its "
    "strides at the true phase. *_lag = with one best lag per person; lag_s > 0 means that the "
    "measurement is later. cross_validation: people of the training sets left out in turn, the "
    "data set's lag removed, channels that only they were measured in not scored. coverage: "
    "shares of the measurement within the 50 and 90 % intervals of sigma, its gain fitted on the "
    "other people. held_out: other data sets, no lag removed."
)


def fit_checkpoint(
    records: Sequence[FeatureRecord],
    unseen: Sequence[FeatureRecord],
    out: Path,
    settings: FitSettings,
    report: Callable[[str], None],
    kept_in: Path | None = None,
) -> Checkpoint | None:
    """Train, judge, export and save; None in the processes that only help to train.

    Parameters
    ----------
    records : sequence of FeatureRecord
        To train on.
    unseen : sequence of FeatureRecord
        Of other people, scored at the end.
    out : Path
        Folder of the checkpoint.
    settings : FitSettings
    report : callable
        Gets one line of text per stage and epoch.
    kept_in : Path, optional
        Folder of networks, without some of these people, that were trained before, see
        `inference.training.kept`.

    Raises
    ------
    InferenceError
        If records do not serve or training fails; nothing is written then.
    """
    sequences, lags, held = prepared(records, unseen, settings, report)
    stop_by = validation_people(sequences, settings.validation_people, settings.training.seed)
    metrics: dict[str, Any] = {"note": METRICS_NOTE}
    gain = np.ones(len(CHANNELS))
    groups = _groups(settings.folds, len(data_sets(sequences)), report)
    settings = msgspec.structs.replace(settings, folds=groups)
    if settings.folds:
        recipe = Recipe(settings, report, kept_in)
        metrics["cross_validation"], gain = _cross_validated(sequences, recipe)
    taught_by = settings_for(settings.architecture, settings.training)
    net, history = train(
        [s for s in sequences if s.person not in stop_by],
        as_recorded(s for s in sequences if s.person in stop_by),
        settings.architecture,
        taught_by,
        lambda epoch: report(_line(epoch)),
    )
    if not first_process():
        return None
    net.gain.copy_(torch.from_numpy(gain))
    onnx = export_step(net)
    usual = usual_for(settings.architecture, sequences)
    if held:
        step = OnnxStep(onnx, settings.architecture)
        judged = judged_live(step, usual, settings, held, gain.astype(np.float32))
        methods = hide_unknown(judged, known_channels(people_by_channel(sequences)))
        metrics["held_out"] = _results(held, methods, settings.rate_hz)
    plain = [record for record in records if not record.variant]
    training = _training_card(plain, as_recorded(sequences), lags, stop_by, settings, history)
    arrays = network_arrays(net)
    card = _card(settings, arrays, training, metrics)
    return save_checkpoint(out, card, arrays, onnx, reference_stream(net), usual)


def _groups(folds: int, people: int, report: Callable[[str], None]) -> int:
    """In how many groups people are left out in turn: no more than there are people."""
    groups = min(folds, people) if people > 1 else 0
    if not groups:
        report(
            "warning: nobody is left out, so that sigma is fitted on nobody and its intervals hold "
            "more or less than they promise; give `folds` of 2 or more, and as many people"
        )
    elif groups < folds:
        report(f"{people} people are left out one at a time, in {groups} groups, not {folds}")
    return groups


def _cross_validated(sequences: list[LimbSequence], recipe: Recipe) -> tuple[dict[str, Any], F64]:
    """Scores of people left out in turn, and by what sigma has to be multiplied (N_CHANNEL,)."""
    found, own = _left_out(sequences, recipe), as_recorded(sequences)
    errors = relative_errors(own, found["network"])
    held = coverage(errors, gains_of_others(errors))
    shares = {of.channel: [round(share, 3) for share in of.shares] for of in held}
    scores = _results(own, found, recipe.fit.rate_hz)
    return {"folds": recipe.fit.folds, "coverage": shares} | scores, spread_gain(errors)


def _card(
    settings: FitSettings,
    arrays: dict[str, F32],
    training: dict[str, Any],
    metrics: dict[str, Any],
) -> Card:
    return Card(
        name=settings.name,
        description=DESCRIPTION,
        channels=CHANNELS,
        inputs=INPUT_NAMES,
        architecture=settings.architecture,
        rate_hz=settings.rate_hz,
        receptive_field_frames=settings.architecture.receptive_field,
        lead_s=settings.lead_s,
        muscle_map={family.name: dict(family.muscles) for family in FAMILIES},
        normalisation={
            key: [round(float(value), 6) for value in arrays[f"members.0.embed.{key}"]]
            for key in ("mean", "scale")
        },
        training=training,
        metrics=metrics,
    )


def _training_card(
    records: Sequence[FeatureRecord],
    sequences: Sequence[LimbSequence],
    lags: dict[str, float],
    stop_by: Sequence[str],
    settings: FitSettings,
    history: Sequence[Epoch],
) -> dict[str, Any]:
    """Return what the network was made from, data set by data set."""
    data_sets: dict[str, Any] = {}
    for record in records:
        entry = data_sets.setdefault(
            record.dataset,
            {
                "licence": record.licence,
                "citation": record.citation,
                "emg_lag_removed_s": round(lags[record.dataset], 3),
                "trials": [],
                "measured_s": 0.0,
            },
        )
        entry["trials"].append(f"{record.subject}/{record.trial}")
    for name, entry in data_sets.items():
        frames = sum(int(s.measured.any(1).sum()) for s in sequences if s.dataset == name)
        entry["measured_s"] = round(frames / settings.rate_hz, 1)
    best = min(history, key=lambda e: e.validation_loss if stop_by else -e.index)
    return {
        "data_sets": data_sets,
        "people_by_channel": people_by_channel(sequences),
        "filter_delay_s": sorted({round(r.filter_delay_s, 6) for r in records}),
        "target": "6 Hz zero-phase envelope of raw EMG (20-450 Hz), published envelopes as they "
        "are; of the instant that the filtered inputs describe, less the data set's lag",
        "lag_note": "EMG timing differs between data sets, by equipment or by person; one lag per "
        "data set was estimated, told from the mean over data sets, and removed for training",
        "exchanged": {
            person: [list(pair) for pair in pairs] for person, pairs in settings.exchanged.items()
        },
        "stopped_by": list(stop_by),
        "settings": msgspec.to_builtins(settings_for(settings.architecture, settings.training)),
        "best_epoch": asdict(best),
    }


def _left_out(sequences: Sequence[LimbSequence], recipe: Recipe) -> dict[str, Estimates]:
    """Estimate everybody by a network that others taught."""
    fit, families = recipe.fit, [trained_and_calibrated(recipe)]
    return cross_validate(
        sequences, fit.folds, fit.training.seed, families, recipe.report, fit.workers
    )


def _results(
    sequences: Sequence[LimbSequence], methods: Mapping[str, Estimates], rate_hz: float
) -> dict[str, Any]:
    return {
        "people": sorted({s.person for s in sequences}),
        "methods": score_tables(sequences, methods, rate_hz),
    }


def _line(epoch: Epoch) -> str:
    line = f"member {epoch.member + 1}, epoch {epoch.index + 1}: loss {epoch.train_loss:.3f}"
    validated = math.isfinite(epoch.validation_loss)
    return line + (f", validation {epoch.validation_loss:.3f}" if validated else "")
