"""What torch-tensorrt is asked to build, what it can convert, and the engines on disk.

Where TensorRT is replaced here, the test is about what it is asked and how its refusals are
passed on. That the backend computes the right numbers is shown by `test_choice.py` on a GPU, and at
every start of a session.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from inference.architecture import RUNNING_MEANS
from inference.backends import tensorrt_engine
from inference.backends.base import (
    FLOAT32_TOLERANCE,
    INPUTS,
    OUTPUTS,
    input_shapes,
)
from inference.backends.export import StepGraph
from inference.backends.tensorrt_engine import HalfGraph, build_engine, engine_key
from inference.backends.tensorrt_step import FLOAT16_TOLERANCE
from inference.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from inference.exceptions import BackendUnavailable
from inference.live.choice import largest_difference
from inference.networks.weights import load_network

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


@torch.inference_mode()
def test_half_precision_remembers_effort_as_float32_does() -> None:
    """With running means in half precision, which stand still, running was 2 % off."""
    checkpoint = load_checkpoint()
    net, reference = load_network(checkpoint), checkpoint.reference()
    assert reference is not None
    rows = []
    for graph in (StepGraph(net), HalfGraph(net)):
        y, row = torch.zeros(2, net.arch.n_output), torch.zeros(2, net.arch.kept_width)
        for x in torch.from_numpy(reference.x):
            y, _, row = graph(x, y, row[None], torch.zeros(1))
        rows.append(row.split([net.arch.state_width, RUNNING_MEANS], -1))
    (states, means), (other_states, other_means) = rows
    assert torch.equal(means, other_means)
    assert not torch.equal(states, other_states)


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
