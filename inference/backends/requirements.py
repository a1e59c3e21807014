"""What each backend needs of a machine, found without importing torch."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
from collections.abc import Callable
from typing import Final, NamedTuple

__all__ = ["Missing", "has_nvidia_driver", "missing"]


class Missing(NamedTuple):
    """Why a backend cannot run here.

    Attributes
    ----------
    what : str
        What is not there.
    advice : str
        What to do.
    """

    what: str
    advice: str


def missing(backend: str) -> Missing | None:
    """Return what one of `inference.backends.BACKENDS` lacks on this machine, None if nothing."""
    return _CHECKS[backend]()


def has_nvidia_driver() -> bool:
    """Whether NVIDIA's driver library can be loaded."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _onnxruntime() -> Missing | None:
    if _installed("onnxruntime"):
        return None
    return Missing("onnxruntime is not installed", "pip install onnxruntime")


def _torch() -> Missing | None:
    if _installed("torch"):
        return None
    return Missing(
        "torch is not installed",
        "pip install --editable '.[train]'; a session runs on onnxruntime without it",
    )


def _tensorrt() -> Missing | None:
    if not has_nvidia_driver():
        return Missing(
            "no NVIDIA driver", "needs an NVIDIA GPU with its driver; onnxruntime needs neither"
        )
    lacking = [name for name in ("torch", "torch_tensorrt", "tensorrt") if not _installed(name)]
    what = [f"{name} is not installed" for name in lacking]
    if "torch" not in lacking and "+cpu" in (version := importlib.metadata.version("torch")):
        what.append(f"torch {version} is a build without CUDA")
    if not what:
        return None
    return Missing(
        ", ".join(what),
        "pip install --editable '.[tensorrt]' into an environment without a CPU build of torch; "
        "TensorRT's libraries come from NVIDIA's package index",
    )


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


_CHECKS: Final[dict[str, Callable[[], Missing | None]]] = {
    "onnxruntime": _onnxruntime,
    "torch": _torch,
    "tensorrt": _tensorrt,
    "tensorrt-fp16": _tensorrt,
}
