"""Muscle paths as polynomials, fitted to the lengths that OpenSim computes.

OpenSim gives the lengths of all muscles of a pose in about a millisecond, wherever they wrap, but
its moment arms cost a hundred times as much. So we fit lengths alone; the moment arm is minus the
derivative of the fit, and both are judged on poses that the fit has not seen.
"""

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from sim_bridge._jit import F64, I64, Bool
from sim_bridge.exceptions import UnsupportedComponent
from sim_bridge.model import Coordinates, MusclePaths
from sim_bridge.piecewise import PiecewisePolynomials

from .refuse import kind_of

_log = logging.getLogger(__name__)

_REGION_DEG: Mapping[str, tuple[float, float]] = {
    "hip_flexion": (-40.0, 110.0),
    "hip_adduction": (-40.0, 30.0),
    "hip_rotation": (-40.0, 40.0),
    "knee_angle": (-130.0, 130.0),
    "ankle_angle": (-50.0, 40.0),
    "subtalar_angle": (-35.0, 35.0),
    "mtp_angle": (-30.0, 60.0),
    "lumbar": (-45.0, 45.0),
}
"""Where people move, by the beginning of OpenSim's usual names; met with the model's own range."""
_OTHER_DEG = (-120.0, 120.0)
_OTHER_M = (-1.0, 1.0)

_SAMPLES = 6000
_CHECKS = 48
_STEP = 1e-4
_LEAST_MOVE = 1e-3
"""A coordinate [rad, m] is moved by this at least to see what it moves, however small its range."""
_MAX_TERMS = 500
_DEGREES = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20)
_ARM_GOAL = 1e-5
"""RMS error of the moment arm [m] at which a higher degree is not tried."""
_LONGEST_M = 10.0
"""No muscle of a person or a large animal is so long [m]: such a path is a mistake."""
_FEW = 0.02
"""Share of poses in which a path may be a mistake all the same: paths around a torus may jump."""
_ARM_POOR = 5e-4
"""RMS error of the moment arm [m] from which on the user is told."""

Progress = Callable[[str, float], None]


class LengthOracle:
    """OpenSim's muscle-tendon lengths as a function of the free coordinates."""

    def __init__(
        self,
        model: Any,
        muscles: Sequence[Any],
        coordinates: Coordinates,
        functions: PiecewisePolynomials,
    ) -> None:
        self._model, self._state = model, model.getWorkingState()
        self._coordinates, self._functions = coordinates, functions
        self._handles = [model.getCoordinateSet().get(i) for i in range(len(coordinates.names))]
        self._muscles = muscles
        self._paths = [muscle.getPath() for muscle in muscles]
        self._calls, self._absurd = 0, np.zeros(len(muscles), dtype=np.int64)
        self._longest = np.zeros(len(muscles))

    def __call__(self, free: F64) -> F64:
        """Lengths of the muscles, shape (n_muscle,) [m], at free coordinates [rad, m].

        NaN is of a muscle that is longer than any can be.
        """
        for i, handle in enumerate(self._handles):
            lead = self._coordinates.lead[i]
            x = float(free[lead]) if lead >= 0 else 0.0
            value = self._functions(int(self._coordinates.function[i]), x)[0]
            handle.setValue(self._state, float(value), False)
        self._model.realizePosition(self._state)
        length = np.array([path.getLength(self._state) for path in self._paths])
        absurd = ~(np.abs(length) < _LONGEST_M)
        self._calls += 1
        self._absurd += absurd
        self._longest[absurd] = length[absurd]
        length[absurd] = np.nan
        return length

    def judge(self) -> None:
        """Tell of muscles that were too long in a few poses, where OpenSim's own wrapping fails.

        Raises
        ------
        UnsupportedComponent
            For a muscle that was so in more: its path is wrong.
        """
        for i in np.flatnonzero(self._absurd):
            muscle, share = self._muscles[int(i)], self._absurd[i] / self._calls
            said = f"in {100.0 * share:.2g} % of the poses it is {self._longest[i]:.3g} m long"
            if share > _FEW:
                raise UnsupportedComponent(
                    kind_of(muscle),
                    muscle.getName(),
                    f"within the ranges of the joints, {said}; correct its path",
                )
            _log.warning("muscle '%s': %s; those are left out", muscle.getName(), said)


def fit_region(model: Any, coordinates: Coordinates) -> tuple[F64, F64]:
    """Middle and half width of the region of each free coordinate [rad, m], (n_free,) each."""
    bounds = np.array(
        [
            _interval(model.getCoordinateSet().get(int(i)), bool(coordinates.is_angle[i]))
            for i in coordinates.free_index
        ]
    ).reshape(-1, 2)
    return bounds.mean(axis=1), 0.5 * (bounds[:, 1] - bounds[:, 0])


