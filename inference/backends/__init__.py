"""Runners of the step graph, by name; each is imported when it is asked for.

=================  ================================================================
``onnxruntime``    CPU, one thread, needs no torch
``torch``          CPU, eager float32
``tensorrt``       an NVIDIA GPU by torch-tensorrt, float32
``tensorrt-fp16``  the same in half precision
=================  ================================================================

`inference.live.choice` proves them and chooses between them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from inference.backends.base import StepBackend
from inference.backends.requirements import missing
from inference.exceptions import BackendUnavailable, nearest_names

if TYPE_CHECKING:
    from inference.checkpoint import Checkpoint

__all__ = ["BACKENDS", "StepBackend", "open_backend"]

BACKENDS: Final = {
    "onnxruntime": ("inference.backends.onnx_step", "open_step"),
    "torch": ("inference.backends.torch_step", "open_step"),
    "tensorrt": ("inference.backends.tensorrt_step", "open_float32"),
    "tensorrt-fp16": ("inference.backends.tensorrt_step", "open_float16"),
}


def open_backend(name: str, checkpoint: Checkpoint) -> StepBackend:
    """Return the named backend, loaded with the checkpoint's network, not yet proven.

    Raises
    ------
    BackendUnavailable
        If the name is unknown or the backend cannot run on this machine.
    """
    if name not in BACKENDS:
        near = nearest_names(name, list(BACKENDS))
        raise BackendUnavailable(
            f"unknown network backend {name!r}; "
            + (f"did you mean {near[0]}? " if near else "")
            + f"choose one of auto, {', '.join(BACKENDS)}"
        )
    if (lack := missing(name)) is not None:
        raise BackendUnavailable(f"the {name} backend cannot run here: {lack.what}; {lack.advice}")
    module, opener = BACKENDS[name]
    backend: StepBackend = getattr(import_module(module), opener)(checkpoint)
    return backend
