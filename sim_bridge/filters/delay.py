"""Holds measured forces back by the filter's delay, so that feet push when they land."""

import numpy as np

from sim_bridge._jit import F64


class ForceDelay:
    """Forces as they were ``delay_s`` ago, interpolated between frames.

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
        size = int(np.ceil(delay_s * rate_hz)) + 4
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
        size = len(self._time)
        self._time[self._count % size] = t
        self._ring[self._count % size] = forces
        wanted = t - self._delay
        newer = self._count
        while newer > max(self._count - size + 1, 0) and self._time[(newer - 1) % size] >= wanted:
            newer -= 1
        older = max(newer - 1, 0, self._count - size + 1)
        t0, t1 = self._time[older % size], self._time[newer % size]
        share = (wanted - t0) / (t1 - t0) if t1 > t0 else 1.0
        share = min(max(share, 0.0), 1.0)
        np.multiply(self._ring[older % size], 1.0 - share, out=self.forces)
        self.forces += share * self._ring[newer % size]
        self._count += 1
