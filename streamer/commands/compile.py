"""``nem2e compile``: fill the cache with a model and say how well its muscle paths are fitted."""

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from inference.exceptions import InferenceError
from sim_bridge import CompiledModel, compile_model
from sim_bridge.ground_reaction import find_feet
from streamer.commands.progress import progress_bar
from streamer.console.terminal import plain_console
from streamer.model_inputs import absent_lines, inputs_of
from streamer.reports.tables import rich_table

_WORST = 10


def run(model: Path) -> None:
    """Compile a model and print its contents and the fit of its muscle paths.

    Parameters
    ----------
    model : Path
        OpenSim model.

    Raises
    ------
    SimBridgeError
        If it cannot be read or holds something unsupported.
    """
    console = plain_console()
    with progress_bar() as progress:
        compiled = compile_model(model, progress=progress)
    _print_summary(console, compiled)
    exact = int(compiled.geometry.is_exact.sum())
    console.print(f"{exact} of {len(compiled.muscle_names)} muscle paths are followed exactly")
    if exact < len(compiled.muscle_names):
        console.print(_fit_table(compiled))


def _print_summary(console: Console, model: CompiledModel) -> None:
    console.print(
        f"{model.name}: {len(model.coordinate_names)} coordinates,"
        f" {len(model.muscle_names)} muscles, {len(model.marker_names)} markers,"
        f" {model.mass:.1f} kg; digest {model.digest[:12]}"
    )
    if locked := model.coordinates.locked_names:
        console.print(f"locked, or prescribed as a constant: {', '.join(locked)}")
    for line in _what_it_serves(model):
        console.print(line)


def _what_it_serves(model: CompiledModel) -> list[str]:
    """What a session finds in a model: channels of EMG, and feet."""
    if find_feet(model) is None:
        feet = "no feet are known: plates must be named, and no force can be predicted"
    else:
        feet = "feet: calcn_r, calcn_l"
    try:
        inputs = inputs_of(model)
    except InferenceError as error:
        return [str(error), feet]
    right, left = inputs.channel_present.sum(axis=1)
    estimated = f"EMG channels: {right} of the right leg, {left} of the left"
    return [estimated, *absent_lines(inputs), feet]


def _fit_table(model: CompiledModel) -> Table:
    """Fit errors on poses left out of the fit: all fitted muscles, then the worst."""
    fitted = np.flatnonzero(~model.geometry.is_exact)
    length, arm = 1e3 * model.paths.length_error[fitted], 1e3 * model.paths.arm_error[fitted]
    errors = np.hstack([length, arm])
    worst = np.argsort(-arm[:, 0])[:_WORST]
    named = [("median", np.median(errors, axis=0))]
    named += [(model.muscle_names[fitted[i]], errors[i]) for i in worst]
    head = ("", "length RMS", "length max", "moment arm RMS", "moment arm max")
    rows = [[name, *(f"{x:.3f}" for x in own)] for name, own in named]
    return rich_table("Fitted muscle paths, error on poses left out of the fit [mm]", head, rows)
