from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper

from inference.architecture import GruArchitecture
from inference.backends import BACKENDS, StepBackend, open_backend, table
from inference.backends.base import input_shapes, output_shapes
from inference.backends.onnx_step import OnnxStep
from inference.checkpoint import Checkpoint
from inference.exceptions import BackendUnavailable
from inference.networks.weights import load_network


def one_step(backend: StepBackend, checkpoint: Checkpoint, seed: int) -> tuple[np.ndarray, ...]:
    arch, rng = checkpoint.card.architecture, np.random.default_rng(seed)
    inputs = {
        name: rng.standard_normal(shape).astype(np.float32)
        for name, shape in input_shapes(arch).items()
    }
    inputs["mask"] = np.where(np.arange(arch.window - 1) < seed, -np.inf, 0.0).astype(np.float32)
    outputs = tuple(np.zeros(shape, np.float32) for shape in output_shapes(arch).values())
    backend.step(tuple(inputs.values()), outputs)
    return outputs


@pytest.mark.parametrize("seed", [0, 7, 31])  # full, partly filled and empty history
def test_onnxruntime_step_equals_torch_reference(random_checkpoint: Checkpoint, seed: int) -> None:
    reference = open_backend("torch", random_checkpoint)
    candidate = open_backend("onnxruntime", random_checkpoint)
    for ours, theirs in zip(
        one_step(candidate, random_checkpoint, seed),
        one_step(reference, random_checkpoint, seed),
        strict=True,
    ):
        # Same graph, other kernels: float32 rounding through four layers.
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_reference_runs_the_weights_of_the_checkpoint(random_checkpoint: Checkpoint) -> None:
    net = load_network(random_checkpoint)
    weights = random_checkpoint.weights()["members.0.head.estimate.weight"]
    assert torch.equal(net.members[0].head.estimate.weight, torch.from_numpy(weights))


def test_unknown_backend_names_the_nearest(random_checkpoint: Checkpoint) -> None:
    with pytest.raises(BackendUnavailable, match=r"'onnx-runtime'.*did you mean onnxruntime"):
        open_backend("onnx-runtime", random_checkpoint)


def test_broken_graph_is_a_clear_error() -> None:
    with pytest.raises(BackendUnavailable, match="cannot load the step graph"):
        OnnxStep(b"not a graph", GruArchitecture())


def test_graph_with_other_outputs_is_refused_by_name() -> None:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "other", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    with pytest.raises(BackendUnavailable, match=r"has x 2, y 2 where.*expects x 2x\d+, y_prev"):
        OnnxStep(model.SerializeToString(), GruArchitecture())


def test_graph_of_another_architecture_is_refused_by_its_shapes(
    random_checkpoint: Checkpoint,
) -> None:
    other = GruArchitecture(d_model=8, members=1)
    with pytest.raises(BackendUnavailable, match=r"cache \d+x2x\d+.*expects.*cache 1x2x12.*anew"):
        OnnxStep(random_checkpoint.onnx, other)


@pytest.mark.parametrize("name", [name for name, entry in BACKENDS.items() if entry.packages])
def test_backend_whose_package_is_missing_says_what_to_do(
    random_checkpoint: Checkpoint, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_installed", lambda _: False)
    monkeypatch.setattr(table, "_has_nvidia_driver", lambda: True)
    with pytest.raises(BackendUnavailable, match=rf"the {name} backend cannot run here.*pip"):
        open_backend(name, random_checkpoint)


@pytest.mark.skipif(torch.cuda.is_available(), reason="shows what happens without a GPU")
@pytest.mark.parametrize("name", ["tensorrt", "tensorrt-fp16"])
def test_tensorrt_without_a_gpu_says_so(random_checkpoint: Checkpoint, name: str) -> None:
    with pytest.raises(BackendUnavailable, match="NVIDIA"):
        open_backend(name, random_checkpoint)


@pytest.mark.skipif(
    not BACKENDS["tensorrt"].lack(), reason="TensorRT is here, and may well be chosen"
)
def test_a_live_session_imports_no_torch(random_checkpoint: Checkpoint) -> None:
    code = (
        "import sys, time; from pathlib import Path; from inference import LimbInputs, Refiner;"
        "inputs = LimbInputs(['soleus_r'], ['knee_angle_r'], 70.0);"
        f"Refiner(inputs, Path({str(random_checkpoint.path)!r}),"
        "backend='auto', clock=time.perf_counter)"
        ".warm_up(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
