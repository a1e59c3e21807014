"""The way of a string around a cylinder, as OpenSim's WrapCylinder lays it.

Seen along the axis it is a tangent, an arc and a tangent. Along the axis OpenSim does not look for
the shortest way: it cuts the tangent lines with the plane through both points and an apex on the
cylinder, and only for a muscle with several wraps it then moves the tangent points until the slope
of the string is nearly the same on and off the cylinder. We do the same, tolerances included,
since the forces in OpenSim act at those points.
"""

import numpy as np

from sim_bridge._jit import F64, kernel

NO_WRAP, WRAPPED, MANDATORY, INSIDE = 0, 1, 2, 3

_SPIRAL_STEP = 0.002
"""OpenSim samples the way on the cylinder every 2 mm and judges the slope at the first sample."""
_SLOPE_TOLERANCE = np.radians(0.1)
_SLOPE_ITERATIONS = 100
_SLOPE_GAIN = 1.5


@kernel
def wrap_cylinder(
    p: F64,
    q: F64,
    radius: float,
    half_length: float,
    side_axis: int,
    side_sign: float,
    smooth: bool,
    first_out: F64,
    second_out: F64,
) -> tuple[int, float]:
    """Wrap the segment from ``p`` to ``q`` around a cylinder about the z axis.

    Parameters
    ----------
    p, q : ndarray of shape (3,), float64 [m]
        Ends of the segment, in the cylinder's frame.
    radius, half_length : float
        Of the cylinder, centred on the origin [m].
    side_axis : int
        0 or 1: the axis that tells the wrapping side.
    side_sign : float
        The sign of that side; 0 where the whole cylinder wraps.
    smooth : bool
        Whether the slope is made the same on and off the cylinder.
    first_out, second_out : ndarray of shape (3,), float64 [m]
        Tangent points next to ``p`` and to ``q``, written if it wraps.

    Returns
    -------
    tuple of int and float
        NO_WRAP, INSIDE (an end is in the cylinder: no wrap either), WRAPPED or MANDATORY (the
        segment cuts the cylinder), and the length on it [m].
    """
    p_distance = np.hypot(p[0], p[1])
    q_distance = np.hypot(q[0], q[1])
    if p_distance < radius or q_distance < radius:
        return INSIDE, 0.0
    code = _needs_wrap(p, q, radius, side_axis, side_sign)
    if code == NO_WRAP:
        return NO_WRAP, 0.0
    far, long_way = _choose_side(p, q, radius, side_axis, side_sign, first_out, second_out)
    _slide_along_axis(p, q, p_distance, q_distance, radius, far, first_out, second_out)
    if abs(first_out[2]) > half_length and abs(second_out[2]) > half_length:
        return NO_WRAP, 0.0
    if smooth:
        _smooth_slope(p, q, radius, long_way, first_out, second_out)
    turn = _turn_between(first_out, second_out, long_way)
    return code, np.hypot(radius * turn, second_out[2] - first_out[2])


@kernel
def _turn_between(first: F64, second: F64, long_way: bool) -> float:
    """Angle from one tangent point to the other about the axis, signed [rad].

    The long way is counted as OpenSim 4.6 counts it, 2 pi minus the signed short angle.
    """
    cross = first[0] * second[1] - first[1] * second[0]
    angle = np.arctan2(cross, first[0] * second[0] + first[1] * second[1])
    return float(angle - 2.0 * np.pi) if long_way else float(angle)


@kernel
def _smooth_slope(
    p: F64, q: F64, radius: float, long_way: bool, first_out: F64, second_out: F64
) -> None:
    """Slide the tangent points along the axis until the string leaves the cylinder smoothly."""
    turn = _turn_between(first_out, second_out, long_way)  # they slide along the axis alone
    way = radius * turn
    samples, share = 0, 0.0
    x_first, y_first, x_last, y_last = 0.0, 0.0, 0.0, 0.0
    for _ in range(_SLOPE_ITERATIONS):
        rise = second_out[2] - first_out[2]
        now = int(np.sqrt(way * way + rise * rise) / _SPIRAL_STEP)
        if now < 2:
            return
        if now != samples:
            samples, share = now, 1.0 / now
            x_first, y_first = _turned(first_out, share * turn)
            x_last, y_last = _turned(first_out, (1.0 - share) * turn)
        moved = _slide_to_point(p, x_first, y_first, first_out[2] + share * rise, first_out)
        z = first_out[2] + (1.0 - share) * rise  # from where the first point is now
        moved = _slide_to_point(q, x_last, y_last, z, second_out) or moved
        if not moved:
            return


