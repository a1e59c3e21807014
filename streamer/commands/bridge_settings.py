"""What a configuration says to the bridge, live and over a recording."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim_bridge import ON_FEET, BridgeSettings, CompiledModel, CoordinateTask, ExternalForce
from streamer.config import RunConfig
from streamer.doubts import mass_doubt
from streamer.formats import IkSetup, read_ik_setup
from streamer.formats.external_loads import ExternalForceColumns
from streamer.terminal import say


def bridge_settings(
    config: RunConfig,
    model: CompiledModel,
    rate_hz: float,
    corners: NDArray[np.float64] | None,
) -> BridgeSettings:
    """Return how the bridge works in a session; tell of a mass that is not the model's.

    Parameters
    ----------
    config : RunConfig
        The session's; its filter is one that the bridge has.
    model : CompiledModel
        The subject's.
    rate_hz : float
        Frame rate of the markers [Hz].
    corners : ndarray of shape (n_load, 4, 3), float64 [m], ground, or None
        Of the plates.

    Raises
    ------
    FormatError
        If the IK setup cannot be read.
    """
    _say_if_another(config.mass_kg, model)
    settings = BridgeSettings(
        rate_hz,
        config.filter,
        ground_reaction=config.ground_reaction,
        corners=corners,
        forces_in_step=True,
    )
    if config.ik_setup is None:
        return settings
    return with_ik_setup(settings, read_ik_setup(config.ik_setup), model)


def external_forces(
    columns: Sequence[ExternalForceColumns], *, on_feet: bool
) -> tuple[ExternalForce, ...]:
    """Return what forces act on: the bodies that are named, or whichever foot is on a plate."""
    return tuple(
        ExternalForce(load.name, ON_FEET if on_feet else load.body, load.pure_torque)
        for load in columns
    )


def _say_if_another(mass_kg: float | None, model: CompiledModel) -> None:
    """Tell of a mass [kg] that belongs to another person than the model."""
    if mass_kg is not None and (doubt := mass_doubt(mass_kg, model.mass)):
        say(
            f"{doubt}; correct it, leave it out to take the model's, or scale the model to this "
            "person"
        )


def with_ik_setup(settings: BridgeSettings, setup: IkSetup, model: CompiledModel) -> BridgeSettings:
    """Return settings with the tasks of an IK setup; markers without a task weigh nothing."""
    return replace(
        settings,
        marker_weights={m: setup.marker_weights.get(m, 0.0) for m in model.marker_names},
        coordinate_tasks=tuple(
            CoordinateTask(goal.name, goal.weight, goal.value) for goal in setup.coordinate_goals
        ),
    )
