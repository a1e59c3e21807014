"""Scores of a method, person by person, and their means over people with bootstrap intervals.

The bootstrap draws people, and within each person strides, both with replacement [Davison1997]_;
people with few strides are drawn whole, since of two strides often one would be drawn twice, and
its correlation is another thing than that of both.
Row 0 of every array of draws is the sample as it is, so value and interval come from one
computation. A person's draws depend on the seed and the person alone: methods compared on the same
people see the same strides, and differences between them are paired.

References
----------
.. [Davison1997] Davison AC, Hinkley DV (1997). Bootstrap methods and their application.
   doi:10.1017/CBO9780511802843
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from inference.channels import MEASURED
from inference.dataset import LimbSequence
from inference.evaluation.estimates import Estimates, columns
from inference.evaluation.means import finite_mean
from inference.evaluation.sums import PersonSums, best_lag, correlation, lags, person_sums, rmse

__all__ = [
    "COMMON",
    "STATISTICS",
    "Bootstrap",
    "Interval",
    "PersonScore",
    "Summary",
    "difference",
    "score",
    "score_tables",
    "summarise",
    "summary_table",
]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

STATISTICS: Final = ("r", "rmse", "r_lag", "rmse_lag")
"""Correlation and error at zero lag, then at the person's one best lag."""
COMMON: Final = ("TA", "SOL", "GM", "GL", "GAS", "VM", "VL", "RF", "ST", "SM", "MH")
"""Muscles that nearly every data set has, one head or the other."""
FEWEST_STRIDES: Final = 6
"""Of a person whose strides are drawn; anybody else is drawn whole."""


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made.

    Attributes
    ----------
    draws, seed : int
    """

    draws: int = 2000
    seed: int = 20250101

    def strides(self, person: str, count: int) -> F64:
        """How often each of a person's strides is drawn, (1 + draws, count)."""
        if count < FEWEST_STRIDES:
            return np.ones((1 + self.draws, count))
        rng = np.random.default_rng((self.seed, zlib.crc32(person.encode()), count))
        drawn = rng.multinomial(count, np.full(count, 1.0 / count), self.draws)
        return np.vstack([np.ones((1, count)), drawn])

    def people(self, values: F64) -> F64:
        """Draw people: values (n_people, 1 + draws, ...) to their means (1 + draws, ...)."""
        n = len(values)
        rng = np.random.default_rng((self.seed, n))
        who = np.vstack([np.arange(n), rng.integers(0, n, (self.draws, n))])
        # someone drawn twice is not drawn with the same strides twice
        which = np.vstack([np.zeros((1, n), int), rng.integers(1, self.draws + 1, (self.draws, n))])
        return finite_mean(values[who, which], axis=1)


class Interval(NamedTuple):
    """A value and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


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
    bootstrap: Bootstrap = Bootstrap(),
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


def difference(
    sequences: Sequence[LimbSequence],
    ours: Estimates,
    other: Estimates,
    rate_hz: float,
    bootstrap: Bootstrap = Bootstrap(),
) -> list[PersonScore]:
    """Score ours less other, person by person, over the frames where both give an estimate."""

    def where_both(these: Estimates, those: Estimates) -> Estimates:
        pairs = zip(these.y, those.y, strict=True)
        masked = [np.where(np.isfinite(b), a, np.float32(np.nan)) for a, b in pairs]
        return Estimates(masked, None, these.free_gain)

    a = score(sequences, where_both(ours, other), rate_hz, bootstrap)
    b = score(sequences, where_both(other, ours), rate_hz, bootstrap)
    return [
        PersonScore(
            p.person, p.motion, p.strides, p.seconds, p.lag_s - q.lag_s, p.values - q.values
        )
        for p, q in zip(a, b, strict=True)
    ]


@dataclass(frozen=True)
class Summary:
    """Means over people in one motion.

    Attributes
    ----------
    motion, channel : str
        ``all`` and ``common`` are means over channels of each person, then over people.
    people, strides : int
    seconds : float
        Of measurement, all people together; of the longest channel where it is about several.
    lag_s : float
        Mean of the people's best lags.
    statistics : dict of str to Interval
        By name of `STATISTICS`.
    """

    motion: str
    channel: str
    people: int
    strides: int
    seconds: float
    lag_s: float
    statistics: dict[str, Interval]


def summarise(scores: Sequence[PersonScore], bootstrap: Bootstrap = Bootstrap()) -> list[Summary]:
    """Average over people: for each motion every channel, the common ones, and all."""
    summaries = []
    for motion in sorted({s.motion for s in scores}):
        own = [s for s in scores if s.motion == motion]
        groups = {name: columns([name]) for name in MEASURED}
        groups |= {"common": columns(COMMON), "all": columns(MEASURED)}
        for channel, group in groups.items():
            of = [s for s in own if np.isfinite(s.values[0, 1, group]).any()]
            if of:
                summaries.append(_summary(motion, channel, group, of, bootstrap))
    return summaries


def _summary(
    motion: str,
    channel: str,
    group: list[int],
    scores: Sequence[PersonScore],
    bootstrap: Bootstrap,
) -> Summary:
    drawn = bootstrap.people(np.stack([finite_mean(s.values[..., group], -1) for s in scores]))
    return Summary(
        motion,
        channel,
        people=len(scores),
        strides=sum(s.strides for s in scores),
        seconds=sum(float(s.seconds[group].max()) for s in scores),
        lag_s=float(np.mean([s.lag_s for s in scores])),
        statistics={name: _interval(drawn[:, k]) for k, name in enumerate(STATISTICS)},
    )


def _interval(drawn: F64) -> Interval:
    """Row 0 and the percentiles of the rest."""
    finite = drawn[1:][np.isfinite(drawn[1:])]
    if not len(finite) or not np.isfinite(drawn[0]):
        return Interval(float(drawn[0]), float("nan"), float("nan"))
    low, high = np.quantile(finite, [0.025, 0.975])
    return Interval(float(drawn[0]), float(low), float(high))


def summary_table(summaries: Sequence[Summary]) -> list[dict[str, Any]]:
    """Return plain rows for a card or a report; three digits, NaN as None, intervals as lists."""
    return [
        {
            "motion": s.motion,
            "channel": s.channel,
            "people": s.people,
            "strides": s.strides,
            "seconds": _rounded(s.seconds),
            "lag_s": _rounded(s.lag_s),
        }
        | {name: [_rounded(number) for number in found] for name, found in s.statistics.items()}
        for s in summaries
    ]


def score_tables(
    sequences: Sequence[LimbSequence], methods: Mapping[str, Estimates], rate_hz: float
) -> dict[str, list[dict[str, Any]]]:
    """Return every method's rows, by its name."""
    return {
        name: summary_table(summarise(score(sequences, estimates, rate_hz)))
        for name, estimates in methods.items()
    }


def _rounded(value: float) -> float | None:
    return round(value, 3) if np.isfinite(value) else None