def fit_paths(
    oracle: LengthOracle,
    region: tuple[F64, F64],
    is_exact: Bool,
    names: Sequence[str],
    progress: Progress,
) -> MusclePaths:
    """Fit the length of every muscle whose path is not exact over the region.

    Parameters
    ----------
    oracle : LengthOracle
        Gives the true lengths.
    region : tuple of two ndarrays of shape (n_free,), float64 [rad] or [m]
        Middle and half width of each free coordinate.
    is_exact : ndarray of shape (n_muscle,), bool
        Muscles that need no fit; their coordinates are found all the same.
    names : sequence of str
        Muscles.
    progress : callable
        Told a stage and the share done.
    """
    rng = np.random.default_rng(2392)
    centre, half = region
    n_muscle = len(is_exact)
    spanned = _spanned(oracle, region, n_muscle, rng)
    if is_exact.all():
        oracle.judge()
        return _pack([_NO_FIT] * n_muscle, spanned, region)
    scaled = _low_discrepancy(_SAMPLES, len(centre), rng)
    lengths = np.empty((_SAMPLES, n_muscle))
    for i, x in enumerate(scaled):
        lengths[i] = oracle(centre + half * x)
        if i % 100 == 0:
            progress("sampling muscle lengths", i / _SAMPLES)
    oracle.judge()
    checks = _Checks(oracle, region, spanned[~is_exact].any(axis=0), rng)
    fits = []
    for m in range(n_muscle):
        dofs = np.flatnonzero(spanned[m])
        if is_exact[m]:
            fits.append(_NO_FIT)
            continue
        fits.append(_fit_muscle(m, dofs, scaled[:, dofs], lengths[:, m], checks))
        _tell_if_poor(names[m], fits[-1])
        progress("fitting muscle paths", (m + 1) / n_muscle)
    return _pack(fits, spanned, region)


class _Checks:
    """Lengths and moment arms on poses that no fit sees; arms by central differences."""

    def __init__(self, oracle: LengthOracle, region: tuple[F64, F64], moves: Any, rng: Any) -> None:
        centre, self.half = region
        self.scaled = rng.uniform(-1.0, 1.0, (_CHECKS, len(centre)))
        self.length = np.array([oracle(centre + self.half * x) for x in self.scaled])
        self.arm = np.zeros((*self.length.shape, len(centre)))
        for j in np.flatnonzero(moves):
            for k, x in enumerate(self.scaled):
                free = centre + self.half * x
                free[j] += _STEP
                ahead = oracle(free)
                free[j] -= 2.0 * _STEP
                self.arm[k, :, j] = -(ahead - oracle(free)) / (2.0 * _STEP)


def _interval(coordinate: Any, is_angle: bool) -> tuple[float, float]:
    """The model's range, narrowed to where people move."""
    low, high = float(coordinate.getRangeMin()), float(coordinate.getRangeMax())
    usual = _OTHER_DEG if is_angle else _OTHER_M
    for name, interval in _REGION_DEG.items():
        if is_angle and coordinate.getName().startswith(name):
            usual = interval
    if is_angle:
        usual = (float(np.radians(usual[0])), float(np.radians(usual[1])))
    met = (max(low, usual[0]), min(high, usual[1]))
    return met if met[0] < met[1] else (low, max(high, low + 1e-3))


def _spanned(oracle: LengthOracle, region: tuple[F64, F64], n_muscle: int, rng: Any) -> Any:
    """Which free coordinates change which lengths, bool of shape (n_muscle, n_free)."""
    centre, half = region
    found = np.zeros((n_muscle, len(centre)), dtype=np.bool_)
    for _ in range(6):
        pose = centre + half * rng.uniform(-0.9, 0.9, len(centre))
        base = oracle(pose)
        for j in range(len(centre)):
            moved = pose.copy()
            moved[j] += max(0.1 * half[j], _LEAST_MOVE)
            found[:, j] |= np.abs(oracle(moved) - base) > 1e-9
    return found


def _low_discrepancy(n: int, d: int, rng: Any) -> F64:
    """Poses in [-1, 1]^d: even in each coordinate (Latin hypercube), denser at the ends.

    The arcsine density is the one for which a Chebyshev fit is best conditioned; half of the
    poses are uniform, so that the middle, where people are, counts as well.
    """
    strata = np.array([rng.permutation(n) for _ in range(d)]).T
    even = 2.0 * (strata + rng.uniform(size=(n, d))) / n - 1.0
    half = rng.permutation(n) < n // 2
    even[half] = np.sin(0.5 * np.pi * even[half])
    out: F64 = even
    return out


