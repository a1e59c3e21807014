"""Whether a pose came about as no body moves, so that there is no speed between it and the last."""

import numpy as np

from sim_bridge._jit import F64, kernel
from sim_bridge.model import CompiledModel

FASTEST_TURN = 150.0
"""Speed of an angle [rad/s] that no joint reaches; a turn over the end of a range does."""
FASTEST_SHIFT = 20.0
"""Speed of a length [m/s] that no body reaches."""
FORESEEN_S = 0.022
"""Over a longer pause [s] a step does not lead to the next: of 5 people at 50 Hz the markers came
within 36 mm of where it did, at 33 Hz a runner's were 5 cm off in one frame of nine."""
UNEVEN = 1.5
"""Around a pause longer than this many others much may have happened that leads nowhere."""


class Leaps:
    """Compares every pose with the one before.

    Parameters
    ----------
    model : CompiledModel
        Whose poses.

    Attributes
    ----------
    t : float
        Time of the last pose [s]; minus infinity before the first.
    """

    def __init__(self, model: CompiledModel) -> None:
        angle = model.coordinates.is_angle
        self._fastest = np.where(angle, FASTEST_TURN, FASTEST_SHIFT)
        self._q = np.zeros(len(angle))
        self.t, self._pause = -np.inf, np.inf

    def reset(self) -> None:
        """Forget the last pose."""
        self.t, self._pause = -np.inf, np.inf

    def step(self, t: float, q: F64, surprised: bool) -> bool:
        """Take a pose; whether it leapt there, as where a recording starts again.

        Parameters
        ----------
        t : float
            Its time [s].
        q : ndarray of shape (n_coordinate,), float64 [rad] or [m]
            All coordinates.
        surprised : bool
            Whether it is not where the one before led to.
        """
        pause, usual = t - self.t, self._pause
        self.t, self._pause = t, pause
        leapt = bool(moved_beyond(q, self._q, self._fastest, pause))
        foreseen = pause < FORESEEN_S and max(pause, usual) < UNEVEN * min(pause, usual)
        return leapt or (surprised and foreseen)


@kernel
def moved_beyond(q: F64, before_out: F64, fastest: F64, dt: float) -> bool:
    """Whether a coordinate moved faster than its limit; the coordinates are remembered."""
    beyond = False
    for i in range(q.shape[0]):
        if dt > 0.0 and abs(q[i] - before_out[i]) > fastest[i] * dt:
            beyond = True
        before_out[i] = q[i]
    return beyond
