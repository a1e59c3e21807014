"""Means of scores over people, with intervals, and as plain rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from inference.channels import MEASURED
from inference.data.dataset import LimbSequence
from inference.evaluation.bootstrap import DEFAULT, Bootstrap, Interval, interval
from inference.evaluation.estimates import Estimates, columns
from inference.evaluation.score import STATISTICS, PersonScore, score
from inference.means import finite_mean

__all__ = ["COMMON", "Summary", "score_tables", "summarise", "summary_table"]

COMMON: Final = ("TA", "SOL", "GM", "GL", "GAS", "VM", "VL", "RF", "ST", "SM", "MH")
"""Muscles that nearly every data set has, one head or the other."""


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


def summarise(scores: Sequence[PersonScore], bootstrap: Bootstrap = DEFAULT) -> list[Summary]:
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
        statistics={name: interval(drawn[:, k]) for k, name in enumerate(STATISTICS)},
    )


def summary_table(summaries: Sequence[Summary]) -> list[dict[str, Any]]:
    """Return plain rows for a card or a report; NaN as None, intervals as lists.

    Numbers have three digits, which another backend repeats. Print them as they are: in fewer they
    would be rounded twice.
    """
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
