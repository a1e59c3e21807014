"""What a feature record is made with, beside the trial itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from inference.emg import EmgTarget
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
    marker_noise_m : float
        Standard deviation of the slow noise added to the markers [m]; 0 adds none.
    seed : int
        Of that noise, 1 or more; 0 where there is none.
    target : {"zero-phase", "causal"}
        Low-pass of the EMG, see `inference.emg`.

    Raises
    ------
    ConfigError
        If a value has no meaning.
    """

    ground_reaction: GroundReaction = "auto"
    marker_noise_m: float = 0.0
    seed: int = 0
    target: EmgTarget = "zero-phase"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("ground_reaction", self.ground_reaction, get_args(GroundReaction)),
            ("target", self.target, get_args(EmgTarget)),
        ):
            if value not in known:
                raise ConfigError(f"{name} is {value!r}; use one of {', '.join(known)}")
        if not 0.0 <= self.marker_noise_m < 0.1:
            raise ConfigError(f"marker_noise_m is {self.marker_noise_m!r}; use metres below 0.1")
        if (self.seed > 0) != (self.marker_noise_m > 0.0):
            raise ConfigError(
                f"seed {self.seed} with marker noise of {self.marker_noise_m:g} m; "
                "give noise a seed of 1 or more, and no noise the seed 0"
            )

    @property
    def variant(self) -> str:
        """Name of what differs from the trial as recorded; empty where nothing does."""
        parts = {
            "predicted": self.ground_reaction == "predicted",
            f"noise-{self.seed}": self.marker_noise_m > 0.0,
            "causal": self.target == "causal",
        }
        return "+".join(name for name, differs in parts.items() if differs)

    @classmethod
    def of_variant(cls, name: str) -> FeatureSettings:
        """Return the settings that a variant's name stands for; noise is `MARKER_NOISE_M`.

        Raises
        ------
        ConfigError
            If it is no such name.
        """
        parts = name.split("+") if name else []
        seeds = [int(found[1]) for part in parts if (found := re.fullmatch(r"noise-(\d+)", part))]
        seed = seeds[0] if seeds else 0
        settings = cls(
            ground_reaction="predicted" if "predicted" in parts else "auto",
            marker_noise_m=MARKER_NOISE_M if seed else 0.0,
            seed=seed,
            target="causal" if "causal" in parts else "zero-phase",
        )
        if sorted(settings.variant.split("+")) != sorted(name.split("+")):
            raise ConfigError(
                f"variant {name!r} has no meaning; use predicted, noise-1, noise-2, ..., causal, "
                "or several of these joined by +"
            )
        return settings
