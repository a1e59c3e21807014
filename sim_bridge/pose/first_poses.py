"""Postures and headings from which a person is looked for who was not seen before."""

import itertools

import numpy as np

from sim_bridge._jit import F64
from sim_bridge.base_coordinates import BaseCoordinates
from sim_bridge.kinematics import point_in_ground, pose_free
from sim_bridge.model import CompiledModel

from .marker_normal import is_there
from .solver import PoseSolver

TURNS = tuple(0.25 * np.pi * k for k in (0, 2, 4, -2, 1, 3, -1, -3))
"""Headings [rad]; the first four look every way."""
SITTING = np.radians(80.0)
"""Of hips and knees [rad]."""


class FirstPoses:
    """Where the search for a person starts, the likely poses first.

    Parameters
    ----------
    model : CompiledModel
        The model.
    base : BaseCoordinates
        What moves it as a whole.
    standing, lower, upper : ndarray of shape (n_free,), float64 [rad] or [m]
        Its default, within its bounds; they may be infinite.

    Attributes
    ----------
    standing : ndarray of shape (n_free,), float64 [rad] or [m]
        See above.
    """

    def __init__(
        self, model: CompiledModel, base: BaseCoordinates, standing: F64, lower: F64, upper: F64
    ) -> None:
        # models differ in the sign of a bent knee
        sitting = (_sitting(model, standing, SITTING), _sitting(model, standing, -SITTING))
        self._poses = tuple(itertools.product((standing, *sitting), TURNS))
        self._base, self.standing = base, standing
        self._lower, self._upper = lower, upper
        self._is_angle = model.coordinates.is_angle[model.coordinates.free_index]

    def __len__(self) -> int:
        return len(self._poses)

    def start(self, k: int, markers: F64, solver: PoseSolver) -> F64:
        """Return one of the postures and headings, moved to the markers; see `moved`."""
        posture, turn = self._poses[k]
        start = posture.copy()
        self._base.turn(start, turn)
        return self.moved(start, markers, solver)

    def moved(self, free: F64, markers: F64, solver: PoseSolver) -> F64:
        """Return a pose moved as a whole to the markers, within the bounds.

        Parameters
        ----------
        free : ndarray of shape (n_free,), float64 [rad] or [m]
        markers : ndarray of shape (n_label, 3), float64 [m], ground
        solver : PoseSolver
            Its skeleton and targets are used, and its pose is overwritten.
        """
        pose_free(solver.skeleton, free, solver.pose)
        moved = free.copy()
        self._base.shift(moved, _centroid_offset(markers, solver))
        return np.clip(moved, self._lower, self._upper)

    def bend(self, free: F64) -> float:
        """How far the angles of a pose are from those of who stands [rad], in sum."""
        return float(np.abs((free - self.standing)[self._is_angle]).sum())

    def unwound(self, free: F64) -> F64:
        """The same with every angle within half a turn of its default, where its range allows."""
        turns = np.round((free - self.standing) / (2.0 * np.pi)) * self._is_angle
        return np.clip(free - 2.0 * np.pi * turns, self._lower, self._upper)


def _centroid_offset(markers: F64, solver: PoseSolver) -> F64:
    """Mean vector from the model's markers to the measured ones [m]."""
    point, offsets = np.zeros(3), []
    for link, station, _, column in zip(*solver.targets, strict=True):
        if is_there(markers[column]):
            point_in_ground(solver.pose, int(link), station, point)
            offsets.append(markers[column] - point)
    return np.mean(offsets, axis=0) if offsets else np.zeros(3)


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
