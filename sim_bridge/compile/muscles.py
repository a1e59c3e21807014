"""Muscle parameters and their two force curves, read from an OpenSim model.

Static optimization needs one number per muscle: the active fibre force at full activation along a
rigid tendon, as OpenSim's ``calcInextensibleTendonActiveFiberForce`` gives it. Every muscle class
is the same formula here, f = F0 fl(l) fv(v) cos, with its own tables and its own cosine:

- Thelen2003Muscle projects with the cosine of the pennation angle (Thelen 2003,
  doi 10.1115/1.1531112).
- Millard2012EquilibriumMuscle and Millard2012AccelerationMuscle (Millard et al. 2013,
  doi 10.1115/1.4023390): the former evaluates the angle at the *normalised* fibre length in
  OpenSim 4.6, which makes the cosine nearly one. We reproduce OpenSim, not the paper.
- DeGrooteFregly2016Muscle (De Groote et al. 2016, doi 10.1007/s10439-016-1591-9) does not project.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import opensim

from sim_bridge._jit import F64
from sim_bridge.exceptions import UnsupportedComponent
from sim_bridge.model import Muscles

_log = logging.getLogger(__name__)

LENGTH_RANGE = (0.0, 2.5)
"""Fibre lengths covered by the tables [optimal fibre lengths]."""
VELOCITY_RANGE = (-1.5, 1.5)
"""Fibre speeds covered by the tables [maximum contraction velocities]."""
_KNOTS = 1501

_DEPRECATED = "_Deprecated"
"""Ends the names that OpenSim gives to classes of its third version."""
_MAY_BE_ZERO = {
    "MaxIsometricForce": True,
    "OptimalFiberLength": False,
    "TendonSlackLength": True,
    "PennationAngleAtOptimalFiberLength": True,
    "MaxContractionVelocity": False,
}
"""Parameters that are never negative."""

_Curve = Callable[[float], float]


class _CurveTables:
    """Tables of value and slope; muscles with the same curve share a row."""

    def __init__(self, interval: tuple[float, float]) -> None:
        self.grid = np.linspace(*interval, _KNOTS)
        self.rows: list[F64] = []

    def add(self, curve: _Curve) -> int:
        """Row of the table of this curve."""
        value = np.array([curve(float(x)) for x in self.grid])
        row = np.stack([value, np.gradient(value, self.grid, edge_order=2)], axis=1)
        for i, known in enumerate(self.rows):
            if np.array_equal(known, row):
                return i
        self.rows.append(row)
        return len(self.rows) - 1


def working_muscles(model: Any) -> list[Any]:
    """Muscles of an OpenSim model; those that are switched off are left out, as OpenSim does."""
    muscles = [model.getMuscles().get(i) for i in range(model.getMuscles().getSize())]
    off = [m.getName() for m in muscles if not m.get_appliesForce()]
    if off:
        _log.warning(
            "muscles left out because appliesForce is false: %s; set it to true to recruit them",
            ", ".join(off),
        )
    return [m for m in muscles if m.get_appliesForce()]


def read_muscles(working: Sequence[Any]) -> Muscles:
    """Parameters of muscles, from :func:`working_muscles`.

    Raises
    ------
    UnsupportedComponent
        For a muscle class without a known rigid-tendon force.
    """
    muscles = [_downcast(muscle) for muscle in working]
    for muscle in muscles:
        _refuse_what_cannot_be(muscle)
    length, velocity = _CurveTables(LENGTH_RANGE), _CurveTables(VELOCITY_RANGE)
    optimal = np.array([m.getOptimalFiberLength() for m in muscles])
    height = optimal * np.sin([m.getPennationAngleAtOptimalFiberLength() for m in muscles])
    curves = [(length.add(fl), velocity.add(fv)) for fl, fv in map(_curves, muscles)]
    return Muscles(
        names=tuple(m.getName() for m in muscles),
        max_isometric_force=np.array([m.getMaxIsometricForce() for m in muscles]),
        optimal_fiber_length=optimal,
        tendon_slack_length=np.array([m.getTendonSlackLength() for m in muscles]),
        fiber_height=height,
        projection_height=np.array(
            [_projection(m, h, o) for m, h, o in zip(muscles, height, optimal, strict=True)]
        ),
        minimum_fiber_length=np.array([_minimum_length(m) for m in muscles]),
        max_velocity=optimal * [m.getMaxContractionVelocity() for m in muscles],
        length_curve=np.array([fl for fl, _ in curves], dtype=np.int64),
        velocity_curve=np.array([fv for _, fv in curves], dtype=np.int64),
        lower=np.array([m.getMinControl() for m in muscles]),
        upper=np.array([m.getMaxControl() for m in muscles]),
        force_length=np.array(length.rows).reshape(-1, _KNOTS, 2),
        force_velocity=np.array(velocity.rows).reshape(-1, _KNOTS, 2),
        length_range=np.array(LENGTH_RANGE),
        velocity_range=np.array(VELOCITY_RANGE),
    )


def _refuse_what_cannot_be(muscle: Any) -> None:
    """Refuse a parameter that OpenSim lets pass, though no muscle has such a one."""
    odd = []
    for name, may_be_zero in _MAY_BE_ZERO.items():
        value = getattr(muscle, f"get{name}")()
        if not 0.0 <= value < np.inf or (value == 0.0 and not may_be_zero):
            odd.append(f"its {name} is {value:g}; correct it")
    lower, upper = muscle.getMinControl(), muscle.getMaxControl()
    if not 0.0 <= lower < upper < np.inf:
        odd.append(
            f"its controls reach from {lower:g} to {upper:g}; correct min_control and max_control"
        )
    if odd:
        raise UnsupportedComponent(muscle.getConcreteClassName(), muscle.getName(), odd[0])


def _downcast(muscle: Any) -> Any:
    """The muscle as its own class."""
    kind = muscle.getConcreteClassName()
    if kind not in _CURVES:
        remedy = f"use one of {', '.join(sorted(_CURVES))}"
        if kind.endswith(_DEPRECATED):  # a name that the file may not have
            old = kind.removesuffix(_DEPRECATED)
            remedy = f"in the file, write Thelen2003Muscle for {old}; its parameters are the same"
        raise UnsupportedComponent(kind, muscle.getName(), remedy)
    return getattr(opensim, kind).safeDownCast(muscle)


def _curves(muscle: Any) -> tuple[_Curve, _Curve]:
    return _CURVES[muscle.getConcreteClassName()](muscle)


def _millard_curves(muscle: Any) -> tuple[_Curve, _Curve]:
    fl, fv = muscle.getActiveForceLengthCurve(), muscle.getForceVelocityCurve()
    return (lambda x: float(fl.calcValue(x))), (lambda x: float(fv.calcValue(x)))


def _acceleration_curves(muscle: Any) -> tuple[_Curve, _Curve]:
    fl, fv = muscle.get_ActiveForceLengthCurve(), muscle.get_ForceVelocityCurve()
    return (lambda x: float(fl.calcValue(x))), (lambda x: float(fv.calcValue(x)))


def _de_groote_curves(muscle: Any) -> tuple[_Curve, _Curve]:
    return (
        lambda x: float(muscle.calcActiveForceLengthMultiplier(x)),
        lambda x: float(muscle.calcForceVelocityMultiplier(x)),
    )


def _thelen_curves(muscle: Any) -> tuple[_Curve, _Curve]:
    """Thelen's equations 4, 6 and 7 at full activation, with OpenSim's linear continuation."""
    gamma = float(muscle.get_KshapeActive())
    af, flen = float(muscle.get_Af()), float(muscle.get_Flen())
    top = flen * float(muscle.get_fv_linear_extrap_threshold())
    k = (2.0 + 2.0 / af) / (flen - 1.0)
    speed_at_top = (top - 1.0) / (k * (flen - top))
    slope_at_top = k * (flen - top) ** 2 / (flen - 1.0)

    def force_length(x: float) -> float:
        return float(np.exp(-((x - 1.0) ** 2) / gamma))

    def force_velocity(v: float) -> float:
        if v <= -1.0:
            return 0.0
        if v <= 0.0:
            return (1.0 + v) / (1.0 - v / af)
        if v < speed_at_top:
            return (1.0 + k * v * flen) / (1.0 + k * v)
        return top + (v - speed_at_top) * slope_at_top

    return force_length, force_velocity


_CURVES: dict[str, Callable[[Any], tuple[_Curve, _Curve]]] = {
    "Thelen2003Muscle": _thelen_curves,
    "Millard2012EquilibriumMuscle": _millard_curves,
    "Millard2012AccelerationMuscle": _acceleration_curves,
    "DeGrooteFregly2016Muscle": _de_groote_curves,
}


def _projection(muscle: Any, height: float, optimal: float) -> float:
    """Height in the cosine that projects the fibre force, see the module's docstring."""
    kind = muscle.getConcreteClassName()
    if kind == "DeGrooteFregly2016Muscle":
        return 0.0
    return height * optimal if kind == "Millard2012EquilibriumMuscle" else height


def _minimum_length(muscle: Any) -> float:
    """Fibre length at and below which OpenSim lets the muscle carry no active force [m]."""
    if hasattr(muscle, "getMinimumFiberLength"):
        return float(muscle.getMinimumFiberLength())
    if hasattr(muscle, "getPennationModel"):
        return float(muscle.getPennationModel().getMinimumFiberLength())
    return 0.0