@kernel
def _turned(point: F64, angle: float) -> tuple[float, float]:
    """Turn a point about the axis; its first two components."""
    c, s = np.cos(angle), np.sin(angle)
    return point[0] * c - point[1] * s, point[0] * s + point[1] * c


@kernel
def _slide_to_point(p: F64, x: float, y: float, z: float, tangent_out: F64) -> bool:
    """Move a tangent point along the axis towards the line from ``p`` to a sample, if needed."""
    off = np.sqrt(
        (tangent_out[0] - p[0]) ** 2 + (tangent_out[1] - p[1]) ** 2 + (tangent_out[2] - p[2]) ** 2
    )
    on = np.sqrt((x - tangent_out[0]) ** 2 + (y - tangent_out[1]) ** 2 + (z - tangent_out[2]) ** 2)
    if off == 0.0 or on == 0.0:
        return False
    slope_off = min(max((tangent_out[2] - p[2]) / off, -1.0), 1.0)
    slope_on = min(max((z - tangent_out[2]) / on, -1.0), 1.0)
    # angles differ by more than their cosines do, so that most need no arc cosine
    if abs(slope_off - slope_on) <= _SLOPE_TOLERANCE and (
        abs(np.arccos(slope_off) - np.arccos(slope_on)) <= _SLOPE_TOLERANCE
    ):
        return False
    dx, dy = x - p[0], y - p[1]
    share = ((tangent_out[0] - p[0]) * dx + (tangent_out[1] - p[1]) * dy) / (dx * dx + dy * dy)
    wanted = p[2] + share * (z - p[2])
    tangent_out[2] += _SLOPE_GAIN * (wanted - tangent_out[2])
    return True


@kernel
def _needs_wrap(p: F64, q: F64, radius: float, side_axis: int, side_sign: float) -> int:
    """Whether the segment wraps, by where it passes the axis and where its ends are."""
    dx, dy = q[0] - p[0], q[1] - p[1]
    span = dx * dx + dy * dy
    share = -(p[0] * dx + p[1] * dy) / span if span > 0.0 else 0.0
    x, y = p[0] + share * dx, p[1] + share * dy
    cuts = x * x + y * y < radius * radius and 0.0 < share < 1.0
    if side_sign == 0.0:
        return MANDATORY if cuts else NO_WRAP
    p_on = _sign(p[side_axis]) == side_sign
    q_on = _sign(q[side_axis]) == side_sign
    if not p_on and not q_on:
        return WRAPPED
    if cuts:
        return MANDATORY
    nearest = x if side_axis == 0 else y
    if p_on != q_on and _sign(nearest) != side_sign:
        return WRAPPED
    return NO_WRAP


@kernel
def _sign(x: float) -> float:
    """Sign with zero counted as positive."""
    return -1.0 if x < 0.0 else 1.0


@kernel
def _tangent(p: F64, radius: float, turn: float, out: F64) -> None:
    """Tangent point of a line from ``p``; ``turn`` +1 lies counter-clockwise of ``p``, -1 not."""
    squared = p[0] * p[0] + p[1] * p[1]
    along = radius * radius / squared
    across = turn * radius * np.sqrt(max(squared - radius * radius, 0.0)) / squared
    out[0] = along * p[0] - across * p[1]
    out[1] = along * p[1] + across * p[0]
    out[2] = p[2]


