"""Muscles for small models: any class, any kind of path point, any wrap object."""

from collections.abc import Sequence
from typing import Any

import opensim

from tests.sim_bridge.small_models import custom, handed_over, line, two_limbs

Spot = tuple[str, tuple[float, float, float]]
"""Body and place on it [m]."""

ABOVE, BELOW = ("base", (0.05, 0.1, 0.02)), ("limb0", (0.04, -0.25, 0.01))
KINDS = (
    "Thelen2003Muscle",
    "Millard2012EquilibriumMuscle",
    "Millard2012AccelerationMuscle",
    "DeGrooteFregly2016Muscle",
)


def joint_of_two_turns() -> Any:
    """A base on a hinge and a limb that twists and bends: hinge_angle, twist, bend."""
    model = two_limbs(custom({2: ("bend", line()), 1: ("twist", line())}))
    for name, low, high in (("bend", -1.2, 1.2), ("twist", -0.5, 0.5)):
        coordinate = _coordinate(model, name)
        coordinate.setRangeMin(low)
        coordinate.setRangeMax(high)
        coordinate.setDefaultClamped(True)
    return model


def add_muscle(
    model: Any,
    name: str,
    spots: Sequence[Spot] = (ABOVE, BELOW),
    kind: str = "Millard2012EquilibriumMuscle",
    pennation: float = 0.2,
    lengths: tuple[float, float] = (0.3, 0.25),
) -> Any:
    """A muscle through points fixed to bodies; `lengths` are optimal fibre and tendon slack [m]."""
    muscle = _muscle(name, kind, pennation, lengths)
    for k, (body, place) in enumerate(spots):
        muscle.addNewPathPoint(f"{name}_{k}", _body(model, body), opensim.Vec3(*place))
    model.addForce(muscle)
    return muscle


def add_function_path(model: Any, name: str, coefficients: Sequence[float]) -> None:
    """A muscle whose length is a quadratic of twist and bend [m], without any points."""
    length, values = opensim.MultivariatePolynomialFunction(), opensim.Vector(6, 0.0)
    for k, c in enumerate(coefficients):
        values.set(k, c)
    length.setDimension(2)
    length.setOrder(2)
    length.setCoefficients(values)
    path = opensim.FunctionBasedPath()
    path.setLengthFunction(length)
    for coordinate in ("twist", "bend"):
        path.appendCoordinatePath(_coordinate_path(model, coordinate))
    muscle = _muscle(name, "Millard2012EquilibriumMuscle", 0.2, (0.3, 0.25))
    muscle.set_path(path)  # before the model has it: a path in use must not be exchanged
    model.addForce(muscle)


def add_conditional_point(
    model: Any, muscle: Any, spot: Spot, coordinate: str, interval: tuple[float, float]
) -> None:
    """A second point that counts only while a coordinate is within an interval [rad]."""
    point = opensim.ConditionalPathPoint()
    point.setName(f"{muscle.getName()}_conditional")
    point.updSocket("parent_frame").setConnecteePath(f"/bodyset/{spot[0]}")
    point.setLocation(opensim.Vec3(*spot[1]))
    point.updSocket("coordinate").setConnecteePath(_coordinate_path(model, coordinate))
    point.setRangeMin(interval[0])
    point.setRangeMax(interval[1])
    muscle.updGeometryPath().updPathPointSet().insert(1, handed_over(point))


def add_moving_point(
    model: Any, muscle: Any, body: str, coordinate: str, functions: Sequence[Any]
) -> None:
    """A last point whose three places on a body are functions of a coordinate."""
    point = opensim.MovingPathPoint()
    point.setName(f"{muscle.getName()}_moving")
    point.updSocket("parent_frame").setConnecteePath(f"/bodyset/{body}")
    mover = _coordinate_path(model, coordinate)
    for axis, function in zip("xyz", functions, strict=True):
        getattr(point, f"set_{axis}_location")(handed_over(function))
        point.updSocket(f"{axis}_coordinate").setConnecteePath(mover)
    points = muscle.updGeometryPath().updPathPointSet()
    points.insert(points.getSize(), handed_over(point))


def add_wrap(
    model: Any, muscle: Any, kind: str, body: str, place: tuple[float, float, float], **sizes: Any
) -> None:
    """A wrap object on a body, in the way of a muscle."""
    wrap = getattr(opensim, kind)()
    wrap.setName(f"{muscle.getName()}_{kind}")
    wrap.set_translation(opensim.Vec3(*place))
    wrap.set_xyz_body_rotation(opensim.Vec3(0.05, -0.1, 0.0))
    for name, value in sizes.items():
        getattr(wrap, f"set_{name}")(value)
    owner = _body(model, body)
    owner.addWrapObject(handed_over(wrap))
    model.finalizeConnections()
    made = owner.getWrapObjectSet().get(wrap.getName())
    muscle.updGeometryPath().addPathWrap(made)


def _muscle(name: str, kind: str, pennation: float, lengths: tuple[float, float]) -> Any:
    muscle = getattr(opensim, kind)()
    muscle.setName(name)
    muscle.setMaxIsometricForce(800.0)
    muscle.setOptimalFiberLength(lengths[0])
    muscle.setTendonSlackLength(lengths[1])
    muscle.setPennationAngleAtOptimalFiberLength(pennation)
    return muscle


def _body(model: Any, name: str) -> Any:
    return model.getGround() if name == "ground" else model.updBodySet().get(name)


def _coordinate_path(model: Any, name: str) -> str:
    return str(_coordinate(model, name).getAbsolutePathString())


def _coordinate(model: Any, name: str) -> Any:
    model.finalizeConnections()
    return model.updCoordinateSet().get(name)
