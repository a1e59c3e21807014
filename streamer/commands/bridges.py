"""The bridge that a configuration asks for, live and over a recording."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sim_bridge import Bridge, BridgeSettings, CompiledModel, ExternalForce
from sim_bridge.base_coordinates import locked_base
from sim_bridge.ground_reaction import find_feet
from sim_bridge.ground_reaction.feet import FOOT_BODIES
from streamer.arrays import F64
from streamer.config.session import RunConfig
from streamer.config.streams import ForceStream
from streamer.console.terminal import say
from streamer.doubts import mass_doubt
from streamer.exceptions import nearest
from streamer.formats import corners_of, external_forces
from streamer.formats.ik_setup import IkSetup, read_ik_setup

if TYPE_CHECKING:  # over a recording there is no LSL
    from streamer.lsl.force_inlet import ForceInlet
    from streamer.lsl.marker_inlet import MarkerInlet


def open_bridge(
    config: RunConfig,
    model: CompiledModel,
    marker_names: Sequence[str],
    rate_hz: float,
    loads: Sequence[ExternalForce],
    corners: F64 | None,
) -> Bridge:
    """Make the bridge of a session or for a recording; tell of what is not as it should be.

    Parameters
    ----------
    config : RunConfig
        The session's; its filter is one that the bridge has.
    model : CompiledModel
        The subject's.
    marker_names : sequence of str
        Of the incoming markers.
    rate_hz : float
        Their frame rate [Hz].
    loads : sequence of ExternalForce
        Measured forces.
    corners : ndarray of shape (n_load, 4, 3), float64 [m], ground, or None
        Of the plates.

    Raises
    ------
    FormatError
        If the IK setup cannot be read.
    SimBridgeError
        If markers, forces or settings do not fit the model.
    """
    _say_if_another(config.mass_kg, model)
    settings = BridgeSettings(
        rate_hz,
        config.filter,
        reserve=config.reserve,
        residual=config.residual,
        ground_reaction=config.ground_reaction,
        corners=corners,
        forces_in_step=True,
    )
    if config.ik_setup is not None:
        settings = with_ik_setup(settings, read_ik_setup(config.ik_setup), model)
    bridge = Bridge(model, marker_names, loads, settings)
    for name, sent in config.markers.names.items():
        if name not in marker_names:
            say(f"`names` under `markers`: no incoming marker is called {sent!r}, to be {name!r}")
        if name not in model.marker_names:
            known = nearest(name, model.marker_names)
            say(f"`names` under `markers`: the model has no marker {name!r} ({known})")
    for line in bridge.ik.match.left_over():
        say(line)
    if bridge.ik.unseen:
        say(
            f"no marker shows {', '.join(bridge.ik.unseen)}: what depends on them, EMG too, is "
            "that of the model's default pose"
        )
    for line in _lacking(model, loads):
        say(line)
    if not bridge.carried:
        say(
            "no ground reaction: it is neither measured nor predicted "
            "(ground_reaction: measured, or a model without calcn_r, toes_r, ...); "
            "moments and activations are those of a body without support"
        )
    return bridge


def _lacking(model: CompiledModel, loads: Sequence[ExternalForce]) -> list[str]:
    """What the bridge cannot do with this model, or not well; one line each."""
    lines = []
    if locked := locked_base(model):
        lines.append(
            f"the model locks {', '.join(locked)}: markers lie off it where the person moves that "
            "way; unlock it"
        )
    on_feet = any(load.body.rpartition("_")[0] in FOOT_BODIES for load in loads)
    if on_feet and find_feet(model) is None:
        lines.append(
            "this model lacks bodies of the feet (calcn_r, toes_r, calcn_l, toes_l): which foot "
            "stands on which plate is not checked, and no force is predicted"
        )
    return lines


def live_bridge(
    config: RunConfig, model: CompiledModel, markers: "MarkerInlet", forces: "ForceInlet | None"
) -> Bridge:
    """Make the bridge for a session's streams; without forces there are no rows to measure."""
    if forces is None and config.forces != ForceStream():
        say("`forces` are described but not read; add `plates: auto`, or `loads`")
    columns = forces.loads if forces is not None else ()
    corners = corners_of(config.corners)
    if corners is None and forces is not None:
        corners = forces.corners
    rows = external_forces(columns, on_feet=config.plates == "auto")
    return open_bridge(config, model, markers.names, markers.rate_hz, rows, corners)


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
        coordinate_tasks=setup.coordinate_tasks,
    )
