"""The step on an NVIDIA GPU: a TensorRT engine replayed as a CUDA graph.

All inputs lie in one piece of pinned host memory and one of device memory, all outputs likewise: a
frame is one copy up, one replay and one copy down, and allocates nothing.

No figure for this backend's speed is given anywhere: it is measured on the machine that has it, and
like every backend it is proven on the checkpoint's reference before its first frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from inference.arrays import F32
from inference.backends.base import (
    FLOAT32_TOLERANCE,
    INPUTS,
    OUTPUTS,
    input_shapes,
    output_shapes,
)
from inference.backends.tensorrt_engine import (
    Precision,
    build_engine,
    engine_dir,
    engine_key,
)
from inference.exceptions import BackendUnavailable
from inference.whole_file import cached

if TYPE_CHECKING:
    from inference.architecture import Architecture
    from inference.checkpoint import Checkpoint

__all__ = ["Block", "TensorRTStep", "open_float16", "open_float32"]

FLOAT16_TOLERANCE: Final = 5e-3
"""Of the reference maximum; in half precision on a CPU the shipped network differs by 6e-4, and
networks with random weights, whose outputs are larger, by up to 4e-3."""

ALIGNMENT: Final = 64
"""Floats to whose multiples arrays begin: TensorRT wants addresses in multiples of 256 bytes."""


class Block:
    """Arrays of given shapes, side by side in one piece of host and one of device memory.

    Parameters
    ----------
    shapes : mapping of str to shape
        In order.
    device : str
        Where the second piece lies.

    Attributes
    ----------
    host, device : Tensor of shape (n,), float32
        The pieces, the host's pinned where the device is a GPU.
    arrays : tuple of ndarray, float32
        Views into the host's piece.
    addresses : tuple of int
        Of the arrays in the device's piece.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], device: str = "cuda") -> None:
        sizes = [int(np.prod(shape)) for shape in shapes.values()]
        starts = np.cumsum([0, *(-(-size // ALIGNMENT) * ALIGNMENT for size in sizes)])
        self.host = torch.zeros(int(starts[-1]), pin_memory=device != "cpu")
        self.device = torch.zeros(int(starts[-1]), device=device)
        whole: F32 = self.host.numpy()
        self.arrays = tuple(
            whole[start : start + size].reshape(shape)
            for start, size, shape in zip(starts, sizes, shapes.values(), strict=False)
        )
        self.addresses = tuple(int(self.device[start:].data_ptr()) for start in starts[:-1])

    def upload(self) -> None:
        """Enqueue the copy to the device on the current stream."""
        self.device.copy_(self.host, non_blocking=True)

    def download(self) -> None:
        """Enqueue the copy to the host on the current stream."""
        self.host.copy_(self.device, non_blocking=True)


class TensorRTStep:
    """A TensorRT engine of the step.

    Parameters
    ----------
    engine : bytes
        As `build_engine` returns it.
    architecture : Architecture
        Of its network.
    name : str
        Of the backend.
    tolerance : float
        Largest difference from the reference.

    Raises
    ------
    BackendUnavailable
        If TensorRT cannot load the engine, or it has other inputs or outputs.
    """

    def __init__(
        self, engine: bytes, architecture: Architecture, name: str, tolerance: float
    ) -> None:
        self.name, self.tolerance = name, tolerance
        shapes = input_shapes(architecture), output_shapes(architecture)
        self._inputs, self._outputs = Block(shapes[0]), Block(shapes[1])
        self._runtime, self._engine = _load(engine)  # both kept: the context needs them
        expected = {
            **{name: shapes[0][name] for name in INPUTS},
            **{f"output{i}": shapes[1][name] for i, name in enumerate(OUTPUTS)},
        }
        _check(self._engine, expected)
        self._context = self._engine.create_execution_context()
        addresses = (*self._inputs.addresses, *self._outputs.addresses)
        for tensor, address in zip(expected, addresses, strict=True):
            if not self._context.set_tensor_address(tensor, address):
                raise BackendUnavailable(
                    f"TensorRT refuses the memory of {tensor} ({name}); use onnxruntime"
                )
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._graph = self._capture()

    def _capture(self) -> torch.cuda.CUDAGraph:
        """Record one execution; a first one outside, for what TensorRT sets up only once."""
        with torch.cuda.stream(self._stream):
            self._execute()
        self._stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._stream):
            self._execute()
        return graph

    def _execute(self) -> None:
        if not self._context.execute_async_v3(torch.cuda.current_stream().cuda_stream):
            raise BackendUnavailable(
                f"TensorRT refuses to run the step's engine ({self.name}); use onnxruntime"
            )

    def step(self, inputs: Sequence[F32], outputs: Sequence[F32]) -> None:
        """See `inference.backends.base.StepBackend`."""
        for pinned, array in zip(self._inputs.arrays, inputs, strict=True):
            pinned[...] = array
        with torch.cuda.stream(self._stream):
            self._inputs.upload()
            self._graph.replay()
            self._outputs.download()
        self._stream.synchronize()
        for array, pinned in zip(outputs, self._outputs.arrays, strict=True):
            array[...] = pinned


def _load(engine: bytes) -> tuple[Any, Any]:
    """Return TensorRT's runtime and the engine in it."""
    import tensorrt

    runtime = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.ERROR))
    loaded = runtime.deserialize_cuda_engine(engine)
    if loaded is None:
        raise BackendUnavailable(
            f"TensorRT {tensorrt.__version__} cannot load the step's engine; "
            f"delete {engine_dir()} and start again, or use onnxruntime"
        )
    return runtime, loaded


def _check(engine: Any, expected: Mapping[str, tuple[int, ...]]) -> None:
    names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
    found = {name: tuple(engine.get_tensor_shape(name)) for name in names}
    if found != expected:
        raise BackendUnavailable(
            f"the step's engine has inputs and outputs {found}, this program expects {expected}; "
            "use onnxruntime"
        )


def _open(
    checkpoint: Checkpoint, precision: Precision, name: str, tolerance: float
) -> TensorRTStep:
    if not torch.cuda.is_available():
        raise BackendUnavailable(
            f"the {name} backend needs an NVIDIA GPU and torch {torch.__version__} sees none; "
            "use onnxruntime"
        )
    major, minor = torch.cuda.get_device_capability()
    device = f"{torch.cuda.get_device_name()}, {major}.{minor}"
    folder = engine_dir()
    engine = cached(
        folder / f"{engine_key(checkpoint, precision, device)}.engine",
        lambda: build_engine(checkpoint, precision, folder / "timing.bin"),
    )
    try:
        return TensorRTStep(engine, checkpoint.card.architecture, name, tolerance)
    except BackendUnavailable:
        raise
    except Exception as error:  # CUDA's and TensorRT's errors share no base
        raise BackendUnavailable(
            f"the {name} backend fails on {device}: {error}; use onnxruntime"
        ) from error


def open_float32(checkpoint: Checkpoint) -> TensorRTStep:
    """Load the network's engine; the first time on a machine it is built."""
    return _open(checkpoint, "float32", "tensorrt", FLOAT32_TOLERANCE)


def open_float16(checkpoint: Checkpoint) -> TensorRTStep:
    """Load the network's half precision engine; the first time on a machine it is built."""
    return _open(checkpoint, "float16", "tensorrt-fp16", FLOAT16_TOLERANCE)
