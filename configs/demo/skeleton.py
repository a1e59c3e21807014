"""Planar kinematics of the walker: where joints and segments are at given coordinates.

All positions are in ground, x forward and y up; all angles are rotations about +z. The chain is
hip axis -> thigh -> shank -> foot for either leg, the trunk on the hip axis. The same geometry,
built independently from OpenSim joints, is in ``model.py``; the tests compare them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from configs.demo.anthropometry import (
    FOOT,
    SHANK,
    SHANK_LENGTH,
    THIGH,
    THIGH_LENGTH,
    TRUNK,
    Segment,
)

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LegPose:
    """Joint positions [m], shape (n, 2), and segment angles [rad], shape (n,), of one leg."""

    knee: F64
    ankle: F64
    foot_angle: F64


@dataclass(frozen=True)
class SegmentMotion:
    """Motion of one segment in ground.

    ==================== ========================================= ===========
    field                meaning                                   unit
    ==================== ========================================= ===========
    segment              its mass properties
    com                  centre of mass, shape (n, 2)              m
    acceleration         of the centre of mass, shape (n, 2)       m/s^2
    angular_acceleration about +z, shape (n,)                      rad/s^2
    ==================== ========================================= ===========
    """

    segment: Segment
    com: F64
    acceleration: F64
    angular_acceleration: F64


def down(angle: F64) -> F64:
    """Unit vectors, shape (n, 2), that point down at angle 0 and turn about +z."""
    return np.stack([np.sin(angle), -np.cos(angle)], axis=-1)


def rotate(angle: F64, x: float, y: float) -> F64:
    """Turn the segment-fixed vector (x, y) into ground, shape (n, 2) [m]."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)


def leg_pose(coordinates: F64, side: str) -> LegPose:
    """Pose of the leg of ``side`` ("r" or "l") at coordinates of shape (n, 9) [rad, m]."""
    first = 3 if side == "r" else 6
    hip_angle, knee_angle, ankle_angle = coordinates[:, first : first + 3].T
    thigh = coordinates[:, 0] + hip_angle
    shank = thigh - knee_angle
    knee = coordinates[:, 1:3] + THIGH_LENGTH * down(thigh)
    ankle = knee + SHANK_LENGTH * down(shank)
    return LegPose(knee, ankle, shank + ankle_angle)


def segment_motions(q: F64, qd: F64, qdd: F64) -> list[SegmentMotion]:
    """Motion of the seven segments: trunk, then thigh, shank and foot of right and left leg.

    Parameters
    ----------
    q, qd, qdd : ndarray of shape (n, 9), float64 [rad, m and per s, s^2]
        Coordinates and their first two time derivatives.
    """
    hip, hip_acceleration = q[:, 1:3], qdd[:, 1:3]
    motions = [_hung_on(TRUNK, hip, hip_acceleration, (q[:, 0], qd[:, 0], qdd[:, 0]))]
    for first in (3, 6):
        joint, joint_acceleration = hip, hip_acceleration
        turn = [level[:, 0].copy() for level in (q, qd, qdd)]
        for segment, length, sign, column in _LEG:
            for level, source in zip(turn, (q, qd, qdd), strict=True):
                level += sign * source[:, first + column]
            angle, rate, angular = (level.copy() for level in turn)
            motions.append(_hung_on(segment, joint, joint_acceleration, (angle, rate, angular)))
            arm = rotate(angle, 0.0, -length)
            joint = joint + arm
            joint_acceleration = joint_acceleration + _swung(arm, rate, angular)
    return motions


_LEG = (
    (THIGH, THIGH_LENGTH, 1.0, 0),
    (SHANK, SHANK_LENGTH, -1.0, 1),
    (FOOT, 0.0, 1.0, 2),
)
"""Segment, its length to the next joint, sign of its coordinate about +z, coordinate of the leg."""


def _swung(arm: F64, rate: F64, angular: F64) -> F64:
    """Acceleration of the tip of an arm that turns about +z: alpha x r - omega^2 r."""
    across = np.stack([-arm[:, 1], arm[:, 0]], axis=-1)
    return angular[:, None] * across - (rate**2)[:, None] * arm


def _hung_on(
    segment: Segment, joint: F64, joint_acceleration: F64, turn: tuple[F64, F64, F64]
) -> SegmentMotion:
    angle, rate, angular = turn
    arm = rotate(angle, segment.com_x, segment.com_y)
    acceleration = joint_acceleration + _swung(arm, rate, angular)
    return SegmentMotion(segment, joint + arm, acceleration, angular)
