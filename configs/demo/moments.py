"""Joint moments of one leg, summed from the foot up.

The moment that the muscles exert about a joint is the rate of change of angular momentum of all
segments below it, less the moments of gravity and of the ground reaction. It is what the solver
shapes; OpenSim's inverse dynamics, built from the model file, must find the same (tests).
"""

import numpy as np
import numpy.typing as npt

from configs.demo.anthropometry import GRAVITY
from configs.demo.motion import Gait
from configs.demo.reaction import Reaction
from configs.demo.skeleton import SegmentMotion, leg_pose, segment_motions

F64 = npt.NDArray[np.float64]


def leg_moments(gait: Gait, time: F64, reaction: Reaction) -> F64:
    """Hip, knee and ankle moment of the right leg, shape (n, 3) [N m].

    Signs are those of the coordinates: flexion and dorsiflexion positive.

    Parameters
    ----------
    gait : Gait
        The walk.
    time : ndarray of shape (n,), float64 [s]
        The right foot lands at 0.
    reaction : Reaction
        Ground reaction under the right foot at ``time``.
    """
    q, qd, qdd = (gait.coordinates(time, derivative) for derivative in range(3))
    thigh, shank, foot = segment_motions(q, qd, qdd)[1:4]
    pose = leg_pose(q, "r")
    hip = _moment_about(q[:, 1:3], [thigh, shank, foot], reaction)
    knee = -_moment_about(pose.knee, [shank, foot], reaction)  # flexion turns about -z
    ankle = _moment_about(pose.ankle, [foot], reaction)
    return np.stack([hip, knee, ankle], axis=-1)


def _moment_about(joint: F64, below: list[SegmentMotion], reaction: Reaction) -> F64:
    """Moment about +z through ``joint`` that the body above exerts on the segments below."""
    ground = np.stack([reaction.centre, np.zeros_like(reaction.centre)], axis=-1)
    moment = -_cross(ground - joint, reaction.force)
    for motion in below:
        force = motion.segment.mass * (motion.acceleration + np.array([0.0, GRAVITY]))
        moment = moment + _cross(motion.com - joint, force)
        moment = moment + motion.segment.inertia * motion.angular_acceleration
    return moment


def _cross(arm: F64, force: F64) -> F64:
    across: F64 = arm[:, 0] * force[:, 1] - arm[:, 1] * force[:, 0]
    return across
