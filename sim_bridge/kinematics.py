"""Forward kinematics of a compiled model: free coordinates to links and markers."""

from typing import NamedTuple

import numpy as np

from ._jit import F64, I64, Bool, kernel
from .model import CompiledModel
from .piecewise import PiecewisePolynomials, evaluate


class Skeleton(NamedTuple):
    """The arrays that kinematics kernels read, in one argument; see Chain and Coordinates."""

    parent: I64
    fixed_rotation: F64
    fixed_translation: F64
    axis: F64
    is_rotation: Bool
    coordinate: I64
    link_function: I64
    lead: I64
    coordinate_function: I64
    functions: PiecewisePolynomials


class Pose(NamedTuple):
    """Where everything is: written by :func:`pose_free` and :func:`pose_all`.

    =========  ==================================================  =========  ==================
    field      meaning                                             unit       shape
    =========  ==================================================  =========  ==================
    q          coordinates                                         rad, m     (n_coordinate,)
    dq         derivative in the coordinate's lead                            (n_coordinate,)
    s          displacement of each link, slope, curvature         rad, m     (3, n_link)
    rotation   links in ground                                                (n_link, 3, 3)
    position   link origins in ground                              m          (n_link, 3)
    axis       motion axes in ground                                          (n_link, 3)
    scratch    working memory                                                 (2, 3, 3)
    =========  ==================================================  =========  ==================
    """

    q: F64
    dq: F64
    s: F64
    rotation: F64
    position: F64
    axis: F64
    scratch: F64


def skeleton_of(model: CompiledModel) -> Skeleton:
    """Arrays of a compiled model that kinematics needs."""
    chain = model.chain
    return Skeleton(
        parent=chain.parent,
        fixed_rotation=chain.fixed_rotation,
        fixed_translation=chain.fixed_translation,
        axis=chain.axis,
        is_rotation=chain.is_rotation,
        coordinate=chain.coordinate,
        link_function=chain.function,
        lead=model.coordinates.lead,
        coordinate_function=model.coordinates.function,
        functions=model.functions,
    )


def empty_pose(model: CompiledModel) -> Pose:
    """Memory for one pose of the model."""
    n_link, n_coordinate = len(model.chain.parent), len(model.coordinates.names)
    return Pose(
        q=np.zeros(n_coordinate),
        dq=np.zeros(n_coordinate),
        s=np.zeros((3, n_link)),
        rotation=np.zeros((n_link, 3, 3)),
        position=np.zeros((n_link, 3)),
        axis=np.zeros((n_link, 3)),
        scratch=np.zeros((2, 3, 3)),
    )


@kernel
def pose_free(skeleton: Skeleton, free: F64, pose_out: Pose) -> None:
    """Pose at free coordinates; coupled and locked coordinates follow.

    Parameters
    ----------
    skeleton : Skeleton
        Of the model.
    free : ndarray of shape (n_free,), float64 [rad] or [m]
        Free coordinates.
    pose_out : Pose
        Written in place.
    """
    for i in range(skeleton.lead.shape[0]):
        lead = skeleton.lead[i]
        x = free[lead] if lead >= 0 else 0.0
        value, slope, _ = evaluate(skeleton.functions, skeleton.coordinate_function[i], x)
        pose_out.q[i] = value
        pose_out.dq[i] = slope if lead >= 0 else 0.0
    pose_all(skeleton, pose_out)


@kernel
def pose_all(skeleton: Skeleton, pose_out: Pose) -> None:
    """Pose at all coordinates, read from ``pose_out.q`` as they are."""
    for i in range(skeleton.parent.shape[0]):
        value, slope, curvature = evaluate(
            skeleton.functions, skeleton.link_function[i], pose_out.q[skeleton.coordinate[i]]
        )
        pose_out.s[0, i], pose_out.s[1, i], pose_out.s[2, i] = value, slope, curvature
    link_poses(skeleton, pose_out)


@kernel
def link_poses(skeleton: Skeleton, pose_out: Pose) -> None:
    """Pose of every link and direction of its axis, all in ground, at displacements ``s``."""
    fixed, axis, s = skeleton.fixed_rotation, skeleton.axis, pose_out.s[0]
    rotation, position = pose_out.rotation, pose_out.position
    turn, placed = pose_out.scratch[0], pose_out.scratch[1]
    for i in range(skeleton.parent.shape[0]):
        k = skeleton.parent[i]
        for r in range(3):
            if k < 0:
                position[i, r] = skeleton.fixed_translation[i, r]
                for c in range(3):
                    placed[r, c] = fixed[i, r, c]
            else:
                p = position[k, r]
                for c in range(3):
                    p += rotation[k, r, c] * skeleton.fixed_translation[i, c]
                    placed[r, c] = (
                        rotation[k, r, 0] * fixed[i, 0, c]
                        + rotation[k, r, 1] * fixed[i, 1, c]
                        + rotation[k, r, 2] * fixed[i, 2, c]
                    )
                position[i, r] = p
        for r in range(3):
            pose_out.axis[i, r] = (
                placed[r, 0] * axis[i, 0] + placed[r, 1] * axis[i, 1] + placed[r, 2] * axis[i, 2]
            )
        if skeleton.is_rotation[i]:
            axis_angle(axis[i], s[i], turn)
            for r in range(3):
                for c in range(3):
                    rotation[i, r, c] = (
                        placed[r, 0] * turn[0, c]
                        + placed[r, 1] * turn[1, c]
                        + placed[r, 2] * turn[2, c]
                    )
        else:
            for r in range(3):
                position[i, r] += pose_out.axis[i, r] * s[i]
                for c in range(3):
                    rotation[i, r, c] = placed[r, c]


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


@kernel
def point_in_ground(pose: Pose, link: int, station: F64, point_out: F64) -> None:
    """A point fixed to a link (or to ground, link -1) in ground [m]."""
    for r in range(3):
        if link < 0:
            point_out[r] = station[r]
        else:
            point_out[r] = pose.position[link, r] + (
                pose.rotation[link, r, 0] * station[0]
                + pose.rotation[link, r, 1] * station[1]
                + pose.rotation[link, r, 2] * station[2]
            )


@kernel
def point_on_link(pose: Pose, link: int, point: F64, station_out: F64) -> None:
    """Where on a link (ground: -1) a point of ground is [m]."""
    for r in range(3):
        if link < 0:
            station_out[r] = point[r]
        else:
            station_out[r] = 0.0
            for c in range(3):
                station_out[r] += pose.rotation[link, c, r] * (point[c] - pose.position[link, c])
