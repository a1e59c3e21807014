"""Normal forces of the sole points under a total vertical force and its centre of pressure.

With n the normal forces [body weights], x and z the places of the points, c their contacts::

    minimise  sum n_i^2 / (c_i + e) + b_f (sum n - f)^2
              + b_m ((sum n_i (x_i - x))^2 + (sum n_i (z_i - z))^2) / L^2    with  n >= 0

In single support this puts the force where the whole body's motion says, as far as the sole
reaches. In double support the place of the total force between the feet tells their shares, so that
no model of time is needed. A point in the air costs much, so that flight stays free of force.

Solved in its dual, which has three unknowns y whatever the number of points: n_i is
(c_i + e) max(0, a_i y) with a_i = (1, x_i - x, z_i - z), and y minimises the convex, piecewise
quadratic ``sum (c_i + e) max(0, a_i y)^2 / 2 + y' B^-1 y / 2 - f y_0``: Newton's method with halved
steps.
"""

from sim_bridge._jit import F64, kernel

AIR = 1e-4
"""What a point in the air counts as contact."""
FORCE_WEIGHT = 3000.0
MOMENT_WEIGHT = 300.0
MOMENT_ARM = 0.5
"""Distance L over which a moment counts like a force [m]."""
_ITERATIONS = 30
_HALVINGS = 20
_TOLERANCE = 1e-9
"""Slope of the dual at which the iterations end [body weights]."""
_SOFT_FORCE = 1.0 / FORCE_WEIGHT
_SOFT_MOMENT = MOMENT_ARM * MOMENT_ARM / MOMENT_WEIGHT


@kernel
def normal_forces(
    x: F64, z: F64, contact: F64, force: float, centre_x: float, centre_z: float, normal_out: F64
) -> None:
    """Solve one frame.

    Parameters
    ----------
    x, z : ndarray of shape (n,), float64 [m]
        Places of the points on the floor.
    contact : ndarray of shape (n,), float64
        0 to 1.
    force : float
        Total vertical force [body weights], 0 or more.
    centre_x, centre_z : float
        Its centre of pressure [m].
    normal_out : ndarray of shape (n,), float64 [body weights]
        Written.
    """
    y0, y1, y2 = force, 0.0, 0.0
    for _ in range(_ITERATIONS):
        g0, g1, g2 = _SOFT_FORCE * y0 - force, _SOFT_MOMENT * y1, _SOFT_MOMENT * y2
        h00, h11, h22 = _SOFT_FORCE, _SOFT_MOMENT, _SOFT_MOMENT
        h01, h02, h12 = 0.0, 0.0, 0.0
        for i in range(x.shape[0]):
            dx, dz, weight = x[i] - centre_x, z[i] - centre_z, contact[i] + AIR
            pull = y0 + dx * y1 + dz * y2
            normal_out[i] = weight * max(pull, 0.0)
            if pull > 0.0:
                g0 += weight * pull
                g1 += weight * pull * dx
                g2 += weight * pull * dz
                h00 += weight
                h01 += weight * dx
                h02 += weight * dz
                h11 += weight * dx * dx
                h12 += weight * dx * dz
                h22 += weight * dz * dz
        if abs(g0) + abs(g1) + abs(g2) < _TOLERANCE:
            return
        s0, s1, s2 = _solve(h00, h01, h02, h11, h12, h22, g0, g1, g2)
        before = _dual(x, z, contact, force, centre_x, centre_z, y0, y1, y2)
        descent = s0 * g0 + s1 * g1 + s2 * g2
        share = 1.0
        for _ in range(_HALVINGS):
            after = _dual(
                x, z, contact, force, centre_x, centre_z,
                y0 - share * s0, y1 - share * s1, y2 - share * s2,
            )  # fmt: skip
            if after <= before - 1e-4 * share * descent:
                break
            share *= 0.5
        y0, y1, y2 = y0 - share * s0, y1 - share * s1, y2 - share * s2


@kernel
def _dual(
    x: F64,
    z: F64,
    contact: F64,
    force: float,
    centre_x: float,
    centre_z: float,
    y0: float,
    y1: float,
    y2: float,
) -> float:
    """Value of the dual."""
    value = 0.5 * (_SOFT_FORCE * y0 * y0 + _SOFT_MOMENT * (y1 * y1 + y2 * y2)) - force * y0
    for i in range(x.shape[0]):
        pull = max(y0 + (x[i] - centre_x) * y1 + (z[i] - centre_z) * y2, 0.0)
        value += 0.5 * (contact[i] + AIR) * pull * pull
    return value


@kernel
def _solve(
    h00: float,
    h01: float,
    h02: float,
    h11: float,
    h12: float,
    h22: float,
    g0: float,
    g1: float,
    g2: float,
) -> tuple[float, float, float]:
    """Solve a symmetric positive definite system of three by elimination."""
    f1, f2 = h01 / h00, h02 / h00
    d11, d12, d22 = h11 - f1 * h01, h12 - f1 * h02, h22 - f2 * h02
    b1, b2 = g1 - f1 * g0, g2 - f2 * g0
    f = d12 / d11
    s2 = (b2 - f * b1) / (d22 - f * d12)
    s1 = (b1 - d12 * s2) / d11
    return (g0 - h01 * s1 - h02 * s2) / h00, s1, s2
