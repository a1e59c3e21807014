"""Coordinates, their bounds, and the couplers and locks that tie them together."""

import logging
from typing import Any

import numpy as np
import opensim

from sim_bridge._jit import I64
from sim_bridge.exceptions import UnsupportedComponent
from sim_bridge.model import Coordinates
from sim_bridge.piecewise import PiecewisePolynomials

from .functions import FunctionTable, polynomial_coefficients
from .refuse import refuse

_log = logging.getLogger(__name__)

_LOCK_SLACK = 1e-6
"""How far a locked coordinate may lie from where its locked leader puts it [rad, m]."""
_RANGE_SLACK = 1e-3
"""How far a coupled coordinate may leave its range [rad, m]: files round their ranges."""


def read_coordinates(model: Any, functions: FunctionTable) -> Coordinates:
    """Coordinates of an OpenSim model with an initialised system.

    Parameters
    ----------
    model : opensim.Model
        The model.
    functions : FunctionTable
        Receives the coupler functions.

    Raises
    ------
    UnsupportedComponent
        For a constraint that is not a CoordinateCouplerConstraint of one coordinate, couplers that
        go round in a circle or make a chain that is no exact function of its start, a coordinate
        prescribed by a function of time, or two of the same name.
    """
    all_coordinates = [model.getCoordinateSet().get(i) for i in range(model.getNumCoordinates())]
    names = tuple(c.getName() for c in all_coordinates)
    _refuse_duplicates(names)
    state = model.getWorkingState()
    lead, function = _ties(model, names, all_coordinates, state, functions)
    clamped = np.array([bool(c.getClamped(state)) for c in all_coordinates], dtype=np.bool_)
    least = np.array([c.getRangeMin() for c in all_coordinates])
    most = np.array([c.getRangeMax() for c in all_coordinates])
    rotational = opensim.Coordinate.Rotational
    free = [i for i in range(len(names)) if lead[i] == i]
    number = {i: k for k, i in enumerate(free)}
    is_rotation = np.array([c.getMotionType() == rotational for c in all_coordinates], dtype=bool)
    return Coordinates(
        names=names,
        default=np.array([c.getDefaultValue() for c in all_coordinates]),
        lower=np.where(clamped, least, -np.inf),
        upper=np.where(clamped, most, np.inf),
        least=least,
        most=most,
        is_rotation=is_rotation,
        is_angle=is_rotation | np.array([_turns_something(c) for c in all_coordinates], dtype=bool),
        lead=np.array([number.get(int(i), -1) for i in lead], dtype=np.int64),
        function=function,
        free_index=np.array(free, dtype=np.int64),
    )


def tell_of_ranges(model: Any, coordinates: Coordinates, functions: PiecewisePolynomials) -> None:
    """Log the clamped coordinates that leave their range while their leader is within its own.

    OpenSim's inverse kinematics would hold the leader back there, the bridge does not.
    """
    handles = [model.getCoordinateSet().get(i) for i in range(len(coordinates.names))]
    leaving = []
    for i, name in enumerate(coordinates.names):
        lead = int(coordinates.lead[i])
        if lead < 0 or (leader := int(coordinates.free_index[lead])) == i:
            continue
        ends = handles[leader].getRangeMin(), handles[leader].getRangeMax()
        values = [
            functions(int(coordinates.function[i]), float(x))[0] for x in np.linspace(*ends, 9)
        ]
        beyond = max(coordinates.lower[i] - min(values), max(values) - coordinates.upper[i])
        if beyond > _RANGE_SLACK:
            leaving.append(f"{name} (follows {coordinates.names[leader]})")
    if leaving:
        _log.warning(
            "coupled coordinates leave the range they are clamped to: %s; OpenSim would hold back"
            " the one they follow, this program does not; widen the range or narrow the leader's",
            ", ".join(leaving),
        )


def _turns_something(coordinate: Any) -> bool:
    """Whether any axis of a custom joint turns by it; scaled, OpenSim calls it coupled."""
    joint = opensim.CustomJoint.safeDownCast(coordinate.getJoint())
    if joint is None:
        return False
    axes = [joint.getSpatialTransform().getTransformAxis(i) for i in range(3)]
    names = [axis.getCoordinateNamesInArray() for axis in axes]
    return any(coordinate.getName() == of.get(k) for of in names for k in range(of.getSize()))


def _refuse_duplicates(names: tuple[str, ...]) -> None:
    """Files, couplers and messages name coordinates without their joint."""
    for i, name in enumerate(names):
        if name in names[:i]:
            raise UnsupportedComponent(
                "Coordinate", name, "another coordinate has the same name; rename one of them"
            )