_Fit = tuple[I64, F64, F64, F64]
_NO_FIT: _Fit = (np.empty((0, 0), dtype=np.int64), np.empty(0), np.zeros(2), np.zeros(2))


def _fit_muscle(m: int, dofs: I64, scaled: F64, length: F64, checks: _Checks) -> _Fit:
    """Exponents, coefficients and errors at the lowest degree that meets the goal, or the best."""
    best: _Fit | None = None
    known = np.isfinite(length)
    scaled, length = scaled[known], length[known]
    for degree in _DEGREES if len(dofs) else (0,):
        exponent = _exponents(len(dofs), degree)
        if len(exponent) > _MAX_TERMS:
            break
        basis = _basis(scaled, exponent)
        coefficient: F64 = np.linalg.lstsq(basis, length, rcond=None)[0].astype(np.float64)
        fit: _Fit = (exponent, coefficient, *_errors(m, dofs, exponent, coefficient, checks))
        if best is None or fit[3][0] < best[3][0]:
            best = fit
        if fit[3][0] < _ARM_GOAL:
            break
    assert best is not None
    return best


def _tell_if_poor(name: str, fit: _Fit) -> None:
    arm_rms = fit[3][0]
    if arm_rms > _ARM_POOR:
        _log.warning(
            "muscle '%s': no polynomial follows its wrapped path, its moment arms are off by"
            " %.1f mm RMS; around cylinders alone they would be exact",
            name,
            1e3 * arm_rms,
        )


def _errors(m: int, dofs: I64, exponent: I64, coefficient: F64, checks: _Checks) -> tuple[F64, F64]:
    """RMS and largest error of length and of moment arm on the check poses [m]."""
    x = checks.scaled[:, dofs]
    length = _basis(x, exponent) @ coefficient - checks.length[:, m]
    arms = [
        -_basis(x, exponent, j) @ coefficient / checks.half[dof] - checks.arm[:, m, dof]
        for j, dof in enumerate(dofs)
    ]
    return _rms_max(length), _rms_max(np.concatenate(arms) if arms else np.zeros(1))


def _rms_max(error: F64) -> F64:
    """RMS and largest; a jump of the path between two differences is not an error of the fit."""
    finite = error[np.abs(error) < 1.0]
    return np.array([np.sqrt(np.mean(finite**2)), np.abs(finite).max()])


def _exponents(n: int, degree: int) -> I64:
    """All exponents of total degree up to ``degree``, shape (n_term, n)."""
    every = itertools.product(range(degree + 1), repeat=n)
    found = [e for e in every if sum(e) <= degree]
    return np.array(found, dtype=np.int64).reshape(len(found), n)


def _basis(x: F64, exponent: I64, derivative: int = -1) -> F64:
    """Products of Chebyshev polynomials, or their derivative in one scaled coordinate."""
    out = np.ones((len(x), len(exponent)))
    degree = int(exponent.max(initial=0))
    for k in range(x.shape[1]):
        table = chebyshev.chebvander(x[:, k], degree)
        if k == derivative:
            slopes = chebyshev.chebder(np.eye(degree + 1), axis=0)
            table = chebyshev.chebvander(x[:, k], max(degree - 1, 0)) @ slopes
        out *= table[:, exponent[:, k]]
    return out


def _pack(fits: list[_Fit], spanned: Any, region: tuple[F64, F64]) -> MusclePaths:
    width = max(int(spanned.sum(axis=1).max(initial=0)), 1)
    dofs = np.full((len(fits), width), -1, dtype=np.int64)
    for row, muscle in zip(dofs, spanned, strict=True):
        row[: muscle.sum()] = np.flatnonzero(muscle)
    padded = [np.pad(e, ((0, 0), (0, width - e.shape[1]))) for e, *_ in fits]
    return MusclePaths(
        n_spanned=spanned.sum(axis=1).astype(np.int64),
        spanned=dofs,
        centre=region[0],
        half_width=region[1],
        start=np.cumsum([0] + [len(e) for e in padded]).astype(np.int64),
        exponent=np.concatenate(padded or [np.empty((0, width), dtype=np.int64)]),
        coefficient=np.concatenate([c for _, c, *_ in fits] or [np.empty(0)]),
        length_error=np.array([e for *_, e, _ in fits]).reshape(-1, 2),
        arm_error=np.array([e for *_, e in fits]).reshape(-1, 2),
    )
