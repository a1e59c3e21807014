"""Simulated activations and motion in, EMG envelopes out: the networks and what surrounds them.

Nothing here reads a clock, opens a socket or knows the bridge. Importing this package and running
the default backend needs no torch; `inference.networks`, `inference.training` and
`inference.evaluation` do.
"""

from inference.channels import CHANNELS
from inference.exceptions import InferenceError
from inference.refiner import Refiner

__all__ = ["CHANNELS", "InferenceError", "Refiner"]
