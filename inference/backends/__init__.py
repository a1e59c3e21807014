"""Runners of the step graph, by name; each is imported when it is asked for.

================  ==================================================================
``onnxruntime``   CPU, one thread, needs no torch; the default
``torch``         the reference, eager, float32
``tensorrt``      torch-tensorrt on an NVIDIA GPU
================  ==================================================================
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from inference.backends.base import StepBackend
from inference.exceptions import BackendUnavailable, nearest_names

if TYPE_CHECKING:
    from inference.checkpoint import Checkpoint

__all__ = ["BACKENDS", "StepBackend", "open_backend"]

BACKENDS: Final = {
    "onnxruntime": "inference.backends.onnx_step",
    "torch": "inference.backends.torch_step",
    "tensorrt": "inference.backends.tensorrt_step",
}


def open_backend(name: str, checkpoint: Checkpoint) -> StepBackend:
    """Return the named backend, loaded with the checkpoint's network.

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
            + f"choose one of {', '.join(BACKENDS)}"
        )
    backend: StepBackend = import_module(BACKENDS[name]).open_step(checkpoint)
    return backend
