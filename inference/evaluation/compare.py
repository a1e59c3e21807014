"""Every method on people left out in turn, and on people of other data sets; needs torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from inference.architecture import (
    MOTION,
    Architecture,
    BahdanauArchitecture,
    GruArchitecture,
    StdrArchitecture,
)
from inference.arrays import F64
from inference.data.dataset import LimbSequence, as_recorded
from inference.evaluation.coverage import relative_errors, spread_gain
from inference.evaluation.crossval import cross_validate
from inference.evaluation.estimates import Estimates, Family, as_family, predict
from inference.evaluation.methods import (
    motion_ridge,
    population_mean,
    shared_gain_and_delay,
    simulation_ahead,
)
from inference.evaluation.methods.network import Recipe, trained_and_calibrated, trained_network
from inference.opinion.second_opinion import MUSCLE_S
from inference.record import FeatureRecord
from inference.training.fit_settings import FitSettings
from inference.training.training_data import prepared, unseen_sequences

__all__ = ["Comparison", "Study", "all_families", "compare"]

EFFORT_FRAMES: Final = GruArchitecture().effort_frames
RIVALS: Final[Mapping[str, Architecture]] = {
    "bahdanau": BahdanauArchitecture(effort_frames=EFFORT_FRAMES),
    "stdr": StdrArchitecture(effort_frames=EFFORT_FRAMES),
}
"""Networks of others that the default one is compared with; they too have a size by effort."""


@dataclass(frozen=True, eq=False)
class Study:
    """Sequences and what every method makes of them."""

    sequences: list[LimbSequence]
    estimates: dict[str, Estimates]


@dataclass(frozen=True, eq=False)
class Comparison:
    """All studies.

    Attributes
    ----------
    settings : FitSettings
        How everything was trained.
    lags : dict of str to float
        By training data set, the EMG's lag that was removed [s].
    left_out : Study
        The training people, each estimated by what others taught.
    with_lag : Study
        The same estimates beside EMG on the trials' own clock, no lag removed.
    unseen : Study or None
        People of other data sets, no lag removed.
    gain : ndarray of shape (N_CHANNEL,), float64
        By what the default network's sigma has to be multiplied, of the people left out.
    """

    settings: FitSettings
    lags: dict[str, float]
    left_out: Study
    with_lag: Study
    unseen: Study | None
    gain: F64


def all_families(
    fit: FitSettings, report: Callable[[str], None], kept_in: Path | None = None
) -> list[Family]:
    """Return every method of `inference.evaluation.methods.TITLES`."""
    rate, recipe = fit.rate_hz, Recipe(fit, report, kept_in)
    motion_only = msgspec.structs.replace(fit.architecture, inputs=MOTION)
    return [
        as_family("simulation-own", simulation_ahead(rate, fit.lead_s), free_gain=True),
        as_family(
            "simulation-excitation",
            simulation_ahead(rate, fit.lead_s + MUSCLE_S),
            free_gain=True,
        ),
        as_family("simulation-shared", shared_gain_and_delay(rate)),
        as_family("motion-ridge", motion_ridge(rate)),
        as_family("motion-network", trained_network(motion_only, recipe)),
        as_family("population", population_mean),
        *(as_family(name, trained_network(rival, recipe)) for name, rival in RIVALS.items()),
        trained_and_calibrated(recipe),
    ]


def compare(
    records: Sequence[FeatureRecord],
    unseen: Sequence[FeatureRecord],
    settings: FitSettings,
    report: Callable[[str], None],
    kept_in: Path | None = None,
) -> Comparison:
    """Cross-validate every method on `records`, train it on all of them, and estimate `unseen`.

    Parameters
    ----------
    records, unseen : sequence of FeatureRecord
        Of different people.
    settings : FitSettings
        How everything is trained, the default network, and in how many groups people are left out.
    report : callable
        Gets a line of text per stage.
    kept_in : Path, optional
        Folder of networks that were trained before, see `inference.training.kept`.

    Raises
    ------
    InferenceError
        If records do not serve or a training fails.
    """
    sequences, lags, held = prepared(records, unseen, settings, report)
    families = all_families(settings, report, kept_in)
    seed, workers = settings.training.seed, settings.workers
    found = cross_validate(sequences, settings.folds, seed, families, report, workers)
    left_out = Study(as_recorded(sequences), found)
    with_lag = Study(_on_own_clock(left_out.sequences, records, settings), found)
    others = None
    if held:
        report("unseen people, trained on all of the others")
        others = Study(held, predict(families, sequences, held))
    gain = spread_gain(relative_errors(left_out.sequences, found["network"]))
    return Comparison(settings, lags, left_out, with_lag, others, gain)


def _on_own_clock(
    sequences: Sequence[LimbSequence], records: Sequence[FeatureRecord], settings: FitSettings
) -> list[LimbSequence]:
    """Return the same steps of the same limbs beside EMG of which no lag is removed."""
    plain = unseen_sequences([record for record in records if not record.variant], settings)
    found = {(s.record, s.side, s.t[0]): s for s in plain}
    return [
        found.get((s.record, s.side, s.t[0])) or replace(s, measured=np.zeros_like(s.measured))
        for s in sequences
    ]
