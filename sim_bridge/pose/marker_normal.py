"""Normal equations of the marker distances, from sums over the markers above each link.

The matrix J'WJ of point markers is the mass matrix of a system that carries a mass w at every
marker, so it has the mass matrix's recursion (composite bodies: Featherstone 2008, doi
10.1007/978-1-4899-7560-7, chapter 6): per link the weight, first and second moment of the markers
that it moves, then one product per pair of links on a chain. The gradient is the wrench of the
weighted distances on each motion axis, and the curvature of the markers' ways, which turns
Gauss-Newton's step into Newton's, needs one more sum. Everything is about ground's origin.
"""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, is_finite, kernel
from sim_bridge.kinematics import Pose, Skeleton, point_in_ground


class Targets(NamedTuple):
    """Markers that are matched.

    ``link`` (n,), ``station`` (n, 3) [m] on it, ``weight`` (n,), and ``column`` (n,), the row of
    the marker among the incoming ones.
    """

    link: I64
    station: F64
    weight: F64
    column: I64


class Composite(NamedTuple):
    """Sums over the markers that a link moves; x is the model's marker, e its error, w its weight.

    =======  ===================  ===========
    field    sum of               shape
    =======  ===================  ===========
    mass     w                    (n_link,)
    first    w x                  (n_link, 3)
    second   w x x'               (n_link, 3, 3)
    force    w e                  (n_link, 3)
    couple   w x × e              (n_link, 3)
    outer    w x e'               (n_link, 3, 3)
    =======  ===================  ===========
    """

    mass: F64
    first: F64
    second: F64
    force: F64
    couple: F64
    outer: F64


def empty_composite(n_link: int) -> Composite:
    """Memory for the sums of a model."""
    return Composite(
        mass=np.zeros(n_link),
        first=np.zeros((n_link, 3)),
        second=np.zeros((n_link, 3, 3)),
        force=np.zeros((n_link, 3)),
        couple=np.zeros((n_link, 3)),
        outer=np.zeros((n_link, 3, 3)),
    )


MINIMUM_MARKERS = 3
"""Fewer usable markers than this tell no pose."""


@kernel
def is_there(marker: F64) -> bool:
    """Whether a marker was seen; none of its numbers is NaN then."""
    return bool(is_finite(marker[0] + marker[1] + marker[2]))


@kernel
def seen_markers(targets: Targets, markers: F64) -> tuple[float, int]:
    """Weight and number of the matched markers that a frame has."""
    weight, n = 0.0, 0
    for i in range(targets.link.shape[0]):
        m = markers[targets.column[i]]
        if is_there(m):
            weight += targets.weight[i]
            n += 1
    return weight, n


@kernel
def gather_errors(
    skeleton: Skeleton,
    targets: Targets,
    markers: F64,
    pose: Pose,
    point: F64,
    sums_out: Composite,
    result_out: F64,
) -> float:
    """Sum the errors of all markers per link; missing ones count for nothing.

    Parameters
    ----------
    skeleton : Skeleton
        Of the model.
    targets : Targets
        Matched markers.
    markers : ndarray of shape (n_label, 3), float64 [m], ground
        Measured positions; NaN marks a missing one.
    pose : Pose
        Of the model.
    point : ndarray of shape (3,), float64
        Working memory.
    sums_out : Composite
        Written in place.
    result_out : ndarray of shape (>= 2,), float64
        RMS distance [m] and number of markers used.

    Returns
    -------
    float
        Sum of weighted squared distances [m^2].
    """
    for field in (sums_out.first, sums_out.force, sums_out.couple):
        field[:] = 0.0
    sums_out.mass[:] = 0.0
    sums_out.second[:] = 0.0
    sums_out.outer[:] = 0.0
    cost, total, used = 0.0, 0.0, 0
    for i in range(targets.link.shape[0]):
        m = markers[targets.column[i]]
        w = targets.weight[i]
        if w <= 0.0 or not is_there(m):
            continue
        link = targets.link[i]
        point_in_ground(pose, link, targets.station[i], point)
        e0, e1, e2 = point[0] - m[0], point[1] - m[1], point[2] - m[2]
        squared = e0 * e0 + e1 * e1 + e2 * e2
        cost += w * squared
        total += squared
        used += 1
        if link >= 0:
            _add_marker(sums_out, link, w, point, e0, e1, e2)
    for i in range(skeleton.parent.shape[0] - 1, -1, -1):
        k = skeleton.parent[i]
        if k >= 0 and sums_out.mass[i] > 0.0:
            _add_link(sums_out, i, k)
    result_out[0] = np.sqrt(total / used) if used > 0 else 0.0
    result_out[1] = used
    return cost


