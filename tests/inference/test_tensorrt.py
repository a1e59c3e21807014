"""The TensorRT backend as far as a machine without a GPU can see it.

Where TensorRT is replaced here, the test is about what it is asked and how its refusals are
passed on. That the backend computes the right numbers is shown by `test_choice.py` on a GPU, and at
every start of a session.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from inference.architecture import Architecture
from inference.backends import requirements, tensorrt_engine, tensorrt_step
from inference.backends.base import (
    FLOAT32_TOLERANCE,
    INPUTS,
    OUTPUTS,
    input_shapes,
    output_shapes,
)
from inference.backends.tensorrt_engine import HalfGraph, build_engine, cached, engine_key
from inference.backends.tensorrt_step import FLOAT16_TOLERANCE, Block, TensorRTStep
from inference.channels import SIDES
from inference.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from inference.choice import largest_difference
from inference.exceptions import BackendUnavailable
from inference.export import StepGraph
from inference.weights import load_network

COMPILER_ARGUMENTS = ("arg_inputs", "disable_tf32", "timing_cache_path")


class Eager:
    """A graph of torch on the CPU as a backend."""

    name, tolerance = "eager", 1.0

    def __init__(self, graph: torch.nn.Module) -> None:
        self.graph = graph

    @torch.inference_mode()
    def step(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> None:
        results = self.graph(*(torch.from_numpy(array) for array in inputs))
        for array, result in zip(outputs, results, strict=True):
            array[...] = result.numpy()


def registry_report(folder: Path) -> dict[str, Any]:
    """What `converter_registry.py` finds, in a process that may replace TensorRT."""
    if importlib.util.find_spec("torch_tensorrt") is None:
        pytest.skip(
            "torch-tensorrt is not installed; its registry alone needs neither GPU nor TensorRT: "
            "pip install --no-deps 'torch-tensorrt==2.13.*'"
        )
    file = folder / "report.json"
    command = [sys.executable, "-m", "tests.inference.converter_registry"]
    ran = subprocess.run(
        [*command, str(file), *COMPILER_ARGUMENTS],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(file.read_text()))


def test_every_node_of_the_step_has_a_converter_in_torch_tensorrt(tmp_path: Path) -> None:
    report = registry_report(tmp_path)
    for precision in ("float32", "float16"):
        calls, inconvertible = report[precision]
        assert calls > 100  # four layers, not an empty graph
        assert inconvertible == []
    assert report["inconvertible"][1] == ["aten.special_i1e.default"] * len(OUTPUTS)
    assert report["unknown_arguments"] == []


def test_half_precision_stays_within_its_tolerance_and_not_within_that_of_float32() -> None:
    checkpoint = load_checkpoint()
    reference, net = checkpoint.reference(), load_network(checkpoint)
    assert reference is not None
    half = largest_difference(Eager(HalfGraph(net)), net.arch, reference)
    # On a CPU; a GPU sums in another order, which is why the tolerance is several times that.
    assert FLOAT32_TOLERANCE < half < 0.5 * FLOAT16_TOLERANCE
    assert next(net.parameters()).dtype == torch.float32  # HalfGraph has its own copy


def test_tolerance_of_float32_refuses_tf32() -> None:
    """A GPU may round what it multiplies to 10 bits of mantissa; here the linear maps do."""

    def rounded(values: torch.Tensor) -> torch.Tensor:
        bits = values.contiguous().view(torch.int32)
        return ((bits + 0x1000) & ~0x1FFF).view(torch.float32)

    checkpoint = load_checkpoint()
    reference, net = checkpoint.reference(), load_network(checkpoint)
    assert reference is not None
    for layer in net.modules():
        if isinstance(layer, torch.nn.Linear):
            layer.weight.data = rounded(layer.weight.data)
            layer.register_forward_pre_hook(lambda _, inputs: (rounded(inputs[0]),))
    assert largest_difference(Eager(StepGraph(net)), net.arch, reference) > FLOAT32_TOLERANCE


def test_block_puts_arrays_side_by_side_at_aligned_addresses() -> None:
    shapes = {"a": (3, 5), "b": (64,), "c": (2, 1, 33)}
    block = Block(shapes, device="cpu")
    start = block.device.data_ptr()
    assert [address - start for address in block.addresses] == [0, 256, 512]  # bytes
    assert [array.shape for array in block.arrays] == list(shapes.values())
    for i, array in enumerate(block.arrays):
        array[...] = i + 1.0
    block.upload()
    for i, (address, array) in enumerate(zip(block.addresses, block.arrays, strict=True)):
        on_device = block.device[(address - start) // 4 :][: array.size]
        assert (on_device == i + 1.0).all()
    block.device.mul_(10.0)
    block.download()
    assert [float(array.mean()) for array in block.arrays] == [10.0, 20.0, 30.0]


# --- engines on disk ---------------------------------------------------------------------------


def test_engine_is_built_once_and_then_read(tmp_path: Path) -> None:
    file, built = tmp_path / "engines" / "e.engine", []
    for _ in range(2):
        assert cached(file, lambda: built.append(1) or b"engine") == b"engine"  # type: ignore[func-returns-value]
    assert len(built) == 1
    assert [p.name for p in file.parent.iterdir()] == ["e.engine"]


def test_damaged_engine_is_built_anew(tmp_path: Path) -> None:
    file = tmp_path / "e.engine"
    cached(file, lambda: b"engine")
    file.write_bytes(file.read_bytes()[:-1])
    assert cached(file, lambda: b"another") == b"another"
    assert cached(file, lambda: b"never") == b"another"


def test_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise BackendUnavailable("no")

    with pytest.raises(BackendUnavailable):
        cached(tmp_path / "e.engine", fail)
    assert list(tmp_path.iterdir()) == []


def test_key_changes_with_network_precision_device_and_versions(
    random_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    versions = dict.fromkeys(("torch", "torch-tensorrt", "tensorrt"), "1")
    monkeypatch.setattr("importlib.metadata.version", versions.__getitem__)
    weights = {name: array + 1.0 for name, array in random_checkpoint.weights().items()}
    other = save_checkpoint(tmp_path / "c", random_checkpoint.card, weights, random_checkpoint.onnx)
    keys = [
        engine_key(random_checkpoint, "float32", "GPU A, 9.0"),
        engine_key(random_checkpoint, "float16", "GPU A, 9.0"),
        engine_key(random_checkpoint, "float32", "GPU B, 9.0"),
        engine_key(other, "float32", "GPU A, 9.0"),
    ]
    versions["tensorrt"] = "2"
    keys.append(engine_key(random_checkpoint, "float32", "GPU A, 9.0"))
    assert len(set(keys)) == len(keys)


# --- what torch-tensorrt and TensorRT are asked ------------------------------------------------


@pytest.fixture
def torch_tensorrt(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A torch-tensorrt that only remembers what it was asked; tensors stay on the CPU."""
    asked = SimpleNamespace(error=None)

    def convert(program: torch.export.ExportedProgram, **arguments: object) -> bytes:
        if asked.error is not None:
            raise asked.error
        asked.program, asked.arguments = program, arguments
        return b"engine"

    module = ModuleType("torch_tensorrt")
    module.dynamo = SimpleNamespace(  # type: ignore[attr-defined]
        convert_exported_program_to_serialized_trt_engine=convert
    )
    monkeypatch.setitem(sys.modules, "torch_tensorrt", module)
    monkeypatch.setattr(torch.Tensor, "cuda", lambda self: self)
    monkeypatch.setattr(torch.nn.Module, "cuda", lambda self: self)
    return asked


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_compiler_gets_the_step_with_static_shapes_and_without_tf32(
    torch_tensorrt: SimpleNamespace,
    random_checkpoint: Checkpoint,
    precision: tensorrt_engine.Precision,
    tmp_path: Path,
) -> None:
    assert build_engine(random_checkpoint, precision, tmp_path / "timing.bin") == b"engine"
    assert tuple(sorted(torch_tensorrt.arguments)) == COMPILER_ARGUMENTS
    assert torch_tensorrt.arguments["disable_tf32"] is True
    shapes = input_shapes(random_checkpoint.card.architecture)
    given = torch_tensorrt.arguments["arg_inputs"]
    assert [tuple(tensor.shape) for tensor in given] == [shapes[name] for name in INPUTS]
    nodes = {node.name: node for node in torch_tensorrt.program.graph.nodes}
    assert torch_tensorrt.program.graph_signature.user_inputs == INPUTS
    for name in (*INPUTS, *torch_tensorrt.program.graph_signature.user_outputs):
        assert nodes[name].meta["val"].dtype == torch.float32
    computed_in = {
        node.meta["val"].dtype for node in nodes.values() if "linear" in str(node.target)
    }
    assert computed_in == {getattr(torch, precision)}


