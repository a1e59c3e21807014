"""OpenSim functions of one variable as piecewise polynomials."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import opensim

from sim_bridge._jit import F64
from sim_bridge.exceptions import UnsupportedComponent
from sim_bridge.piecewise import PiecewisePolynomials

_SMOOTH_PIECES = 256
_SMOOTH_TOLERANCE = 1e-9
"""Largest error [of the function's unit] accepted for a function that is not a polynomial."""


class FunctionTable:
    """Collects functions and numbers them; equal lines and constants share a number."""

    def __init__(self) -> None:
        self._pieces: list[tuple[F64, F64, F64]] = []
        self._numbers: dict[tuple[float, ...], int] = {}

    def add_polynomial(self, coefficients: tuple[float, ...]) -> int:
        """Number of the polynomial with these ascending coefficients."""
        if coefficients not in self._numbers:
            row = np.array([coefficients], dtype=np.float64)
            self._numbers[coefficients] = self._append(np.array([-np.inf]), np.zeros(1), row)
        return self._numbers[coefficients]

    def add_line(self, slope: float) -> int:
        """Number of the line ``slope x``."""
        return self.add_polynomial((0.0, slope))

    def add(self, function: Any, owner: str) -> int:
        """Number of an OpenSim function of one variable.

        Parameters
        ----------
        function : opensim.Function
            What the model holds, of any class.
        owner : str
            The component that uses it, for the error message.

        Raises
        ------
        UnsupportedComponent
            If its class is unknown and a fine table cannot reproduce it to 1e-9.
        """
        coefficients = polynomial_coefficients(function)
        if coefficients is not None:
            return self.add_polynomial(coefficients)
        return self._append(*_sampled_pieces(function, owner))

    def add_smooth(self, function: Callable[[float], float], owner: str) -> int:
        """Number of a smooth function of an angle, tabulated over four turns to 1e-9.

        Raises
        ------
        UnsupportedComponent
            If the table is off by more.
        """
        return self._append(*_smooth_pieces(function, type(function).__name__, owner))

    def compose(self, outer: int, inner: int) -> int | None:
        """Number of ``outer(inner(x))``, exact, or None where its pieces are not polynomials.

        The inner function is one polynomial; if it is neither a line nor a constant, the outer one
        must be, too.
        """
        lower, origin, coefficient = self._pieces[outer]
        if len(self._pieces[inner][0]) != 1:
            return None
        inside = self._pieces[inner][2][0]
        if not np.any(inside[1:]):  # as of a coordinate that is locked
            return self.add_polynomial((self.value(outer, float(inside[0])),))
        if len(lower) == 1:
            polynomial = np.polynomial.Polynomial
            whole = polynomial(coefficient[0])(polynomial(inside) - origin[0])
            return self.add_polynomial(tuple(float(c) for c in whole.coef))
        if inside[1] == 0.0 or np.any(inside[2:]):
            return None
        intercept, slope = float(inside[0]), float(inside[1])
        order = slice(None) if slope > 0.0 else slice(None, None, -1)
        knots = (lower[1:] - intercept) / slope
        powers = slope ** np.arange(coefficient.shape[1])
        return self._append(
            np.concatenate([[-np.inf], knots[order]]),
            ((origin - intercept) / slope)[order],
            (coefficient * powers)[order],
        )

    def value(self, number: int, x: float) -> float:
        """Value of one function at ``x``."""
        lower, origin, coefficient = self._pieces[number]
        table = PiecewisePolynomials(np.array([0, len(lower)]), lower, origin, coefficient)
        return table(0, x)[0]

    def build(self) -> PiecewisePolynomials:
        """All functions so far as one table."""
        width = max((c.shape[1] for _, _, c in self._pieces), default=1)
        start = np.cumsum([0] + [len(lower) for lower, _, _ in self._pieces]).astype(np.int64)
        padded = [np.pad(c, ((0, 0), (0, width - c.shape[1]))) for _, _, c in self._pieces]
        return PiecewisePolynomials(
            start=start,
            lower=np.concatenate([lower for lower, _, _ in self._pieces] or [np.empty(0)]),
            origin=np.concatenate([origin for _, origin, _ in self._pieces] or [np.empty(0)]),
            coefficient=np.concatenate(padded or [np.empty((0, 1))]),
        )

    def _append(self, lower: F64, origin: F64, coefficient: F64) -> int:
        self._pieces.append((lower, origin, coefficient))
        return len(self._pieces) - 1


def polynomial_coefficients(function: Any) -> tuple[float, ...] | None:
    """Ascending coefficients if the OpenSim function is one polynomial everywhere, else None."""
    kind = function.getConcreteClassName()
    if kind == "Constant":
        return (float(opensim.Constant.safeDownCast(function).getValue()),)
    if kind == "LinearFunction":
        line = opensim.LinearFunction.safeDownCast(function)
        return (float(line.getIntercept()), float(line.getSlope()))
    if kind == "PolynomialFunction":
        descending = opensim.PolynomialFunction.safeDownCast(function).getCoefficients()
        return tuple(float(descending.get(i)) for i in range(descending.size()))[::-1]
    if kind == "MultiplierFunction":
        multiplier = opensim.MultiplierFunction.safeDownCast(function)
        inner = polynomial_coefficients(multiplier.getFunction())
        return None if inner is None else tuple(multiplier.getScale() * c for c in inner)
    return None


def _sampled_pieces(function: Any, owner: str) -> tuple[F64, F64, F64]:
    """Pieces through values of the function: exact for a spline with known knots."""
    knots, degree, outer_degree = _knots(function)
    if knots is None:
        kind = function.getConcreteClassName()
        return _smooth_pieces(lambda x: _value(function, x), kind, owner)
    span = knots[-1] - knots[0]
    bounds = [(knots[0] - span, knots[0], outer_degree, knots[0])]
    bounds += [(a, b, degree, a) for a, b in itertools.pairwise(knots)]
    bounds += [(knots[-1], knots[-1] + span, outer_degree, knots[-1])]
    coefficient = np.zeros((len(bounds), degree + 1))
    for row, (a, b, piece_degree, origin) in zip(coefficient, bounds, strict=True):
        row[: piece_degree + 1] = _interpolate(
            lambda x: _value(function, x), a, b, piece_degree, origin
        )
    lower = np.array([-np.inf, *knots])
    return lower, np.array([origin for *_, origin in bounds]), coefficient


def _knots(function: Any) -> tuple[F64 | None, int, int]:
    """Knots, degree between them and degree outside; no knots where the class has none."""
    kind = function.getConcreteClassName()
    if kind == "MultiplierFunction":
        return _knots(opensim.MultiplierFunction.safeDownCast(function).getFunction())
    if kind == "SimmSpline":
        spline, degree, outer = opensim.SimmSpline.safeDownCast(function), 3, 1
    elif kind == "PiecewiseLinearFunction":
        spline, degree, outer = opensim.PiecewiseLinearFunction.safeDownCast(function), 1, 1
    elif kind == "GCVSpline":
        spline = opensim.GCVSpline.safeDownCast(function)
        degree = int(spline.getDegree())
        outer = (degree - 1) // 2  # a natural spline of odd degree 2m-1 leaves as degree m-1
    else:
        return None, 0, 0
    return np.array([spline.getX(i) for i in range(spline.getNumberOfPoints())]), degree, outer


def _smooth_pieces(
    function: Callable[[float], float], kind: str, owner: str
) -> tuple[F64, F64, F64]:
    """Quintic pieces over four turns for a smooth function of any other class."""
    knots = np.linspace(-4.0 * np.pi, 4.0 * np.pi, _SMOOTH_PIECES + 1)
    coefficient = np.array(
        [_interpolate(function, a, b, 5, a) for a, b in itertools.pairwise(knots)]
    )
    middle = knots[:-1] + 0.37 * np.diff(knots)  # no node of the interpolation
    table = PiecewisePolynomials(
        np.array([0, _SMOOTH_PIECES]), np.r_[-np.inf, knots[1:-1]], knots[:-1], coefficient
    )
    error = max(abs(table(0, x)[0] - function(float(x))) for x in middle)
    if error > _SMOOTH_TOLERANCE:
        raise UnsupportedComponent(
            kind,
            owner,
            f"its table is off by {error:.1e}; replace it by a SimmSpline or PolynomialFunction",
        )
    return table.lower, table.origin, table.coefficient


def _interpolate(
    function: Callable[[float], float], a: float, b: float, degree: int, origin: float
) -> F64:
    """Ascending coefficients about ``origin`` of the polynomial through Chebyshev nodes."""
    nodes = 0.5 * (a + b) + 0.5 * (b - a) * np.cos(np.pi * np.arange(degree + 1) / max(degree, 1))
    values = np.array([function(float(x)) for x in nodes])
    scale = b - a
    powers = np.vander((nodes - origin) / scale, degree + 1, increasing=True)
    solution: F64 = np.linalg.solve(powers, values) / scale ** np.arange(degree + 1)
    return solution


def _value(function: Any, x: float) -> float:
    return float(function.calcValue(opensim.Vector(1, float(x))))
