"""The unit of every envelope: a person's own maximum of each muscle in comfortable walking.

What was recorded differs from person to person: one walked fast too, another ran, a third did
neither. A maximum over all of it would be another unit for each of them, and a network that learns
from the first would be wrong about the third. Comfortable walking is what nearly everybody has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np

from inference.arrays import F64
from inference.exceptions import EmgError

__all__ = ["COMFORTABLE_MPS", "PERCENTILE", "MovedEmg", "check_unit", "reference_maximum"]

COMFORTABLE_MPS: Final = 1.25
"""Speed at which the maximum is wanted [m/s]: a little below what adults choose, 1.27 to 1.46 by
age and sex (Bohannon 1997, doi 10.1093/ageing/26.1.15). Three of the five data sets with EMG used
here have a trial at just this speed."""
PERCENTILE: Final = 99.0
"""Of a trial's envelope; its plain maximum would follow a single artefact."""


OTHER_UNIT: Final = 30.0
"""Most channels of two trials differ by no such factor, but V, mV and uV by 1000, percent and
fractions by 100; a person's running is up to 11 times the walking in a single channel."""
GAIT: Final = ("walk", "run")


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


def check_unit(person: str, trials: Mapping[str, MovedEmg]) -> None:
    """Refuse EMG of one person in different units, of which one maximum would be told.

    Walking and running are compared with each other, all else with what is called the same: a
    muscle may do nothing in standing.

    Parameters
    ----------
    person : str
        For the message.
    trials : mapping of str to MovedEmg
        By name; those without samples are passed over.

    Raises
    ------
    EmgError
        If most channels of two trials differ by more than `OTHER_UNIT`.
    """
    peaks = {name: _peaks(trial) for name, trial in trials.items() if len(trial.envelopes)}
    for one, other in combinations(peaks, 2):
        motions = {trials[one].motion, trials[other].motion}
        if len(motions) > 1 and not motions <= set(GAIT):
            continue
        larger = _times_larger(peaks[one], peaks[other])
        times, low, high = max((larger, other, one), (1.0 / larger, one, other))
        if times > OTHER_UNIT:
            raise EmgError(
                f"{person}: EMG is {times:.0f} times as large in {high} as in {low}; write all "
                "trials of a person in one unit"
            )


def _peaks(trial: MovedEmg) -> dict[str, float]:
    peaks = np.percentile(trial.envelopes, PERCENTILE, axis=0).tolist()
    return dict(zip(trial.names, peaks, strict=True))


def _times_larger(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """How many times larger the EMG of one is in the middle one of the channels of both."""
    both = [name for name in one if min(one[name], other.get(name, 0.0)) > 0.0]
    return float(np.median([one[name] / other[name] for name in both])) if both else 1.0


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
