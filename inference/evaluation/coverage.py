"""Whether a network knows how sure it is: how much its intervals hold of what they promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.special import ndtri

from inference.arrays import F64
from inference.channels import COMPOSITES, MEASURED, N_CHANNEL
from inference.data.dataset import LimbSequence, data_sets
from inference.data.strides import phase
from inference.evaluation.estimates import Estimates
from inference.means import finite_mean

__all__ = [
    "SHARES",
    "Coverage",
    "RelativeErrors",
    "coverage",
    "gains_of_others",
    "half_widths",
    "relative_errors",
    "spread_gain",
]

SHARES: Final = (0.5, 0.9)
"""What the intervals promise to hold."""
FITTED: Final = 0.8
"""Share by which gains are fitted. Errors have longer tails than a Gaussian: a gain that makes the
90 % interval hold 90 % makes that of 50 % too wide, and the other way round; this lies between."""
FEWEST_PEOPLE: Final = 4
"""With fewer, a channel takes the gain of all channels together."""


def _half_width(share: float) -> float:
    """Half width of a Gaussian's interval, in standard deviations."""
    return float(ndtri(0.5 + 0.5 * share))


class RelativeErrors(NamedTuple):
    """One person's ``|error| / sigma`` where strides are scored.

    Attributes
    ----------
    data_set : str
    values : ndarray of shape (n_frame, len(MEASURED)), float64
        NaN where there is no measurement or no estimate.
    """

    data_set: str
    values: F64


def relative_errors(
    sequences: Sequence[LimbSequence], estimates: Estimates
) -> dict[str, RelativeErrors]:
    """Return every person's errors, by person.

    Parameters
    ----------
    sequences : sequence of LimbSequence
    estimates : Estimates
        With `sigma`.
    """
    assert estimates.sigma is not None
    found: dict[str, list[F64]] = {}
    data_set = data_sets(sequences)
    for s, y, sigma in zip(sequences, estimates.y, estimates.sigma, strict=True):
        scored = s.measured & np.isfinite(phase(s))[:, None]
        ratio = np.where(scored, np.abs(y - s.y) / sigma, np.nan)
        found.setdefault(s.person, []).append(ratio.astype(np.float64))
    return {
        person: RelativeErrors(data_set[person], np.vstack(parts))
        for person, parts in sorted(found.items())
    }


def spread_gain(errors: Mapping[str, RelativeErrors]) -> F64:
    """Return by what each channel's sigma has to be multiplied to hold its promise, (N_CHANNEL,).

    Data sets count equally, and the people within each: who uses the network comes with another
    laboratory, and errors are larger there than where it was taught. A channel of which fewer than
    `FEWEST_PEOPLE` people are known takes its composite's gain, else that of all together.
    """
    gain = _measured_gain(errors)
    known = [_people(errors, c) >= FEWEST_PEOPLE for c in range(len(MEASURED))]
    result = gain[:N_CHANNEL].copy()
    for name, parts in COMPOSITES.items():
        for part in parts:
            if not known[MEASURED.index(part)]:
                result[MEASURED.index(part)] = gain[MEASURED.index(name)]
    return result


def _people(errors: Mapping[str, RelativeErrors], channel: int) -> int:
    return sum(bool(np.isfinite(e.values[:, channel]).any()) for e in errors.values())


def _measured_gain(errors: Mapping[str, RelativeErrors]) -> F64:
    """Gain of every measured channel, (len(MEASURED),); 1 if there is nothing to judge by."""
    everything = _quantile(errors.values())
    gain = np.full(len(MEASURED), everything / _half_width(FITTED))
    for channel in range(len(MEASURED)):
        if _people(errors, channel) >= FEWEST_PEOPLE:
            own = (e._replace(values=e.values[:, channel]) for e in errors.values())
            gain[channel] = _quantile(own) / _half_width(FITTED)
    return np.where(np.isfinite(gain), gain, 1.0)


def _quantile(people: Iterable[RelativeErrors]) -> float:
    """Quantile `FITTED` of the finite values; weights as in `spread_gain`."""
    finite = [(e.data_set, e.values[np.isfinite(e.values)]) for e in people]
    finite = [(data_set, values) for data_set, values in finite if len(values)]
    if not finite:
        return float("nan")
    size = Counter(data_set for data_set, _ in finite)
    values = np.concatenate([v for _, v in finite])
    weight = np.concatenate([np.full(len(v), 1.0 / (size[d] * len(v))) for d, v in finite])
    return _weighted_quantile(values, weight, FITTED)


def _weighted_quantile(values: F64, weight: F64, share: float) -> float:
    """Return the least of the values below which lie so much of the weight; NaN of none."""
    if not len(values):
        return float("nan")
    order = np.argsort(values)
    reached = np.cumsum(weight[order]) / weight.sum()
    first = min(int(np.searchsorted(reached, share)), len(values) - 1)
    return float(values[order[first]])


class Coverage(NamedTuple):
    """Shares of the measurement that lie within the intervals, means over people.

    Attributes
    ----------
    channel : str
        ``all`` is the mean over the channels of each person, then over people.
    people : int
    shares : tuple of float
        One for each of `SHARES`.
    """

    channel: str
    people: int
    shares: tuple[float, ...]


def gains_of_others(errors: Mapping[str, RelativeErrors]) -> dict[str, F64]:
    """Return each person's gain (len(MEASURED),), fitted on the other people."""
    return {
        person: _measured_gain({p: e for p, e in errors.items() if p != person})
        for person in errors
    }


def coverage(
    errors: Mapping[str, RelativeErrors], gains: Mapping[str, F64] | None = None
) -> list[Coverage]:
    """Return the coverage of each channel and of all.

    Parameters
    ----------
    errors : mapping of str to RelativeErrors
        By person.
    gains : mapping of str to ndarray of shape (len(MEASURED),), optional
        What each person's sigma is multiplied by; by default 1.
    """
    held = np.full((len(errors), len(SHARES), len(MEASURED)), np.nan)
    for i, (person, (_, ratio)) in enumerate(errors.items()):
        gain = 1.0 if gains is None else gains[person]
        for k, share in enumerate(SHARES):
            inside = (ratio <= _half_width(share) * gain).astype(np.float64)
            held[i, k] = finite_mean(np.where(np.isfinite(ratio), inside, np.nan), axis=0)
    rows = [(name, held[:, :, c]) for c, name in enumerate(MEASURED)]
    rows.append(("all", finite_mean(held, axis=2)))
    return [
        Coverage(name, int(np.isfinite(of[:, 0]).sum()), tuple(map(float, finite_mean(of, axis=0))))
        for name, of in rows
        if np.isfinite(of[:, 0]).any()
    ]


def half_widths(
    errors: Mapping[str, RelativeErrors], gains: Mapping[str, F64]
) -> tuple[float, ...]:
    """Return how many sigmas to either side do hold `SHARES`.

    Channels of a person count equally, and people; parameters as of `coverage`. A Gaussian's would
    be 0.67 and 1.64.
    """
    values, weights = [], []
    for person, (_, ratio) in errors.items():
        finite = np.isfinite(ratio)
        channels = np.count_nonzero(finite.any(0))
        weight = finite / np.maximum(finite.sum(0), 1) / max(channels, 1)
        values.append((ratio / gains[person])[finite])
        weights.append(weight[finite])
    every, weight = np.concatenate(values), np.concatenate(weights)
    return tuple(_weighted_quantile(every, weight, share) for share in SHARES)
