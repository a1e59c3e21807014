"""Seven muscles per leg after Geyer and Herr, as polynomials of the joint angles.

[GeyerHerr2010]_ give every muscle a moment arm, r = r0 cos(phi - phi_max) at ankle and knee and a
constant r0 at the hip, and let its length follow by rho r: rho stands for pennation and reduces
the strain of the fibres. Moment arm and length change then disagree by rho, which OpenSim forbids
(r = -dL/dq). Dividing optimal fibre length, tendon slack length and path length by rho leaves every
quantity of theirs as it is - moment arm, maximal force, normalised fibre length and velocity,
tendon strain - and makes the two agree. So fibres and tendons here are longer than published by
1/rho (1.4 or 2), by construction, and their ratios are the published ones.

The sine of the published lengths becomes a polynomial over the coordinate's range, off by 9e-8 m at
most, and its slope, the moment arm, by 5e-6 m.

Values: checked against Geyer's parameter file of that model (NMS_Model_MechInit.m, H. Geyer, dated
2006, in several public repositories), not against the tables in the paper's appendix.

References
----------
.. [GeyerHerr2010] Geyer H, Herr H (2010). IEEE Trans Neural Syst Rehabil Eng 18(3):263-273.
   doi:10.1109/TNSRE.2010.2047592
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.polynomial import Polynomial

F64 = npt.NDArray[np.float64]

ORDER = 6
"""Order of the path polynomials, per coordinate."""

RANGES = {"hip_flexion": (-40.0, 90.0), "knee_angle": (-5.0, 100.0), "ankle_angle": (-40.0, 30.0)}
"""Range of the joint angles [deg] and of the fit."""

STRAIGHT = {"hip_flexion": 180.0, "knee_angle": 180.0, "ankle_angle": 90.0}
"""Geyer and Herr's joint angle phi where OpenSim's coordinate is zero [deg]; phi falls with it."""

TENDON_STRAIN = 0.04
"""Tendon strain at maximal isometric force."""


@dataclass(frozen=True)
class Attachment:
    """How a muscle crosses one joint.

    ============= ==================================================== ====
    field         meaning                                              unit
    ============= ==================================================== ====
    coordinate    joint crossed
    radius        largest moment arm r0                                m
    lengthens     +1 if the muscle lengthens with the coordinate, or -1
    reference     phi_ref, where fibre and tendon are at rest length   deg
    maximum       phi_max, where the arm is r0; None: arm constant     deg
    ============= ==================================================== ====
    """

    coordinate: str
    radius: float
    lengthens: int
    reference: float
    maximum: float | None = None

    def length(self, angle: F64) -> F64:
        """Published contribution to the path length [m] at coordinate ``angle`` [rad]."""
        straight = np.deg2rad(STRAIGHT[self.coordinate])
        reference = np.deg2rad(self.reference)
        phi = straight - angle
        if self.maximum is None:
            linear: F64 = self.lengthens * self.radius * (reference - phi)
            return linear
        peak = np.deg2rad(self.maximum)
        change: F64 = np.sin(reference - peak) - np.sin(phi - peak)
        published: F64 = self.lengthens * self.radius * change
        return published

    def polynomial(self) -> Polynomial:
        """Length as a polynomial of the coordinate [rad], fitted over its range."""
        low, high = np.deg2rad(RANGES[self.coordinate])
        if self.maximum is None:
            at_zero = float(self.length(np.zeros(1))[0])
            return Polynomial([at_zero, self.lengthens * self.radius])
        chebyshev = np.polynomial.Chebyshev.interpolate(self.length, ORDER, domain=[low, high])
        return chebyshev.convert(kind=Polynomial)


@dataclass(frozen=True)
class Muscle:
    """One muscle group as published; ``rho`` and the lengths as in the module's text.

    ============ ============================================= ========
    field        meaning                                       unit
    ============ ============================================= ========
    name         of the group, without its side
    force        maximal isometric force                       N
    fibre        published optimal fibre length                m
    tendon       published tendon slack length                 m
    speed        largest shortening velocity                   fibre/s
    rho          pennation factor
    attachments  joints crossed
    ============ ============================================= ========
    """

    name: str
    force: float
    fibre: float
    tendon: float
    speed: float
    rho: float
    attachments: tuple[Attachment, ...]

    @property
    def optimal_fibre_length(self) -> float:
        """Optimal fibre length of the model [m]."""
        return self.fibre / self.rho

    @property
    def tendon_slack_length(self) -> float:
        """Tendon slack length of the model [m]."""
        return self.tendon / self.rho


_SOL = Attachment("ankle_angle", 0.05, +1, 80.0, 110.0)
_TA = Attachment("ankle_angle", 0.04, -1, 110.0, 80.0)
_GAS = (
    Attachment("knee_angle", 0.05, -1, 165.0, 140.0),
    Attachment("ankle_angle", 0.05, +1, 80.0, 110.0),
)
_VAS = Attachment("knee_angle", 0.06, +1, 125.0, 165.0)
_HAM = (
    Attachment("hip_flexion", 0.08, +1, 155.0),
    Attachment("knee_angle", 0.05, -1, 180.0, 180.0),
)
_GLU = Attachment("hip_flexion", 0.10, +1, 150.0)
_HFL = Attachment("hip_flexion", 0.10, -1, 180.0)

MUSCLES = (
    Muscle("SOL", 4000.0, 0.04, 0.26, 6.0, 0.5, (_SOL,)),
    Muscle("TA", 800.0, 0.06, 0.24, 12.0, 0.7, (_TA,)),
    Muscle("GAS", 1500.0, 0.05, 0.40, 12.0, 0.7, _GAS),
    Muscle("VAS", 6000.0, 0.08, 0.23, 12.0, 0.7, (_VAS,)),
    Muscle("HAM", 3000.0, 0.10, 0.31, 12.0, 0.7, _HAM),
    Muscle("GLU", 1500.0, 0.11, 0.13, 12.0, 0.5, (_GLU,)),
    Muscle("HFL", 2000.0, 0.11, 0.10, 12.0, 0.5, (_HFL,)),
)
"""The seven muscle groups of one leg."""
