"""Lengths and moment arms of muscle paths, point by point, as OpenSim's GeometryPath has them.

A moment arm is minus the derivative of the length. Along a straight segment that is the unit
tension at one end on the links between the two ends; a cylinder adds its two tangent points, which
pull on its own link.
"""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, kernel
from sim_bridge.cylinder_wrap import MANDATORY, NO_WRAP, wrap_cylinder
from sim_bridge.kinematics import Pose, Skeleton, point_in_ground
from sim_bridge.piecewise import evaluate

CONDITIONAL, MOVING = 1, 2


class Points(NamedTuple):
    """Arrays of :class:`sim_bridge.model.PathGeometry`, for kernels."""

    start: I64
    kind: I64
    link: I64
    rotation: F64
    station: F64
    coordinate: I64
    function: I64
    interval: F64
    wrap_link: I64
    wrap_rotation: F64
    wrap_translation: F64
    wrap_radius: F64
    wrap_half_length: F64
    wrap_side: F64
    wrap_points: I64


class Trace(NamedTuple):
    """The path of one muscle in one pose: working memory.

    ``place`` (n, 3) [m] in ground, ``link`` (n,) and ``source`` (n,): the table's point, -1 for a
    tangent point. ``local`` (8, 3) [m] holds points in a cylinder's frame, ``arm`` (n_free,) [m]
    collects moment arms.
    """

    place: F64
    link: I64
    source: I64
    local: F64
    arm: F64


@kernel
def evaluate_geometry(
    skeleton: Skeleton,
    points: Points,
    pose: Pose,
    n_spanned: I64,
    spanned: I64,
    free_speed: F64,
    trace: Trace,
    length_out: F64,
    speed_out: F64,
    moment_arm_out: F64,
) -> None:
    """Length, speed and moment arms of every muscle that has points.

    Parameters
    ----------
    skeleton : Skeleton
        Of the model.
    points : Points
        Of the model.
    pose : Pose
        From :func:`sim_bridge.kinematics.pose_free`.
    n_spanned, spanned : ndarray of shape (n_muscle,) and (n_muscle, d), int64
        Free coordinates of each muscle.
    free_speed : ndarray of shape (n_free,), float64 [rad/s] or [m/s]
        Speeds of the free coordinates.
    trace : Trace
        Working memory.
    length_out, speed_out : ndarray of shape (n_muscle,), float64 [m], [m/s]
        Written for muscles that have points.
    moment_arm_out : ndarray of shape (n_muscle, d), float64 [m or 1]
        About the spanned coordinates.
    """
    for m in range(length_out.shape[0]):
        if points.start[m + 1] == points.start[m]:
            continue
        n, first, last = _gather(skeleton, points, pose, m, trace)
        arc, tangent = 0.0, -1
        if points.wrap_radius[m] > 0.0 and first < last:
            arc, tangent = _wrap(points, pose, m, first, last, n, trace)
            if tangent >= 0:
                n += 2
        for a in range(n_spanned[m]):
            trace.arm[spanned[m, a]] = 0.0
        total = arc
        for k in range(n - 1):
            if k != tangent:
                total += _segment(skeleton, points, pose, k, trace)
        rate = 0.0
        for a in range(n_spanned[m]):
            arm = trace.arm[spanned[m, a]]
            moment_arm_out[m, a] = arm
            rate -= arm * free_speed[spanned[m, a]]
        length_out[m] = total
        speed_out[m] = rate


@kernel
def _gather(
    skeleton: Skeleton, points: Points, pose: Pose, m: int, trace: Trace
) -> tuple[int, int, int]:
    """Place the active points; return their number and those between which it may wrap."""
    n, first, last = 0, -1, -1
    for i in range(points.start[m], points.start[m + 1]):
        if points.kind[i] == CONDITIONAL:
            q = pose.q[points.coordinate[i, 0]]
            if q < points.interval[i, 0] or q > points.interval[i, 1]:
                continue
        if points.kind[i] == MOVING:
            _moving_station(skeleton, points, pose, i, trace.local[0])
            point_in_ground(pose, points.link[i], trace.local[0], trace.place[n])
        else:
            point_in_ground(pose, points.link[i], points.station[i], trace.place[n])
        trace.link[n] = points.link[i]
        trace.source[n] = i
        rank = i - points.start[m]
        if points.wrap_points[m, 0] <= rank <= points.wrap_points[m, 1]:
            if first < 0:
                first = n
            last = n
        n += 1
    return n, first, last


