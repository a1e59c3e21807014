"""The network for a compiled model: what it is told of the model is told in one place."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from inference import Refiner
from sim_bridge import CompiledModel, knee_flexion_sign


def refiner_for(
    model: CompiledModel,
    checkpoint: Path | None,
    *,
    mass_kg: float | None = None,
    backend: str = "onnxruntime",
    muscle_map: Mapping[str, Sequence[str]] | None = None,
    clock: Callable[[], float] | None = None,
    subject: Path | None = None,
) -> Refiner:
    """Open the network for a model.

    Parameters
    ----------
    model : CompiledModel
        Its names, and the way in which its knees bend.
    checkpoint, backend, muscle_map, clock, subject
        See `inference.Refiner`.
    mass_kg : float, optional
        Body mass [kg]; default: the model's.

    Raises
    ------
    InferenceError
        See `inference.Refiner`.
    """
    return Refiner(
        checkpoint,
        model.muscle_names,
        model.coordinate_names,
        mass_kg or model.mass,
        backend=backend,
        muscle_map=muscle_map,
        knee_flexion=knee_flexion_sign(model) or None,
        clock=clock,
        subject=subject,
    )
