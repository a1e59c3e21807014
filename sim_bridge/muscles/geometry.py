"""Lengths and moment arms of muscle paths, point by point, as OpenSim's GeometryPath has them.

A moment arm is minus the derivative of the length. Along a straight segment that is the unit
tension at one end on the links between the two ends; a cylinder adds its two tangent points, which
pull on its own link.
"""

import numpy as np

from sim_bridge._jit import F64, I64, kernel
from sim_bridge.kinematics import Pose, Skeleton
from sim_bridge.model import MOVING, PathGeometry
from sim_bridge.muscles.trace import Trace, lay_path, on_cylinder
from sim_bridge.piecewise import evaluate


@kernel
def evaluate_geometry(
    skeleton: Skeleton,
    points: PathGeometry,
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
    points : PathGeometry
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
        n = lay_path(skeleton, points, pose, m, trace)
        for a in range(n_spanned[m]):
            trace.arm[spanned[m, a]] = 0.0
        total = 0.0
        rate = 0.0
        for k in range(n - 1):
            if on_cylinder(trace, k):
                total += trace.arc[k]
            else:
                total += _segment(skeleton, points, pose, k, trace)
            rate += _stale_rate(skeleton, pose, k, free_speed, trace)
        for a in range(n_spanned[m]):
            arm = trace.arm[spanned[m, a]]
            moment_arm_out[m, a] = arm
            rate -= arm * free_speed[spanned[m, a]]
        length_out[m] = total
        speed_out[m] = rate


@kernel
def _segment(skeleton: Skeleton, points: PathGeometry, pose: Pose, k: int, trace: Trace) -> float:
    """Length of a straight segment; its moment arms are added to ``trace.arm``."""
    a, b = trace.shown[k], trace.shown[k + 1]
    u = trace.local[7]
    for c in range(3):
        u[c] = b[c] - a[c]
    length = np.sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2])
    if length <= 0.0:
        return 0.0
    for c in range(3):
        u[c] /= length
    a, b = trace.place[k], trace.place[k + 1]
    _pull_along_links(skeleton, pose, trace.link[k], trace.link[k + 1], a, b, u, trace.arm)
    for end in range(2):
        i = trace.source[k + end]
        if i >= 0 and points.kind[i] == MOVING:
            _pull_moving_point(skeleton, points, pose, i, u, 1.0 if end == 0 else -1.0, trace.arm)
    return float(length)


@kernel
def _stale_rate(skeleton: Skeleton, pose: Pose, k: int, free_speed: F64, trace: Trace) -> float:
    """What OpenSim counts as lengthening where a segment's direction is not that of its ends.

    Its speed of a segment is that of its ends along the direction ``shown``. Where sweeps over
    several cylinders have moved the ends, a turn of what carries both of them enters, too, which
    no moment arm has; on a cylinder that is all there is.
    """
    a, b = trace.place[k], trace.place[k + 1]
    u = trace.local[7]
    moved = 0.0
    length = 0.0
    for c in range(3):
        moved += abs(trace.shown[k, c] - a[c]) + abs(trace.shown[k + 1, c] - b[c])
        u[c] = trace.shown[k + 1, c] - trace.shown[k, c]
        length += u[c] * u[c]
    if moved == 0.0 or length == 0.0:
        return 0.0
    for c in range(3):
        u[c] /= np.sqrt(length)
    link, other = trace.link[k], trace.link[k + 1]
    while link != other:
        if link > other:
            link = skeleton.parent[link]
        else:
            other = skeleton.parent[other]
    rate = 0.0
    while link >= 0:
        lead = skeleton.lead[skeleton.coordinate[link]]
        if lead >= 0:
            along = _tension(skeleton, pose, link, b, u) - _tension(skeleton, pose, link, a, u)
            rate += along * free_speed[lead]
        link = skeleton.parent[link]
    return float(rate)


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
    skeleton: Skeleton, points: PathGeometry, pose: Pose, i: int, u: F64, sign: float, arm: F64
) -> None:
    """What the motion of a moving point on its own link adds.

    OpenSim 4.6 goes on with it beyond the range, where it keeps the point: so do we.
    """
    link = points.link[i]
    for axis in range(3):
        k = points.coordinate[i, axis]
        lead = skeleton.lead[k] if k >= 0 else -1
        if lead < 0:
            continue
        _, slope, _ = evaluate(skeleton.functions, points.function[i, axis], pose.q[k])
        along = 0.0
        for r in range(3):
            d = points.rotation[i, r, axis]
            if link < 0:
                along += u[r] * d
                continue
            for c in range(3):
                along += u[c] * d * pose.rotation[link, c, r]
        arm[lead] += sign * slope * pose.dq[k] * along
