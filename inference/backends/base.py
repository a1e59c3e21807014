"""What a step backend does, and the arrays that it does it with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from inference.architecture import Architecture
from inference.arrays import F32
from inference.channels import SIDES

__all__ = ["FLOAT32_TOLERANCE", "INPUTS", "OUTPUTS", "StepBackend", "input_shapes", "output_shapes"]

INPUTS: Final = ("x", "y_prev", "cache", "mask")
"""Inputs of the step graph, in its order."""

OUTPUTS: Final = ("y", "sigma", "new_kv")
"""Outputs of the step graph, in its order: the estimate, the standard deviation of its error, and
what is kept of this frame, by the name that it has in exported checkpoints."""

FLOAT32_TOLERANCE: Final = 3e-5
"""Largest difference from the reference, a fraction of the reference maximum, for a backend that
computes in float32: rounding, fed back over the stream, stays two decades below it, and anything
else (a wrong layer, TF32, another network's graph) exceeds it."""


def input_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Shapes of `INPUTS`: values and presence, the last output, the past and its mask."""
    limbs, past = len(SIDES), architecture.window - 1
    return {
        "x": (limbs, architecture.n_input),
        "y_prev": (limbs, architecture.n_output),
        "cache": (past, limbs, architecture.kept_width),
        "mask": (past,),
    }


def output_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Shapes of `OUTPUTS`: one row per limb."""
    limbs = len(SIDES)
    return {
        "y": (limbs, architecture.n_output),
        "sigma": (limbs, architecture.n_output),
        "new_kv": (limbs, architecture.kept_width),
    }


class StepBackend(Protocol):
    """Runs the stateless step graph.

    Attributes
    ----------
    name : str
        One of `inference.backends.BACKENDS`.
    tolerance : float
        Largest difference from the reference that it may show, a fraction of the reference maximum.
    """

    name: str
    tolerance: float

    def step(self, inputs: Sequence[F32], outputs: Sequence[F32]) -> None:
        """Run one frame for both limbs.

        Parameters
        ----------
        inputs : sequence of ndarray, float32, C-contiguous
            `INPUTS` in order, shaped as `input_shapes`; owned by the caller.
        outputs : sequence of ndarray, float32, C-contiguous
            `OUTPUTS` in order, shaped as `output_shapes`; written in place.
        """
        ...
