"""Where OpenSim's frames stand on the links of the chain."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim_bridge._jit import F64


@dataclass(frozen=True)
class Transform:
    """A rigid placement: rotation (3, 3) and translation (3,) [m]."""

    rotation: F64
    translation: F64

    def __matmul__(self, other: "Transform") -> "Transform":
        """Placement of ``other`` where this one is its base."""
        return Transform(
            self.rotation @ other.rotation, self.rotation @ other.translation + self.translation
        )

    def inverse(self) -> "Transform":
        """Return the base as seen from here."""
        return Transform(self.rotation.T, -self.rotation.T @ self.translation)

    def point(self, station: F64) -> F64:
        """Return a point of this frame in its base [m]."""
        placed: F64 = self.rotation @ station + self.translation
        return placed


IDENTITY = Transform(np.eye(3), np.zeros(3))


@dataclass
class Frames:
    """Link number and placement on that link of every body known so far; ground is link -1."""

    bodies: dict[str, tuple[int, Transform]] = field(
        default_factory=lambda: {"ground": (-1, IDENTITY)}
    )

    def __contains__(self, frame: Any) -> bool:
        """Whether the body that carries an OpenSim frame is known."""
        return _base(frame) in self.bodies

    def add_body(self, frame: Any, link: int, placement: Transform) -> None:
        """Make the body that carries ``frame`` known by the placement of that frame."""
        self.bodies[_base(frame)] = (link, placement @ _in_base(frame).inverse())

    def locate(self, frame: Any) -> tuple[int, Transform]:
        """Link of an OpenSim frame, however deeply nested, and its placement on that link."""
        link, placement = self.bodies[_base(frame)]
        return link, placement @ _in_base(frame)


def transform_of(placement: Any) -> Transform:
    """SimTK::Transform as arrays."""
    r = placement.R()
    rotation = np.array([[r.get(i, j) for j in range(3)] for i in range(3)])
    return Transform(rotation, vec3(placement.p()))


def vec3(v: Any) -> F64:
    """SimTK::Vec3 as an array."""
    return np.array([v.get(0), v.get(1), v.get(2)])


def _base(frame: Any) -> str:
    return str(frame.findBaseFrame().getName())


def _in_base(frame: Any) -> Transform:
    return transform_of(frame.findTransformInBaseFrame())
