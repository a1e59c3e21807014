"""What is compared: methods, which see people to learn from and people to estimate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from inference.arrays import F32
from inference.channels import COMPOSITES, MEASURED
from inference.data.dataset import LimbSequence, people_by_channel
from inference.data.targets import SISTERS

__all__ = [
    "Estimates",
    "Family",
    "Method",
    "as_family",
    "fill_composites",
    "hide_unknown",
    "known_channels",
    "predict",
]

Method = Callable[[Sequence[LimbSequence], Sequence[LimbSequence]], list[F32]]
"""``(train, held) -> estimates``, one (n, len(MEASURED)) per held-out sequence, NaN where it gives
none. It may use the EMG of `held` only if it says so."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """What one method makes of some sequences.

    Attributes
    ----------
    y : list of ndarray of shape (n_i, len(MEASURED)), float32
        NaN where the method gives no estimate.
    sigma : list of ndarray of the same shapes, float32, optional
        Standard deviation of its error, as the method sees it.
    free_gain : bool
        The person's best gain is part of the method: an error is that with the best gain.
    """

    y: list[F32]
    sigma: list[F32] | None = None
    free_gain: bool = False


Family = Callable[[Sequence[LimbSequence], Sequence[LimbSequence]], dict[str, Estimates]]
"""Methods that share their training: ``(train, held) -> estimates by name``. Those of this package
are made of functions at the top of a module, so that they can be sent to another process."""


def as_family(name: str, method: Method, free_gain: bool = False) -> Family:
    """Return a family of one."""
    return partial(_alone, name, method, free_gain)


def _alone(
    name: str,
    method: Method,
    free_gain: bool,
    train: Sequence[LimbSequence],
    held: Sequence[LimbSequence],
) -> dict[str, Estimates]:
    return {name: Estimates(method(train, held), None, free_gain)}


def predict(
    families: Sequence[Family], train: Sequence[LimbSequence], held: Sequence[LimbSequence]
) -> dict[str, Estimates]:
    """Let every method estimate `held`; channels that `train` cannot teach become NaN for all."""
    found = {name: e for family in families for name, e in family(train, held).items()}
    return hide_unknown(found, known_channels(people_by_channel(train)))


def hide_unknown(methods: dict[str, Estimates], known: Collection[str]) -> dict[str, Estimates]:
    """Set channels that are not known to NaN, in place, so that no method is scored on them."""
    unknown = [c for c, name in enumerate(MEASURED) if name not in known]
    for estimates in methods.values():
        for y in estimates.y:
            y[:, unknown] = np.nan
    return methods


def known_channels(people: Mapping[str, int]) -> set[str]:
    """Return channels that somebody was measured in, or whose sister lends them its EMG.

    Parameters
    ----------
    people : mapping of str to int
        Of how many people each channel is known, see `inference.data.dataset.people_by_channel`.
    """
    known = {name for name, count in people.items() if count}
    known |= {b for pair in SISTERS for a, b in (pair, pair[::-1]) if a in known}
    return known | {name for name, parts in COMPOSITES.items() if known.issuperset(parts)}


def fill_composites(y: F32) -> F32:
    """Give composite channels without an estimate the mean of their parts', in place."""
    for name, parts in COMPOSITES.items():
        whole = MEASURED.index(name)
        mean = y[:, [MEASURED.index(part) for part in parts]].mean(1)
        y[:, whole] = np.where(np.isnan(y[:, whole]), mean, y[:, whole])
    return y


def columns(channels: Collection[str]) -> list[int]:
    """Return the columns of channels, in the order of `MEASURED`."""
    return [c for c, name in enumerate(MEASURED) if name in channels]
