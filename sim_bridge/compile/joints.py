"""OpenSim joints as rows of elementary motions."""

from dataclasses import dataclass
from typing import Any

import opensim

from sim_bridge.exceptions import UnsupportedComponent

from .functions import FunctionTable, polynomial_coefficients

_X, _Y, _Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)

_SLIDE, _TURN = False, True

_SIMPLE: dict[str, tuple[tuple[bool, tuple[float, float, float], int], ...]] = {
    "WeldJoint": (),
    "PinJoint": ((_TURN, _Z, 0),),
    "SliderJoint": ((_SLIDE, _X, 0),),
    "UniversalJoint": ((_TURN, _X, 0), (_TURN, _Y, 1)),
    "GimbalJoint": ((_TURN, _X, 0), (_TURN, _Y, 1), (_TURN, _Z, 2)),
    "BallJoint": ((_TURN, _X, 0), (_TURN, _Y, 1), (_TURN, _Z, 2)),
    "FreeJoint": (
        (_SLIDE, _X, 3),
        (_SLIDE, _Y, 4),
        (_SLIDE, _Z, 5),
        (_TURN, _X, 0),
        (_TURN, _Y, 1),
        (_TURN, _Z, 2),
    ),
    "PlanarJoint": ((_SLIDE, _X, 1), (_SLIDE, _Y, 2), (_TURN, _Z, 0)),
}
"""Motions of each joint class in the order from parent to child: kind, axis, coordinate."""


@dataclass(frozen=True)
class Motion:
    """One elementary motion of a joint.

    A motion without a coordinate has the constant displacement ``offset``. ``turn`` is the number
    (0, 1, 2) of a CustomJoint's rotation axis, else -1.
    """

    is_rotation: bool
    axis: tuple[float, float, float]
    coordinate: str | None
    function: int = -1
    offset: float = 0.0
    turn: int = -1


def joint_motions(joint: Any, functions: FunctionTable) -> list[Motion]:
    """Motions from a joint's parent frame to its child frame.

    Parameters
    ----------
    joint : opensim.Joint
        Of any class in OpenSim.
    functions : FunctionTable
        Receives the functions that the joint uses.

    Raises
    ------
    UnsupportedComponent
        For a joint class, or a use of one, that the bridge does not reproduce.
    """
    kind = joint.getConcreteClassName()
    if kind == "CustomJoint":
        return _custom_motions(opensim.CustomJoint.safeDownCast(joint), functions)
    if kind not in _SIMPLE:
        raise UnsupportedComponent(
            kind, joint.getName(), "replace it by a CustomJoint with the same coordinates"
        )
    line = functions.add_line(1.0, 0.0)
    return [
        Motion(turn, axis, joint.get_coordinates(k).getName(), line)
        for turn, axis, k in _SIMPLE[kind]
    ]


def _custom_motions(joint: Any, functions: FunctionTable) -> list[Motion]:
    """Translations first, then the three turns, as OpenSim's SpatialTransform applies them."""
    transform = joint.getSpatialTransform()
    return [
        _axis_motion(transform.getTransformAxis(i), i, joint.getName(), functions)
        for i in (3, 4, 5, 0, 1, 2)
    ]


def _axis_motion(axis: Any, number: int, joint: str, functions: FunctionTable) -> Motion:
    """Motion of one TransformAxis, numbered as OpenSim does; constants carry no coordinate."""
    is_rotation = number < 3
    vector = axis.getAxis()
    norm = sum(vector.get(i) ** 2 for i in range(3)) ** 0.5
    direction = (vector.get(0) / norm, vector.get(1) / norm, vector.get(2) / norm)
    names = axis.getCoordinateNamesInArray()
    if not axis.hasFunction():
        return Motion(is_rotation, direction, None)
    coefficients = polynomial_coefficients(axis.getFunction())
    if coefficients is not None and not any(coefficients[1:]):
        return Motion(is_rotation, direction, None, offset=coefficients[0])
    if names.getSize() != 1:
        raise UnsupportedComponent(
            "TransformAxis",
            f"{joint}/{axis.getName()}",
            "it must depend on exactly one coordinate",
        )
    function = functions.add(axis.getFunction(), joint)
    return Motion(
        is_rotation, direction, names.get(0), function, turn=number if is_rotation else -1
    )
