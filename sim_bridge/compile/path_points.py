"""Muscle paths that can be evaluated as OpenSim does, point by point.

A path of points - fixed, conditional or moving - and at most one wrapping cylinder is short and
exact. Everything else (several wraps, ellipsoids, spheres, tori, paths that are functions) is
fitted instead, see ``sim_bridge.compile.paths``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import opensim

from sim_bridge.compile.frames import Frames, transform_of, vec3
from sim_bridge.compile.functions import FunctionTable
from sim_bridge.model import PathGeometry

FIXED, CONDITIONAL, MOVING = 0, 1, 2
_AXES = {"x": 0, "y": 1, "z": 2}
_CONDITION_SLACK = 1e-5
"""OpenSim keeps a conditional point active this far [rad] outside of its range."""


@dataclass(frozen=True)
class _Point:
    """One path point; see :class:`sim_bridge.model.PathGeometry` for the fields."""

    kind: int
    link: int
    rotation: Any
    station: Any
    coordinate: tuple[int, int, int] = (-1, -1, -1)
    function: tuple[int, int, int] = (-1, -1, -1)
    interval: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class _Wrap:
    """A cylinder of one muscle; the defaults are those of a muscle without one."""

    link: int = -1
    rotation: Any = None
    translation: Any = None
    radius: float = 0.0
    half_length: float = 0.0
    side_axis: int = 0
    side_sign: float = 0.0
    first: int = 0
    last: int = -1


def read_path_geometry(
    model: Any, coordinate_names: tuple[str, ...], frames: Frames, functions: FunctionTable
) -> PathGeometry:
    """Points and cylinders of every muscle whose path is exact; others have no points.

    Parameters
    ----------
    model : opensim.Model
        With an initialised system.
    coordinate_names : tuple of str
        Order of the coordinates.
    frames : Frames
        Placement of all bodies.
    functions : FunctionTable
        Receives the functions of moving points.
    """
    number = {name: i for i, name in enumerate(coordinate_names)}
    points: list[list[_Point]] = []
    wraps: list[_Wrap] = []
    for i in range(model.getMuscles().getSize()):
        path = opensim.GeometryPath.safeDownCast(model.getMuscles().get(i).getPath())
        exact = path is not None and _is_exact(path)
        points.append(_read_points(path, number, frames, functions) if exact else [])
        wraps.append(_read_wrap(path, frames) if exact else _Wrap())
    return _pack(points, wraps)


def _is_exact(path: Any) -> bool:
    wraps = path.getWrapSet()
    active = [i for i in range(wraps.getSize()) if wraps.get(i).getWrapObject().get_active()]
    cylinders = [
        i for i in active if wraps.get(i).getWrapObject().getConcreteClassName() == "WrapCylinder"
    ]
    points = path.getPathPointSet()
    kinds = {points.get(i).getConcreteClassName() for i in range(points.getSize())}
    known = {"PathPoint", "ConditionalPathPoint", "MovingPathPoint"}
    return wraps.getSize() <= 1 and len(cylinders) == len(active) and kinds <= known


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
            coordinate, function = _moving_axes(moving, number, functions)
            found.append(
                _Point(MOVING, link, place.rotation, place.translation, coordinate, function)
            )
            continue
        plain = getattr(opensim, kind).safeDownCast(point)
        station = place.point(vec3(plain.get_location()))
        if kind == "ConditionalPathPoint" and plain.hasCoordinate():
            condition = (number[plain.getCoordinate().getName()], -1, -1)
            low, high = plain.get_range(0) - _CONDITION_SLACK, plain.get_range(1) + _CONDITION_SLACK
            found.append(
                _Point(CONDITIONAL, link, place.rotation, station, condition, interval=(low, high))
            )
        else:
            found.append(_Point(FIXED, link, place.rotation, station))
    return found


def _moving_axes(
    point: Any, number: dict[str, int], functions: FunctionTable
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Coordinate and function of each axis of a moving point."""
    coordinates, numbers = [], []
    for axis in "xyz":
        has = getattr(point, f"has{axis.upper()}Coordinate")()
        coordinate = getattr(point, f"get{axis.upper()}Coordinate")() if has else None
        coordinates.append(number[coordinate.getName()] if coordinate is not None else -1)
        function = getattr(point, f"get_{axis}_location")()
        numbers.append(functions.add(function, point.getName()))
    return (coordinates[0], coordinates[1], coordinates[2]), (numbers[0], numbers[1], numbers[2])


def _read_wrap(path: Any, frames: Frames) -> _Wrap:
    if path.getWrapSet().getSize() == 0 or not _wrap_object(path).get_active():
        return _Wrap()
    wrap = path.getWrapSet().get(0)
    cylinder = opensim.WrapCylinder.safeDownCast(wrap.getWrapObject())
    link, place = frames.locate(cylinder.getFrame())
    place = place @ transform_of(cylinder.getTransform())
    axis, sign = _quadrant(cylinder.get_quadrant())
    n = path.getPathPointSet().getSize()
    start, end = wrap.getStartPoint(), wrap.getEndPoint()
    return _Wrap(
        link=link,
        rotation=place.rotation,
        translation=place.translation,
        radius=float(cylinder.get_radius()),
        half_length=0.5 * float(cylinder.get_length()),
        side_axis=axis,
        side_sign=sign,
        first=0 if start < 1 else start - 1,
        last=n - 1 if end < 1 else end - 1,
    )


def _wrap_object(path: Any) -> Any:
    return path.getWrapSet().get(0).getWrapObject()


def _quadrant(name: str) -> tuple[int, float]:
    """Axis and sign of the side that wraps; sign 0 for the whole cylinder."""
    axis = _AXES.get(name.strip("+-").lower())
    if axis is None:
        return 0, 0.0
    return axis, -1.0 if name.startswith("-") else 1.0


def _pack(points: list[list[_Point]], wraps: list[_Wrap]) -> PathGeometry:
    flat = [p for muscle in points for p in muscle]
    return PathGeometry(
        start=np.cumsum([0] + [len(m) for m in points]).astype(np.int64),
        kind=np.array([p.kind for p in flat], dtype=np.int64),
        link=np.array([p.link for p in flat], dtype=np.int64),
        rotation=np.array([p.rotation for p in flat]).reshape(-1, 3, 3),
        station=np.array([p.station for p in flat]).reshape(-1, 3),
        coordinate=np.array([p.coordinate for p in flat], dtype=np.int64).reshape(-1, 3),
        function=np.array([p.function for p in flat], dtype=np.int64).reshape(-1, 3),
        interval=np.array([p.interval for p in flat]).reshape(-1, 2),
        wrap_link=np.array([w.link for w in wraps], dtype=np.int64),
        wrap_rotation=np.array(
            [np.eye(3) if w.rotation is None else w.rotation for w in wraps]
        ).reshape(-1, 3, 3),
        wrap_translation=np.array(
            [np.zeros(3) if w.translation is None else w.translation for w in wraps]
        ).reshape(-1, 3),
        wrap_radius=np.array([w.radius for w in wraps]),
        wrap_half_length=np.array([w.half_length for w in wraps]),
        wrap_side=np.array([(w.side_axis, w.side_sign) for w in wraps]).reshape(-1, 2),
        wrap_points=np.array([(w.first, w.last) for w in wraps], dtype=np.int64).reshape(-1, 2),
    )
