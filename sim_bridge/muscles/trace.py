"""Where a muscle's path runs in one pose: its active points, laid around its cylinders.

The order of trials, the choice of a segment and the tolerance of the sweeps over several cylinders
are those of OpenSim's GeometryPath, since they decide on which branch a path lies. One habit of
OpenSim 4.6 is kept, too: when several sweeps move a tangent point, the length on the cylinder and
the point at which the force acts follow, but distances and directions are taken from where the
point first appeared in this pose.
"""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, kernel
from sim_bridge.kinematics import Pose, Skeleton, point_in_ground
from sim_bridge.model import CONDITIONAL, MOVING, PathGeometry
from sim_bridge.muscles.cylinder_wrap import INSIDE, MANDATORY, NO_WRAP, WRAPPED, wrap_cylinder
from sim_bridge.piecewise import evaluate

_SWEEPS = 8
_SWEEP_TOLERANCE = 0.0005
"""Change of length [m] below which sweeps over several cylinders end."""


class Trace(NamedTuple):
    """The path of one muscle in one pose: working memory, a row for each point of the path.

    ======  ==============================================================  ====  =========
    field   meaning                                                         unit  shape
    ======  ==============================================================  ====  =========
    place   in ground                                                       m     (n, 3)
    shown   in ground, between which distances and directions are taken     m     (n, 3)
    link    that carries it                                                       (n,)
    source  the table's point, -1 for a tangent point                             (n,)
    wrap    the wrap whose tangent point it is, -1 for a point of the path        (n,)
    arc     length on the cylinder that follows a first tangent point       m     (n,)
    first   where the tangent points of each wrap appeared first            m     (w, 2, 3)
    seen    whether a wrap has appeared in this pose                              (w,)
    local   points in a cylinder's frame and a direction                    m     (8, 3)
    arm     collects moment arms                                            m     (n_free,)
    ======  ==============================================================  ====  =========
    """

    place: F64
    shown: F64
    link: I64
    source: I64
    wrap: I64
    arc: F64
    first: F64
    seen: I64
    local: F64
    arm: F64


@kernel
def on_cylinder(trace: Trace, k: int) -> bool:
    """Whether the path runs on a cylinder from its point ``k`` to the next."""
    return bool(trace.wrap[k] >= 0 and trace.wrap[k] == trace.wrap[k + 1])


@kernel
def lay_path(skeleton: Skeleton, points: PathGeometry, pose: Pose, m: int, trace: Trace) -> int:
    """Write the path of muscle ``m`` into ``trace``; return its number of points."""
    n = _gather(skeleton, points, pose, m, trace)
    first, last = points.wrap_start[m], points.wrap_start[m + 1]
    for i in range(last - first):
        trace.seen[i] = 0
    if last - first == 1:
        n, _ = _lay_around(points, pose, m, first, n, False, trace)
    elif last > first:
        n = _sweep(points, pose, m, first, last, n, trace)
    return n


@kernel
def _sweep(
    points: PathGeometry, pose: Pose, m: int, first: int, last: int, n: int, trace: Trace
) -> int:
    """Lay the path around several cylinders in turn until its length settles."""
    before = np.inf
    swapped = False
    for sweep in range(_SWEEPS):
        code_first, code_second = NO_WRAP, NO_WRAP
        for i in range(first, last):
            w = i
            if swapped and i < first + 2:
                w = 2 * first + 1 - i
            n, code = _lay_around(points, pose, m, w, n, True, trace)
            if i == first:
                code_first = code
            elif i == first + 1:
                code_second = code
        total = 0.0
        for k in range(n - 1):
            if on_cylinder(trace, k):
                total += trace.arc[k]
            else:
                total += _distance(trace.shown[k], trace.shown[k + 1])
        if abs(total - before) < _SWEEP_TOLERANCE:
            break
        before = total
        if sweep == 0 and code_first == NO_WRAP and code_second == INSIDE:
            swapped = True
            n = _remove_wrap(first, n, trace)
    return n


@kernel
def _gather(skeleton: Skeleton, points: PathGeometry, pose: Pose, m: int, trace: Trace) -> int:
    """Place the active points; return their number."""
    n = 0
    for i in range(points.start[m], points.start[m + 1]):
        if not _is_active(points, pose, i):
            continue
        if points.kind[i] == MOVING:
            _moving_station(skeleton, points, pose, i, trace.local[0])
            point_in_ground(pose, points.link[i], trace.local[0], trace.place[n])
        else:
            point_in_ground(pose, points.link[i], points.station[i], trace.place[n])
        for c in range(3):
            trace.shown[n, c] = trace.place[n, c]
        trace.link[n] = points.link[i]
        trace.source[n] = i
        trace.wrap[n] = -1
        n += 1
    return n


@kernel
def _is_active(points: PathGeometry, pose: Pose, i: int) -> bool:
    if points.kind[i] != CONDITIONAL:
        return True
    q = pose.q[points.coordinate[i, 0]]
    return bool(points.interval[i, 0, 0] <= q <= points.interval[i, 0, 1])


