"""Two channels of a person whose electrodes were plugged, or labelled, the wrong way round.

It happens, and spoils a training more than noise does: the network is told that one muscle works
when the other one does. Each channel's mean curve through the stride is compared with those of the
other people. Of a pair that was exchanged neither resembles its own muscle and both resemble the
other; no network is asked, so that putting it right does not favour any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np

from inference.arrays import F64
from inference.channels import MEASURED
from inference.data.curves import GRID, stride_curves
from inference.data.dataset import LimbSequence, as_recorded
from inference.exceptions import FeatureError, nearest_names
from inference.means import finite_mean
from inference.record import FeatureRecord

__all__ = ["Exchanged", "Exchanges", "check_people", "find_exchanged", "put_right"]

Exchanges = Mapping[str, Sequence[tuple[str, str]]]
"""By person, ``dataset/subject``, pairs of channels with their side, ``("SOL_r", "VM_r")``."""

UNLIKE_ITSELF: Final = 0.3
LIKE_THE_OTHER: Final = 0.7
"""Correlations below and above which both channels of a pair have to lie. Of 408 pairs of 16 people
two do. By how much the exchanged pair's lower correlation exceeds the higher one as it is: 0.99 and
0.48 for these, 0.00 or less for all others."""
FEWEST_OTHERS: Final = 3
"""Fewer other people say little about what a muscle does."""


class Exchanged(NamedTuple):
    """A pair that looks exchanged, and how its curves correlate with those of other people."""

    person: str
    one: str
    other: str
    with_own: tuple[float, float]
    with_other: tuple[float, float]

    def __str__(self) -> str:
        """Say it in one line, and what to do."""
        return (
            f"{self.person}: {self.one} and {self.other} look exchanged: their curves through the "
            f"stride resemble other people's {self.with_own[0]:.2f} and {self.with_own[1]:.2f} as "
            f"they are, {self.with_other[0]:.2f} and {self.with_other[1]:.2f} exchanged; look at "
            "them, and if so list them under `exchanged` in the configuration"
        )


def check_people(exchanged: Exchanges, records: Sequence[FeatureRecord]) -> None:
    """Refuse exchanges of people of whom there is nothing: they would not be put right.

    Parameters
    ----------
    exchanged : mapping of str to sequence of tuple of str
        See `Exchanges`.
    records : sequence of FeatureRecord
        Of everybody.

    Raises
    ------
    FeatureError
        If one has no record.
    """
    people = sorted({record.person for record in records})
    if unknown := [person for person in exchanged if person not in people]:
        near = " or ".join(nearest_names(unknown[0], people))
        raise FeatureError(
            f"`exchanged` names {unknown[0]}, of whom no trial with EMG is given; "
            f"{f'did you mean {near}? ' if near else ''}correct the name or take it out"
        )


def put_right(records: Sequence[FeatureRecord], exchanged: Exchanges) -> list[FeatureRecord]:
    """Give the channels of each pair each other's names.

    Parameters
    ----------
    records : sequence of FeatureRecord
    exchanged : mapping of str to sequence of tuple of str
        See `Exchanges`; people without records are passed over.

    Raises
    ------
    FeatureError
        If a record of that person lacks a channel of the pair.
    """
    return [_renamed(record, exchanged.get(record.person, ())) for record in records]


def _renamed(record: FeatureRecord, pairs: Sequence[tuple[str, str]]) -> FeatureRecord:
    names = dict(zip(record.emg_names, record.emg_names, strict=True))
    for one, other in pairs:
        if not {one, other} <= set(names):
            raise FeatureError(
                f"{record.name}: {one} and {other} cannot be exchanged; its channels are "
                f"{', '.join(record.emg_names) or 'none'}"
            )
        names[one], names[other] = other, one
    return replace(record, emg_names=tuple(names.values())) if pairs else record


def find_exchanged(sequences: Sequence[LimbSequence]) -> list[Exchanged]:
    """Return pairs that look exchanged, judged in walking.

    Parameters
    ----------
    sequences : sequence of LimbSequence
        Of all people, less the lag of their data set; variants are passed over.
    """
    curves = _mean_curves([s for s in as_recorded(sequences) if s.motion == "walk"])
    found = []
    for (person, side), own in curves.items():
        r = own.T @ _others(curves, person) / len(own)
        for i, j in combinations(range(len(MEASURED)), 2):
            with_own, with_other = (r[i, i], r[j, j]), (r[i, j], r[j, i])
            if not np.isfinite((*with_own, *with_other)).all():
                continue  # one of them was not measured
            if max(with_own) < UNLIKE_ITSELF and min(with_other) > LIKE_THE_OTHER:
                one, other = f"{MEASURED[i]}_{side}", f"{MEASURED[j]}_{side}"
                found.append(Exchanged(person, one, other, with_own, with_other))
    return found


def _mean_curves(sequences: Sequence[LimbSequence]) -> dict[tuple[str, str], F64]:
    """By person and side, standardised mean curves (n_phase, len(MEASURED)); NaN where none is."""
    groups: dict[tuple[str, str], list[F64]] = {}
    for s in sequences:
        measured = np.where(s.measured, s.y, np.float32(np.nan))
        groups.setdefault((s.person, s.side), []).append(stride_curves(s, measured))
    return {
        key: _standardised(finite_mean(np.concatenate(parts), 0)) for key, parts in groups.items()
    }


def _standardised(curves: F64) -> F64:
    """Zero mean and unit deviation over the stride; NaN where a curve is flat or not whole."""
    deviation = curves.std(0)
    scaled: F64 = (curves - curves.mean(0)) / np.where(deviation > 0.0, deviation, np.nan)
    return scaled


def _others(curves: Mapping[tuple[str, str], F64], person: str) -> F64:
    """Standardised mean of the other people's curves; NaN for a channel that few of them have."""
    found = [own for (name, _), own in curves.items() if name != person]
    others = np.reshape(found, (-1, len(GRID), len(MEASURED)))
    known = np.isfinite(others).all(1).sum(0) >= FEWEST_OTHERS
    return _standardised(np.where(known, finite_mean(others, 0), np.nan))
