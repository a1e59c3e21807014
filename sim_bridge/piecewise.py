"""Functions of one coordinate as piecewise polynomials, evaluated with two derivatives.

Every function class that an OpenSim joint or coupler uses is one: splines, lines, constants and
polynomials exactly, the others to a stated error (see ``sim_bridge.compile.functions``).
"""

from typing import NamedTuple

from ._jit import F64, I64, kernel


class PiecewisePolynomials(NamedTuple):
    """A table of functions, all pieces behind each other.

    ============  ====================================  ========================
    field         meaning                               shape
    ============  ====================================  ========================
    start         first piece of each function          (n_function + 1,)
    lower         where a piece begins (first: -inf)    (n_piece,)
    origin        origin of its local variable          (n_piece,)
    coefficient   ascending powers of (x - origin)      (n_piece, degree + 1)
    ============  ====================================  ========================
    """

    start: I64
    lower: F64
    origin: F64
    coefficient: F64

    def __call__(self, function: int, x: float) -> tuple[float, float, float]:
        """Value and first two derivatives of one function at ``x``."""
        value: tuple[float, float, float] = evaluate(self, function, x)
        return value


@kernel
def evaluate(table: PiecewisePolynomials, function: int, x: float) -> tuple[float, float, float]:
    """Value, slope and curvature by Horner's rule on the piece that holds ``x``."""
    piece = table.start[function]
    last = table.start[function + 1] - 1
    while piece < last and x >= table.lower[piece + 1]:
        piece += 1
    h = x - table.origin[piece]
    value = 0.0
    slope = 0.0
    half_curvature = 0.0
    for k in range(table.coefficient.shape[1] - 1, -1, -1):
        half_curvature = half_curvature * h + slope
        slope = slope * h + value
        value = value * h + table.coefficient[piece, k]
    return value, slope, 2.0 * half_curvature
