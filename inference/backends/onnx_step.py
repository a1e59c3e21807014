"""The step graph on onnxruntime: one CPU thread, bound to the caller's memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from inference.architecture import Architecture
from inference.arrays import F32
from inference.backends.base import (
    FLOAT32_TOLERANCE,
    INPUTS,
    OUTPUTS,
    input_shapes,
    output_shapes,
)
from inference.exceptions import BackendUnavailable

if TYPE_CHECKING:
    from inference.checkpoint import Checkpoint

__all__ = ["OnnxStep", "open_step"]


class OnnxStep:
    """onnxruntime session with one thread: the graph is too small to share between cores.

    Parameters
    ----------
    model : bytes
        The exported ONNX file.
    architecture : Architecture
        Of its network.

    Raises
    ------
    BackendUnavailable
        If onnxruntime refuses the graph, or the graph is another one.
    """

    name = "onnxruntime"
    tolerance = FLOAT32_TOLERANCE

    def __init__(self, model: bytes, architecture: Architecture) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own classes share no public base
            raise BackendUnavailable(
                f"onnxruntime {onnxruntime.__version__} cannot load the step graph: {error}"
            ) from error
        arrays = (*self._session.get_inputs(), *self._session.get_outputs())
        found = {array.name: tuple(array.shape) for array in arrays}
        expected = {**input_shapes(architecture), **output_shapes(architecture)}
        if found != expected:
            raise BackendUnavailable(
                f"the step graph has {_listed(found)} where this program expects "
                f"{_listed(expected)}; train the checkpoint anew"
            )
        self._binding = self._session.io_binding()
        self._address: dict[str, int] = {}

    def step(self, inputs: Sequence[F32], outputs: Sequence[F32]) -> None:
        """See `inference.backends.base.StepBackend`."""
        for name, array in zip(INPUTS, inputs, strict=True):
            self._bind(self._binding.bind_input, name, array)
        for name, array in zip(OUTPUTS, outputs, strict=True):
            self._bind(self._binding.bind_output, name, array)
        self._session.run_with_iobinding(self._binding)

    def _bind(self, bind: Callable[..., None], name: str, array: F32) -> None:
        """Bind memory where it moved: from frame to frame only the ring's window does."""
        address = array.ctypes.data
        if self._address.get(name) != address:
            bind(name, "cpu", 0, np.float32, array.shape, address)
            self._address[name] = address


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items())


def open_step(checkpoint: Checkpoint) -> OnnxStep:
    """Load the checkpoint's exported graph."""
    return OnnxStep(checkpoint.onnx, checkpoint.card.architecture)
