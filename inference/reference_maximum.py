"""The unit of every envelope: a person's own maximum of each muscle in comfortable walking.

What was recorded differs from person to person: one walked fast too, another ran, a third did
neither. A maximum over all of it would be another unit for each of them, and a network that learns
from the first would be wrong about the third. Comfortable walking is what nearly everybody has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["COMFORTABLE_MPS", "PERCENTILE", "MovedEmg", "reference_maximum"]

F64 = npt.NDArray[np.float64]

COMFORTABLE_MPS: Final = 1.25
"""Speed at which the maximum is wanted [m/s]: a little below what adults choose, 1.27 to 1.46 by
age and sex (Bohannon 1997, doi 10.1093/ageing/26.1.15). Three of the five data sets with EMG used
here have a trial at just this speed."""
PERCENTILE: Final = 99.0
"""Of a trial's envelope; its plain maximum would follow a single artefact."""


class MovedEmg(NamedTuple):
    """Envelopes of one trial, and how the person moved.

    Attributes
    ----------
    names : sequence of str
        Channels with their side.
    envelopes : ndarray of shape (k, n_channel), float64
        One unit in all of a person's trials.
    motion : str
        ``walk``, ``run``, ...; empty where nobody said.
    speed_mps : float
        Mean speed [m/s]; NaN where nobody said.
    """

    names: Sequence[str]
    envelopes: F64
    motion: str
    speed_mps: float


def reference_maximum(trials: Sequence[MovedEmg]) -> Mapping[str, float]:
    """Return a person's reference maximum of each channel.

    Parameters
    ----------
    trials : sequence of MovedEmg
        All that there is of the person.

    Returns
    -------
    mapping of str to float
        `PERCENTILE`-th percentile in the walking trial whose speed is nearest to
        `COMFORTABLE_MPS`. Of several at that speed the largest; so too of all walking trials where
        no speed is known, and of all trials where nobody walked.
    """
    best: dict[str, tuple[int, float, float]] = {}
    for trial in trials:
        likeness = _likeness(trial)
        for name, peak in zip(
            trial.names, np.percentile(trial.envelopes, PERCENTILE, axis=0), strict=True
        ):
            found = (*likeness, float(peak))
            best[name] = max(best.get(name, found), found)
    return {name: peak for name, (_, _, peak) in best.items()}


def _likeness(trial: MovedEmg) -> tuple[int, float]:
    """How like comfortable walking a trial is; the more the better."""
    if trial.motion != "walk":
        return 0, 0.0
    if not np.isfinite(trial.speed_mps):
        return 1, 0.0
    return 2, -abs(trial.speed_mps - COMFORTABLE_MPS)
