"""Forward kinematics of a compiled model: free coordinates to links and markers."""

from typing import NamedTuple

import numpy as np

from ._jit import F64, I64, Bool, kernel
from .chain import displacements, link_poses
from .model import CompiledModel
from .piecewise import evaluate


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
    start: I64
    lower: F64
    origin: F64
    coefficient: F64


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
    chain, functions = model.chain, model.functions
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
        start=functions.start,
        lower=functions.lower,
        origin=functions.origin,
        coefficient=functions.coefficient,
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
        value, slope, _ = evaluate(
            skeleton.coordinate_function[i],
            x,
            skeleton.start,
            skeleton.lower,
            skeleton.origin,
            skeleton.coefficient,
        )
        pose_out.q[i] = value
        pose_out.dq[i] = slope if lead >= 0 else 0.0
    pose_all(skeleton, pose_out)


@kernel
def pose_all(skeleton: Skeleton, pose_out: Pose) -> None:
    """Pose at all coordinates, read from ``pose_out.q`` as they are."""
    displacements(
        pose_out.q,
        skeleton.coordinate,
        skeleton.link_function,
        skeleton.start,
        skeleton.lower,
        skeleton.origin,
        skeleton.coefficient,
        pose_out.s,
    )
    link_poses(
        skeleton.parent,
        skeleton.fixed_rotation,
        skeleton.fixed_translation,
        skeleton.axis,
        skeleton.is_rotation,
        pose_out.s[0],
        pose_out.scratch,
        pose_out.rotation,
        pose_out.position,
        pose_out.axis,
    )


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


@kernel
def point_jacobian(
    skeleton: Skeleton, pose: Pose, link: int, point: F64, jacobian_out: F64
) -> None:
    """Derivative of a point on a link in the free coordinates.

    Parameters
    ----------
    skeleton : Skeleton
        Of the model.
    pose : Pose
        From :func:`pose_free`.
    link : int
        The link that carries the point; -1 for ground.
    point : ndarray of shape (3,), float64 [m]
        In ground.
    jacobian_out : ndarray of shape (n_free, 3), float64
        Only rows of coordinates that move the link are added to; clear it first.
    """
    while link >= 0:
        k = skeleton.coordinate[link]
        lead = skeleton.lead[k]
        if lead >= 0:
            rate = pose.s[1, link] * pose.dq[k]
            a0, a1, a2 = pose.axis[link, 0], pose.axis[link, 1], pose.axis[link, 2]
            if skeleton.is_rotation[link]:
                r0 = point[0] - pose.position[link, 0]
                r1 = point[1] - pose.position[link, 1]
                r2 = point[2] - pose.position[link, 2]
                jacobian_out[lead, 0] += rate * (a1 * r2 - a2 * r1)
                jacobian_out[lead, 1] += rate * (a2 * r0 - a0 * r2)
                jacobian_out[lead, 2] += rate * (a0 * r1 - a1 * r0)
            else:
                jacobian_out[lead, 0] += rate * a0
                jacobian_out[lead, 1] += rate * a1
                jacobian_out[lead, 2] += rate * a2
        link = skeleton.parent[link]
