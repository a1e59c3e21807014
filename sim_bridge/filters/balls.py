"""Joints that turn about x, y and z in turn, filtered as the rotations that they are.

Any three axes at right angles may be called so, if they are a right-handed triple: the angles are
the same. They rush where the second nears a right angle, however calmly the body turns, and a
filter takes the rush for motion; and they depend on which way the body faces, so that a pelvis
filtered angle by angle is another one in another direction. Quaternions rush nowhere. Filtered
component by component (they are not of unit length then, which cancels), they give the rotation
and, with their derivatives p' and p'', its angular velocity and acceleration::

    w = 2 vec(p' p*) / |p|^2,    w' = 2 vec(p'' p*) / |p|^2 - 2 w (p . p') / |p|^2
"""

import numpy as np

from sim_bridge._jit import F64, I64, kernel

from .base import DerivativeFilter

_LEAST_COSINE = 1e-6
"""Of the second angle: below, the speeds of the other two have no size."""


class BallFilter:
    """Any filter, with balls as quaternions; see :class:`DerivativeFilter`.

    Parameters
    ----------
    inner : DerivativeFilter
        For all coordinates, then four numbers for each ball.
    balls : ndarray of shape (n_ball, 3), int64
        Coordinates of each: angles of turns about x, y and z, body-fixed, in that order. Axes may
        be any right-handed triple at right angles.

    Notes
    -----
    Speeds and accelerations are those of the angles, as of other coordinates.
    """

    def __init__(self, inner: DerivativeFilter, balls: I64) -> None:
        self._inner, self._balls = inner, balls
        self.delay_s = inner.delay_s
        self._plain = len(inner.q) - 4 * len(balls)
        self._channels = np.zeros(len(inner.q))
        self._channels[self._plain :: 4] = 1.0
        self.q, self.qd, self.qdd = np.zeros((3, self._plain))

    @property
    def warming_up(self) -> bool:
        """As of the filter inside."""
        return self._inner.warming_up

    def reset(self) -> None:
        """Forget everything."""
        self._inner.reset()

    def step(self, t: float, q: F64) -> None:
        """Take one frame."""
        n, inner = self._plain, self._inner
        self._channels[:n] = q
        to_quaternions(q, self._balls, self._channels[n:])
        inner.step(t, self._channels)
        self.q[:], self.qd[:], self.qdd[:] = inner.q[:n], inner.qd[:n], inner.qdd[:n]
        to_angles(
            inner.q[n:], inner.qd[n:], inner.qdd[n:], self._balls, q, self.q, self.qd, self.qdd
        )


@kernel
def to_quaternions(q: F64, balls: I64, p_out: F64) -> None:
    """Rotations of balls as unit quaternions, of the two that are one the nearer to the last.

    Parameters
    ----------
    q : ndarray of shape (n_coordinate,), float64 [rad]
        All coordinates.
    balls : ndarray of shape (n_ball, 3), int64
        See :class:`BallFilter`.
    p_out : ndarray of shape (4 * n_ball,), float64
        The last ones, written in place: real part first.
    """
    for k in range(balls.shape[0]):
        a, b, c = 0.5 * q[balls[k, 0]], 0.5 * q[balls[k, 1]], 0.5 * q[balls[k, 2]]
        ca, sa, cb, sb, cc, sc = np.cos(a), np.sin(a), np.cos(b), np.sin(b), np.cos(c), np.sin(c)
        w = ca * cb * cc - sa * sb * sc
        x = sa * cb * cc + ca * sb * sc
        y = ca * sb * cc - sa * cb * sc
        z = ca * cb * sc + sa * sb * cc
        p = p_out[4 * k : 4 * k + 4]
        sign = -1.0 if w * p[0] + x * p[1] + y * p[2] + z * p[3] < 0.0 else 1.0
        p[0], p[1], p[2], p[3] = sign * w, sign * x, sign * y, sign * z


