"""The walk as Fourier series: nine coordinates over one stride, on a treadmill.

The right leg and the pelvis are stored; the left leg is the right one half a stride later. A
series of few harmonics is smooth to every order, so velocities and accelerations are exact and ten
seconds of it, a whole number of strides, loop without a seam.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

COORDINATES = (
    "pelvis_tilt",
    "pelvis_tx",
    "pelvis_ty",
    "hip_flexion_r",
    "knee_angle_r",
    "ankle_angle_r",
    "hip_flexion_l",
    "knee_angle_l",
    "ankle_angle_l",
)
"""Model order. Angles [rad] and translations [m], OpenSim's signs (flexion and dorsiflexion +)."""

DURATION = 10.0
"""Length of the loop [s]."""

N_STRIDES = 9
"""Strides in the loop; right heel contact at t = 0 and every ``PERIOD``."""

PERIOD = DURATION / N_STRIDES
"""Stride time [s]: 108 steps per minute."""

BELT_SPEED = 1.1
"""Speed of the treadmill belt, towards -x [m/s]."""

TOE_OFF = 0.62
"""End of stance, fraction of the stride of the leg concerned."""

DOUBLE_SUPPORT = TOE_OFF - 0.5
"""Length of either double support, fraction of the stride."""

GAIT_FILE = Path(__file__).with_name("gait.json")


@dataclass(frozen=True)
class Gait:
    """A periodic walk, q(t) = sum_k cos_k cos(2 pi k t / T) + sin_k sin(2 pi k t / T).

    Attributes
    ----------
    cos, sin : ndarray of shape (6, n_harmonics + 1), float64 [rad] or [m]
        Coefficients of harmonics 0, 1, ... for the first six of ``COORDINATES``.
    """

    cos: F64
    sin: F64

    def coordinates(self, time: F64, derivative: int = 0) -> F64:
        """Coordinates or one of their time derivatives.

        Parameters
        ----------
        time : ndarray of shape (n,), float64 [s]
            0 is a heel contact of the right foot.
        derivative : int
            Order of the time derivative.

        Returns
        -------
        ndarray of shape (n, 9), float64 [rad/s^derivative] or [m/s^derivative]
        """
        right = self._series(time, derivative)
        left = self._series(time + 0.5 * PERIOD, derivative)[:, 3:]
        return np.concatenate([right, left], axis=1)

    def _series(self, time: F64, derivative: int) -> F64:
        harmonic = np.arange(self.cos.shape[1])
        omega = 2.0 * np.pi * harmonic / PERIOD
        # d/dt turns (cos, sin) by a quarter period and multiplies by omega
        phase = np.outer(time, omega) + 0.5 * np.pi * derivative
        scale = omega**derivative
        series: F64 = np.cos(phase) @ (scale * self.cos).T + np.sin(phase) @ (scale * self.sin).T
        return series

    @classmethod
    def load(cls, path: Path = GAIT_FILE) -> "Gait":
        """Read the coefficients that ``configs.demo.solve`` found."""
        table = json.loads(path.read_text(encoding="utf-8"))
        rows = [table["coordinates"][name] for name in COORDINATES[:6]]
        return cls(
            cos=np.array([row["cos"] for row in rows], dtype=np.float64),
            sin=np.array([row["sin"] for row in rows], dtype=np.float64),
        )

    def save(self, path: Path = GAIT_FILE) -> None:
        """Write the coefficients, rounded to 1e-8 rad or m."""
        table = {
            name: {
                "cos": [round(float(value), 8) for value in cos],
                "sin": [round(float(value), 8) for value in sin],
            }
            for name, cos, sin in zip(COORDINATES[:6], self.cos, self.sin, strict=True)
        }
        document = {"period_s": PERIOD, "belt_speed_mps": BELT_SPEED, "coordinates": table}
        text = json.dumps(document, indent=1)
        path.write_text(text + "\n", encoding="utf-8")
