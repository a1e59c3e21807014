"""Ground reaction of the walk from Newton and Euler, and its share under either foot.

The whole body's equations give the sum: force m (a - g) and moment about a point on the ground.
In single support that is the stance foot's. In double support the sum must be divided, which
mechanics leaves open. Here either foot's centre of pressure moves smoothly along its sole, the
vertical forces follow from the centre of pressure of the sum, and both forces pass through one
point above the ground, as measured ones nearly do [Maus2010]_. The sum stays exact.

References
----------
.. [Maus2010] Maus HM, Lipfert SW, Gross M, Rummel J, Seyfarth A (2010). Upright human gait did not
   provide a major mechanical challenge for our ancestors. Nature Communications 1:70.
   doi:10.1038/ncomms1073
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicHermiteSpline

from configs.demo import sole
from configs.demo.anthropometry import GRAVITY
from configs.demo.motion import BELT_SPEED, DOUBLE_SUPPORT, PERIOD, TOE_OFF, Gait
from configs.demo.skeleton import LegPose, leg_pose, segment_motions

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reaction:
    """Force [N], shape (n, 2), x forward and y up, and its centre of pressure x [m], shape (n,)."""

    force: F64
    centre: F64


def total_reaction(gait: Gait, time: F64) -> Reaction:
    """Ground reaction of the whole body at ``time`` [s] (stride clock of ``gait``)."""
    q, qd, qdd = (gait.coordinates(time, derivative) for derivative in range(3))
    force = np.zeros((len(time), 2))
    moment = np.zeros(len(time))
    for motion in segment_motions(q, qd, qdd):
        com, segment = motion.com, motion.segment
        inertial = segment.mass * (motion.acceleration + np.array([0.0, GRAVITY]))
        force += inertial
        moment += com[:, 0] * inertial[:, 1] - com[:, 1] * inertial[:, 0]
        moment += segment.inertia * motion.angular_acceleration
    return Reaction(force, moment / force[:, 1])


POINT_HEIGHT = 1.3
"""Height over the ground of the point that both forces meet [m]: between hip and shoulder."""

TOE_ROLL = 0.035
"""The force leaves the foot over the toes, this far forward of the ball [m]."""


@dataclass(frozen=True)
class _DoubleSupport:
    """Centres of pressure of one double support, right foot leading, as cubics in time."""

    trailing: CubicHermiteSpline
    leading: CubicHermiteSpline


def _double_support(gait: Gait) -> _DoubleSupport:
    """Centres of pressure that leave and enter single support in place and at speed.

    The trailing foot's starts where the single support before it ended and rolls on to the toes;
    the leading foot's starts at the heel's contact and ends where its single support begins.
    """
    start, end = 0.0, DOUBLE_SUPPORT * PERIOD
    eps = 1e-4  # s; central difference, error below 1e-6 m/s for 14 Hz of bandwidth
    times = np.array([start - eps, start, start + eps, end - eps, end, end + eps])
    centre = total_reaction(gait, times).centre
    left_speed, right_speed = (centre[[2, 5]] - centre[[0, 3]]) / (2.0 * eps)
    q = gait.coordinates(np.array([start, end]))
    right, left = leg_pose(q, "r"), leg_pose(q, "l")
    heel = right.ankle[0, 0] + sole.contact_forward(right.foot_angle)[0]
    toes = left.ankle[1, 0] + sole.contact_forward(left.foot_angle)[1] + TOE_ROLL
    span = [start, end]
    return _DoubleSupport(
        trailing=CubicHermiteSpline(span, [centre[1], toes], [left_speed, -BELT_SPEED]),
        leading=CubicHermiteSpline(span, [heel, centre[4]], [-0.5 * BELT_SPEED, right_speed]),
    )


def foot_reactions(gait: Gait, time: F64) -> dict[str, Reaction]:
    """Ground reaction under either foot, "r" and "l"; zero force in swing.

    In swing the centre of pressure stays where the foot's contact point would be, so that it is
    finite and moves little; without a force it has no effect.

    Parameters
    ----------
    gait : Gait
        The walk; the right foot lands at time 0.
    time : ndarray of shape (n,), float64 [s]
    """
    lead = _double_support(gait)
    total = total_reaction(gait, time)
    shifted = total_reaction(gait, time + 0.5 * PERIOD)
    q = gait.coordinates(time)
    right = _one_foot(lead, total, time, leg_pose(q, "r"))
    left = _one_foot(lead, shifted, time + 0.5 * PERIOD, leg_pose(q, "l"))
    return {"r": right, "l": left}


def _one_foot(double: _DoubleSupport, total: Reaction, time: F64, pose: LegPose) -> Reaction:
    """Share of the foot that lands at time 0: rises, carries all, falls, then is nothing."""
    phase = np.mod(time / PERIOD, 1.0)
    landing, leaving = phase < DOUBLE_SUPPORT, (phase >= 0.5) & (phase < TOE_OFF)
    share = np.where(phase < TOE_OFF, 1.0, 0.0)
    swing = pose.ankle[:, 0] + sole.contact_forward(pose.foot_angle)
    centre = np.where(phase < TOE_OFF, total.centre, swing)
    for mask, own, other in (
        (landing, double.leading, double.trailing),
        (leaving, double.trailing, double.leading),
    ):
        since = np.mod(phase[mask], 0.5) * PERIOD
        centre[mask] = own(since)
        share[mask] = (total.centre[mask] - other(since)) / (own(since) - other(since))
    vertical = share * total.force[:, 1]
    slope = total.force[:, 0] / total.force[:, 1] + (total.centre - centre) / POINT_HEIGHT
    return Reaction(np.stack([vertical * slope, vertical], axis=-1), centre)
