"""Contact of a body with ground, as simulations of a whole movement need it.

A session measures the floor's force, or predicts it. So such a contact is none of the forces that
the muscles' moments would lack; one between two bodies, as in a knee, is.
"""

import re
from typing import Any

import opensim

_BY_NAME = ("HuntCrossleyForce", "ElasticFoundationForce")
_BY_SOCKET = "SmoothSphereHalfSpaceForce"
_NAMES = re.compile(r"<geometry>([^<]*)</geometry>")


def is_with_ground(force: Any, model: Any) -> bool:
    """Whether a force is a contact, and one of its geometries is fixed to ground."""
    return any(
        geometry is not None and geometry.getFrame().findBaseFrame().getName() == "ground"
        for geometry in _geometries(force, model)
    )


def _geometries(force: Any, model: Any) -> list[Any]:
    kind = force.getConcreteClassName()
    if kind == _BY_SOCKET:
        parts = [force.getConnectee(name) for name in force.getSocketNames()]
        return [opensim.ContactGeometry.safeDownCast(part) for part in parts]
    if kind not in _BY_NAME:
        return []
    known = model.getContactGeometrySet()
    # Python is not given the parameters of these classes, but their text
    names = " ".join(_NAMES.findall(force.dump())).split()
    return [known.get(name) for name in names if known.contains(name)]