def test_what_the_compiler_raises_becomes_one_clear_error(
    torch_tensorrt: SimpleNamespace, random_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    torch_tensorrt.error = RuntimeError("no converter for aten.magic")
    with pytest.raises(BackendUnavailable, match=r"float32: no converter.*use onnxruntime"):
        build_engine(random_checkpoint, "float32", tmp_path / "timing.bin")


def test_torch_tensorrt_that_cannot_be_imported_is_one_clear_error(
    random_checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch_tensorrt", None)
    with pytest.raises(BackendUnavailable, match="torch-tensorrt cannot be imported"):
        build_engine(random_checkpoint, "float32", tmp_path / "timing.bin")


class StandInEngine:
    """Names and shapes of an engine; as its own context it computes a graph at given addresses."""

    def __init__(self, graph: torch.nn.Module, architecture: Architecture) -> None:
        inputs, outputs = input_shapes(architecture), output_shapes(architecture)
        self.graph = graph
        self.shapes = inputs | {f"output{i}": outputs[n] for i, n in enumerate(OUTPUTS)}
        self.num_io_tensors = len(self.shapes)
        self.addresses: dict[str, int] = {}
        self.runs = 0

    def get_tensor_name(self, index: int) -> str:
        return list(self.shapes)[index]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self.shapes[name]

    def create_execution_context(self) -> StandInEngine:
        return self

    def set_tensor_address(self, name: str, address: int) -> None:
        self.addresses[name] = address

    def at(self, name: str) -> np.ndarray:
        shape = self.shapes[name]
        memory = (ctypes.c_float * int(np.prod(shape))).from_address(self.addresses[name])
        return np.frombuffer(memory, np.float32).reshape(shape)

    @torch.inference_mode()
    def execute_async_v3(self, stream: int) -> bool:  # noqa: ARG002
        results = self.graph(*(torch.from_numpy(self.at(name).copy()) for name in INPUTS))
        for i, result in enumerate(results):
            self.at(f"output{i}")[...] = result.numpy()
        self.runs += 1
        return True


class StandInLogger:
    ERROR = 1

    def __init__(self, level: int) -> None:
        assert level == self.ERROR


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, random_checkpoint: Checkpoint) -> StandInEngine:
    """TensorRT and the CUDA parts of torch replaced by the CPU, a graph by what it captured."""
    net = load_network(random_checkpoint)
    found = StandInEngine(StepGraph(net), net.arch)
    tensorrt = SimpleNamespace(
        __version__="0",
        Logger=StandInLogger,
        Runtime=lambda _: SimpleNamespace(
            deserialize_cuda_engine=lambda content: found if content == b"engine" else None
        ),
    )
    monkeypatch.setitem(sys.modules, "tensorrt", tensorrt)
    monkeypatch.setattr(tensorrt_step, "Block", lambda shapes: Block(shapes, device="cpu"))
    stream = SimpleNamespace(cuda_stream=0, synchronize=lambda: None)
    for name, stand_in in {
        "Stream": lambda: stream,
        "stream": nullcontext,
        "current_stream": lambda: stream,
        "CUDAGraph": lambda: SimpleNamespace(replay=lambda: found.execute_async_v3(0)),
        "graph": lambda _graph, stream: nullcontext(stream),
    }.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    return found


def test_step_hands_every_array_to_the_engine_under_its_name(
    engine: StandInEngine, random_checkpoint: Checkpoint
) -> None:
    backend = TensorRTStep(b"engine", random_checkpoint.card.architecture, "tensorrt", 1e-4)
    reference = random_checkpoint.reference()
    assert reference is not None
    warm = engine.runs
    difference = largest_difference(backend, random_checkpoint.card.architecture, reference)
    assert difference < 1e-5  # the stand-in is torch itself: only a mix-up of arrays could show
    assert engine.runs == warm + len(reference.x)


def test_engine_that_tensorrt_refuses_is_one_clear_error(
    engine: StandInEngine, random_checkpoint: Checkpoint
) -> None:
    assert engine.runs == 0
    with pytest.raises(BackendUnavailable, match=r"cannot load the step's engine; delete"):
        TensorRTStep(b"of another version", random_checkpoint.card.architecture, "tensorrt", 1e-4)


def test_engine_of_other_shapes_is_refused(
    engine: StandInEngine, random_checkpoint: Checkpoint
) -> None:
    engine.shapes["x"] = (len(SIDES), 7)
    with pytest.raises(BackendUnavailable, match="this program expects"):
        TensorRTStep(b"engine", random_checkpoint.card.architecture, "tensorrt", 1e-4)


# --- what is missing, and what to do -----------------------------------------------------------


@pytest.mark.parametrize(
    ("driver", "installed", "torch_version", "what", "advice"),
    [
        (False, {"torch"}, "2.13.0", "no NVIDIA driver", "needs an NVIDIA GPU"),
        (True, set(), "", "torch is not installed, torch_tensorrt is", "NVIDIA's package index"),
        (True, {"torch", "torch_tensorrt"}, "2.13.0", "tensorrt is not installed", "pip install"),
        (
            True,
            {"torch", "torch_tensorrt", "tensorrt"},
            "2.13.0+cpu",
            "torch 2.13.0+cpu is a build without CUDA",
            "without a CPU build",
        ),
    ],
)
def test_what_tensorrt_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch,
    driver: bool,
    installed: set[str],
    torch_version: str,
    what: str,
    advice: str,
) -> None:
    monkeypatch.setattr(requirements, "has_nvidia_driver", lambda: driver)
    monkeypatch.setattr(requirements, "_installed", installed.__contains__)
    monkeypatch.setattr("importlib.metadata.version", lambda _: torch_version)
    lack = requirements.missing("tensorrt")
    assert lack is not None
    assert what in lack.what
    assert advice in lack.advice


def test_machine_with_everything_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "has_nvidia_driver", lambda: True)
    monkeypatch.setattr(requirements, "_installed", lambda _: True)
    monkeypatch.setattr("importlib.metadata.version", lambda _: "2.13.0")
    for name in ("onnxruntime", "torch", "tensorrt", "tensorrt-fp16"):
        assert requirements.missing(name) is None