@kernel
def _moving_station(
    skeleton: Skeleton, points: Points, pose: Pose, i: int, station_out: F64
) -> None:
    """Place of a moving point on its link."""
    for r in range(3):
        station_out[r] = points.station[i, r]
    for axis in range(3):
        k = points.coordinate[i, axis]
        value, _, _ = evaluate(
            points.function[i, axis],
            pose.q[k] if k >= 0 else 0.0,
            skeleton.start,
            skeleton.lower,
            skeleton.origin,
            skeleton.coefficient,
        )
        for r in range(3):
            station_out[r] += points.rotation[i, r, axis] * value


@kernel
def _wrap(
    points: Points, pose: Pose, m: int, first: int, last: int, n: int, trace: Trace
) -> tuple[float, int]:
    """Lay the best segment around the cylinder; insert its tangent points.

    Returns the length on the cylinder [m] and the index of the first tangent point, -1 if none.
    """
    local = trace.local
    best, best_change, best_arc = -1, np.inf, 0.0
    for k in range(first, last):
        _into_cylinder(points, pose, m, trace.place[k], local[0])
        _into_cylinder(points, pose, m, trace.place[k + 1], local[1])
        code, arc = wrap_cylinder(
            local[0],
            local[1],
            points.wrap_radius[m],
            points.wrap_half_length[m],
            int(points.wrap_side[m, 0]),
            points.wrap_side[m, 1],
            local[2],
            local[3],
        )
        if code == NO_WRAP:
            continue
        change = arc + _distance(local[0], local[2]) + _distance(local[1], local[3])
        change -= _distance(local[0], local[1])
        if code == MANDATORY or change < best_change:
            best, best_change, best_arc = k, change, arc
            local[4, :] = local[2]
            local[5, :] = local[3]
        if code == MANDATORY:
            break
    if best < 0:
        return 0.0, -1
    for k in range(n - 1, best, -1):
        trace.place[k + 2, :] = trace.place[k]
        trace.link[k + 2] = trace.link[k]
        trace.source[k + 2] = trace.source[k]
    for side in range(2):
        _out_of_cylinder(points, pose, m, local[4 + side], local[6], trace.place[best + 1 + side])
        trace.link[best + 1 + side] = points.wrap_link[m]
        trace.source[best + 1 + side] = -1
    return best_arc, best + 1


@kernel
def _distance(a: F64, b: F64) -> float:
    return float(np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2))


@kernel
def _into_cylinder(points: Points, pose: Pose, m: int, place: F64, local_out: F64) -> None:
    """Write a point of ground in the cylinder's frame."""
    link = points.wrap_link[m]
    d0, d1, d2 = place[0], place[1], place[2]
    if link >= 0:
        r = pose.rotation[link]
        d0 -= pose.position[link, 0]
        d1 -= pose.position[link, 1]
        d2 -= pose.position[link, 2]
        d0, d1, d2 = (
            r[0, 0] * d0 + r[1, 0] * d1 + r[2, 0] * d2,
            r[0, 1] * d0 + r[1, 1] * d1 + r[2, 1] * d2,
            r[0, 2] * d0 + r[1, 2] * d1 + r[2, 2] * d2,
        )
    w = points.wrap_rotation[m]
    d0 -= points.wrap_translation[m, 0]
    d1 -= points.wrap_translation[m, 1]
    d2 -= points.wrap_translation[m, 2]
    for c in range(3):
        local_out[c] = w[0, c] * d0 + w[1, c] * d1 + w[2, c] * d2


