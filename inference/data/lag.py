"""One lag of the EMG per data set: how late its recordings stand against their motion.

Delays of amplifiers and filters, and the choice of zero time, differ between data sets by far more
than people differ. A ridge regression from the motion alone, fitted on the data set with most
people, predicts the walking EMG of each other set; the lag with the best mean correlation is taken.
None of the sets is known to be right, so all of them count: lags are told from their mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from inference.channels import MEASURED
from inference.data.dataset import LimbSequence
from inference.data.motion_ridge import MotionRidge
from inference.metrics import MAX_LAG_S, SEARCHED_S, Series, best_common_lag

__all__ = ["estimate_lags"]

RIDGE: Final = 30.0
"""Penalty on standardised inputs; from 3 to 300, lags of real sets move by 10 ms at most."""


def estimate_lags(
    sequences: Sequence[LimbSequence],
    rate_hz: float,
    report: Callable[[str], None] = lambda _: None,
) -> dict[str, float]:
    """Estimate each data set's EMG lag [s] against the mean over data sets.

    Parameters
    ----------
    sequences : sequence of LimbSequence
        Built without any lag.
    rate_hz : float
        Of the sequences.
    report : callable, optional
        Gets a line of text for a set whose EMG is out of time by more than `MAX_LAG_S`.

    Returns
    -------
    dict of str to float
        Positive = late; 0 for a set without walking.
    """
    walking = [s for s in sequences if s.motion == "walk"] or list(sequences)
    people = {d: len({s.person for s in walking if s.dataset == d}) for d in _datasets(walking)}
    reference = max(people, key=lambda name: people[name])
    most = [s for s in walking if s.dataset == reference]
    ridge = MotionRidge(most, [s.y for s in most], [s.measured for s in most], rate_hz, RIDGE)
    lags = dict.fromkeys(_datasets(sequences), 0.0)
    for dataset in _datasets(walking):
        if dataset != reference:
            channels = _by_channel([s for s in walking if s.dataset == dataset], ridge)
            lags[dataset] = _lag_s(channels, rate_hz, MAX_LAG_S)
            farther = _lag_s(channels, rate_hz, SEARCHED_S)
            if abs(farther) > MAX_LAG_S:
                report(_too_far(dataset, farther, reference, lags[dataset]))
    mean = float(np.mean([lags[dataset] for dataset in people]))
    return lags | {dataset: lags[dataset] - mean for dataset in people}


def _datasets(sequences: Sequence[LimbSequence]) -> list[str]:
    return sorted({s.dataset for s in sequences})


def _by_channel(sequences: Sequence[LimbSequence], ridge: MotionRidge) -> list[list[Series]]:
    channels: list[list[Series]] = [[] for _ in MEASURED]
    for s in sequences:
        estimate = ridge.predict(s)
        for channel, trials in enumerate(channels):
            if s.measured[:, channel].any() and np.isfinite(estimate[:, channel]).all():
                measured = s.y[:, channel].astype(np.float64)
                trials.append(Series(estimate[:, channel], measured, s.measured[:, channel]))
    return [trials for trials in channels if trials]


def _lag_s(channels: Sequence[Sequence[Series]], rate_hz: float, reach_s: float) -> float:
    return best_common_lag(channels, rate_hz, reach_s) / rate_hz if channels else 0.0


def _too_far(dataset: str, lag_s: float, reference: str, removed_s: float) -> str:
    return (
        f"warning: the EMG of {dataset} is {1e3 * lag_s:+.0f} ms off its motion, compared with "
        f"{reference}; at most {1e3 * MAX_LAG_S:.0f} ms are searched, and "
        f"{1e3 * removed_s:+.0f} ms removed: correct the times in one of their emg.csv files"
    )
