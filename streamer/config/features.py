"""What a feature record is made with, beside the trial itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from inference.emg.envelope import EmgTarget
from streamer.exceptions import ConfigError

__all__ = ["MARKER_NOISE_M", "FeatureSettings"]

GroundReaction = Literal["auto", "predicted"]

MARKER_NOISE_M: Final = 0.003
"""Standard deviation of a ``noise-...`` variant's slow noise, per marker and axis [m]. Skin moves
by 5-20 mm against the bone (Leardini et al. 2005, doi 10.1016/j.gaitpost.2004.05.002); a recorded
trial has that in it already, so this is the few millimetres by which another day's markers differ.
"""


@dataclass(frozen=True)
class FeatureSettings:
    """Choices behind a record; equal settings and equal files give equal records.

    Attributes
    ----------
    ground_reaction : {"auto", "predicted"}
        ``auto`` predicts ground forces where the trial has none, ``predicted`` throughout.
    noise_seed : int
        Of the slow noise added to the markers; 0 adds none.
    target : {"zero-phase", "causal"}
        Low-pass of the EMG, see `inference.emg.envelope`.
    """

    ground_reaction: GroundReaction = "auto"
    noise_seed: int = 0
    target: EmgTarget = "zero-phase"

    @property
    def variant(self) -> str:
        """Name of what differs from the trial as recorded; empty where nothing does."""
        parts = {
            "predicted": self.ground_reaction == "predicted",
            f"noise-{self.noise_seed}": self.noise_seed > 0,
            "causal": self.target == "causal",
        }
        return "+".join(name for name, differs in parts.items() if differs)

    @classmethod
    def of_variant(cls, name: str) -> FeatureSettings:
        """Return the settings that a variant's name stands for.

        Raises
        ------
        ConfigError
            If it is no such name.
        """
        parts = name.split("+") if name else []
        seeds = [int(found[1]) for part in parts if (found := re.fullmatch(r"noise-(\d+)", part))]
        settings = cls(
            ground_reaction="predicted" if "predicted" in parts else "auto",
            noise_seed=seeds[0] if seeds else 0,
            target="causal" if "causal" in parts else "zero-phase",
        )
        if sorted(settings.variant.split("+")) != sorted(name.split("+")):
            raise ConfigError(
                f"variant {name!r} is unknown; use predicted, noise-1, noise-2, ..., causal, "
                "or several of these joined by +"
            )
        return settings
