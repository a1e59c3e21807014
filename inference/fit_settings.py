"""What to train and how to judge it; apart from torch so that a command can be built without it."""

from __future__ import annotations

from dataclasses import dataclass, field

from inference.architecture import Architecture, GruArchitecture
from inference.exchange import Exchanges
from inference.train_settings import TrainSettings

__all__ = ["FitSettings"]


@dataclass(frozen=True)
class FitSettings:
    """What to train and how to judge it.

    Attributes
    ----------
    folds : int
        Groups of people left out in turn for the card's cross-validation; 0 = none.
    validation_people : int
        People by whom training stops; 0 = the full number of epochs.
    rate_hz : float
        Of the network.
    exchanged : mapping of str to sequence of tuple of str
        By person, pairs of EMG channels that have each other's names, see `inference.exchange`.
    lead_s : float
        How far ahead of the filtered motion the estimate is to be [s].
    architecture : Architecture
    training : TrainSettings
    workers : int
        Processes that groups of people left out are shared out to.
    """

    folds: int = 0
    validation_people: int = 0
    rate_hz: float = 100.0
    exchanged: Exchanges = field(default_factory=dict)
    lead_s: float = 0.0
    architecture: Architecture = field(default_factory=GruArchitecture)
    training: TrainSettings = field(default_factory=TrainSettings)
    workers: int = 1