@kernel
def _choose_side(
    p: F64,
    q: F64,
    radius: float,
    side_axis: int,
    side_sign: float,
    first_out: F64,
    second_out: F64,
) -> tuple[bool, bool]:
    """Place both tangent points; tell whether on the far side, and whether the long way round.

    The way leaves ``p`` at its counter-clockwise tangent point and reaches ``q`` at its clockwise
    one, or the other way about.
    """
    _tangent(p, radius, 1.0, first_out)
    _tangent(q, radius, -1.0, second_out)
    p_left, q_left = first_out[side_axis], second_out[side_axis]
    left = first_out[0] * second_out[0] + first_out[1] * second_out[1]  # cosine, times radius^2
    _tangent(p, radius, -1.0, first_out)
    _tangent(q, radius, 1.0, second_out)
    p_right, q_right = first_out[side_axis], second_out[side_axis]
    right = first_out[0] * second_out[0] + first_out[1] * second_out[1]
    left_is_longer = left < right  # the larger angle between tangent points has the smaller cosine
    if side_sign == 0.0:
        turn = 1.0 if left > right else -1.0
        far = False
    else:
        turn, far = _constrained_turn(
            _sign(p_left) == side_sign,
            _sign(p_right) == side_sign,
            _sign(q_right) == side_sign,
            _sign(q_left) == side_sign,
            left_is_longer,
        )
    _tangent(p, radius, turn, first_out)
    _tangent(q, radius, -turn, second_out)
    if side_sign == 0.0:
        return far, False
    outward, pulled = 0.0, 0.0
    for c in range(2):
        outward = first_out[c] + second_out[c]
        pulled += outward * (first_out[c] - p[c] + second_out[c] - q[c])
    return far, pulled < 0.0


@kernel
def _constrained_turn(
    p_left: bool, p_right: bool, q_right: bool, q_left: bool, left_is_longer: bool
) -> tuple[float, bool]:
    """Choose the sense of rotation by which tangent points lie on the wrapping side."""
    if p_left != p_right:
        go_left = p_left
    elif q_right:
        go_left = False
    elif p_left or q_left:
        go_left = True
    else:  # none of the four is on the wrapping side
        return (1.0, True) if left_is_longer else (-1.0, True)
    return (1.0, left_is_longer) if go_left else (-1.0, not left_is_longer)


@kernel
def _slide_along_axis(
    p: F64,
    q: F64,
    p_distance: float,
    q_distance: float,
    radius: float,
    far: bool,
    first_out: F64,
    second_out: F64,
) -> None:
    """Move both tangent points along the axis into the plane through the ends and the apex."""
    share = p_distance / (p_distance + q_distance)
    mx = p[0] + share * (q[0] - p[0])
    my = p[1] + share * (q[1] - p[1])
    foot = p[2] + share * (q[2] - p[2])
    # normal of the plane through both ends and the axis' point beside the middle
    px, py, pz = p[0], p[1], p[2] - foot
    qx, qy, qz = q[0], q[1], q[2] - foot
    nx, ny = py * qz - pz * qy, pz * qx - px * qz
    size = np.hypot(nx, ny)
    if size == 0.0:
        return
    ax, ay = -ny / size * radius, nx / size * radius  # axis x normal, on the surface
    nearer = (mx - ax) ** 2 + (my - ay) ** 2 < (mx + ax) ** 2 + (my + ay) ** 2
    if nearer == far:
        ax, ay = -ax, -ay
    ux, uy, uz = p[0] - ax, p[1] - ay, p[2] - foot
    vx, vy, vz = q[0] - ax, q[1] - ay, q[2] - foot
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    if abs(nz) < 1e-12 * (abs(nx) + abs(ny) + abs(nz)):
        return
    span = (q[2] - p[2]) ** 2
    for tangent, own, other in ((first_out, p[2], q[2]), (second_out, q[2], p[2])):
        z = p[2] - (nx * (tangent[0] - p[0]) + ny * (tangent[1] - p[1])) / nz
        if abs(z - tangent[2]) <= 10.0 and (z - other) ** 2 < span and own != other:
            tangent[2] = z
