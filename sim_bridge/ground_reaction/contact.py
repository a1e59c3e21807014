"""Which sole points are on the ground, from their heights and vertical speeds alone.

A belt moves the foot that stands on it, so speeds along the floor tell nothing that holds on
treadmills; heights do. The floor is learned: the lowest height of each kind of point over both
feet, which rises slowly, so that one misplaced frame is forgotten.
"""

import numpy as np

from sim_bridge._jit import F64, I64, kernel

HEIGHT = 0.016
"""Height above the floor at which a point counts as half on it [m]."""
SOFTNESS = 0.005
"""Height over which that changes [m]."""
LOOK_AHEAD = 0.03
"""A point counts as where it will be after this time, by its vertical speed [s]."""
FLOOR_RISE = 0.01
"""Speed at which the learned floor rises [m/s]."""
SHARPNESS = 3
"""Power of the contact; a point that is barely on the floor carries little."""


@kernel
def contacts(
    height: F64, climb: F64, kind: I64, dt: float, floor_out: F64, contact_out: F64
) -> None:
    """Contact of each point, 0 (in the air) to 1.

    Parameters
    ----------
    height, climb : ndarray of shape (n,), float64 [m], [m/s]
        Heights of the points in ground, and their speeds.
    kind : ndarray of shape (n,), int64
        Row of ``floor`` for each.
    dt : float
        Time since the floor was learned [s]; 0 learns nothing.
    floor_out : ndarray of shape (n_kind,), float64 [m]
        Learned floor; inf before the first frame.
    contact_out : ndarray of shape (n,), float64
        Written.
    """
    if dt > 0.0:
        for k in range(floor_out.shape[0]):
            floor_out[k] += FLOOR_RISE * dt
        for i in range(height.shape[0]):
            floor_out[kind[i]] = min(floor_out[kind[i]], height[i])
    for i in range(height.shape[0]):
        above = height[i] - floor_out[kind[i]] + LOOK_AHEAD * climb[i]
        share = min(max((above - HEIGHT) / SOFTNESS, -40.0), 40.0)
        contact_out[i] = (1.0 / (1.0 + np.exp(share))) ** SHARPNESS
