"""Ellipsoid and Scapulothoracic joints: a frame that glides on an ellipsoid.

With the body-fixed turns a, b, c about x, y, z the moving frame stands at
(rx n_x, ry n_y, rz n_z), where n = (sin b, -sin a cos b, cos a cos b) is its own z axis. A link
follows one coordinate alone, but a product is the sum of two slides in frames turned one way and
the other: r sin a cos b along y is r/2 sin a along y turned about z by b, plus the same turned by
-b. So a row of links has the motion exactly.
"""

from typing import Any

import numpy as np
import opensim

from sim_bridge.compile.functions import FunctionTable
from sim_bridge.compile.motion import SLIDE, TURN, Motion, X, Y, Z


def ellipsoid_motions(joint: Any, functions: FunctionTable) -> list[Motion]:
    """Motions of an EllipsoidJoint."""
    radii = opensim.EllipsoidJoint.safeDownCast(joint).get_radii_x_y_z()
    names = [joint.get_coordinates(k).getName() for k in range(3)]
    return _gliding((radii.get(0), radii.get(1), radii.get(2)), names, functions)


def scapulothoracic_motions(joint: Any, functions: FunctionTable) -> list[Motion]:
    """Motions of a ScapulothoracicJoint (Seth et al. 2016, doi 10.1371/journal.pone.0141028).

    Gliding on the thorax with both frames turned a quarter about z, then winging about an axis in
    the scapula's xy plane.
    """
    scapula = opensim.ScapulothoracicJoint.safeDownCast(joint)
    radii = scapula.get_thoracic_ellipsoid_radii_x_y_z()
    direction = float(scapula.get_scapula_winging_axis_direction())
    origin = [float(scapula.get_scapula_winging_axis_origin(k)) for k in range(2)]
    names = [joint.get_coordinates(k).getName() for k in range(4)]
    axis = (-float(np.sin(direction)), float(np.cos(direction)), 0.0)
    line = functions.add_line(1.0)
    return [
        _fixed(TURN, Z, 0.5 * np.pi),
        *_gliding((radii.get(1), radii.get(0), radii.get(2)), names[:3], functions),
        _fixed(TURN, Z, -0.5 * np.pi),
        _fixed(SLIDE, X, origin[0]),
        _fixed(SLIDE, Y, origin[1]),
        Motion(TURN, axis, names[3], line),
        _fixed(SLIDE, Y, -origin[1]),
        _fixed(SLIDE, X, -origin[0]),
    ]


def _gliding(
    radii: tuple[float, float, float], names: list[str], functions: FunctionTable
) -> list[Motion]:
    a, b, c = names
    line = functions.add_line(1.0)
    along_x = functions.add_smooth(lambda t: radii[0] * float(np.sin(t)), a)
    along_y = functions.add_smooth(lambda t: -0.5 * radii[1] * float(np.sin(t)), a)
    along_z = functions.add_smooth(lambda t: 0.5 * radii[2] * float(np.cos(t)), a)
    forth, back_twice = functions.add_line(1.0), functions.add_line(-2.0)
    motions = [Motion(SLIDE, X, b, along_x)]
    for turn, slide, function in ((Z, Y, along_y), (Y, Z, along_z)):
        motions += [
            Motion(TURN, turn, b, forth),
            Motion(SLIDE, slide, a, function),
            Motion(TURN, turn, b, back_twice),
            Motion(SLIDE, slide, a, function),
            Motion(TURN, turn, b, forth),
        ]
    motions.append(Motion(TURN, X, a, line, starts_ball=True))
    return [*motions, Motion(TURN, Y, b, line), Motion(TURN, Z, c, line)]


def _fixed(is_rotation: bool, axis: tuple[float, float, float], offset: float) -> Motion:
    return Motion(is_rotation, axis, None, offset=offset)
