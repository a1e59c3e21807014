"""What makes a recording doubtful, in the same words for whoever reads one.

A session sees no recording; what it says of its poses is in `streamer.session.pose_doubts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from sim_bridge.pose.marker_match import match_markers
from sim_bridge.pose.solver import MISFIT_M
from streamer.arrays import F64

__all__ = [
    "lying_doubt", "mass_doubt", "misfit_doubt", "scaling_doubt", "size_doubt", "unlike_doubt",
]  # fmt: skip

LOOSE_M: Final = 0.03
"""Mean RMS distance of markers from the model's [m] that a scaled model does not have: up to 23 mm
in the trials that this was tested on, 33 and 44 mm with one of them 10 % too small or too large."""
SIZE_OFF: Final = 0.01
"""Where markers are farther apart than the model's by this share, or nearer, it is another size:
-0.006 to +0.003 in the 45 trials that this was tested on, +0.015 to +0.031 with their markers 4 %
farther apart, -0.028 to -0.015 with them 4 % nearer: the pose takes up the rest."""
MASS_OFF: Final = 0.1
"""Where a body mass differs from the model's by this share, one of them is wrong: with 0.15 EMG was
off by up to 0.14 in four walks."""


def lying_doubt(positions: F64, names: Sequence[str], wanted: Sequence[str]) -> str:
    """Say that markers reach farther along the floor than up; empty if they do not.

    The pose would fit all the same. Only the model's markers count: beside them a clinic's C3D file
    has points that a gait model computed, axes of bones and centres of joints, near and far.

    Parameters
    ----------
    positions : ndarray of shape (n, m, 3), float64 [m], ground
        NaN where a marker is not seen.
    names : sequence of str
        What they are called.
    wanted : sequence of str
        The model's markers.

    Raises
    ------
    MarkerMismatch
        If fewer than three of these are among them.
    """
    positions = positions[:, match_markers(names, wanted).column]
    half_seen = np.isfinite(positions[..., 0]).mean(axis=1) >= 0.5
    if not half_seen.any():
        return ""
    seen = positions[half_seen]
    along, up, across = np.median(np.nanmax(seen, axis=1) - np.nanmin(seen, axis=1), axis=0)
    side, axis = max((along, "x"), (across, "z"))
    if not side > up:  # standing, walking or running, it is at most 0.6 of that
        return ""
    return (
        f"the person seems to lie down: markers reach {side:.2f} m along {axis}, only {up:.2f} "
        "m along y, which is up"
    )


def misfit_doubt(mean_rms_m: float) -> str:
    """Say that markers are too far [m, mean RMS] from the model's; empty if they are not."""
    if not mean_rms_m > MISFIT_M:
        return ""
    return (
        f"markers lie {round(1e3 * mean_rms_m)} mm from the model's, "
        f"{round(1e3 * MISFIT_M)} mm is too much; check the unit, axes and names of the "
        "markers, what the model locks, and whether it is this person's"
    )


def scaling_doubt(mean_rms_m: float) -> str:
    """Say that markers are farther [m, mean RMS] from the model's than usual, but not too far."""
    if not LOOSE_M < mean_rms_m <= MISFIT_M:
        return ""
    return (
        f"markers lie {round(1e3 * mean_rms_m)} mm from the model's, "
        f"{round(1e3 * LOOSE_M)} mm is unusual: is it scaled to this person, and are the markers "
        "placed where it has them?"
    )


def size_doubt(spread: float, least: float = SIZE_OFF) -> str:
    """Say that the person is larger or smaller than the model; empty if neither.

    Parameters
    ----------
    spread : float
        `BridgeOutput.marker_spread` of a usual frame.
    least : float
        By which share it has to be off.
    """
    off = spread - 1.0
    if not abs(off) > least:
        return ""
    how, size = ("farther apart", "larger") if off > 0.0 else ("nearer together", "smaller")
    return (
        f"markers lie {100.0 * abs(off):.1f} % {how} than the model's in its best pose: "
        f"this person is {size}; scale the model to them"
    )


def unlike_doubt(unlikeness: float) -> str:
    """Say that a person moves as neither network nor calibration was taught; empty if not.

    Parameters
    ----------
    unlikeness : float
        `inference.Refiner.unlikeness` of a usual frame.
    """
    if not unlikeness > 1.0:
        return ""
    return (
        f"this person moves unlike what the network was taught ({unlikeness:.1f} times as far from "
        "it as it knows): the estimate may be wrong, and sigma is larger; calibrate the network to "
        "this person and this motion"
    )


def mass_doubt(mass_kg: float, model_kg: float) -> str:
    """Say that a body mass [kg] does not belong to the model's person; empty if it does."""
    if abs(mass_kg - model_kg) <= MASS_OFF * model_kg:
        return ""
    return f"`mass_kg` is {mass_kg:g}, but the model weighs {model_kg:.1f} kg"
