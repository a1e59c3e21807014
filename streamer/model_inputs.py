"""What the network needs to know of a compiled model."""

from collections.abc import Mapping, Sequence

from inference import LimbInputs
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
