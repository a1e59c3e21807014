"""The sole as a convex rocker that rolls on the belt without slip or penetration.

A convex body that touches the ground has its ankle at the height h(theta), the support function of
the sole at foot pitch theta, and its contact point -h'(theta) forward of the ankle. Rolling on a
belt that runs at speed -v moves the ankle by dx = -v dt - h(theta) dtheta. With h a soft maximum
of a round heel and a round ball of the foot, the foot lands on its heel, lies flat and leaves over
the ball, and every derivative of the motion is continuous.
"""

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from configs.demo.anthropometry import ANKLE_HEIGHT, BALL_X, HEEL_X

F64 = npt.NDArray[np.float64]

HEEL_RADIUS = 0.025
BALL_RADIUS = 0.030
SOFTNESS = 0.002
"""Roundness of the flat sole [m]: it sags by ln(2) of this and rocks within about 1 deg."""


def _supports(pitch: F64) -> tuple[F64, F64, F64]:
    """Ankle height over heel and over ball [m], and the heel's share of the contact."""
    sine, cosine = np.sin(pitch), np.cos(pitch)
    heel = HEEL_RADIUS + (ANKLE_HEIGHT - HEEL_RADIUS) * cosine - HEEL_X * sine
    ball = BALL_RADIUS + (ANKLE_HEIGHT - BALL_RADIUS) * cosine - BALL_X * sine
    share = 1.0 / (1.0 + np.exp(np.clip((ball - heel) / SOFTNESS, -60.0, 60.0)))
    return heel, ball, share


def ankle_height(pitch: F64) -> F64:
    """Height of the ankle [m] over the ground when the sole touches it at ``pitch`` [rad]."""
    heel, ball, _ = _supports(pitch)
    height: F64 = SOFTNESS * np.logaddexp(heel / SOFTNESS, ball / SOFTNESS)
    return height


def contact_forward(pitch: F64) -> F64:
    """Contact point forward of the ankle [m], -h'(theta)."""
    sine, cosine = np.sin(pitch), np.cos(pitch)
    _, _, share = _supports(pitch)
    heel = (ANKLE_HEIGHT - HEEL_RADIUS) * sine + HEEL_X * cosine
    ball = (ANKLE_HEIGHT - BALL_RADIUS) * sine + BALL_X * cosine
    return share * heel + (1.0 - share) * ball


def _rolling_table() -> CubicSpline:
    pitch = np.linspace(-1.6, 0.8, 4801)
    return CubicSpline(pitch, ankle_height(pitch)).antiderivative()


_ROLLING = _rolling_table()


def rolled_distance(pitch: F64) -> F64:
    """How far the ankle lags the belt at ``pitch`` [m], the integral of h from pitch 0."""
    lag: F64 = _ROLLING(pitch) - _ROLLING(0.0)
    return lag
