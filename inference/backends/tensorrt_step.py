"""The step compiled by torch-tensorrt for an NVIDIA GPU.

Nothing about this backend's speed or accuracy is claimed: it compares itself with the torch
reference before the first frame and refuses to run where they differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from inference.exceptions import BackendUnavailable

if TYPE_CHECKING:
    from inference.checkpoint import Checkpoint

__all__ = ["TensorRTStep", "open_step"]

F32 = npt.NDArray[np.float32]

TOLERANCE: Final = 1e-4
"""Largest difference from the reference in a fraction of the reference maximum; float32 sums in
another order stay two decades below it."""


def _import_torch_tensorrt() -> tuple[Any, Any]:
    try:
        import torch
    except ImportError as error:
        raise BackendUnavailable(
            "the tensorrt backend needs torch, which is not installed: "
            "pip install 'nem2e-rt[tensorrt]', or use the onnxruntime backend"
        ) from error
    if not torch.cuda.is_available():
        raise BackendUnavailable(
            "the tensorrt backend needs an NVIDIA GPU and torch sees none "
            f"(torch {torch.__version__}); use the onnxruntime backend"
        )
    try:
        import torch_tensorrt  # after the check: without a GPU this import raises
    except Exception as error:  # the package raises a plain Exception for missing libraries
        raise BackendUnavailable(
            f"torch-tensorrt cannot be imported ({error}); pip install 'nem2e-rt[tensorrt]' "
            "with NVIDIA's package index, or use the onnxruntime backend"
        ) from error
    return torch, torch_tensorrt


class TensorRTStep:
    """TensorRT engine of the step, float32, static shapes.

    Parameters
    ----------
    checkpoint : Checkpoint
        Source of weights and dimensions.

    Raises
    ------
    BackendUnavailable
        Without torch, a GPU or torch-tensorrt, or where the engine differs from the reference.
    """

    name = "tensorrt"

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._torch, torch_tensorrt = _import_torch_tensorrt()
        from inference.export import StepGraph, step_example
        from inference.weights import load_network

        net = load_network(checkpoint)
        graph = StepGraph(net).eval().cuda()
        example = tuple(tensor.cuda() for tensor in step_example(net))
        self._run = torch_tensorrt.compile(
            graph,
            ir="dynamo",
            inputs=list(example),
            enabled_precisions={self._torch.float32},
            min_block_size=1,
        )
        self._verify(graph, example)

    def _verify(self, graph: Any, example: tuple[Any, ...]) -> None:
        generator = self._torch.Generator().manual_seed(0)
        feed = [self._torch.randn(a.shape, generator=generator).cuda() for a in example[:3]]
        feed.append(self._torch.zeros_like(example[3]))
        with self._torch.inference_mode():
            pairs = zip(self._run(*feed), graph(*feed), strict=True)
            worst = max(float((a - b).abs().max()) for a, b in pairs)
        if not worst <= TOLERANCE:
            raise BackendUnavailable(
                f"the TensorRT engine differs from the reference by {worst:.2e}, more than "
                f"{TOLERANCE:.0e}; use the onnxruntime backend"
            )

    def step(
        self, x_in: F32, y_prev_in: F32, past_in: F32, mask_in: F32, y_out: F32, kv_out: F32
    ) -> None:
        """See `inference.backends.base.StepBackend`."""
        host = (x_in, y_prev_in, past_in, mask_in)
        with self._torch.inference_mode():
            y, kv = self._run(*(self._torch.from_numpy(a).cuda() for a in host))
        y_out[...] = y.cpu().numpy()
        kv_out[...] = kv.cpu().numpy()


def open_step(checkpoint: Checkpoint) -> TensorRTStep:
    """Compile the checkpoint's network; takes a while."""
    return TensorRTStep(checkpoint)
