"""What the network needs to know of a compiled model."""

from collections.abc import Collection, Mapping, Sequence

from inference import LimbInputs
from inference.channels import CHANNELS, with_sides
from sim_bridge import CompiledModel, knee_flexion_sign


def inputs_of(
    model: CompiledModel,
    mass_kg: float | None = None,
    muscle_map: Mapping[str, Sequence[str]] | None = None,
) -> LimbInputs:
    """Return what turns the bridge's output into the network's input.

    Parameters
    ----------
    model : CompiledModel
        Its names, and the way in which its knees bend.
    mass_kg : float, optional
        Body mass [kg]; default: the model's.
    muscle_map : mapping of str to sequence of str, optional
        See `inference.LimbInputs`.

    Raises
    ------
    InferenceError
        See `inference.LimbInputs`.
    """
    return LimbInputs(
        model.muscle_names,
        model.coordinate_names,
        mass_kg or model.mass,
        muscle_map,
        knee_flexion_sign(model) or None,
    )


def absent_lines(inputs: LimbInputs, mapped: Collection[str] | None = None) -> list[str]:
    """Say what a model lacks of what the network uses or estimates; one line each.

    Parameters
    ----------
    inputs : LimbInputs
        Of the model.
    mapped : collection of str, optional
        Channels of the muscle map as the user gave it: what it leaves out is not missed.

    Returns
    -------
    list of str
        Empty if it lacks nothing.
    """
    lines = []
    if inputs.absent_coordinates:
        lacks = ", ".join(inputs.absent_coordinates)
        lines.append(f"this model lacks {lacks}: the network does without")
    present = inputs.channel_present
    for missing, legs in (
        (~present & ~present[::-1], ""),
        (~present & present[::-1], ", though the other leg has one"),
    ):
        named = zip(with_sides(CHANNELS), missing.ravel(), strict=True)
        if names := [name for name, is_so in named if is_so and name not in (mapped or ())]:
            lines.append(
                f"no muscle of this model is known for {', '.join(names)}{legs}: not estimated; if"
                " one is called otherwise, name it under `muscle_map`"
            )
    return lines
