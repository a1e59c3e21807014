"""The interface of a derivative filter."""

from typing import Protocol

from sim_bridge._jit import F64


class DerivativeFilter(Protocol):
    """Smooths every coordinate and gives its first two derivatives.

    Attributes
    ----------
    q, qd, qdd : ndarray of shape (n_coordinate,), float64 [rad, m], [/s], [/s^2]
        The last estimate; it describes the motion ``delay_s`` before the last frame.
    delay_s : float
        Declared group delay [s].
    warming_up : bool
        True until enough frames have passed, since the start or a gap that it cannot bridge, for
        the derivatives to be trusted; a filter that counts frames says so at another rate too.
    """

    q: F64
    qd: F64
    qdd: F64
    delay_s: float

    @property
    def warming_up(self) -> bool:
        """See the class."""
        ...

    def step(self, t: float, q: F64) -> None:
        """Take the coordinates of the frame captured at ``t`` [s, the frames' clock]."""
        ...

    def reset(self) -> None:
        """Forget everything."""
        ...
