"""Mixing and adding forces with their points: the wrench, not the centre of pressure, is linear.

A row is a force F, the point p where it acts and a free torque T; the moment about ground's origin
is M = p x F + T. F and M are what a plate measures, and both may be mixed and added. The point may
not: beside a sample without load it is anywhere, hundreds of metres away in real files. Of a
mixture the point is the mean of both weighted by force, and the free torque takes what remains, so
that F and M are exact whatever the points are::

    p = (w0 |F0| p0 + w1 |F1| p1) / (w0 |F0| + w1 |F1|)
    T = w0 (T0 + p0 x F0) + w1 (T1 + p1 x F1) - p x F
"""

import numpy as np

from sim_bridge._jit import F64, kernel


@kernel
def mix_wrenches(before: F64, after: F64, share: float, out: F64) -> None:
    """Mix rows of forces.

    Parameters
    ----------
    before, after : ndarray of shape (k, 9), float64 [N], [m], [N m]
        Force, point and free torque.
    share : float
        Of ``after``, 0 to 1; at 0 and 1 the other does not count even where it is NaN.
    out : ndarray of shape (k, 9), float64
        Written; where neither carries load, the later point is kept.
    """
    for i in range(out.shape[0]):
        mix_wrench(before[i], after[i], share, out[i])


@kernel
def mix_wrench(before: F64, after: F64, share: float, out: F64) -> None:
    """Mix one row, see :func:`mix_wrenches`."""
    if share <= 0.0 or share >= 1.0:
        for c in range(9):
            out[c] = before[c] if share <= 0.0 else after[c]
        return
    combine(before, after, 1.0 - share, share, out)


@kernel
def press(about: F64, normal: F64, centre: F64, least: float, out: F64) -> None:
    """Put forces on plates to where they act, which only a pressed surface tells.

    Parameters
    ----------
    about : ndarray of shape (n, k, 6), float64 [N], [N m]
        Force and moment about the centre of each plate.
    normal, centre : ndarray of shape (k, 3), float64 [m]
        Of the surfaces; a normal points up or down.
    least : float
        Normal force [N] below which the point is the centre, and the moment a free torque.
    out : ndarray of shape (n, k, 9), float64
        Written; the free torque is about the normal where a plate is pressed.
    """
    for i in range(about.shape[0]):
        for j in range(about.shape[1]):
            a, e, row = about[i, j], normal[j], out[i, j]
            load = a[0] * e[0] + a[1] * e[1] + a[2] * e[2]
            per_load = 1.0 / load if abs(load) >= least else 0.0
            # e x M / (F e): of all points with this moment the one in the surface
            x = (e[1] * a[5] - e[2] * a[4]) * per_load
            y = (e[2] * a[3] - e[0] * a[5]) * per_load
            z = (e[0] * a[4] - e[1] * a[3]) * per_load
            row[0], row[1], row[2] = a[0], a[1], a[2]
            row[3], row[4], row[5] = centre[j, 0] + x, centre[j, 1] + y, centre[j, 2] + z
            row[6] = a[3] - y * a[2] + z * a[1]
            row[7] = a[4] - z * a[0] + x * a[2]
            row[8] = a[5] - x * a[1] + y * a[0]


@kernel
def add_wrench(row: F64, sum_out: F64) -> None:
    """Add a row to another in place."""
    combine(sum_out, row, 1.0, 1.0, sum_out)


@kernel
def combine(a: F64, b: F64, times_a: float, times_b: float, out: F64) -> None:
    """``times_a`` a + ``times_b`` b, neither negative; ``out`` may be one of them."""
    load_a, load_b = times_a * size(a), times_b * size(b)
    share = load_b / (load_a + load_b) if load_a + load_b > 0.0 else 1.0
    p0, p1, p2 = between(a[3], b[3], share), between(a[4], b[4], share), between(a[5], b[5], share)
    a0, a1, a2 = torque_about(a, p0, p1, p2)
    b0, b1, b2 = torque_about(b, p0, p1, p2)
    for c in range(3):
        out[c] = times_a * a[c] + times_b * b[c]
    out[3], out[4], out[5] = p0, p1, p2
    out[6] = times_a * a0 + times_b * b0
    out[7] = times_a * a1 + times_b * b1
    out[8] = times_a * a2 + times_b * b2


@kernel
def size(row: F64) -> float:
    """Size of a force [N]."""
    return float(np.sqrt(row[0] * row[0] + row[1] * row[1] + row[2] * row[2]))


@kernel
def between(a: float, b: float, share: float) -> float:
    """Number between two, exact at both ends: a far point without load leaves no rounding."""
    return a + share * (b - a) if share < 1.0 else b


@kernel
def torque_about(row: F64, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Moment of a row about a point [N m]."""
    d0, d1, d2 = row[3] - x, row[4] - y, row[5] - z
    return (
        row[6] + d1 * row[2] - d2 * row[1],
        row[7] + d2 * row[0] - d0 * row[2],
        row[8] + d0 * row[1] - d1 * row[0],
    )
