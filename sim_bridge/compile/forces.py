"""What pulls beside the muscles: actuators and springs of single coordinates."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import opensim

from sim_bridge.chain import Chain
from sim_bridge.exceptions import UnsupportedComponent
from sim_bridge.model import CoordinateActuators, CoordinateSprings

from .contacts import is_with_ground
from .refuse import kind_of, listed, refuse

_log = logging.getLogger(__name__)

_ACTUATORS = ("CoordinateActuator", "ActivationCoordinateActuator")
"""Statically, control is activation."""
_SPRINGS = ("CoordinateLimitForce", "SpringGeneralizedForce")


def is_read(force: Any) -> bool:
    """Whether a force is of a class that we read, from the model's ForceSet."""
    known = kind_of(force) in (*_ACTUATORS, *_SPRINGS)
    return known or opensim.Muscle.safeDownCast(force) is not None


def refuse_other_forces(model: Any) -> None:
    """Refuse the forces that are not read, all of them at once, wherever in the model they stand.

    Contact with ground is left out, and the log says so.

    Raises
    ------
    UnsupportedComponent
        For any other that is not switched off.
    """
    parts = [opensim.Force.safeDownCast(c) for c in list(model.getComponentsList())]
    other = [f for f in parts if f is not None and f.get_appliesForce() and not is_read(f)]
    if floor := [f for f in other if is_with_ground(f, model)]:
        _log.warning(
            "contact with ground is left out, its forces are measured or predicted: %s",
            listed(floor),
        )
    rest = [f for f in other if f not in floor]
    refuse(rest, "remove it, or set its appliesForce to false")


def read_actuators(model: Any, coordinate_names: tuple[str, ...]) -> CoordinateActuators:
    """CoordinateActuators of the model's ForceSet that are not switched off, of both classes."""
    found = _of_class(model, *_ACTUATORS)
    return CoordinateActuators(
        names=tuple(a.getName() for a in found),
        coordinate=np.array(
            [coordinate_names.index(a.getCoordinate().getName()) for a in found], dtype=np.int64
        ),
        optimal_force=np.array([a.getOptimalForce() for a in found], dtype=np.float64),
        lower=np.array([a.getMinControl() for a in found], dtype=np.float64),
        upper=np.array([a.getMaxControl() for a in found], dtype=np.float64),
    )


def read_springs(model: Any, coordinate_names: tuple[str, ...], chain: Chain) -> CoordinateSprings:
    """Springs and stops of the model's ForceSet that are not switched off.

    Raises
    ------
    UnsupportedComponent
        For one on a coordinate that the model lacks, or of a joint whose speeds are not the
        derivatives of its angles.
    """
    rows = [_stop(f, model) for f in _of_class(model, "CoordinateLimitForce")]
    rows += [_spring(f) for f in _of_class(model, "SpringGeneralizedForce")]
    forces = [f for kind in _SPRINGS for f in _of_class(model, kind)]
    turns = {int(chain.coordinate[i + k]) for i in chain.ball for k in range(3)}
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return CoordinateSprings(
        coordinate=np.array(
            [_coordinate_of(f, coordinate_names, turns) for f in forces], dtype=np.int64
        ),
        limit=table[:, 0:2].copy(),
        stiffness=table[:, 2:4].copy(),
        transition=table[:, 4].copy(),
        damping=table[:, 5].copy(),
    )


def _of_class(model: Any, *kinds: str) -> list[Any]:
    """Forces of some classes that are not switched off, in the order of the ForceSet."""
    forces = [model.getForceSet().get(i) for i in range(model.getForceSet().getSize())]
    working = [f for f in forces if kind_of(f) in kinds and f.get_appliesForce()]
    return [getattr(opensim, kind_of(f)).safeDownCast(f) for f in working]


def _coordinate_of(force: Any, names: tuple[str, ...], turns: set[int]) -> int:
    """Model index of the coordinate that a spring pulls."""
    name = force.get_coordinate()
    if name not in names:
        raise UnsupportedComponent(
            kind_of(force), force.getName(), f"its coordinate is '{name}'; name one of the model"
        )
    if (number := names.index(name)) in turns:  # OpenSim applies it about an axis of its parent
        raise UnsupportedComponent(
            kind_of(force),
            force.getName(),
            f"{name} is an angle of a joint that turns freely; replace that by a CustomJoint",
        )
    return number


def _stop(force: Any, model: Any) -> Sequence[float]:
    """A row of the table; OpenSim counts stops of angles in degrees."""
    coordinate = model.getCoordinateSet().get(force.get_coordinate())
    is_rotation = coordinate.getMotionType() == opensim.Coordinate.Rotational
    unit = float(np.radians(1.0)) if is_rotation else 1.0
    return (
        force.get_lower_limit() * unit,
        force.get_upper_limit() * unit,
        force.get_lower_stiffness() / unit,
        force.get_upper_stiffness() / unit,
        force.get_transition() * unit,
        force.get_damping() / unit,
    )


def _spring(force: Any) -> Sequence[float]:
    """A row of the table: a stop that begins on both sides of the rest, at once."""
    rest, stiffness = force.getRestLength(), force.getStiffness()
    return rest, rest, stiffness, stiffness, 0.0, force.getViscosity()
