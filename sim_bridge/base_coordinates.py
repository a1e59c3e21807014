"""Free coordinates that move the whole model: where it stands and which way it faces."""

from typing import NamedTuple

import numpy as np

from ._jit import F64
from .model import CompiledModel


class BaseCoordinates(NamedTuple):
    """Free coordinates that move the whole model: one per ground axis, and the heading."""

    translation: tuple[tuple[int, F64], ...]
    heading: int

    def shift(self, free: F64, offset: F64) -> None:
        """Move the model by a vector of ground [m]."""
        for index, direction in self.translation:
            free[index] += float(direction @ offset)

    def turn(self, free: F64, angle: float) -> None:
        """Turn the model about the vertical [rad]."""
        if self.heading >= 0:
            free[self.heading] += angle


def base_coordinates(model: CompiledModel) -> BaseCoordinates:
    """Coordinates of the links between ground and the first body."""
    chain, translation, heading = model.chain, [], -1
    up = -model.gravity / max(float(np.linalg.norm(model.gravity)), 1e-9)
    trunk = int(np.argmax(np.cumsum(chain.mass) > 0.0))
    while trunk >= 0:
        lead = int(model.coordinates.lead[chain.coordinate[trunk]])
        axis = chain.fixed_rotation[trunk] @ chain.axis[trunk]
        if lead >= 0 and not chain.is_rotation[trunk]:
            translation.append((lead, axis))
        elif lead >= 0 and abs(float(axis @ up)) > 0.9:
            heading = lead
        trunk = int(chain.parent[trunk])
    return BaseCoordinates(tuple(translation), heading)
