"""Ground reaction from motion alone, for laboratories without force plates and for their gaps.

The whole body's Newton-Euler equations give the total external wrench. A few points of each sole
share it: those that are on the ground, with normal forces that only push, as evenly as the place of
the wrench allows. See `docs/ground_reaction.md`.
"""

from .blend import Blend
from .feet import FOOT_BODIES, Feet, find_feet
from .predictor import GroundReaction

__all__ = ["FOOT_BODIES", "Blend", "Feet", "GroundReaction", "find_feet"]
