"""Free coordinates that move the whole model: where it stands and which way it faces.

A model has a base where a joint that lets it go carries (nearly) all that moves. A person whose
pelvis is welded to ground has none: there each hip, and the trunk, begins a tree of its own.
"""

from typing import NamedTuple

import numpy as np

from ._jit import F64
from .model import CompiledModel

_SHARE = 0.8
"""Of the moving mass, on the base. A person may carry something or sit among moving things; the
trunk and arms of one whose pelvis is welded are little more than half."""
_NEGLIGIBLE = 0.01
"""Share of the moving mass up to which a body between ground and the base is an auxiliary one."""


class BaseCoordinates(NamedTuple):
    """Free coordinates that move the whole model: one per ground axis, and the heading.

    ``translation`` has the free coordinate and its direction in ground of each axis. ``heading``
    is -1 where nothing turns the model about the vertical; ``sense`` is -1 where it turns it
    about the way down, else 1.
    """

    translation: tuple[tuple[int, F64], ...]
    heading: int
    sense: float = 1.0

    @property
    def indices(self) -> list[int]:
        """Free coordinates of them all."""
        heading = [self.heading] if self.heading >= 0 else []
        return [index for index, _ in self.translation] + heading

    def shift(self, free: F64, offset: F64) -> None:
        """Move the model by a vector of ground [m]."""
        for index, direction in self.translation:
            free[index] += float(direction @ offset)

    def turn(self, free: F64, angle: float) -> None:
        """Turn the model about the vertical [rad]."""
        if self.heading >= 0:
            free[self.heading] += self.sense * angle


def base_links(model: CompiledModel) -> tuple[int, ...]:
    """Links from ground to the first body that moves the whole model; none if it has no base."""
    chain, coordinates = model.chain, model.coordinates
    total = float(chain.mass.sum())
    carried = chain.mass.copy()
    for i in reversed(range(len(carried))):
        if chain.parent[i] >= 0:
            carried[chain.parent[i]] += carried[i]
    links: list[int] = []
    for i in range(len(carried) if total > 0.0 else 0):
        if carried[i] >= _SHARE * total and chain.parent[i] == (links[-1] if links else -1):
            links.append(i)
            if chain.mass[i] > _NEGLIGIBLE * total:
                break
    slides = [i for i in links if not chain.is_rotation[i]]
    leads = coordinates.lead[chain.coordinate[slides]]
    # a limb that hangs on its joint to ground alone is not let go, its muscles move it
    let_go = any(k >= 0 and not coordinates.is_angle[coordinates.free_index[k]] for k in leads)
    return tuple(links) if let_go else ()


def locked_base(model: CompiledModel) -> tuple[str, ...]:
    """Names of coordinates that would move the whole model, but are locked or prescribed."""
    coordinates = model.coordinates
    base = {coordinates.names[i] for i in model.chain.coordinate[list(base_links(model))]}
    return tuple(name for name in coordinates.locked_names if name in base)


def base_coordinates(model: CompiledModel) -> BaseCoordinates:
    """Coordinates of the base, by its axes in ground where all its motions are at zero."""
    chain, translation, heading, sense = model.chain, [], -1, 1.0
    up = -model.gravity / max(float(np.linalg.norm(model.gravity)), 1e-9)
    rotation = np.eye(3)
    for link in base_links(model):
        rotation = rotation @ chain.fixed_rotation[link]
        lead = int(model.coordinates.lead[chain.coordinate[link]])
        axis = rotation @ chain.axis[link]
        if lead < 0:
            continue
        if not chain.is_rotation[link]:
            translation.append((lead, axis))
        elif heading < 0 and abs(float(axis @ up)) > 0.9:
            heading, sense = lead, float(np.sign(axis @ up))
    return BaseCoordinates(tuple(translation), heading, sense)