@kernel
def _add_marker(
    sums: Composite, link: int, w: float, x: F64, e0: float, e1: float, e2: float
) -> None:
    sums.mass[link] += w
    sums.force[link, 0] += w * e0
    sums.force[link, 1] += w * e1
    sums.force[link, 2] += w * e2
    sums.couple[link, 0] += w * (x[1] * e2 - x[2] * e1)
    sums.couple[link, 1] += w * (x[2] * e0 - x[0] * e2)
    sums.couple[link, 2] += w * (x[0] * e1 - x[1] * e0)
    for r in range(3):
        wx = w * x[r]
        sums.first[link, r] += wx
        for c in range(3):
            sums.second[link, r, c] += wx * x[c]
        sums.outer[link, r, 0] += wx * e0
        sums.outer[link, r, 1] += wx * e1
        sums.outer[link, r, 2] += wx * e2


@kernel
def _add_link(sums: Composite, i: int, k: int) -> None:
    """Add a link's sums to its parent's."""
    sums.mass[k] += sums.mass[i]
    for r in range(3):
        sums.first[k, r] += sums.first[i, r]
        sums.force[k, r] += sums.force[i, r]
        sums.couple[k, r] += sums.couple[i, r]
        for c in range(3):
            sums.second[k, r, c] += sums.second[i, r, c]
            sums.outer[k, r, c] += sums.outer[i, r, c]


@kernel
def normal_equations(
    skeleton: Skeleton,
    pose: Pose,
    sums: Composite,
    vectors: F64,
    normal_out: F64,
    bend_out: F64,
    gradient_out: F64,
) -> None:
    """J'WJ, the curvature of the markers' ways against the errors, and J'We.

    Parameters
    ----------
    skeleton : Skeleton
        Of the model.
    pose : Pose
        Of the model.
    sums : Composite
        From :func:`gather_errors` at the same pose.
    vectors : ndarray of shape (3, 3), float64
        Working memory.
    normal_out, bend_out : ndarray of shape (n_free, n_free), float64
        Lower triangles, written in place; their sum is half the Hessian of the cost. The
        curvature of couplers is left out.
    gradient_out : ndarray of shape (n_free,), float64
        Half the gradient of the cost.
    """
    normal_out[:] = 0.0
    bend_out[:] = 0.0
    gradient_out[:] = 0.0
    for j in range(skeleton.parent.shape[0]):
        b = skeleton.lead[skeleton.coordinate[j]]
        if b < 0 or sums.mass[j] <= 0.0:
            continue
        slope = pose.dq[skeleton.coordinate[j]]
        rate = pose.s[1, j] * slope
        wrench = _link_products(skeleton, pose, sums, j, rate, vectors)
        gradient_out[b] += rate * wrench
        bend_out[b, b] += pose.s[2, j] * slope * slope * wrench
        i = j
        while i >= 0:
            a = skeleton.lead[skeleton.coordinate[i]]
            if a >= 0:
                square, curve = _pair(skeleton, pose, i, vectors)
                row, column = max(a, b), min(a, b)
                share = 2.0 if a == b and i != j else 1.0
                normal_out[row, column] += share * square
                bend_out[row, column] += share * curve
            i = skeleton.parent[i]


