"""Muscle-tendon lengths, speeds and moment arms of all muscles.

Paths of points and single cylinders are followed exactly (``geometry``), the others are
polynomials fitted at compile time.
"""

import numpy as np

from sim_bridge._jit import F64, kernel
from sim_bridge.kinematics import empty_pose, pose_free, skeleton_of
from sim_bridge.model import CompiledModel, MusclePaths

from .geometry import evaluate_geometry
from .trace import Trace


class MuscleGeometry:
    """Lengths and moment arms of all muscles, one frame at a time.

    Parameters
    ----------
    model : CompiledModel
        The model.

    Attributes
    ----------
    length : ndarray of shape (n_muscle,), float64 [m]
        Muscle-tendon lengths.
    speed : ndarray of shape (n_muscle,), float64 [m/s]
        Lengthening speeds.
    moment_arm : ndarray of shape (n_muscle, n_spanned_max), float64 [m or 1]
        About the free coordinates listed in ``spanned``; r = -dL/du, as OpenSim counts it.
    spanned : ndarray of shape (n_muscle, n_spanned_max), int64
        Free coordinates, -1 where a muscle spans fewer.
    dq : ndarray of shape (n_coordinate,), float64
        Derivative of each coordinate in the free coordinate that leads it.
    extrapolated : bool
        Whether a fitted muscle left the region of its fit; its length goes on linearly there.
    """

    def __init__(self, model: CompiledModel) -> None:
        paths = self._paths = model.paths
        self.spanned = paths.spanned
        n_muscle, width = paths.spanned.shape
        degree = int(paths.exponent.max(initial=0))
        self._value = np.zeros((len(paths.centre), degree + 1))
        self._slope = np.zeros_like(self._value)
        self._beyond = np.zeros(len(paths.centre))
        fitted = paths.spanned[~model.geometry.is_exact]
        self._matters = np.isin(np.arange(len(paths.centre)), fitted)
        self._any_fitted = bool(fitted.size)
        self._skeleton, self._pose = skeleton_of(model), empty_pose(model)
        self._points = model.geometry
        self.dq = self._pose.dq
        self.length = np.zeros(n_muscle)
        self.speed = np.zeros(n_muscle)
        self.moment_arm = np.zeros((n_muscle, width))
        geometry = model.geometry
        longest = int((np.diff(geometry.start) + 2 * np.diff(geometry.wrap_start)).max(initial=1))
        self._trace = Trace(
            place=np.zeros((longest, 3)),
            shown=np.zeros((longest, 3)),
            link=np.zeros(longest, dtype=np.int64),
            source=np.zeros(longest, dtype=np.int64),
            wrap=np.zeros(longest, dtype=np.int64),
            arc=np.zeros(longest),
            first=np.zeros((longest, 2, 3)),
            seen=np.zeros(longest, dtype=np.int64),
            local=np.zeros((8, 3)),
            arm=np.zeros(len(paths.centre)),
        )

    @property
    def extrapolated(self) -> bool:
        """See the class."""
        return self._any_fitted and bool(np.any(self._beyond[self._matters] != 0.0))

    def step(self, free: F64, free_speed: F64) -> None:
        """Evaluate one frame.

        Parameters
        ----------
        free, free_speed : ndarray of shape (n_free,), float64 [rad, m] and [rad/s, m/s]
            Free coordinates and their speeds.
        """
        pose_free(self._skeleton, free, self._pose)
        evaluate_geometry(
            self._skeleton,
            self._points,
            self._pose,
            self._paths.n_spanned,
            self.spanned,
            free_speed,
            self._trace,
            self.length,
            self.speed,
            self.moment_arm,
        )
        if self._any_fitted:
            self._step_fitted(free, free_speed)

    def _step_fitted(self, free: F64, free_speed: F64) -> None:
        chebyshev_tables(
            free,
            self._paths.centre,
            self._paths.half_width,
            self._value,
            self._slope,
            self._beyond,
        )
        evaluate_paths(
            self._paths,
            self._value,
            self._slope,
            self._beyond,
            free_speed,
            self.length,
            self.speed,
            self.moment_arm,
        )


@kernel
def chebyshev_tables(
    free: F64, centre: F64, half_width: F64, value_out: F64, slope_out: F64, beyond_out: F64
) -> None:
    """Chebyshev polynomials of each scaled coordinate, held at the border of the region.

    Parameters
    ----------
    free, centre, half_width : ndarray of shape (n_free,), float64 [rad] or [m]
        Coordinates and the region fitted.
    value_out, slope_out : ndarray of shape (n_free, degree + 1), float64
        T_k and dT_k/dx, written in place.
    beyond_out : ndarray of shape (n_free,), float64
        How far the scaled coordinate lies outside [-1, 1].
    """
    n = value_out.shape[1]
    for j in range(free.shape[0]):
        raw = (free[j] - centre[j]) / half_width[j]
        x = min(max(raw, -1.0), 1.0)
        beyond_out[j] = raw - x
        value_out[j, 0] = 1.0
        slope_out[j, 0] = 0.0
        if n > 1:
            value_out[j, 1] = x
            slope_out[j, 1] = 1.0
        for k in range(2, n):
            value_out[j, k] = 2.0 * x * value_out[j, k - 1] - value_out[j, k - 2]
            slope_out[j, k] = (
                2.0 * value_out[j, k - 1] + 2.0 * x * slope_out[j, k - 1] - slope_out[j, k - 2]
            )


@kernel
def evaluate_paths(
    paths: MusclePaths,
    value: F64,
    slope: F64,
    beyond: F64,
    free_speed: F64,
    length_out: F64,
    speed_out: F64,
    moment_arm_out: F64,
) -> None:
    """Sum the terms of every fitted muscle; see :class:`MuscleGeometry` for the outputs."""
    for m in range(length_out.shape[0]):
        if paths.start[m + 1] == paths.start[m]:
            continue
        n = paths.n_spanned[m]
        total = 0.0
        moment_arm_out[m, :] = 0.0
        for t in range(paths.start[m], paths.start[m + 1]):
            c = paths.coefficient[t]
            product = c
            for a in range(n):
                product *= value[paths.spanned[m, a], paths.exponent[t, a]]
            total += product
            for a in range(n):
                e = paths.exponent[t, a]
                if e > 0:
                    part = c * slope[paths.spanned[m, a], e]
                    for b in range(n):
                        if b != a:
                            part *= value[paths.spanned[m, b], paths.exponent[t, b]]
                    moment_arm_out[m, a] -= part
        rate = 0.0
        for a in range(n):
            j = paths.spanned[m, a]
            total -= moment_arm_out[m, a] * beyond[j]  # the straight continuation
            moment_arm_out[m, a] /= paths.half_width[j]
            rate -= moment_arm_out[m, a] * free_speed[j]
        length_out[m] = total
        speed_out[m] = rate
