"""The step in eager torch on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from inference.arrays import F32
from inference.backends.base import FLOAT32_TOLERANCE
from inference.networks.weights import load_network

if TYPE_CHECKING:
    from inference.checkpoint import Checkpoint
    from inference.networks import Ensemble

__all__ = ["TorchStep", "open_step"]


class TorchStep:
    """The network's own step, eager, in float32.

    Parameters
    ----------
    net : Ensemble
        In evaluation mode.
    """

    name = "torch"
    tolerance = FLOAT32_TOLERANCE

    def __init__(self, net: Ensemble) -> None:
        self._net = net

    @torch.inference_mode()
    def step(self, inputs: Sequence[F32], outputs: Sequence[F32]) -> None:
        """See `inference.backends.base.StepBackend`."""
        results = self._net.step(*(torch.from_numpy(array) for array in inputs))
        for array, result in zip(outputs, results, strict=True):
            array[...] = result.numpy()


def open_step(checkpoint: Checkpoint) -> TorchStep:
    """Build the network from the checkpoint's weights; torch gets one thread in this process.

    With more, so small a step waits for its threads, on a busy machine tens of milliseconds.
    """
    torch.set_num_threads(1)
    return TorchStep(load_network(checkpoint))
