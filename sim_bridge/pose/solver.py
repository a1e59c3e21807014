"""The pose of one frame of markers: the solver of ``marker_pose`` with its memory and its pulls."""

from collections.abc import Sequence

import numpy as np

from sim_bridge._jit import F64
from sim_bridge.kinematics import Pose, skeleton_of
from sim_bridge.model import CompiledModel

from .coordinate_task import CoordinateTask, Pull
from .marker_normal import Targets, seen_markers
from .marker_pose import LEAST_DAMPING, allocate, solve_frame

MISFIT_M = 0.06
"""Markers this far [m] from the model's (RMS) are not this model's, or the pose is a wrong one:
soft tissue, placement and scaling leave up to 23 mm in the trials that this was tested on,
exchanged labels decimetres."""


class PoseSolver:
    """Solves a frame from a given start.

    Parameters
    ----------
    model : CompiledModel
        The model.
    targets : Targets
        Its markers that come in.
    lower, upper : ndarray of shape (n_free,), float64 [rad] or [m]
        Bounds of the free coordinates.
    default : ndarray of shape (n_free,), float64 [rad] or [m]
        Values of tasks that have none.
    tasks : sequence of CoordinateTask
        Coordinates with a value to hold.

    Raises
    ------
    SettingsError
        If a task names no free coordinate of the model.

    Attributes
    ----------
    free : ndarray of shape (n_free,), float64 [rad] or [m]
        The last solution.
    tasks : ndarray of shape (n_free,), float64 [m^2/rad^2 or 1]
        Stiffness of the tasks per weight of all markers.
    """

    def __init__(
        self,
        model: CompiledModel,
        targets: Targets,
        lower: F64,
        upper: F64,
        default: F64,
        tasks: Sequence[CoordinateTask],
    ) -> None:
        self.skeleton, self.targets = skeleton_of(model), targets
        self._lower, self._upper = lower, upper
        self._pull = Pull(tasks, model, default)
        self._work, self._result = allocate(model), np.zeros(6)
        self.free, self.tasks = default.copy(), self._pull.task

    @property
    def pose(self) -> Pose:
        """Where the last solution has the links; also memory for another pose."""
        return self._work.pose

    @property
    def marker_rms(self) -> float:
        """Marker error of the last solution [m]."""
        return float(self._result[0])

    @property
    def fits(self) -> bool:
        """Whether the markers lie where this model can have them."""
        return self.marker_rms <= MISFIT_M

    @property
    def misfit(self) -> float:
        """Square root of what was minimised, per seen marker of weight one [m]."""
        return float(np.sqrt(self._result[4] / self.targets.weight.mean() / max(self.n_used, 1)))

    @property
    def n_used(self) -> int:
        """Markers that the last frame had."""
        return int(self._result[1])

    @property
    def iterations(self) -> int:
        """Iterations of the last call."""
        return int(self._result[2])

    @property
    def converged(self) -> bool:
        """Whether the last call met the tolerance."""
        return bool(self._result[3] > 0.0)

    def solve(self, markers: F64, start: F64, limit: int, hold: float = 0.0) -> None:
        """Solve from ``start``, pulled to it by ``hold`` and to the tasks' values.

        Parameters
        ----------
        markers : ndarray of shape (n_label, 3), float64 [m], ground
            NaN marks a missing one.
        start : ndarray of shape (n_free,), float64 [rad] or [m]
        limit : int
            Most iterations; with 0 the pose is ``start``.
        hold : float
            Stiffness [m^2/rad^2 or 1].
        """
        weight, _ = seen_markers(self.targets, markers)
        self._pull.hold(start, hold, weight)
        self.free[:] = start
        self._result[5] = LEAST_DAMPING
        self.go_on(markers, limit)

    def measure(self, markers: F64) -> None:
        """Take the errors of these markers in the last solution, which stays as it is."""
        converged = self._result[3]
        self.solve(markers, self.free, 0)
        self._result[3] = converged

    def go_on(self, markers: F64, limit: int) -> None:
        """Go on with the same markers, by so many iterations more, as if there were no stop."""
        solve_frame(
            self.skeleton,
            self.targets,
            markers,
            self._lower,
            self._upper,
            self._pull.anchor,
            self._pull.weight,
            limit,
            self._work,
            self.free,
            self._result,
        )