@kernel
def to_angles(
    p: F64, pd: F64, pdd: F64, balls: I64, near: F64, q_out: F64, qd_out: F64, qdd_out: F64
) -> None:
    """Angles of balls, their speeds and accelerations.

    Parameters
    ----------
    p, pd, pdd : ndarray of shape (4 * n_ball,), float64
        Quaternions of any length, with their derivatives [/s], [/s^2].
    balls : ndarray of shape (n_ball, 3), int64
        See :class:`BallFilter`.
    near : ndarray of shape (n_coordinate,), float64 [rad]
        Of the angles that are one rotation the nearest to these are taken.
    q_out, qd_out, qdd_out : ndarray of shape (n_coordinate,), float64 [rad], [/s], [/s^2]
        Those of the balls are written.
    """
    for k in range(balls.shape[0]):
        i, j, m = balls[k, 0], balls[k, 1], balls[k, 2]
        at, moved, sped = p[4 * k : 4 * k + 4], pd[4 * k : 4 * k + 4], pdd[4 * k : 4 * k + 4]
        a, b, c = turns(at, near[i], near[j], near[m])
        ca, sa, cb, sb = np.cos(a), np.sin(a), np.cos(b), np.sin(b)
        if abs(cb) < _LEAST_COSINE:
            cb = _LEAST_COSINE if cb >= 0.0 else -_LEAST_COSINE
        x, y, z = spin(at, moved)
        bd, cd = ca * y + sa * z, (ca * z - sa * y) / cb
        ad = x - sb * cd
        stretch = twice_along(at, moved)
        x1, y1, z1 = spin(at, sped)
        # the angular acceleration, less that of the axes which turn
        x1 -= stretch * x + cb * bd * cd
        y1 -= stretch * y - sa * ad * bd + (sa * sb * bd - ca * cb * ad) * cd
        z1 -= stretch * z + ca * ad * bd - (ca * sb * bd + sa * cb * ad) * cd
        cdd = (ca * z1 - sa * y1) / cb
        q_out[i], q_out[j], q_out[m] = a, b, c
        qd_out[i], qd_out[j], qd_out[m] = ad, bd, cd
        qdd_out[i], qdd_out[j], qdd_out[m] = x1 - sb * cdd, ca * y1 + sa * z1, cdd


@kernel
def twice_along(p: F64, d: F64) -> float:
    """``2 p . d / |p|^2`` of two quaternions."""
    norm = p[0] * p[0] + p[1] * p[1] + p[2] * p[2] + p[3] * p[3]
    along: float = 2.0 * (p[0] * d[0] + p[1] * d[1] + p[2] * d[2] + p[3] * d[3]) / norm
    return along


@kernel
def spin(p: F64, d: F64) -> tuple[float, float, float]:
    """``2 vec(d p*) / |p|^2`` of two quaternions."""
    w, x, y, z = p[0], p[1], p[2], p[3]
    s = 2.0 / (w * w + x * x + y * y + z * z)
    return (
        s * (w * d[1] - d[0] * x - d[2] * z + d[3] * y),
        s * (w * d[2] - d[0] * y - d[3] * x + d[1] * z),
        s * (w * d[3] - d[0] * z - d[1] * y + d[2] * x),
    )


@kernel
def turns(p: F64, a0: float, b0: float, c0: float) -> tuple[float, float, float]:
    """Turns about x, y and z that make a rotation; of all that do, those nearest to the given."""
    w, x, y, z = p[0], p[1], p[2], p[3]
    r00, r01 = w * w + x * x - y * y - z * z, 2.0 * (x * y - w * z)
    across = np.sqrt(r00 * r00 + r01 * r01)
    b = np.arctan2(2.0 * (x * z + w * y), across)
    if across > _LEAST_COSINE * (w * w + x * x + y * y + z * z):
        a = np.arctan2(2.0 * (w * x - y * z), w * w - x * x - y * y + z * z)
        c = np.arctan2(-r01, r00)
    else:  # gimbal lock: the first and the third turn about one axis
        a = a0
        c = np.arctan2(2.0 * (x * y + w * z), w * w - x * x + y * y - z * z)
        c -= a if b > 0.0 else -a
    return nearest_turns(a, b, c, a0, b0, c0)


@kernel
def nearest_turns(
    a: float, b: float, c: float, a0: float, b0: float, c0: float
) -> tuple[float, float, float]:
    """Of all turns (x, y, z) that are one rotation those nearest to others."""
    turn = 2.0 * np.pi
    a1, b1, c1 = a + np.pi, np.pi - b, c + np.pi  # the same rotation the other way round
    a, a1 = a + turn * np.round((a0 - a) / turn), a1 + turn * np.round((a0 - a1) / turn)
    b, b1 = b + turn * np.round((b0 - b) / turn), b1 + turn * np.round((b0 - b1) / turn)
    c, c1 = c + turn * np.round((c0 - c) / turn), c1 + turn * np.round((c0 - c1) / turn)
    if (a - a0) ** 2 + (b - b0) ** 2 + (c - c0) ** 2 <= (
        (a1 - a0) ** 2 + (b1 - b0) ** 2 + (c1 - c0) ** 2
    ):
        return a, b, c
    return a1, b1, c1
