"""Where the point of a force lies: beside soles, between them, on its plate."""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, is_finite, kernel
from sim_bridge.ground_reaction.feet import POINTS_PER_FOOT

_ENDS = (0, POINTS_PER_FOOT - 1, POINTS_PER_FOOT, 2 * POINTS_PER_FOOT - 1)
"""Sole points at heel and tip of the right foot and of the left."""
_SPECK = 1e-9
"""Twice the area [m^2] up to which a triangle may be rounding of points in a line."""


class Soles(NamedTuple):
    """Sole points of both feet, right first: places (3, 8) [m] in ground and contacts (8,)."""

    place: F64
    contact: F64


@kernel
def contact_of(soles: Soles, f: int) -> float:
    """Contact of a foot: of that of its points which has most."""
    most = 0.0
    for i in range(f * POINTS_PER_FOOT, (f + 1) * POINTS_PER_FOOT):
        most = max(most, soles.contact[i])
    return float(most)


@kernel
def off_sole(row: F64, soles: Soles, f: int) -> float:
    """Horizontal distance of a force's point from the line from heel to tip of a foot [m]."""
    return off_line(row, soles, f * POINTS_PER_FOOT, (f + 1) * POINTS_PER_FOOT - 1)


@kernel
def off_both(row: F64, soles: Soles) -> float:
    """Horizontal distance of a force's point from both soles and the floor between them [m].

    That is the convex hull of their ends: all triangles of them, and all lines.
    """
    nearest = np.inf
    for i in range(4):
        if within(row, soles, _ENDS[i - 1], _ENDS[i - 2], _ENDS[i - 3]):
            return 0.0
        for j in range(i):
            nearest = min(nearest, off_line(row, soles, _ENDS[j], _ENDS[i]))
    return float(nearest)


@kernel
def off_line(row: F64, soles: Soles, a: int, b: int) -> float:
    """Horizontal distance of a force's point from the line between two sole points [m]."""
    x, z = soles.place[0], soles.place[2]
    dx, dz = x[b] - x[a], z[b] - z[a]
    px, pz = row[3] - x[a], row[5] - z[a]
    squared = dx * dx + dz * dz
    share = min(max((px * dx + pz * dz) / squared, 0.0), 1.0) if squared > 0.0 else 0.0
    return float(np.hypot(px - share * dx, pz - share * dz))


@kernel
def within(row: F64, soles: Soles, a: int, b: int, c: int) -> bool:
    """Whether a force's point is inside the triangle of three sole points, and off its lines."""
    ab, bc, ca = beside(row, soles, a, b), beside(row, soles, b, c), beside(row, soles, c, a)
    return min(ab, bc, ca) > _SPECK or max(ab, bc, ca) < -_SPECK


@kernel
def beside(row: F64, soles: Soles, a: int, b: int) -> float:
    """Twice the area of a force's point and two sole points [m^2]; its sign tells the side."""
    x, z = soles.place[0], soles.place[2]
    return float((x[b] - x[a]) * (row[5] - z[a]) - (z[b] - z[a]) * (row[3] - x[a]))


@kernel
def inside(corners: F64, x: float, z: float) -> float:
    """Distance to the nearest edge line of a convex plate [m]; negative outside, NaN unknown."""
    if not is_finite(corners.sum()):
        return np.nan
    turn = 0.0
    for k in range(4):
        n = (k + 1) % 4
        turn += corners[k, 0] * corners[n, 2] - corners[n, 0] * corners[k, 2]
    nearest = np.inf
    for k in range(4):
        n = (k + 1) % 4
        ex, ez = corners[n, 0] - corners[k, 0], corners[n, 2] - corners[k, 2]
        across = ex * (z - corners[k, 2]) - ez * (x - corners[k, 0])
        away = across / np.hypot(ex, ez) * (1.0 if turn > 0.0 else -1.0)
        nearest = min(nearest, away)
    return float(nearest)
