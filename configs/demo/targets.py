"""What the walk should look like: angles, forces, moments and pressure over one stride.

Own key points within the bands that the gait literature reports for unimpaired adults near
1.1 m/s ([PerryBurnfield2010]_; [Winter2009]_, Appendix A); they are no table of anybody's
subjects. The solver trades them against mechanics, so the walk keeps near but not on them.

References
----------
.. [PerryBurnfield2010] Perry J, Burnfield JM (2010). Gait Analysis: Normal and Pathological
   Function, 2nd ed. SLACK. ISBN 978-1-55642-766-4
.. [Winter2009] Winter DA (2009). Biomechanics and Motor Control of Human Movement, 4th ed. Wiley.
   doi:10.1002/9780470549148
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline, PchipInterpolator

from configs.demo.motion import DOUBLE_SUPPORT, PERIOD, TOE_OFF

F64 = npt.NDArray[np.float64]
Points = Mapping[float, float]

# fmt: off
# Angles of the leg [deg] at fractions of the stride from heel contact.
HIP: Points = {
    0.0: 24, 0.08: 22.5, 0.2: 13, 0.3: 3, 0.4: -7.5, 0.5: -16, 0.55: -17, 0.62: -11, 0.7: 4,
    0.8: 19, 0.88: 26, 0.95: 26,
}
KNEE: Points = {
    0.0: 6, 0.07: 13, 0.14: 17, 0.2: 16, 0.3: 10, 0.4: 7, 0.47: 10, 0.55: 22, 0.62: 41,
    0.72: 60, 0.8: 50, 0.88: 25, 0.95: 8,
}
ANKLE: Points = {
    0.0: 0, 0.06: -5, 0.12: -2, 0.2: 3, 0.3: 7, 0.4: 10.5, 0.47: 8, 0.55: -5, 0.62: -18,
    0.66: -17, 0.73: -7, 0.8: 0, 0.9: 2, 0.96: 1,
}

# Ground reaction of one foot [body weights].
FORWARD: Points = {
    0.0: 0.0, 0.04: -0.05, 0.11: -0.15, 0.2: -0.08, 0.3: -0.01, 0.4: 0.07, 0.5: 0.16,
    0.56: 0.10, 0.62: 0.0, 0.8: 0.0, 0.99: 0.0,
}
VERTICAL: Points = {
    0.0: 0.0, 0.03: 0.3, 0.07: 0.75, 0.13: 1.1, 0.2: 0.98, 0.3: 0.78, 0.4: 0.97, 0.47: 1.08,
    0.52: 0.8, 0.57: 0.35, 0.62: 0.0, 0.8: 0.0, 0.99: 0.0,
}

# Centre of pressure forward of the ankle [m].
PRESSURE: Points = {
    0.0: -0.045, 0.06: -0.02, 0.12: 0.01, 0.3: 0.04, 0.42: 0.095, 0.5: 0.135, 0.62: 0.165,
    0.75: 0.1, 0.9: 0.0,
}

# Moments of the leg [N m/kg], flexion and dorsiflexion positive.
HIP_MOMENT: Points = {
    0.0: -0.3, 0.08: -0.6, 0.15: -0.55, 0.3: -0.05, 0.4: 0.3, 0.5: 0.7, 0.57: 0.6, 0.66: 0.25,
    0.75: 0.1, 0.85: -0.1, 0.93: -0.3,
}
KNEE_MOMENT: Points = {
    0.0: 0.25, 0.04: 0.15, 0.08: -0.2, 0.14: -0.5, 0.22: -0.3, 0.3: 0.0, 0.42: 0.3, 0.5: 0.1,
    0.57: -0.15, 0.65: -0.1, 0.78: 0.0, 0.93: 0.25,
}
ANKLE_MOMENT: Points = {
    0.0: 0.0, 0.04: 0.1, 0.1: -0.05, 0.2: -0.4, 0.3: -0.75, 0.4: -1.15, 0.47: -1.4, 0.53: -1.0,
    0.58: -0.3, 0.62: -0.02, 0.8: 0.0,
}
# fmt: on


def smooth_curve(points: Points, phase: F64) -> F64:
    """Periodic cubic spline through key points, at phases in [0, 1)."""
    knots = np.array([*points, 1.0 + min(points)])
    values = np.array([*points.values(), points[min(points)]], dtype=np.float64)
    return np.asarray(CubicSpline(knots, values, bc_type="periodic")(phase), dtype=np.float64)


def monotone_curve(points: Points, phase: F64) -> F64:
    """Periodic curve through key points that does not overshoot them, at phases in [0, 1)."""
    knots, values = np.array([*points]), np.array([*points.values()], dtype=np.float64)
    around = np.concatenate([knots - 1.0, knots, knots + 1.0])
    curve = PchipInterpolator(around, np.tile(values, 3))
    return np.asarray(curve(phase), dtype=np.float64)


def opposite(curve: F64) -> F64:
    """The same curve of the other foot: half a stride later."""
    return np.roll(curve, -len(curve) // 2, axis=0)


def smootherstep(u: F64) -> F64:
    """Rise from 0 to 1 with three vanishing derivatives at both ends, flat outside."""
    u = np.clip(u, 0.0, 1.0)
    rise: F64 = u**4 * (35.0 - 84.0 * u + 70.0 * u**2 - 20.0 * u**3)
    return rise


def _columns(curves: Sequence[F64]) -> F64:
    return np.stack(curves, axis=-1)


class Targets:
    """The key points as curves, sampled over the stride of the right leg.

    ========= =================================================== ============ ==========
    field     meaning                                             unit         shape
    ========= =================================================== ============ ==========
    phase     fraction of the stride                                           (n,)
    time      since heel contact                                  s            (n,)
    stance    the foot is on the belt                                          (n,)
    flat      the whole sole is on the belt                                    (n,)
    angles    hip, knee, ankle                                    deg          (n, 3)
    tolerance of the angles; tighter about heel contact           deg          (n, 3)
    moments   hip, knee, ankle                                    N m/kg       (n, 3)
    force     of both feet, forward and up                        body weights (n, 2)
    share     of the vertical force that the right foot carries                (n,)
    pressure  centre of pressure forward of the ankle             m            (n,)
    ========= =================================================== ============ ==========
    """

    def __init__(self, n_samples: int) -> None:
        phase = np.arange(n_samples) / n_samples
        self.phase = phase
        self.time = phase * PERIOD
        self.stance = phase < TOE_OFF
        self.flat = (phase > DOUBLE_SUPPORT) & (phase < 0.36)
        self.angles = _columns([smooth_curve(points, phase) for points in (HIP, KNEE, ANKLE)])
        self.tolerance = np.tile([4.0, 4.0, 2.5], (n_samples, 1))
        self.tolerance[np.minimum(phase, 1.0 - phase) < 0.08] = [3.0, 2.0, 1.2]
        moments = (HIP_MOMENT, KNEE_MOMENT, ANKLE_MOMENT)
        self.moments = _columns([monotone_curve(points, phase) for points in moments])
        one_foot = [monotone_curve(points, phase) for points in (FORWARD, VERTICAL)]
        self.force = _columns([curve + opposite(curve) for curve in one_foot])
        rise, fall = phase / DOUBLE_SUPPORT, (phase - 0.5) / DOUBLE_SUPPORT
        self.share = smootherstep(rise) - smootherstep(fall)
        self.pressure = monotone_curve(PRESSURE, phase)
