"""Small OpenSim models, built through its API: two limbs hang on a swinging base."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import opensim

Make = Callable[[Any, Any], Any]
"""Makes a joint between two bodies, given both."""

# Places of no symmetry: a wrong axis, sign or order shows in every marker.
PLACE_IN_PARENT = ((0.1, -0.2, 0.05), (0.4, -0.3, 0.7))
PLACE_IN_CHILD = ((-0.03, 0.25, 0.02), (-0.2, 0.5, 0.1))


def places() -> tuple[Any, Any, Any, Any]:
    """Location and orientation of a joint in its parent, then in its child."""
    vectors = (*PLACE_IN_PARENT, *PLACE_IN_CHILD)
    location, turn, location_in_child, turn_in_child = (opensim.Vec3(*v) for v in vectors)
    return location, turn, location_in_child, turn_in_child


def standard(kind: str) -> Make:
    """A joint of one of OpenSim's plain classes, turned and shifted in both bodies."""

    def make(parent: Any, child: Any) -> Any:
        location, turn, location_in_child, turn_in_child = places()
        return getattr(opensim, kind)(
            "tested", parent, location, turn, child, location_in_child, turn_in_child
        )

    return make


def custom(functions: dict[int, tuple[str, Any]], axes: np.ndarray | None = None) -> Make:
    """A CustomJoint: axis number (0 to 2 turn, 3 to 5 slide) to coordinate and function."""

    def make(parent: Any, child: Any) -> Any:
        transform = opensim.SpatialTransform()
        directions = np.tile(np.eye(3), (2, 1)) if axes is None else axes
        for i in range(6):
            axis = transform.updTransformAxis(i)
            axis.setAxis(opensim.Vec3(*map(float, directions[i])))
            coordinate, function = functions.get(i, ("", opensim.Constant(0.0)))
            if coordinate:
                axis.setCoordinateNames(opensim.ArrayStr(coordinate, 1))
            axis.setFunction(handed_over(function))
        location, turn, location_in_child, turn_in_child = places()
        return opensim.CustomJoint(
            "tested", parent, location, turn, child, location_in_child, turn_in_child, transform
        )

    return make


def two_limbs(joint: Make, *more: Make) -> Any:
    """A base that swings on a pin, then one body after another on the joints given."""
    model = opensim.Model()
    model.setName("small")
    base = add_body(model, "base", 4.0)
    hinge = opensim.PinJoint(
        "hinge",
        model.getGround(),
        opensim.Vec3(0.1, 0.9, -0.2),
        opensim.Vec3(0.2, 0.1, -0.4),
        base,
        opensim.Vec3(0.0, 0.1, 0.0),
        opensim.Vec3(0.0, 0.3, 0.0),
    )
    hinge.updCoordinate().setName("hinge_angle")
    model.addJoint(hinge)
    parent = base
    for k, make in enumerate((joint, *more)):
        child = add_body(model, f"limb{k}", 2.0 - 0.3 * k)
        made = make(parent, child)
        made.setName(f"tested{k}")
        for c in range(made.numCoordinates()):
            if made.get_coordinates(c).getName().startswith("tested_coord"):
                made.upd_coordinates(c).setName(f"tested{k}_{c}")
        model.addJoint(made)
        parent = child
    return model


def add_body(model: Any, name: str, mass: float) -> Any:
    """A body with a full inertia tensor, off-centre mass and three markers."""
    inertia = opensim.Inertia(0.05, 0.04, 0.03, 0.004, -0.003, 0.002)
    body = opensim.Body(name, mass, opensim.Vec3(0.02, -0.13, 0.01), inertia)
    model.addBody(body)
    for k, spot in enumerate(((0.1, 0.0, 0.02), (-0.03, -0.2, 0.05), (0.01, -0.1, -0.09))):
        model.addMarker(opensim.Marker(f"{name}_{k}", body, opensim.Vec3(*spot)))
    return body


def save(model: Any, path: Path) -> Path:
    """Write a model file."""
    model.finalizeConnections()
    model.initSystem()
    model.printToXML(str(path))
    return path


def spline(points: list[tuple[float, float]], kind: str = "SimmSpline") -> Any:
    """SimmSpline or PiecewiseLinearFunction through points."""
    function = getattr(opensim, kind)()
    for x, y in points:
        function.addPoint(x, y)
    return function


def gcv_spline(points: list[tuple[float, float]], degree: int) -> Any:
    """GCVSpline without smoothing through points."""
    function = opensim.GCVSpline()
    function.setDegree(degree)
    for x, y in points:
        function.addPoint(x, y)
    return function


def polynomial(*ascending: float) -> Any:
    """PolynomialFunction of ascending coefficients."""
    coefficients = opensim.Vector(len(ascending), 0.0)
    for k, c in enumerate(reversed(ascending)):
        coefficients.set(k, c)
    return opensim.PolynomialFunction(coefficients)


def scaled(function: Any, scale: float) -> Any:
    """MultiplierFunction."""
    return opensim.MultiplierFunction(handed_over(function), scale)


def handed_over(function: Any) -> Any:
    """Copy that its taker frees: OpenSim adopts functions without telling Python."""
    copy = function.clone()
    copy.this.disown()
    return copy


def line(slope: float = 1.0, intercept: float = 0.0) -> Any:
    """LinearFunction."""
    return opensim.LinearFunction(slope, intercept)


def function_classes() -> dict[str, Any]:
    """One function of every class that OpenSim's joints and couplers use."""
    points = [(-1.2, 0.3), (-0.5, -0.1), (0.1, 0.05), (0.6, 0.4), (1.5, 0.2), (2.0, -0.3)]
    return {
        "Constant": opensim.Constant(0.21),
        "LinearFunction": line(0.7, -0.2),
        "PolynomialFunction": polynomial(0.1, -0.4, 0.2, 0.05, -0.01),
        "SimmSpline": spline(points),
        "SimmSpline of 2 points": spline(points[:2]),
        "SimmSpline of 3 points": spline(points[:3]),
        "PiecewiseLinearFunction": spline(points, "PiecewiseLinearFunction"),
        "GCVSpline of degree 3": gcv_spline(points, 3),
        "GCVSpline of degree 5": gcv_spline([*points, (2.6, 0.1), (3.0, 0.0)], 5),
        "MultiplierFunction of a SimmSpline": scaled(spline(points), -1.7),
        "MultiplierFunction of a polynomial": scaled(polynomial(0.1, 0.3, -0.2), 0.6),
        "MultiplierFunction of a constant": scaled(opensim.Constant(0.4), 2.0),
        "MultiplierFunction of a MultiplierFunction": scaled(scaled(spline(points), 2.0), 0.3),
        "Sine": opensim.Sine(0.3, 1.4, 0.2, 0.1),
    }
