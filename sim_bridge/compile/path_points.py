"""Muscle paths that can be evaluated as OpenSim does, point by point.

A path of points - fixed, conditional or moving - that wraps around cylinders alone is exact.
Everything else (ellipsoids, spheres, tori, paths that are functions) is fitted instead, see
``sim_bridge.compile.paths``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import opensim

from sim_bridge.compile.frames import Frames, Transform, transform_of, vec3
from sim_bridge.compile.functions import FunctionTable
from sim_bridge.exceptions import UnsupportedComponent
from sim_bridge.model import CONDITIONAL, FIXED, MOVING, PathGeometry

_AXES = {"x": 0, "y": 1, "z": 2}
_CONDITION_SLACK = 1e-5
"""OpenSim keeps a conditional point active this far [rad] outside of its range."""


Interval = tuple[float, float]
_NOWHERE: Interval = (0.0, 0.0)


@dataclass(frozen=True)
class _Point:
    """One path point; see :class:`sim_bridge.model.PathGeometry` for the fields."""

    kind: int
    link: int
    rotation: Any
    station: Any
    coordinate: tuple[int, int, int] = (-1, -1, -1)
    function: tuple[int, int, int] = (-1, -1, -1)
    interval: tuple[Interval, Interval, Interval] = (_NOWHERE, _NOWHERE, _NOWHERE)


@dataclass(frozen=True)
class _Wrap:
    """One cylinder of one muscle; see :class:`sim_bridge.model.PathGeometry` for the fields."""

    link: int
    place: Transform
    size: tuple[float, float]
    side: tuple[int, float]
    points: tuple[int, int]


def read_path_geometry(
    muscles: Sequence[Any],
    coordinate_names: tuple[str, ...],
    frames: Frames,
    functions: FunctionTable,
) -> PathGeometry:
    """Points and cylinders of every muscle whose path is exact; others have no points.

    Parameters
    ----------
    muscles : sequence of opensim.Muscle
        Of a model with an initialised system.
    coordinate_names : tuple of str
        Order of the coordinates.
    frames : Frames
        Placement of all bodies.
    functions : FunctionTable
        Receives the functions of moving points.
    """
    number = {name: i for i, name in enumerate(coordinate_names)}
    points: list[list[_Point]] = []
    wraps: list[list[_Wrap]] = []
    for muscle in muscles:
        path = opensim.GeometryPath.safeDownCast(muscle.getPath())
        exact = path is not None and _is_exact(path)
        points.append(_read_points(path, number, frames, functions) if exact else [])
        wraps.append(_read_wraps(path, frames) if exact else [])
    return _pack(points, wraps)


def _is_exact(path: Any) -> bool:
    points = path.getPathPointSet()
    kinds = {points.get(i).getConcreteClassName() for i in range(points.getSize())}
    objects = {wrap.getWrapObject().getConcreteClassName() for wrap in _active_wraps(path)}
    known = {"PathPoint", "ConditionalPathPoint", "MovingPathPoint"}
    return kinds <= known and objects <= {"WrapCylinder"}


def _active_wraps(path: Any) -> list[Any]:
    wraps = [path.getWrapSet().get(i) for i in range(path.getWrapSet().getSize())]
    return [wrap for wrap in wraps if wrap.getWrapObject().get_active()]


def _read_points(
    path: Any, number: dict[str, int], frames: Frames, functions: FunctionTable
) -> list[_Point]:
    found = []
    for i in range(path.getPathPointSet().getSize()):
        point = path.getPathPointSet().get(i)
        link, place = frames.locate(point.getParentFrame())
        kind = point.getConcreteClassName()
        if kind == "MovingPathPoint":
            moving = opensim.MovingPathPoint.safeDownCast(point)
            axes = _moving_axes(moving, number, functions)
            found.append(_Point(MOVING, link, place.rotation, place.translation, *axes))
            continue
        plain = getattr(opensim, kind).safeDownCast(point)
        station = place.point(vec3(plain.get_location()))
        if kind == "ConditionalPathPoint" and plain.hasCoordinate():
            condition = (number[plain.getCoordinate().getName()], -1, -1)
            low, high = plain.get_range(0) - _CONDITION_SLACK, plain.get_range(1) + _CONDITION_SLACK
            active = ((low, high), _NOWHERE, _NOWHERE)
            found.append(
                _Point(CONDITIONAL, link, place.rotation, station, condition, interval=active)
            )
        else:
            found.append(_Point(FIXED, link, place.rotation, station))
    return found


def _moving_axes(
    point: Any, number: dict[str, int], functions: FunctionTable
) -> tuple[tuple[int, int, int], tuple[int, int, int], tuple[Interval, Interval, Interval]]:
    """Coordinate, function and the coordinate's range of each axis of a moving point."""
    coordinates, numbers, ranges = [], [], []
    for axis in "xyz":
        has = getattr(point, f"has{axis.upper()}Coordinate")()
        coordinate: Any = getattr(point, f"get{axis.upper()}Coordinate")() if has else None
        coordinates.append(number[coordinate.getName()] if has else -1)
        ranges.append((coordinate.getRangeMin(), coordinate.getRangeMax()) if has else _NOWHERE)
        function = getattr(point, f"get_{axis}_location")()
        numbers.append(functions.add(function, point.getName()))
    x, y, z = zip(coordinates, numbers, ranges, strict=True)
    return (x[0], y[0], z[0]), (x[1], y[1], z[1]), (x[2], y[2], z[2])


