"""Which nodes of the lowered step graph torch-tensorrt has no converter for, written as JSON.

Run by `test_tensorrt_engine.py` in its own process: FILE, then names of compiler arguments.
torch-tensorrt's registry and lowering are Python, and the real ones are asked. Without a GPU,
TensorRT and the CUDA parts of torch that their import touches are replaced by names without
behaviour; nothing is built or run.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import types
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import torch

from inference.architecture import GruArchitecture
from inference.backends.export import StepGraph, step_example
from inference.backends.tensorrt_engine import HalfGraph
from inference.networks import Ensemble


class Named(type):
    """A class whose attributes are whatever is asked for."""

    def __getattr__(cls, name: str) -> Any:
        return invented(cls, name, MagicMock(name=name))


class NamedModule(types.ModuleType):
    """TensorRT's module: every capitalised name is a class."""

    def __getattr__(self, name: str) -> Any:
        if name == "tensorrt_rtx":  # the sister product, by which torch-tensorrt tells them apart
            raise AttributeError(name)
        return invented(self, name, Named(name, (), {}) if name[0].isupper() else MagicMock())


def invented(owner: Any, name: str, value: Any) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    setattr(owner, name, value)
    return value


def stand_in_for_tensorrt() -> None:
    module = NamedModule("tensorrt")
    module.__version__, module.__file__, module.__path__ = "11.0.0", "tensorrt", []
    module.__loader__ = None
    module.__spec__ = ModuleSpec("tensorrt", None)
    module.tensorrt = module
    sys.modules["tensorrt"] = module
    for name in ("dllist", "psutil"):  # asked about loaded libraries and memory
        sys.modules.setdefault(name, MagicMock())
    torch.ops.load_library = lambda *_: None
    torch.cuda.current_device = lambda: 0
    torch.cuda.get_device_capability = lambda *_: (0, 0)
    torch._C._CudaDeviceProperties = object
    is_file = os.path.isfile
    os.path.isfile = lambda path: "libtorchtrt" not in str(path) and is_file(path)


def without_converter(graph: torch.nn.Module) -> tuple[int, list[str]]:
    """Lower a step graph as torch-tensorrt's compiler does; calls, and those it cannot convert."""
    from torch_tensorrt.dynamo._settings import CompilationSettings
    from torch_tensorrt.dynamo.conversion._ConverterRegistry import DYNAMO_CONVERTERS
    from torch_tensorrt.dynamo.lowering import (
        get_decompositions,
        post_lowering,
        pre_export_lowering,
    )

    settings = CompilationSettings(disable_tf32=True)
    DYNAMO_CONVERTERS.set_compilation_settings(settings)
    program = torch.export.export(graph.eval(), step_example(Ensemble(GruArchitecture(members=2))))
    lowered = pre_export_lowering(program, settings).run_decompositions(get_decompositions())
    calls = [
        node
        for node in post_lowering(lowered.module(), settings).graph.nodes
        if node.op not in ("placeholder", "get_attr", "output")
    ]
    return len(calls), [str(node.target) for node in calls if node not in DYNAMO_CONVERTERS]


class Inconvertible(StepGraph):
    """Ends in a function that TensorRT does not have: shows that the search finds something."""

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(torch.special.i1e(output) for output in self.net.step(*inputs))


def unknown_arguments(names: Iterable[str]) -> list[str]:
    """Of the compile call in `build_engine`; the compiler swallows what it does not know."""
    from torch_tensorrt.dynamo import convert_exported_program_to_serialized_trt_engine as compiler

    return sorted(set(names) - set(inspect.signature(compiler).parameters))


if __name__ == "__main__":
    if not torch.cuda.is_available():
        stand_in_for_tensorrt()
    torch.manual_seed(0)
    net = Ensemble(GruArchitecture(members=2)).eval()
    report = {
        "float32": without_converter(StepGraph(net)),
        "float16": without_converter(HalfGraph(net)),
        "inconvertible": without_converter(Inconvertible(net)),
        "unknown_arguments": unknown_arguments(sys.argv[2:]),
    }
    Path(sys.argv[1]).write_text(json.dumps(report))
