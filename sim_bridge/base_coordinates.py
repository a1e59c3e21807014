"""Free coordinates that move the whole model: where it stands and which way it faces.

A model has a base where a joint that lets it go carries (nearly) all that moves. A person whose
pelvis is welded to ground has none: there each hip, and the trunk, begins a tree of its own.
"""

from typing import NamedTuple

import numpy as np

from ._jit import F64, I64
from .model import CompiledModel

_SHARE = 0.8
"""Of the moving mass, on the base. A person may carry something or sit among moving things; the
trunk and arms of one whose pelvis is welded are little more than half."""
_NEGLIGIBLE = 0.01
"""Share of the moving mass up to which a body between ground and the base is an auxiliary one."""
_ROUNDING = 1e-6
"""Of axes in a file; functions that differ by less [rad] are the same."""
_PROBES = (-1.0, 0.0, 2.0)
"""Angles [rad] that the function ``x`` is known by."""


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


def base_turns(model: CompiledModel) -> I64:
    """Angles by which the base turns freely about three axes at right angles, (1, 3) or (0, 3).

    As the pelvis of most models does, by a CustomJoint. A Ball or Free joint is none of these: it
    is among ``CompiledModel.balls``.
    """
    chain, none = model.chain, np.zeros((0, 3), dtype=np.int64)
    links = np.array([i for i in base_links(model) if chain.is_rotation[i]], dtype=np.int64)
    angles = chain.coordinate[links]
    in_a_row = len(links) == 3 and (np.diff(links) == 1).all() and links[0] not in chain.ball
    if not in_a_row or len(np.intersect1d(angles, model.coordinates.free_index)) < 3:
        return none
    axes, rotation = np.zeros((3, 3)), np.eye(3)
    for k, link in enumerate(links):
        rotation = rotation @ chain.fixed_rotation[link]
        axes[:, k] = rotation @ chain.axis[link]
        function = int(chain.function[link])
        if any(abs(model.functions(function, x)[0] - x) > _ROUNDING for x in _PROBES):
            return none
    square = np.allclose(axes.T @ axes, np.eye(3), rtol=0.0, atol=_ROUNDING)
    return angles[None] if square and np.linalg.det(axes) > 0.0 else none


def rotations(model: CompiledModel) -> I64:
    """Angles that are three turns of one rotation, which a filter takes as a whole, (n, 3)."""
    return np.vstack([model.balls, base_turns(model)])
