"""Motion, moments and simulated activations in, EMG envelopes out: networks and what they need.

Nothing here reads a clock, opens a socket or knows the bridge. Importing this package and running
the default backend needs no torch; `inference.networks`, `inference.training` and
`inference.evaluation` do.
"""

from inference.calibration import Calibration, Take, calibrate
from inference.channels import CHANNELS
from inference.emg_recording import EmgRecording
from inference.exceptions import InferenceError
from inference.refiner import Refiner
from inference.state_log import StateLog
from inference.subject import save_subject

__all__ = [
    "CHANNELS",
    "Calibration",
    "EmgRecording",
    "InferenceError",
    "Refiner",
    "StateLog",
    "Take",
    "calibrate",
    "save_subject",
]