@kernel
def _moving_station(
    skeleton: Skeleton, points: PathGeometry, pose: Pose, i: int, station_out: F64
) -> None:
    """Place of a moving point on its link: beyond the coordinate's range that at its end."""
    for r in range(3):
        station_out[r] = points.station[i, r]
    for axis in range(3):
        k = points.coordinate[i, axis]
        q = pose.q[k] if k >= 0 else 0.0
        q = min(max(q, points.interval[i, axis, 0]), points.interval[i, axis, 1])
        value, _, _ = evaluate(skeleton.functions, points.function[i, axis], q)
        for r in range(3):
            station_out[r] += points.rotation[i, r, axis] * value


@kernel
def _remove_wrap(w: int, n: int, trace: Trace) -> int:
    """Take the tangent points of a wrap out of the path."""
    kept = 0
    for k in range(n):
        if trace.wrap[k] != w:
            _copy_row(trace, k, kept)
            kept += 1
    return kept


@kernel
def _copy_row(trace: Trace, k: int, to: int) -> None:
    for c in range(3):
        trace.place[to, c] = trace.place[k, c]
        trace.shown[to, c] = trace.shown[k, c]
    trace.link[to] = trace.link[k]
    trace.source[to] = trace.source[k]
    trace.wrap[to] = trace.wrap[k]
    trace.arc[to] = trace.arc[k]


@kernel
def _lay_around(
    points: PathGeometry, pose: Pose, m: int, w: int, n: int, smooth: bool, trace: Trace
) -> tuple[int, int]:
    """Lay the best segment around one cylinder.

    Returns the new number of points and the code of the last segment tried.
    """
    n = _remove_wrap(w, n, trace)
    first, last = n, -1
    for k in range(n):
        rank = trace.source[k] - points.start[m]
        in_range = points.wrap_points[w, 0] <= rank <= points.wrap_points[w, 1]
        if trace.source[k] >= 0 and in_range:
            first = min(first, k)
            last = k
    local = trace.local
    best, best_change, best_arc = -1, np.inf, 0.0
    code = NO_WRAP
    for k in range(first, last):
        if on_cylinder(trace, k):
            continue
        code, arc = _wrap_segment(points, pose, w, k, smooth, trace)
        if code != WRAPPED and code != MANDATORY:
            continue
        change = arc + _distance(local[0], local[2]) + _distance(local[1], local[3])
        change -= _distance(local[0], local[1])
        if code == MANDATORY or change < best_change:
            best, best_change, best_arc = k, change, arc
            for c in range(3):
                local[4, c] = local[2, c]
                local[5, c] = local[3, c]
        if code == MANDATORY:
            break
    if best < 0:
        return n, code
    _insert_tangents(points, pose, w, w - points.wrap_start[m], best, n, best_arc, trace)
    return n + 2, code


@kernel
def _wrap_segment(
    points: PathGeometry, pose: Pose, w: int, k: int, smooth: bool, trace: Trace
) -> tuple[int, float]:
    """Wrap the segment after point ``k``; its ends and tangent points are left in ``local``."""
    local = trace.local
    _into_cylinder(points, pose, w, trace.place[k], local[0])
    _into_cylinder(points, pose, w, trace.place[k + 1], local[1])
    code, arc = wrap_cylinder(
        local[0],
        local[1],
        points.wrap_size[w, 0],
        points.wrap_size[w, 1],
        int(points.wrap_side[w, 0]),
        points.wrap_side[w, 1],
        smooth,
        local[2],
        local[3],
    )
    return code, arc


@kernel
def _insert_tangents(
    points: PathGeometry,
    pose: Pose,
    w: int,
    own: int,
    before: int,
    n: int,
    arc: float,
    trace: Trace,
) -> None:
    """Insert both tangent points of the muscle's wrap ``own`` after point ``before``."""
    for k in range(n - 1, before, -1):
        _copy_row(trace, k, k + 2)
    for side in range(2):
        k = before + 1 + side
        _out_of_cylinder(points, pose, w, trace.local[4 + side], trace.local[6], trace.place[k])
        for c in range(3):
            if trace.seen[own] == 0:
                trace.first[own, side, c] = trace.place[k, c]
            trace.shown[k, c] = trace.first[own, side, c]
        trace.link[k] = points.wrap_link[w]
        trace.source[k] = -1
        trace.wrap[k] = w
        trace.arc[k] = arc
    trace.seen[own] = 1


@kernel
def _distance(a: F64, b: F64) -> float:
    return float(np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2))


@kernel
def _into_cylinder(points: PathGeometry, pose: Pose, w: int, place: F64, local_out: F64) -> None:
    """Write a point of ground in the cylinder's frame."""
    link = points.wrap_link[w]
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
    turn = points.wrap_rotation[w]
    d0 -= points.wrap_translation[w, 0]
    d1 -= points.wrap_translation[w, 1]
    d2 -= points.wrap_translation[w, 2]
    for c in range(3):
        local_out[c] = turn[0, c] * d0 + turn[1, c] * d1 + turn[2, c] * d2


@kernel
def _out_of_cylinder(
    points: PathGeometry, pose: Pose, w: int, local: F64, station: F64, place_out: F64
) -> None:
    """Write a point of the cylinder's frame in ground; ``station`` is working memory."""
    turn = points.wrap_rotation[w]
    for r in range(3):
        station[r] = points.wrap_translation[w, r] + (
            turn[r, 0] * local[0] + turn[r, 1] * local[1] + turn[r, 2] * local[2]
        )
    point_in_ground(pose, points.wrap_link[w], station, place_out)
