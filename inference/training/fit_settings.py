"""What to train and how to judge it; apart from torch so that a command can be built without it."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from inference.architecture import Architecture, GruArchitecture
from inference.data.exchange import Exchanges
from inference.ranges import check_least
from inference.training.train_settings import TrainSettings

__all__ = ["FitSettings"]

RATES_HZ: Final = (10.0, 1000.0)
"""EMG envelopes hold 6 Hz, and no motion is measured faster."""
SEEDS: Final = 2**32
"""Every member of an ensemble has the next seed, and torch ends with 64 bits."""
FARTHEST_MS: Final = 1000.0
"""A stride ahead there is nothing left to tell."""


class FitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to train and how to judge it.

    Attributes
    ----------
    name : str
        Of the network, for people; it stands on its card.
    folds : int
        Groups of people left out in turn, for the card and for the spread of errors; 0 = none.
    validation_people : int
        People by whom training stops; 0 = the full number of epochs.
    rate_hz : float
        Of the network.
    exchanged : mapping of str to sequence of tuple of str
        By person, ``dataset/subject``, pairs of EMG channels that have each other's names in the
        recordings, see `inference.data.exchange`.
    lead_ms : float
        How far ahead of the filtered motion the estimate is to be [ms].
    architecture : Architecture
        ``kind: gru``, ``stdr`` or ``bahdanau``, and its dimensions.
    training : TrainSettings
    workers : int
        Processes that groups of people left out are shared out to; one per core, say.
    """

    name: str = "network"
    folds: int = 0
    validation_people: int = 0
    rate_hz: float = 100.0
    exchanged: Exchanges = {}
    lead_ms: float = 25.0
    architecture: Architecture = GruArchitecture()
    training: TrainSettings = TrainSettings()
    workers: int = 1

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        check_least(self, 0, "folds", "validation_people")
        check_least(self, 1, "workers")
        if self.folds == 1:
            raise ValueError("`folds` is 1, it must be 2 or more, or 0: nobody is left out then")
        if self.training.seed >= SEEDS:
            raise ValueError(f"`seed` is {self.training.seed}, it must be below 2^32")
        low, high = RATES_HZ
        if not low <= self.rate_hz <= high:
            raise ValueError(
                f"`rate_hz` is {self.rate_hz:g}, it must be between {low:g} and {high:g}"
            )
        if not math.fabs(self.lead_ms) <= FARTHEST_MS:
            raise ValueError(
                f"the lead is {self.lead_ms:g} ms, it must be within {FARTHEST_MS:g} ms either way"
            )

    @property
    def lead_s(self) -> float:
        """`lead_ms` in seconds."""
        return 1e-3 * self.lead_ms