def _ties(
    model: Any, names: tuple[str, ...], coordinates: list[Any], state: Any, functions: FunctionTable
) -> tuple[I64, I64]:
    """Leading coordinate (model index, -1 for none) and function of each coordinate."""
    identity = functions.add_line(1.0)
    lead = np.arange(len(names), dtype=np.int64)
    function = np.full(len(names), identity, dtype=np.int64)
    for i, coordinate in enumerate(coordinates):
        fixed = _fixed_value(coordinate, names[i], state)
        if fixed is not None:
            lead[i], function[i] = -1, functions.add_polynomial((fixed,))
    _couple(_couplers(model), names, lead, function, functions)
    return lead, function


def _fixed_value(coordinate: Any, name: str, state: Any) -> float | None:
    """Value of a locked coordinate, or of one that is prescribed as a constant."""
    if coordinate.isPrescribed(state):
        coefficients = polynomial_coefficients(coordinate.getPrescribedFunction())
        if coefficients is None or any(coefficients[1:]):
            raise UnsupportedComponent(
                "Coordinate", name, "it is prescribed in time; clear 'prescribed' or lock it"
            )
        return float(coefficients[0])
    return float(coordinate.getDefaultValue()) if coordinate.getLocked(state) else None


def _couple(
    couplers: list[Any],
    names: tuple[str, ...],
    lead: I64,
    function: I64,
    functions: FunctionTable,
) -> None:
    """Tie every dependent coordinate to the free one at the start of its chain, in place."""
    ties = [(coupler.getName(), *_read_coupler(coupler, names, functions)) for coupler in couplers]
    waiting: dict[int, str] = {}
    for name, dependent, *_ in ties:
        if waiting.setdefault(dependent, name) is not name:
            raise UnsupportedComponent(
                "CoordinateCouplerConstraint",
                name,
                f"{waiting[dependent]} couples {names[dependent]} as well; keep one of them",
            )
    while ties:
        ready = [tie for tie in ties if tie[2] not in waiting]
        if not ready:
            raise UnsupportedComponent(
                "CoordinateCouplerConstraint", ties[0][0], "its couplers form a loop"
            )
        for name, dependent, independent, number in ready:
            whole = functions.compose(number, int(function[independent]))
            if whole is None:
                raise UnsupportedComponent(
                    "CoordinateCouplerConstraint",
                    name,
                    f"{names[independent]} is coupled by a spline; couple to the free coordinate",
                )
            if lead[dependent] < 0:
                kept = functions.value(int(function[dependent]), 0.0)
                if lead[independent] >= 0 or abs(functions.value(whole, 0.0) - kept) > _LOCK_SLACK:
                    raise _locked_elsewhere(names[dependent], names[independent], name)
            lead[dependent], function[dependent] = lead[independent], whole
            del waiting[dependent]
        ties = [tie for tie in ties if tie[1] in waiting]


def _locked_elsewhere(dependent: str, independent: str, coupler: str) -> UnsupportedComponent:
    """A locked coordinate that its coupler moves, or wants at another place."""
    return UnsupportedComponent(
        "Coordinate",
        dependent,
        f"it is locked or prescribed, and coupled by {coupler}; unlock it and lock {independent},"
        " or switch the coupler off",
    )


def _couplers(model: Any) -> list[Any]:
    """Enforced coordinate couplers; any other constraint is refused."""
    every = [model.getConstraintSet().get(i) for i in range(model.getConstraintSet().getSize())]
    enforced = [c for c in every if c.get_isEnforced()]
    couplers = [opensim.CoordinateCouplerConstraint.safeDownCast(c) for c in enforced]
    other = [c for c, coupler in zip(enforced, couplers, strict=True) if coupler is None]
    refuse(other, "only coordinate couplers are; remove it or replace it by a coupler")
    return couplers


def _read_coupler(
    coupler: Any, names: tuple[str, ...], functions: FunctionTable
) -> tuple[int, int, int]:
    """Dependent and independent model index, and the function between them."""
    independents = coupler.getIndependentCoordinateNames()
    if independents.getSize() != 1:
        raise UnsupportedComponent(
            "CoordinateCouplerConstraint", coupler.getName(), "it must follow one coordinate"
        )
    number = functions.add(_scaled_function(coupler), coupler.getName())
    dependent = names.index(coupler.getDependentCoordinateName())
    return dependent, names.index(independents.get(0)), number


def _scaled_function(coupler: Any) -> Any:
    """A coupler's function times its scale factor, which OpenSim's scaling of a model sets."""
    scale = opensim.PropertyHelper.getValueDouble(coupler.getPropertyByName("scale_factor"))
    if scale == 1.0:
        return coupler.getFunction()
    inner = coupler.getFunction().clone()
    inner.this.disown()  # the multiplier frees it
    return opensim.MultiplierFunction(inner, scale)
