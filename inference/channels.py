"""The canonical EMG channels, and what the network sees of one limb.

One network serves both legs. Each leg is a row of inputs in canonical order: the simulated
activation of every channel, then angle, velocity and moment of five coordinates; then the same of
the other leg, which also tells where in the stride this one is. OpenSim's models mirror left and
right already (hip adduction is positive towards the midline on both sides), so a left leg needs no
sign change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "CHANNELS",
    "COMPOSITES",
    "COORDINATES",
    "INPUT_GROUPS",
    "INPUT_NAMES",
    "MEASURED",
    "N_CHANNEL",
    "N_INPUT",
    "N_LEG",
    "SIDES",
    "SLICE_ACTIVATION",
    "SLICE_ANGLE",
    "SLICE_MOMENT",
    "SLICE_VELOCITY",
    "hide_dynamics",
    "legs",
    "with_sides",
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
"""Inputs of the row's own leg; those of the other leg stand `N_LEG` further on, see `legs`."""

N_LEG: Final = N_CHANNEL + 3 * _N
N_INPUT: Final = 2 * N_LEG
_OWN: Final = {
    "activation": (SLICE_ACTIVATION, CHANNELS),
    "angle": (SLICE_ANGLE, COORDINATES),
    "velocity": (SLICE_VELOCITY, COORDINATES),
    "moment": (SLICE_MOMENT, COORDINATES),
}
INPUT_GROUPS: Final = {name: part for name, (part, _) in _OWN.items()} | {
    f"other_{name}": slice(part.start + N_LEG, part.stop + N_LEG)
    for name, (part, _) in _OWN.items()
}
"""Groups of a row's inputs, by name."""

INPUT_NAMES: Final = tuple(
    f"{leg}{group}/{name}"
    for leg in ("", "other_")
    for group, (_, names) in _OWN.items()
    for name in names
)
"""Names of the `N_INPUT` inputs of a row; a checkpoint's card repeats them."""

_Number = TypeVar("_Number", bound=np.generic)


def with_sides(channels: Iterable[str]) -> tuple[str, ...]:
    """Return the names of channels on both limbs, ``SOL_r``; the right limb's first."""
    names = tuple(channels)
    return tuple(f"{name}_{side}" for side in SIDES for name in names)


def legs(rows: npt.NDArray[_Number]) -> tuple[npt.NDArray[_Number], npt.NDArray[_Number]]:
    """Return views (..., N_LEG) of the own and the other leg's inputs in `rows` (..., N_INPUT)."""
    return rows[..., :N_LEG], rows[..., N_LEG:]


def hide_dynamics(rows: npt.NDArray[_Number]) -> None:
    """Zero in place what rests on forces, in `rows` (..., N_INPUT) of values or of presence."""
    for leg in legs(rows):
        leg[..., SLICE_ACTIVATION] = leg[..., SLICE_MOMENT] = 0
