"""OpenSim joints as rows of elementary motions."""

from typing import Any

import opensim

from sim_bridge.exceptions import UnsupportedComponent

from .ellipsoid import ellipsoid_motions, scapulothoracic_motions
from .functions import FunctionTable, polynomial_coefficients
from .motion import SLIDE, TURN, Motion, X, Y, Z

_SIMPLE: dict[str, tuple[tuple[bool, tuple[float, float, float], int], ...]] = {
    "WeldJoint": (),
    "PinJoint": ((TURN, Z, 0),),
    "SliderJoint": ((SLIDE, X, 0),),
    "UniversalJoint": ((TURN, X, 0), (TURN, Y, 1)),
    "GimbalJoint": ((TURN, X, 0), (TURN, Y, 1), (TURN, Z, 2)),
    "BallJoint": ((TURN, X, 0), (TURN, Y, 1), (TURN, Z, 2)),
    "FreeJoint": (
        (SLIDE, X, 3),
        (SLIDE, Y, 4),
        (SLIDE, Z, 5),
        (TURN, X, 0),
        (TURN, Y, 1),
        (TURN, Z, 2),
    ),
    "PlanarJoint": ((SLIDE, X, 1), (SLIDE, Y, 2), (TURN, Z, 0)),
}
"""Motions of each joint class in the order from parent to child: kind, axis, coordinate."""


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
    if kind == "EllipsoidJoint":
        return ellipsoid_motions(joint, functions)
    if kind == "ScapulothoracicJoint":
        return scapulothoracic_motions(joint, functions)
    if kind not in _SIMPLE:
        raise UnsupportedComponent(
            kind,
            joint.getName(),
            "replace it by a CustomJoint with the same coordinates, or where its motion does not"
            " matter by a WeldJoint",
        )
    line = functions.add_line(1.0)
    is_ball = kind in ("BallJoint", "FreeJoint")
    return [
        Motion(
            turn,
            axis,
            joint.get_coordinates(k).getName(),
            line,
            starts_ball=is_ball and turn and axis == X,
        )
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
