"""What a machine with an NVIDIA GPU is needed for; run where there is one, TensorRT or not.

`TensorRTStep` is an engine between pinned and device memory, replayed as a CUDA graph. Here torch
stands in for the engine and for nothing else: memory, stream and graph are the GPU's, and so is the
arithmetic that the tolerances are about. The engine itself is proven by `test_choice.py` where
TensorRT is installed, and at every start of a session.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from msgspec.structs import replace

from inference.architecture import Architecture, GruArchitecture
from inference.backends.base import FLOAT32_TOLERANCE, INPUTS, input_shapes, output_shapes
from inference.backends.export import StepGraph
from inference.backends.tensorrt_engine import HalfGraph
from inference.backends.tensorrt_step import FLOAT16_TOLERANCE, TensorRTStep
from inference.checkpoint import Checkpoint, load_checkpoint
from inference.live.choice import largest_difference
from inference.networks.weights import load_network
from inference.training.train import train
from tests.inference.test_tensorrt_step import StandInEngine, StandInLogger
from tests.inference.test_training import QUICK, TINY, people

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no NVIDIA GPU that torch sees"
)


class GraphAsEngine(StandInEngine):
    """The stand-in of `test_tensorrt_step.py` in GPU memory."""

    def __init__(self, graph: torch.nn.Module, architecture: Architecture) -> None:
        super().__init__(graph.cuda().eval(), architecture)
        self.memory: dict[str, torch.Tensor] = {}

    def set_tensor_address(self, name: str, address: int) -> bool:
        array = {"shape": self.shapes[name], "typestr": "<f4", "data": (address, False)}
        holder = SimpleNamespace(__cuda_array_interface__=array | {"version": 3})
        self.memory[name] = torch.as_tensor(holder, device="cuda")
        return address % 256 == 0

    @torch.inference_mode()
    def execute_async_v3(self, stream: int) -> bool:
        assert stream == torch.cuda.current_stream().cuda_stream
        results = self.graph(*(self.memory[name] for name in INPUTS))
        for i, result in enumerate(results):
            self.memory[f"output{i}"].copy_(result)
        return True


def step_of(
    graph: torch.nn.Module, architecture: Architecture, monkeypatch: pytest.MonkeyPatch
) -> TensorRTStep:
    """The backend around a graph of torch."""
    engine = GraphAsEngine(graph, architecture)
    runtime = SimpleNamespace(deserialize_cuda_engine=lambda _: engine)
    tensorrt = SimpleNamespace(Logger=StandInLogger, Runtime=lambda _: runtime)
    monkeypatch.setitem(sys.modules, "tensorrt", tensorrt)
    return TensorRTStep(b"engine", architecture, "tensorrt", FLOAT32_TOLERANCE)


def difference(checkpoint: Checkpoint, graph: Any, monkeypatch: pytest.MonkeyPatch) -> float:
    """From the checkpoint's reference, frame by frame over the network's own history."""
    net, reference = load_network(checkpoint), checkpoint.reference()
    assert reference is not None
    return largest_difference(step_of(graph(net), net.arch, monkeypatch), net.arch, reference)


@pytest.fixture(params=["shipped", "random"])
def checkpoint(request: pytest.FixtureRequest, random_checkpoint: Checkpoint) -> Checkpoint:
    return load_checkpoint() if request.param == "shipped" else random_checkpoint


def test_replayed_step_differs_from_the_reference_by_rounding(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 0.0 < difference(checkpoint, StepGraph, monkeypatch) < FLOAT32_TOLERANCE


def test_half_precision_stays_within_its_tolerance(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = difference(checkpoint, HalfGraph, monkeypatch)
    assert FLOAT32_TOLERANCE < found < FLOAT16_TOLERANCE


def test_products_in_tf32_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", True)
    found = difference(load_checkpoint(), StepGraph, monkeypatch)
    assert found > FLOAT32_TOLERANCE


def test_step_writes_all_of_its_outputs_and_reads_all_of_its_inputs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every frame anew: what is captured once must not be what was computed once."""
    checkpoint = load_checkpoint()
    net = load_network(checkpoint)
    backend = step_of(StepGraph(net), net.arch, monkeypatch)
    inputs = [np.zeros(s, np.float32) for s in input_shapes(net.arch).values()]
    outputs = [np.full(s, np.nan, np.float32) for s in output_shapes(net.arch).values()]
    backend.step(inputs, outputs)
    assert all(np.isfinite(output).all() for output in outputs)
    before = [output.copy() for output in outputs]
    inputs[0][0, 3] = inputs[0][0, net.arch.n_input // 2 + 3] = 1.0
    backend.step(inputs, outputs)
    for old, new in zip(before, outputs, strict=True):
        assert (old[0] != new[0]).any()  # the limb that moved
        np.testing.assert_array_equal(old[1], new[1])


@pytest.mark.parametrize("architecture", [TINY, GruArchitecture(d_model=16, members=2, dropout=0)])
def test_training_on_a_gpu_learns_what_a_cpu_learns(architecture: Architecture) -> None:
    """Losses of four epochs, validation among them; a GPU sums in another order and rounds more."""
    sequences = people(4)
    histories = [
        train(sequences[:3], sequences[3:], architecture, replace(QUICK, accelerator=device))[1]
        for device in ("cpu", "gpu")
    ]
    for cpu, gpu in zip(*histories, strict=True):
        assert gpu.train_loss == pytest.approx(cpu.train_loss, rel=0.02)
        assert gpu.validation_loss == pytest.approx(cpu.validation_loss, rel=0.05)
    assert histories[1][3].validation_loss < histories[1][0].validation_loss