@kernel
def _link_products(
    skeleton: Skeleton, pose: Pose, sums: Composite, j: int, rate: float, vectors: F64
) -> float:
    """Momentum of link j's markers at the link's rate, and its torque against the errors.

    ``vectors`` gets the angular and linear momentum about ground's origin and that torque; the
    wrench of the errors along the link's motion is returned.
    """
    x, o = pose.axis[j], pose.position[j]
    f, h = sums.force[j], sums.first[j]
    if not skeleton.is_rotation[j]:
        v0, v1, v2 = x[0], x[1], x[2]
        vectors[0, 0] = rate * (h[1] * v2 - h[2] * v1)
        vectors[0, 1] = rate * (h[2] * v0 - h[0] * v2)
        vectors[0, 2] = rate * (h[0] * v1 - h[1] * v0)
        for r in range(3):
            vectors[1, r] = rate * sums.mass[j] * x[r]
        vectors[2, 0] = rate * (v1 * f[2] - v2 * f[1])
        vectors[2, 1] = rate * (v2 * f[0] - v0 * f[2])
        vectors[2, 2] = rate * (v0 * f[1] - v1 * f[0])
        return float(v0 * f[0] + v1 * f[1] + v2 * f[2])
    v0, v1, v2 = o[1] * x[2] - o[2] * x[1], o[2] * x[0] - o[0] * x[2], o[0] * x[1] - o[1] * x[0]
    second, outer = sums.second[j], sums.outer[j]
    spread = second[0, 0] + second[1, 1] + second[2, 2]
    trace = outer[0, 0] + outer[1, 1] + outer[2, 2]
    for r in range(3):
        turned = spread * x[r]
        pulled = -trace * x[r]
        for c in range(3):
            turned -= second[r, c] * x[c]
            pulled += outer[r, c] * x[c]
        vectors[0, r] = rate * turned
        vectors[2, r] = rate * pulled
    vectors[0, 0] += rate * (h[1] * v2 - h[2] * v1)
    vectors[0, 1] += rate * (h[2] * v0 - h[0] * v2)
    vectors[0, 2] += rate * (h[0] * v1 - h[1] * v0)
    vectors[1, 0] = rate * (sums.mass[j] * v0 + x[1] * h[2] - x[2] * h[1])
    vectors[1, 1] = rate * (sums.mass[j] * v1 + x[2] * h[0] - x[0] * h[2])
    vectors[1, 2] = rate * (sums.mass[j] * v2 + x[0] * h[1] - x[1] * h[0])
    vectors[2, 0] += rate * (v1 * f[2] - v2 * f[1])
    vectors[2, 1] += rate * (v2 * f[0] - v0 * f[2])
    vectors[2, 2] += rate * (v0 * f[1] - v1 * f[0])
    couple = sums.couple[j]
    along = v0 * f[0] + v1 * f[1] + v2 * f[2]
    return float(along + x[0] * couple[0] + x[1] * couple[1] + x[2] * couple[2])


@kernel
def _pair(skeleton: Skeleton, pose: Pose, i: int, vectors: F64) -> tuple[float, float]:
    """Products of an inner link's motion with what :func:`_link_products` left."""
    rate = pose.s[1, i] * pose.dq[skeleton.coordinate[i]]
    x, o = pose.axis[i], pose.position[i]
    linear = vectors[1]
    if not skeleton.is_rotation[i]:
        return rate * (x[0] * linear[0] + x[1] * linear[1] + x[2] * linear[2]), 0.0
    v0, v1, v2 = o[1] * x[2] - o[2] * x[1], o[2] * x[0] - o[0] * x[2], o[0] * x[1] - o[1] * x[0]
    square = v0 * linear[0] + v1 * linear[1] + v2 * linear[2]
    curve = 0.0
    for r in range(3):
        square += x[r] * vectors[0, r]
        curve += x[r] * vectors[2, r]
    return rate * square, rate * curve