def _read_wraps(path: Any, frames: Frames) -> list[_Wrap]:
    last = path.getPathPointSet().getSize() - 1
    found = []
    for wrap in _active_wraps(path):
        cylinder = opensim.WrapCylinder.safeDownCast(wrap.getWrapObject())
        link, place = frames.locate(cylinder.getFrame())
        start, end = wrap.getStartPoint(), wrap.getEndPoint()  # counted from 1; -1 is the path's
        found.append(
            _Wrap(
                link=link,
                place=place @ transform_of(cylinder.getTransform()),
                size=(float(cylinder.get_radius()), 0.5 * float(cylinder.get_length())),
                side=_quadrant(cylinder.getName(), cylinder.get_quadrant()),
                points=(0 if start < 1 else start - 1, last if end < 1 else end - 1),
            )
        )
    return found


def _quadrant(cylinder: str, name: str) -> tuple[int, float]:
    """Axis and sign of the side that wraps; sign 0 for the whole cylinder."""
    axis = _AXES.get(name.strip("+-").lower())
    if axis is None:
        return 0, 0.0
    if axis > 1:
        raise UnsupportedComponent(
            "WrapCylinder", cylinder, f"its quadrant {name} is its own axis; name x or y, or all"
        )
    return axis, -1.0 if name.startswith("-") else 1.0


def _pack(points: list[list[_Point]], wraps: list[list[_Wrap]]) -> PathGeometry:
    flat = [p for muscle in points for p in muscle]
    flat_wraps = [w for muscle in wraps for w in muscle]
    return PathGeometry(
        start=np.cumsum([0] + [len(m) for m in points]).astype(np.int64),
        kind=np.array([p.kind for p in flat], dtype=np.int64),
        link=np.array([p.link for p in flat], dtype=np.int64),
        rotation=np.array([p.rotation for p in flat]).reshape(-1, 3, 3),
        station=np.array([p.station for p in flat]).reshape(-1, 3),
        coordinate=np.array([p.coordinate for p in flat], dtype=np.int64).reshape(-1, 3),
        function=np.array([p.function for p in flat], dtype=np.int64).reshape(-1, 3),
        interval=np.array([p.interval for p in flat]).reshape(-1, 3, 2),
        wrap_start=np.cumsum([0] + [len(m) for m in wraps]).astype(np.int64),
        wrap_link=np.array([w.link for w in flat_wraps], dtype=np.int64),
        wrap_rotation=np.array([w.place.rotation for w in flat_wraps]).reshape(-1, 3, 3),
        wrap_translation=np.array([w.place.translation for w in flat_wraps]).reshape(-1, 3),
        wrap_size=np.array([w.size for w in flat_wraps]).reshape(-1, 2),
        wrap_side=np.array([w.side for w in flat_wraps], dtype=np.float64).reshape(-1, 2),
        wrap_points=np.array([w.points for w in flat_wraps], dtype=np.int64).reshape(-1, 2),
    )
