"""The step graph on onnxruntime: one CPU thread, bound to the caller's memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import onnxruntime

from inference.exceptions import BackendUnavailable

if TYPE_CHECKING:
    from inference.checkpoint import Checkpoint

__all__ = ["OnnxStep", "open_step"]

F32 = npt.NDArray[np.float32]


class OnnxStep:
    """onnxruntime session with one thread: the graph is too small to share between cores.

    Parameters
    ----------
    model : bytes
        The exported ONNX file.

    Raises
    ------
    BackendUnavailable
        If onnxruntime refuses the graph.
    """

    name = "onnxruntime"

    def __init__(self, model: bytes) -> None:
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
        self._binding = self._session.io_binding()
        self._address: dict[str, int] = {}

    def step(
        self, x_in: F32, y_prev_in: F32, past_in: F32, mask_in: F32, y_out: F32, kv_out: F32
    ) -> None:
        """See `inference.backends.base.StepBackend`."""
        self._bind(self._binding.bind_input, "x", x_in)
        self._bind(self._binding.bind_input, "y_prev", y_prev_in)
        self._bind(self._binding.bind_input, "cache", past_in)
        self._bind(self._binding.bind_input, "mask", mask_in)
        self._bind(self._binding.bind_output, "y", y_out)
        self._bind(self._binding.bind_output, "new_kv", kv_out)
        self._session.run_with_iobinding(self._binding)

    def _bind(self, bind: Callable[..., None], name: str, array: F32) -> None:
        """Bind memory where it moved: from frame to frame only the ring's window does."""
        address = array.ctypes.data
        if self._address.get(name) != address:
            bind(name, "cpu", 0, np.float32, array.shape, address)
            self._address[name] = address


def open_step(checkpoint: Checkpoint) -> OnnxStep:
    """Load the checkpoint's exported graph."""
    return OnnxStep(checkpoint.onnx)
