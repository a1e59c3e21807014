"""The skeleton as a tree of links, each moved by one rotation or translation.

An OpenSim joint becomes up to six links in a row; welded bodies share a link. Link ``i`` stands
at ``parent * fixed * motion(axis, function(coordinate))``, so that kinematics, Jacobians and
dynamics need one simple recursion (Featherstone 2008, doi 10.1007/978-1-4899-7560-7).
"""

from dataclasses import dataclass

import numpy as np

from ._jit import F64, I64, Bool, kernel
from .piecewise import evaluate


@dataclass(frozen=True)
class Chain:
    """Links in an order in which parents come first.

    =================  ==================================================  ======  ============
    field              meaning                                             unit    shape
    =================  ==================================================  ======  ============
    parent             link below, -1 is ground                                    (n,)
    fixed_rotation     placement on the parent, before the motion                  (n, 3, 3)
    fixed_translation  placement on the parent, before the motion          m       (n, 3)
    axis               unit axis of the motion, in the placed frame                (n, 3)
    is_rotation        turns about the axis (else slides along it)                 (n,)
    coordinate         the coordinate that drives it                               (n,)
    function           displacement as a function of that coordinate               (n,)
    mass               of all bodies on this link                          kg      (n,)
    first_moment       mass times centre of mass, in the link's frame      kg m    (n, 3)
    inertia            about the link's origin, in the link's frame        kg m^2  (n, 3, 3)
    lost_pair          two turns of a joint whose Coriolis term OpenSim            (p, 2)
                       4.6 does not count as it should
    lost_target        last link of that joint                                     (p,)
    lost_factor        what to add of the term to get OpenSim's answer             (p,)
    ball               first of the three turns of a Ball or Free joint            (b,)
    =================  ==================================================  ======  ============

    On ``lost_*``: Simbody's function-based joint derives its rotation axes as if its coordinates
    turned them one by one. Where one coordinate turns several axes, as in the knee of Rajagopal et
    al. (2016), its acceleration is not the derivative of its velocity.
    """

    parent: I64
    fixed_rotation: F64
    fixed_translation: F64
    axis: F64
    is_rotation: Bool
    coordinate: I64
    function: I64
    mass: F64
    first_moment: F64
    inertia: F64
    lost_pair: I64
    lost_target: I64
    lost_factor: F64
    ball: I64


@kernel
def displacements(
    q: F64,
    coordinate: I64,
    function: I64,
    start: I64,
    lower: F64,
    origin: F64,
    coefficient: F64,
    s_out: F64,
) -> None:
    """Displacement of each link with its slope and curvature in the coordinate.

    Parameters
    ----------
    q : ndarray of shape (n_coordinate,), float64 [rad] or [m]
        Coordinates in model order.
    coordinate, function : ndarray of shape (n_link,), int64
        See :class:`Chain`.
    start, lower, origin, coefficient
        The function table, see :class:`sim_bridge.piecewise.PiecewisePolynomials`.
    s_out : ndarray of shape (3, n_link), float64 [rad] or [m]
        Value, slope and curvature, written in place.
    """
    for i in range(coordinate.shape[0]):
        value, slope, curvature = evaluate(
            function[i], q[coordinate[i]], start, lower, origin, coefficient
        )
        s_out[0, i] = value
        s_out[1, i] = slope
        s_out[2, i] = curvature


@kernel
def link_poses(
    parent: I64,
    fixed_rotation: F64,
    fixed_translation: F64,
    axis: F64,
    is_rotation: Bool,
    s: F64,
    scratch: F64,
    rotation_out: F64,
    position_out: F64,
    axis_out: F64,
) -> None:
    """Pose of every link and direction of its axis, all in ground.

    Parameters
    ----------
    parent, fixed_rotation, fixed_translation, axis, is_rotation
        See :class:`Chain`.
    s : ndarray of shape (n_link,), float64 [rad] or [m]
        Displacement of each link.
    scratch : ndarray of shape (2, 3, 3), float64
        Working memory, so that a frame allocates nothing.
    rotation_out : ndarray of shape (n_link, 3, 3), float64
        Link axes in ground, written in place.
    position_out : ndarray of shape (n_link, 3), float64 [m]
        Link origins in ground; a rotation axis passes through it.
    axis_out : ndarray of shape (n_link, 3), float64
        Motion axes in ground.
    """
    turn = scratch[0]
    placed = scratch[1]
    for i in range(parent.shape[0]):
        k = parent[i]
        for r in range(3):
            if k < 0:
                position_out[i, r] = fixed_translation[i, r]
                for c in range(3):
                    placed[r, c] = fixed_rotation[i, r, c]
            else:
                p = position_out[k, r]
                for c in range(3):
                    p += rotation_out[k, r, c] * fixed_translation[i, c]
                    placed[r, c] = (
                        rotation_out[k, r, 0] * fixed_rotation[i, 0, c]
                        + rotation_out[k, r, 1] * fixed_rotation[i, 1, c]
                        + rotation_out[k, r, 2] * fixed_rotation[i, 2, c]
                    )
                position_out[i, r] = p
        for r in range(3):
            axis_out[i, r] = (
                placed[r, 0] * axis[i, 0] + placed[r, 1] * axis[i, 1] + placed[r, 2] * axis[i, 2]
            )
        if is_rotation[i]:
            axis_angle(axis[i], s[i], turn)
            for r in range(3):
                for c in range(3):
                    rotation_out[i, r, c] = (
                        placed[r, 0] * turn[0, c]
                        + placed[r, 1] * turn[1, c]
                        + placed[r, 2] * turn[2, c]
                    )
        else:
            for r in range(3):
                position_out[i, r] += axis_out[i, r] * s[i]
                for c in range(3):
                    rotation_out[i, r, c] = placed[r, c]


@kernel
def axis_angle(axis: F64, angle: float, rotation_out: F64) -> None:
    """Rotation matrix of a turn about a unit axis (Rodrigues' formula)."""
    x, y, z = axis[0], axis[1], axis[2]
    c = np.cos(angle)
    s = np.sin(angle)
    d = 1.0 - c
    rotation_out[0, 0] = c + d * x * x
    rotation_out[0, 1] = d * x * y - s * z
    rotation_out[0, 2] = d * x * z + s * y
    rotation_out[1, 0] = d * y * x + s * z
    rotation_out[1, 1] = c + d * y * y
    rotation_out[1, 2] = d * y * z - s * x
    rotation_out[2, 0] = d * z * x - s * y
    rotation_out[2, 1] = d * z * y + s * x
    rotation_out[2, 2] = c + d * z * z
