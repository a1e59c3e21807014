"""The backends: how each is opened, and what it needs of a machine, found without torch.

Modules are named, not imported: a session that runs on onnxruntime loads neither torch nor
torch-tensorrt, whose import raises where there is no GPU.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
from dataclasses import dataclass
from typing import Final

__all__ = ["BACKENDS", "Backend"]


@dataclass(frozen=True)
class Backend:
    """A runner of the step graph.

    Attributes
    ----------
    name : str
        As in a session's ``backend``.
    opener : str
        ``module:function``, which takes a checkpoint and returns a `StepBackend`.
    packages : tuple of str
        What it imports that not every installation has.
    advice : str
        What to do where it cannot run.
    on_gpu : bool
        Whether it needs NVIDIA's driver, and a torch that was built for it.
    auto : bool
        Whether ``auto`` may take it, see `inference.live.choice`.
    """

    name: str
    opener: str
    packages: tuple[str, ...]
    advice: str
    on_gpu: bool = False
    auto: bool = False

    def lack(self) -> str:
        """Return what this machine does not have of its needs, "" if nothing."""
        if self.on_gpu and not _has_nvidia_driver():
            return "no NVIDIA driver"
        lacking = [f"{name} is not installed" for name in self.packages if not _installed(name)]
        if self.on_gpu and _installed("torch"):
            version = importlib.metadata.version("torch")
            if "+cpu" in version:
                lacking.append(f"torch {version} is a build without CUDA")
        return ", ".join(lacking)


def _has_nvidia_driver() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


_TENSORRT: Final = (
    ("torch", "torch_tensorrt", "tensorrt"),
    "needs an NVIDIA GPU with its driver, and pip install --editable '.[tensorrt]' into an "
    "environment without a CPU build of torch; TensorRT's libraries come from NVIDIA's package "
    "index; onnxruntime needs none of it",
)

BACKENDS: Final = {
    backend.name: backend
    for backend in (
        Backend(
            "onnxruntime",  # one CPU thread
            "inference.backends.onnx_step:open_step",
            ("onnxruntime",),
            "pip install onnxruntime",
            auto=True,
        ),
        Backend(
            "torch",  # one CPU thread, eager float32
            "inference.backends.torch_step:open_step",
            ("torch",),
            "pip install --editable '.[train]'; a session runs on onnxruntime without it",
        ),
        Backend(
            "tensorrt",  # an NVIDIA GPU by torch-tensorrt, float32
            "inference.backends.tensorrt_step:open_float32",
            *_TENSORRT,
            on_gpu=True,
            auto=True,
        ),
        Backend(
            "tensorrt-fp16",  # the same in half precision
            "inference.backends.tensorrt_step:open_float16",
            *_TENSORRT,
            on_gpu=True,
        ),
    )
}
"""By name, in the order in which ``auto`` decides ties."""
