"""Find the walk: least squares for a periodic gait that obeys Newton and looks like walking.

Unknowns are the Fourier coefficients of the coordinates. Residuals, each in units of its
tolerance, ask the stance foot to roll on the belt without slip or penetration (``sole``), the
swing foot to clear it, and angles, moments, forces and centre of pressure to keep near the
``targets``. Contact is tightened step by step, from 20 mm to 0.4 mm.

Run ``python -m configs.demo.solve`` to redo ``gait.json``; it takes a minute.
"""

import logging

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from configs.demo import sole
from configs.demo.anthropometry import BODY_MASS, GRAVITY
from configs.demo.moments import leg_moments
from configs.demo.motion import BELT_SPEED, PERIOD, TOE_OFF, Gait
from configs.demo.reaction import Reaction, foot_reactions, total_reaction
from configs.demo.skeleton import LegPose, leg_pose
from configs.demo.targets import Targets, opposite, smootherstep

F64 = npt.NDArray[np.float64]

N_SAMPLES = 128
"""Instants of the stride at which the residuals are taken."""

N_HARMONICS = 16
"""Of the leg: 14 Hz, as much as optical motion capture of gait resolves."""

N_STEP_HARMONICS = 6
"""Of the pelvis, which repeats with every step."""

SLIPS = (0.02, 0.005, 0.002, 0.001, 0.0004)
"""Tolerance of slip and penetration [m], from solve to solve."""

TOE_CLEARANCE = 0.014
"""Least height of the sole over the belt in mid-swing [m]."""

LEAST_KNEE = np.deg2rad(4.0)
LEAN = -4.0
"""Trunk tilt aimed at [deg]; negative leans forward."""

WEIGHT = BODY_MASS * GRAVITY
_N_PELVIS = 3 * (2 * N_STEP_HARMONICS + 1)


def gait_of(vector: F64) -> Gait:
    """Unpack the unknowns: even harmonics of the pelvis, all harmonics of the leg."""
    pelvis, leg = np.split(vector, [_N_PELVIS])
    cos = np.zeros((6, N_HARMONICS + 1))
    sin = np.zeros((6, N_HARMONICS + 1))
    even = slice(2, 2 * N_STEP_HARMONICS + 1, 2)
    for first, every, weights in ((0, even, pelvis), (3, slice(1, None), leg)):
        mean, wave = np.split(weights.reshape(3, -1), [1], axis=1)
        rows = slice(first, first + 3)
        cos[rows, 0] = mean[:, 0]
        cos[rows, every], sin[rows, every] = np.split(wave, 2, axis=1)
    return Gait(cos, sin)


def first_guess(targets: Targets) -> F64:
    """Target angles of the leg over a level pelvis that stands still on the belt's frame."""
    spectrum = np.fft.rfft(np.deg2rad(targets.angles), axis=0) / len(targets.phase)
    wave = 2.0 * spectrum[1 : N_HARMONICS + 1].T
    leg = np.concatenate([spectrum[:1].T.real, wave.real, -wave.imag], axis=1)
    pelvis = np.zeros((3, 2 * N_STEP_HARMONICS + 1))
    pelvis[2, 0] = 0.93
    return np.concatenate([pelvis.ravel(), leg.ravel()])


def residuals(vector: F64, targets: Targets, slip: float) -> F64:
    """All residuals; ``slip`` is the tolerance of the foot's contact [m]."""
    gait = gait_of(vector)
    q = gait.coordinates(targets.time)
    pose = leg_pose(q, "r")
    total = total_reaction(gait, targets.time)
    right = foot_reactions(gait, targets.time)["r"]
    moments = leg_moments(gait, targets.time, right) / BODY_MASS
    parts = [
        (np.rad2deg(q[:, 3:6]) - targets.angles) / targets.tolerance,
        (moments - targets.moments) / 0.12,
        np.diff(moments, n=3, axis=0) / 0.008,  # no ripple
        *_force_residuals(total, pose, targets),
        *_contact_residuals(pose, targets, slip),
        _roughness(gait),
        np.maximum(LEAST_KNEE - q[:, 4], 0.0) / np.deg2rad(0.3),
        (np.rad2deg(q[: len(q) // 2, 0]) - LEAN) / 2.0,
        gait.cos[1:2, 0] / 0.001,  # the lab's origin is under the pelvis
    ]
    return np.concatenate([np.ravel(part) for part in parts])


def _force_residuals(total: Reaction, pose: LegPose, targets: Targets) -> list[F64]:
    """Force of both feet and its centre of pressure; half a stride says all."""
    half = slice(0, len(targets.phase) // 2)
    under = pose.ankle[:, 0] + targets.pressure
    centre = targets.share * under + (1.0 - targets.share) * opposite(under)
    along_foot = (total.centre - pose.ankle[:, 0])[half]
    single = slice(8, None)  # of the half: the jumps lie in double support
    return [
        (total.force[half] / WEIGHT - targets.force[half]) / np.array([0.02, 0.05]),
        (total.centre - centre)[half] / 0.015,
        np.diff(along_foot, n=3)[single] / 0.0006,
    ]


def _contact_residuals(pose: LegPose, targets: Targets, slip: float) -> list[F64]:
    """Stance foot rolls on the belt where it landed; flat foot is flat; swing foot clears."""
    pitch, stance = pose.foot_angle, targets.stance
    rolling = -BELT_SPEED * targets.time - sole.rolled_distance(pitch)
    ahead = (pose.ankle[:, 0] - rolling)[stance]
    above = pose.ankle[:, 1] - sole.ankle_height(pitch)
    u = (targets.phase - TOE_OFF) / (1.0 - TOE_OFF)
    wanted = TOE_CLEARANCE * smootherstep(u / 0.35) * smootherstep((1.0 - u) / 0.25)
    return [
        (ahead - np.mean(ahead)) / slip,
        above[stance] / slip,
        np.maximum(wanted - above, 0.0)[~stance] / 0.002,
        np.rad2deg(pitch[targets.flat]) / 0.7,
    ]


def _roughness(gait: Gait) -> F64:
    """Angular accelerations of the joints above the sixth harmonic, in 250 deg/s^2."""
    harmonic = np.arange(gait.cos.shape[1])
    omega = 2.0 * np.pi * harmonic / PERIOD
    weight = np.where(harmonic > 6, omega**2 * harmonic / 10.0, 0.0)
    high: F64 = np.rad2deg(np.concatenate([gait.cos[3:], gait.sin[3:]]) * weight)
    return high / 250.0


def solve() -> Gait:
    """Solve for the walk; there is no random start, so the result is always the same."""
    targets = Targets(N_SAMPLES)
    vector = first_guess(targets)
    for slip in SLIPS:
        solution = least_squares(residuals, vector, x_scale="jac", args=(targets, slip))
        logging.getLogger(__name__).info("contact to %g m: cost %.1f", slip, solution.cost)
        vector = solution.x
    return gait_of(vector)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    solve().save()
