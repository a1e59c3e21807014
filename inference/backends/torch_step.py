"""The step in eager torch: the reference that other backends are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from inference.exceptions import BackendUnavailable

if TYPE_CHECKING:
    from inference.checkpoint import Checkpoint

try:
    import torch
except ImportError as error:
    raise BackendUnavailable(
        "the torch backend needs torch, which is not installed: "
        "pip install 'nem2e-rt[train]', or use the onnxruntime backend"
    ) from error

from inference.weights import load_network  # needs torch

__all__ = ["TorchStep", "open_step"]

F32 = npt.NDArray[np.float32]


class TorchStep:
    """Eager `STDRNet.step` on the CPU.

    Parameters
    ----------
    checkpoint : Checkpoint
        Source of weights and dimensions.
    """

    name = "torch"

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._net = load_network(checkpoint)

    @torch.inference_mode()
    def step(
        self, x_in: F32, y_prev_in: F32, past_in: F32, mask_in: F32, y_out: F32, kv_out: F32
    ) -> None:
        """See `inference.backends.base.StepBackend`."""
        y, kv = self._net.step(*(torch.from_numpy(a) for a in (x_in, y_prev_in, past_in, mask_in)))
        y_out[...] = y.numpy()
        kv_out[...] = kv.numpy()


def open_step(checkpoint: Checkpoint) -> TorchStep:
    """Build the network from the checkpoint's weights."""
    return TorchStep(checkpoint)
