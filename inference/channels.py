"""The canonical EMG channels, and what the network sees of one limb.

One network serves both legs. Each leg is a row of inputs in canonical order: the simulated
activation of every channel, then angle, velocity and moment of five coordinates. OpenSim's models
mirror left and right already (hip adduction is positive towards the midline on both sides), so a
left leg needs no sign change.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "CHANNELS",
    "COMPOSITES",
    "COORDINATES",
    "INPUT_GROUPS",
    "INPUT_NAMES",
    "MEASURED",
    "N_CHANNEL",
    "N_INPUT",
    "SIDES",
    "SLICE_ACTIVATION",
    "SLICE_ANGLE",
    "SLICE_MOMENT",
    "SLICE_VELOCITY",
]

CHANNELS: Final = (
    "TA", "SOL", "GM", "GL", "VM", "VL", "RF", "BFLH", "SM", "ST", "GMAX", "GMED",
)  # fmt: skip
"""Output channels of one limb: tibialis anterior, soleus, medial and lateral gastrocnemius, vastus
medialis and lateralis, rectus femoris, biceps femoris long head, semimembranosus, semitendinosus,
gluteus maximus and medius."""

SIDES: Final = ("r", "l")
"""Suffixes of the two limbs, in the order of the network's batch axis."""

COORDINATES: Final = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle")
"""Coordinates of one limb whose angle [rad], velocity [rad/s] and moment per body mass [N m/kg]
are inputs. The knee is positive in flexion, as in the Rajagopal model."""

COMPOSITES: Final[dict[str, tuple[str, ...]]] = {"GAS": ("GM", "GL"), "MH": ("SM", "ST")}
"""Measured channels that stand for several canonical ones; compared with the mean of these."""

MEASURED: Final = (*CHANNELS, *COMPOSITES)
"""Every channel name that a recording may carry (without its side)."""

N_CHANNEL: Final = len(CHANNELS)
_N = len(COORDINATES)
SLICE_ACTIVATION: Final = slice(0, N_CHANNEL)
SLICE_ANGLE: Final = slice(N_CHANNEL, N_CHANNEL + _N)
SLICE_VELOCITY: Final = slice(N_CHANNEL + _N, N_CHANNEL + 2 * _N)
SLICE_MOMENT: Final = slice(N_CHANNEL + 2 * _N, N_CHANNEL + 3 * _N)
N_INPUT: Final = N_CHANNEL + 3 * _N
INPUT_GROUPS: Final = {
    "activation": SLICE_ACTIVATION,
    "angle": SLICE_ANGLE,
    "velocity": SLICE_VELOCITY,
    "moment": SLICE_MOMENT,
}
"""Groups of a limb's inputs, by name."""

INPUT_NAMES: Final = (
    *(f"activation/{name}" for name in CHANNELS),
    *(f"angle/{name}" for name in COORDINATES),
    *(f"velocity/{name}" for name in COORDINATES),
    *(f"moment/{name}" for name in COORDINATES),
)
"""Names of the `N_INPUT` inputs of one limb; a checkpoint's card repeats them."""
