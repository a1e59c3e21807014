"""Every method on people left out in turn, and on people of other data sets; needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from inference.architecture import (
    MOTION,
    BahdanauArchitecture,
    GruArchitecture,
    StdrArchitecture,
)
from inference.dataset import LimbSequence, as_recorded
from inference.evaluation.coverage import relative_errors, spread_gain
from inference.evaluation.crossval import cross_validate
from inference.evaluation.estimates import Estimates, Family, as_family, predict
from inference.evaluation.methods import (
    motion_ridge,
    population_mean,
    shared_gain_and_delay,
    simulation_of_its_instant,
)
from inference.evaluation.methods.network import Recipe, trained_and_calibrated, trained_network
from inference.fit_settings import FitSettings
from inference.record import FeatureRecord
from inference.training_data import prepared

__all__ = ["CompareSettings", "Comparison", "Study", "all_families", "compare"]

EFFORT_FRAMES: Final = GruArchitecture().effort_frames


@dataclass(frozen=True)
class CompareSettings:
    """What is compared and how.

    Attributes
    ----------
    fit : FitSettings
        How everything is trained, the default network, and in how many groups people are left out.
    bahdanau, stdr : Architecture
        The two that it is compared with; they too have a size by effort.
    """

    fit: FitSettings = field(default_factory=lambda: FitSettings(folds=8))
    bahdanau: BahdanauArchitecture = field(
        default_factory=lambda: BahdanauArchitecture(effort_frames=EFFORT_FRAMES)
    )
    stdr: StdrArchitecture = field(
        default_factory=lambda: StdrArchitecture(effort_frames=EFFORT_FRAMES)
    )


@dataclass(frozen=True, eq=False)
class Study:
    """Sequences and what every method makes of them."""

    sequences: list[LimbSequence]
    estimates: dict[str, Estimates]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Both studies.

    Attributes
    ----------
    settings : CompareSettings
    lags : dict of str to float
        By training data set, the EMG's lag that was removed [s].
    left_out : Study
        The training people, each estimated by what others taught.
    unseen : Study or None
        People of other data sets, no lag removed.
    gain : ndarray of shape (N_CHANNEL,), float64
        By what the default network's sigma has to be multiplied, of the people left out.
    """

    settings: CompareSettings
    lags: dict[str, float]
    left_out: Study
    unseen: Study | None
    gain: npt.NDArray[np.float64]


def all_families(
    settings: CompareSettings, report: Callable[[str], None], kept_in: Path | None = None
) -> list[Family]:
    """Return every method of `inference.evaluation.methods.TITLES`."""
    fit = settings.fit
    rate, recipe = fit.rate_hz, Recipe(fit, report, kept_in)
    motion_only = msgspec.structs.replace(fit.architecture, inputs=MOTION)
    return [
        as_family("simulation-own", simulation_of_its_instant(rate, fit.lead_s), free_gain=True),
        as_family("simulation-shared", shared_gain_and_delay(rate)),
        as_family("motion-ridge", motion_ridge(rate)),
        as_family("motion-network", trained_network(motion_only, recipe)),
        as_family("population", population_mean),
        as_family("bahdanau", trained_network(settings.bahdanau, recipe)),
        as_family("stdr", trained_network(settings.stdr, recipe)),
        trained_and_calibrated(recipe),
    ]


def compare(
    records: Sequence[FeatureRecord],
    unseen: Sequence[FeatureRecord],
    settings: CompareSettings,
    report: Callable[[str], None],
    kept_in: Path | None = None,
) -> Comparison:
    """Cross-validate every method on `records`, train it on all of them, and estimate `unseen`.

    Parameters
    ----------
    records, unseen : sequence of FeatureRecord
        Of different people.
    settings : CompareSettings
    report : callable
        Gets a line of text per stage.
    kept_in : Path, optional
        Folder of networks that were trained before, see `inference.kept`.

    Raises
    ------
    InferenceError
        If records do not serve or a training fails.
    """
    fit = settings.fit
    sequences, lags, held = prepared(records, unseen, fit, report)
    families = all_families(settings, report, kept_in)
    found = cross_validate(sequences, fit.folds, fit.training.seed, families, report, fit.workers)
    left_out = Study(as_recorded(sequences), found)
    others = None
    if held:
        report("unseen people, trained on all of the others")
        others = Study(held, predict(families, sequences, held))
    gain = spread_gain(relative_errors(left_out.sequences, found["network"]))
    return Comparison(settings, lags, left_out, others, gain)
