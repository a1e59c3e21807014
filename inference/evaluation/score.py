"""Scores of a method, person by person, each with its bootstrap draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from inference.arrays import F64
from inference.data.dataset import LimbSequence
from inference.evaluation.bootstrap import DEFAULT, Bootstrap
from inference.evaluation.estimates import Estimates
from inference.evaluation.sums import PersonSums, best_lag, correlation, lags, person_sums, rmse

__all__ = ["STATISTICS", "PersonScore", "difference", "score", "where_both"]

STATISTICS: Final = ("r", "rmse", "r_lag", "rmse_lag")
"""Correlation and error at zero lag, then at the person's one best lag."""


@dataclass(frozen=True, eq=False)
class PersonScore:
    """One person in one motion.

    Errors are fractions of the person's reference maximum.

    Attributes
    ----------
    person, motion : str
    strides : int
    seconds : ndarray of shape (len(MEASURED),), float64 [s]
        Of measurement that each channel's score rests on.
    lag_s : float
        One best lag of the person, positive where the measurement is later.
    values : ndarray of shape (1 + draws, len(STATISTICS), len(MEASURED)), float64
        NaN where there is nothing to score.
    """

    person: str
    motion: str
    strides: int
    seconds: F64
    lag_s: float
    values: F64


def score(
    sequences: Sequence[LimbSequence],
    estimates: Estimates,
    rate_hz: float,
    bootstrap: Bootstrap = DEFAULT,
) -> list[PersonScore]:
    """Score estimates over every complete stride where they and the measurement exist.

    Parameters
    ----------
    sequences : sequence of LimbSequence
    estimates : Estimates
        Of these sequences.
    rate_hz : float
        Of the sequences.
    bootstrap : Bootstrap

    Returns
    -------
    list of PersonScore
        People and motions with at least one such stride.
    """
    return [
        _person(sums, estimates.free_gain, rate_hz, bootstrap)
        for sums in person_sums(sequences, estimates.y, rate_hz)
        if sums.values[..., 0].any()
    ]


def _person(sums: PersonSums, free_gain: bool, rate_hz: float, bootstrap: Bootstrap) -> PersonScore:
    used = sums.values[:, :, :, 0].any((1, 2))
    values = sums.values[used]
    drawn = bootstrap.strides(sums.person, len(sums.values))[:, used]
    own = best_lag(values)
    zero = len(lags(rate_hz)) // 2
    parts = []
    for at in (zero, own):
        total = np.tensordot(drawn, values[:, at], axes=1)  # (1 + draws, n_measured, 6)
        parts += [correlation(total), rmse(total, free_gain)]
    return PersonScore(
        sums.person, sums.motion, len(values), values[:, zero, :, 0].sum(0) / rate_hz,
        float(lags(rate_hz)[own]) / rate_hz, np.stack(parts, axis=1),
    )  # fmt: skip


def where_both(these: Estimates, those: Estimates) -> Estimates:
    """Return these estimates in the frames where those are given, too; without `sigma`."""
    pairs = zip(these.y, those.y, strict=True)
    masked = [np.where(np.isfinite(b), a, np.float32(np.nan)) for a, b in pairs]
    return Estimates(masked, None, these.free_gain)


def difference(
    sequences: Sequence[LimbSequence],
    ours: Estimates,
    other: Estimates,
    rate_hz: float,
    bootstrap: Bootstrap = DEFAULT,
) -> list[PersonScore]:
    """Score ours less other, person by person, over the frames where both give an estimate."""
    a = score(sequences, where_both(ours, other), rate_hz, bootstrap)
    b = score(sequences, where_both(other, ours), rate_hz, bootstrap)
    return [
        PersonScore(
            p.person, p.motion, p.strides, p.seconds, p.lag_s - q.lag_s, p.values - q.values
        )
        for p, q in zip(a, b, strict=True)
    ]
