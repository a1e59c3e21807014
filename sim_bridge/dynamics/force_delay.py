"""Holds measured forces back by the filter's delay, so that feet push when they land."""

import numpy as np

from sim_bridge._jit import F64, kernel

from .wrench import mix_wrenches

_FASTER = 4
"""Frames may come so many times faster than at the nominal rate."""


class ForceDelay:
    """Forces as they were ``delay_s`` ago, their wrenches interpolated between frames.

    Parameters
    ----------
    n_load : int
        Number of external forces.
    rate_hz : float
        Nominal frame rate [Hz].
    delay_s : float
        Delay of the derivative filter [s].

    Attributes
    ----------
    forces : ndarray of shape (n_load, 9), float64
        The delayed forces of the last step.
    """

    def __init__(self, n_load: int, rate_hz: float, delay_s: float) -> None:
        size = int(np.ceil(_FASTER * delay_s * rate_hz)) + 4
        self._delay = delay_s
        self._time = np.full(size, -np.inf)
        self._ring = np.zeros((size, n_load, 9))
        self.forces: F64 = np.zeros((n_load, 9))
        self._count = 0

    def reset(self) -> None:
        """Forget everything."""
        self._time[:] = -np.inf
        self._count = 0

    def step(self, t: float, forces: F64) -> None:
        """Take the forces at ``t`` [s, the frames' clock]; write those at ``t - delay_s``."""
        delayed_forces(t, forces, t - self._delay, self._count, self._time, self._ring, self.forces)
        self._count += 1


@kernel
def delayed_forces(
    t: float, forces: F64, wanted: float, count: int, time: F64, ring: F64, forces_out: F64
) -> None:
    """Keep a frame's forces in a ring and interpolate those at an earlier time.

    Parameters
    ----------
    t, wanted : float
        Time of the frame, and the time asked for [s].
    forces : ndarray of shape (n_load, 9), float64
        Forces at ``t``.
    count : int
        Frames before this one.
    time, ring : ndarray of shape (size,) and (size, n_load, 9), float64
        The last frames.
    forces_out : ndarray of shape (n_load, 9), float64
        Forces at ``wanted``; the oldest or newest kept where it lies outside.
    """
    size = time.shape[0]
    time[count % size] = t
    for i in range(forces.shape[0]):
        for c in range(9):
            ring[count % size, i, c] = forces[i, c]
    oldest = max(count - size + 1, 0)
    newer = count
    while newer > oldest and time[(newer - 1) % size] >= wanted:
        newer -= 1
    older = max(newer - 1, oldest)
    span = time[newer % size] - time[older % size]
    share = (wanted - time[older % size]) / span if span > 0.0 else 1.0
    share = min(max(share, 0.0), 1.0)
    mix_wrenches(ring[older % size], ring[newer % size], share, forces_out)
