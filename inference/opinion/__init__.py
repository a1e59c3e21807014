"""What the simulation has to say where the network knows little."""

from inference.opinion.second_opinion import (
    UNUSUAL,
    SecondOpinion,
    known_by_channel,
    known_distance,
)
from inference.opinion.usual import Usual, fit_usual, usual_for

__all__ = [
    "UNUSUAL",
    "SecondOpinion",
    "Usual",
    "fit_usual",
    "known_by_channel",
    "known_distance",
    "usual_for",
]