@kernel
def _out_of_cylinder(
    points: Points, pose: Pose, m: int, local: F64, station: F64, place_out: F64
) -> None:
    """Write a point of the cylinder's frame in ground; ``station`` is working memory."""
    w = points.wrap_rotation[m]
    for r in range(3):
        station[r] = points.wrap_translation[m, r] + (
            w[r, 0] * local[0] + w[r, 1] * local[1] + w[r, 2] * local[2]
        )
    point_in_ground(pose, points.wrap_link[m], station, place_out)


@kernel
def _segment(skeleton: Skeleton, points: Points, pose: Pose, k: int, trace: Trace) -> float:
    """Length of a straight segment; its moment arms are added to ``trace.arm``."""
    a, b = trace.place[k], trace.place[k + 1]
    u = trace.local[7]
    for c in range(3):
        u[c] = b[c] - a[c]
    length = np.sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2])
    if length <= 0.0:
        return 0.0
    for c in range(3):
        u[c] /= length
    _pull_along_links(skeleton, pose, trace.link[k], trace.link[k + 1], a, b, u, trace.arm)
    for end in range(2):
        i = trace.source[k + end]
        if i >= 0 and points.kind[i] == MOVING:
            _pull_moving_point(skeleton, points, pose, i, u, 1.0 if end == 0 else -1.0, trace.arm)
    return float(length)


@kernel
def _pull_along_links(
    skeleton: Skeleton, pose: Pose, a_link: int, b_link: int, a: F64, b: F64, u: F64, arm: F64
) -> None:
    """Unit tension on the links between two ends, up to where their chains meet."""
    while a_link != b_link:
        if a_link > b_link:  # links are numbered outwards: the larger number goes up first
            arm_of_a = _tension(skeleton, pose, a_link, a, u)
            lead = skeleton.lead[skeleton.coordinate[a_link]]
            if lead >= 0:
                arm[lead] += arm_of_a
            a_link = skeleton.parent[a_link]
        else:
            arm_of_b = _tension(skeleton, pose, b_link, b, u)
            lead = skeleton.lead[skeleton.coordinate[b_link]]
            if lead >= 0:
                arm[lead] -= arm_of_b
            b_link = skeleton.parent[b_link]


@kernel
def _tension(skeleton: Skeleton, pose: Pose, link: int, point: F64, u: F64) -> float:
    """Speed along ``u`` of a point carried by a link's motion, per speed of its lead."""
    rate = pose.s[1, link] * pose.dq[skeleton.coordinate[link]]
    x = pose.axis[link]
    if not skeleton.is_rotation[link]:
        return float(rate * (x[0] * u[0] + x[1] * u[1] + x[2] * u[2]))
    o = pose.position[link]
    r0, r1, r2 = point[0] - o[0], point[1] - o[1], point[2] - o[2]
    return float(
        rate
        * (
            (x[1] * r2 - x[2] * r1) * u[0]
            + (x[2] * r0 - x[0] * r2) * u[1]
            + (x[0] * r1 - x[1] * r0) * u[2]
        )
    )


@kernel
def _pull_moving_point(
    skeleton: Skeleton, points: Points, pose: Pose, i: int, u: F64, sign: float, arm: F64
) -> None:
    """What the motion of a moving point on its own link adds."""
    link = points.link[i]
    for axis in range(3):
        k = points.coordinate[i, axis]
        lead = skeleton.lead[k] if k >= 0 else -1
        if lead < 0:
            continue
        _, slope, _ = evaluate(
            points.function[i, axis],
            pose.q[k],
            skeleton.start,
            skeleton.lower,
            skeleton.origin,
            skeleton.coefficient,
        )
        along = 0.0
        for r in range(3):
            d = points.rotation[i, r, axis]
            if link < 0:
                along += u[r] * d
                continue
            for c in range(3):
                along += u[c] * d * pose.rotation[link, c, r]
        arm[lead] += sign * slope * pose.dq[k] * along
