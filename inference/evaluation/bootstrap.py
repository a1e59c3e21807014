"""Bootstrap over people and their strides.

It draws people, and within each person strides, both with replacement [Davison1997]_; people with
few strides are drawn whole, since of two strides often one would be drawn twice, and its
correlation is another thing than that of both. Row 0 of every array of draws is the sample as it
is, so value and interval come from one computation. A person's draws depend on the seed and the
person alone: methods compared on the same people see the same strides, and differences between
them are paired.

References
----------
.. [Davison1997] Davison AC, Hinkley DV (1997). Bootstrap methods and their application.
   doi:10.1017/CBO9780511802843
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from inference.arrays import F64
from inference.means import finite_mean

__all__ = ["DEFAULT", "FEWEST_STRIDES", "Bootstrap", "Interval", "interval"]

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


DEFAULT: Final = Bootstrap()


class Interval(NamedTuple):
    """A value and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def interval(drawn: F64) -> Interval:
    """Return row 0 of draws and the percentiles of the rest."""
    finite = drawn[1:][np.isfinite(drawn[1:])]
    if not len(finite) or not np.isfinite(drawn[0]):
        return Interval(float(drawn[0]), float("nan"), float("nan"))
    low, high = np.quantile(finite, [0.025, 0.975])
    return Interval(float(drawn[0]), float(low), float(high))
