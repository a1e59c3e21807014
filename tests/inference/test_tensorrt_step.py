"""The TensorRT backend as far as a machine without a GPU can see it.

Where TensorRT is replaced here, the test is about what it is asked and how its refusals are
passed on. That the backend computes the right numbers is shown by `test_choice.py` on a GPU, and at
every start of a session.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from inference.architecture import Architecture
from inference.backends import tensorrt_step
from inference.backends.base import (
    INPUTS,
    OUTPUTS,
    input_shapes,
    output_shapes,
)
from inference.backends.export import StepGraph
from inference.backends.tensorrt_engine import HalfGraph
from inference.backends.tensorrt_step import Block, TensorRTStep
from inference.channels import SIDES
from inference.checkpoint import Checkpoint
from inference.exceptions import BackendDiffers, BackendUnavailable
from inference.live.choice import largest_difference, open_proven
from inference.networks.weights import load_network
from tests.inference.conftest import random_network


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

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        return address % 4 == 0

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
        "is_available": lambda: True,
        "get_device_capability": lambda: (9, 0),
        "get_device_name": lambda: "a GPU",
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


@pytest.mark.parametrize("name", ["tensorrt", "tensorrt-fp16"])
def test_opening_builds_the_engine_once_and_proves_it(
    engine: StandInEngine,
    random_checkpoint: Checkpoint,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built: list[str] = []

    def build(_: Checkpoint, precision: str, timing_cache: Path) -> bytes:
        built.append(precision)
        assert timing_cache.parent == tmp_path / "engines"
        return b"engine"

    monkeypatch.setenv("NEM2E_CACHE", str(tmp_path))
    monkeypatch.setattr("importlib.metadata.version", lambda _: "1")
    monkeypatch.setattr("inference.backends.table.Backend.lack", lambda _: "")
    monkeypatch.setattr(tensorrt_step, "build_engine", build)
    for _ in range(2):
        found = open_proven(name, random_checkpoint)
        assert found.backend.name == name
        assert found.difference is not None
    assert built == ["float16" if name.endswith("16") else "float32"]
    assert len(list((tmp_path / "engines").glob("*.engine"))) == 1
    # another network's numbers
    engine.graph = HalfGraph(random_network(random_checkpoint.card.architecture, seed=9))
    with pytest.raises(BackendDiffers, match=f"the {name} backend differs"):
        open_proven(name, random_checkpoint)


def test_what_cuda_raises_becomes_one_clear_error(
    engine: StandInEngine,
    random_checkpoint: Checkpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def out_of_memory() -> None:
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setenv("NEM2E_CACHE", str(tmp_path))
    monkeypatch.setattr("importlib.metadata.version", lambda _: "1")
    monkeypatch.setattr(tensorrt_step, "build_engine", lambda *_: b"engine")
    monkeypatch.setattr(engine, "create_execution_context", out_of_memory)
    with pytest.raises(BackendUnavailable, match=r"fails on a GPU, 9\.0: CUDA error"):
        tensorrt_step.open_float32(random_checkpoint)


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
