"""Whether a joint is turned as none is: a foot upside down, say, whose labels are exchanged.

Markers that are exchanged from the inside of a foot to its outside fit it, turned over.
OpenSim holds a coordinate within its range only if it is clamped, and many are not.
"""

import logging

import numpy as np

from sim_bridge._jit import F64, I64, kernel
from sim_bridge.base_coordinates import base_coordinates
from sim_bridge.model import CompiledModel

_log = logging.getLogger(__name__)

BEYOND_RAD = 0.35
"""How far an angle may leave its range [rad]: in 45 trials none was out of it by 0.1."""
SAID_AFTER = 100
"""Frames, more than not, after which it is named."""


class JointRange:
    """Looks at the angles that muscles span.

    Parameters
    ----------
    model : CompiledModel
        The model; of a coordinate without width its range says nothing.
    """

    def __init__(self, model: CompiledModel) -> None:
        coordinates = model.coordinates
        own = coordinates.free_index
        low, high = coordinates.least[own], coordinates.most[own]
        spanned = np.isin(np.arange(len(own)), model.paths.spanned)
        spanned[base_coordinates(model).indices] = False
        judged = np.flatnonzero(spanned & coordinates.is_angle[own] & (high > low))
        self._index: I64 = judged
        self._low, self._high = low[judged], high[judged]
        self._names = [coordinates.free_names[k] for k in judged]
        self._count, self._said = 0, False

    def reset(self) -> None:
        """Count anew; what was said is not said again."""
        self._count = 0

    def step(self, free: F64) -> bool:
        """Look at a pose (n_free,) [rad, m]; whether a joint is far beyond its range."""
        first = first_beyond(free, self._index, self._low, self._high)
        self._count = max(0, self._count + (1 if first >= 0 else -1))
        if self._count == SAID_AFTER and not self._said:
            self._said = True
            angle = free[self._index[first]]
            end = (self._high if angle > self._high[first] else self._low)[first]
            _log.warning(
                "%s is %.0f deg in most frames, the model's range ends at %.0f: markers of this "
                "limb may be exchanged, or the model has them elsewhere",
                self._names[first],
                np.degrees(angle),
                np.degrees(end),
            )
        return first >= 0


@kernel
def first_beyond(free: F64, index: I64, low: F64, high: F64) -> int:
    """The first of the coordinates that is out of its bounds, or -1."""
    for k in range(index.shape[0]):
        angle = free[index[k]]
        if angle < low[k] - BEYOND_RAD or angle > high[k] + BEYOND_RAD:
            return k
    return -1
