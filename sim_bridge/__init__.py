"""An OpenSim model compiled to arrays: markers to coordinates, moments and muscle activations.

``compile_model`` reads a model once through OpenSim; ``Bridge.step`` then needs neither OpenSim
nor an allocation per frame. No socket, no clock, no sleep in here.
"""

from .bridge import STAGES, Bridge, BridgeOutput, BridgeSettings
from .compile import compile_model
from .dynamics.inverse_dynamics import ExternalForce
from .exceptions import (
    CacheError,
    MarkerMismatch,
    ModelFileError,
    SettingsError,
    SimBridgeError,
    UnknownBody,
    UnsupportedComponent,
)
from .ground_reaction import FOOT_BODIES
from .knee_sign import knee_flexion_sign
from .model import CompiledModel
from .plates import ON_FEET
from .pose.coordinate_task import CoordinateTask
from .status import BridgeStatus

__all__ = [
    "FOOT_BODIES",
    "ON_FEET",
    "STAGES",
    "Bridge",
    "BridgeOutput",
    "BridgeSettings",
    "BridgeStatus",
    "CacheError",
    "CompiledModel",
    "CoordinateTask",
    "ExternalForce",
    "MarkerMismatch",
    "ModelFileError",
    "SettingsError",
    "SimBridgeError",
    "UnknownBody",
    "UnsupportedComponent",
    "compile_model",
    "knee_flexion_sign",
]
