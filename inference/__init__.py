"""Motion, moments and simulated activations in, EMG envelopes out: networks and what they need.

Nothing here reads a clock, opens a socket or knows the bridge. A session needs a `Refiner` and its
`LimbInputs` and loads no more: running the default backend needs no torch, making and training
networks does.
"""

from inference.inputs.limb_inputs import LimbInputs
from inference.live.refiner import Refiner

__all__ = ["LimbInputs", "Refiner"]
