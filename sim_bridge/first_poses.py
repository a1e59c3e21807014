"""Postures and headings from which a person is looked for who was not seen before."""

import itertools

import numpy as np

from ._jit import F64
from .model import CompiledModel

TURNS = tuple(0.25 * np.pi * k for k in (0, 2, 4, -2, 1, 3, -1, -3))
"""Headings [rad]; the first four look every way."""
SITTING = np.radians(80.0)
"""Of hips and knees [rad]."""


def first_poses(model: CompiledModel, standing: F64) -> tuple[tuple[F64, float], ...]:
    """Return postures with their headings, the likely ones first.

    Parameters
    ----------
    model : CompiledModel
        The model.
    standing : ndarray of shape (n_free,), float64 [rad] or [m]
        Its default, within its bounds.
    """
    # models differ in the sign of a bent knee
    sitting = (_sitting(model, standing, SITTING), _sitting(model, standing, -SITTING))
    return tuple(itertools.product((standing, *sitting), TURNS))


def _sitting(model: CompiledModel, standing: F64, knee: float) -> F64:
    """The default with hips and knees bent, by OpenSim's usual names of coordinates."""
    coordinates, posture = model.coordinates, standing.copy()
    for i, name in enumerate(coordinates.free_names):
        if name.startswith("hip_flexion"):
            posture[i] = SITTING
        elif name.startswith("knee_angle"):
            posture[i] = knee
    index = coordinates.free_index
    return np.clip(posture, coordinates.lower[index], coordinates.upper[index])
