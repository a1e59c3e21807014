"""Rows of external forces: which foot or body each acts on, and those of feet that have none."""

from collections.abc import Sequence

import numpy as np

from sim_bridge._jit import F64, I64, Bool
from sim_bridge.dynamics.inverse_dynamics import ExternalForce
from sim_bridge.exceptions import SettingsError
from sim_bridge.ground_reaction.feet import FOOT_BODIES, SIDES
from sim_bridge.model import CompiledModel

from .mapping import ON_FEET


def all_on_feet(loads: Sequence[ExternalForce]) -> bool:
    """Whether the loads are plates under whichever foot.

    Raises
    ------
    SettingsError
        If some are and some are not.
    """
    plates = [load.name for load in loads if load.body == ON_FEET]
    if plates and len(plates) < len(loads):
        others = ", ".join(load.name for load in loads if load.body != ON_FEET)
        raise SettingsError(
            f"{', '.join(plates)} act on '{ON_FEET}', {others} on bodies; give all plates to"
            f" '{ON_FEET}' (`plates: auto`), without devices, or each to its body (`named`)"
        )
    return bool(plates)


def check_corners(corners: F64 | None, n_loads: int) -> None:
    """Refuse corners that do not fit.

    Raises
    ------
    SettingsError
        Unless there are four points for each load.
    """
    if corners is not None and corners.shape != (n_loads, 4, 3):
        raise SettingsError(
            f"corners have the shape {corners.shape} for {n_loads} plates; give four points each"
        )


def foot_of(loads: Sequence[ExternalForce]) -> I64:
    """Which foot each force acts on, as the floor's do: 0 right, 1 left, -1 another body."""
    sides = {f"{part}_{side}": f for f, side in enumerate(SIDES) for part in FOOT_BODIES}
    feet = [-1 if load.pure_torque else sides.get(load.body, -1) for load in loads]
    return np.array(feet, dtype=np.int64)


def feet_without(loads: Sequence[ExternalForce]) -> tuple[ExternalForce, ...]:
    """A row for each foot that none of the loads acts on."""
    rows = (ExternalForce(f"ground reaction {side}", f"calcn_{side}") for side in SIDES)
    return tuple(row for f, row in enumerate(rows) if f not in foot_of(loads))


def moves(model: CompiledModel, loads: Sequence[ExternalForce]) -> Bool:
    """Which forces act on a body that moves: one on a body welded to ground moves nothing."""
    link = dict(zip(model.bodies.names, model.bodies.link.tolist(), strict=True))
    return np.array([link.get(load.body, -1) >= 0 for load in loads], dtype=np.bool_)
