from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from inference.backends import StepBackend, open_backend
from inference.backends.onnx_step import OnnxStep
from inference.channels import N_CHANNEL
from inference.checkpoint import Checkpoint
from inference.exceptions import BackendUnavailable
from inference.weights import load_network


def one_step(
    backend: StepBackend, checkpoint: Checkpoint, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    arch, rng = checkpoint.card.architecture, np.random.default_rng(seed)
    x, y_prev, past = (
        rng.standard_normal(shape).astype(np.float32)
        for shape in ((2, arch.n_input), (2, N_CHANNEL), (arch.window - 1, 2, arch.kv_width))
    )
    mask = np.where(np.arange(arch.window - 1) < seed, -np.inf, 0.0).astype(np.float32)
    y, kv = np.zeros((2, N_CHANNEL), np.float32), np.zeros((2, arch.kv_width), np.float32)
    backend.step(x, y_prev, past, mask, y, kv)
    return y, kv


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
    assert torch.equal(
        net.head.weight, torch.from_numpy(random_checkpoint.weights()["head.weight"])
    )


def test_unknown_backend_names_the_nearest(random_checkpoint: Checkpoint) -> None:
    with pytest.raises(BackendUnavailable, match=r"'onnx-runtime'.*did you mean onnxruntime"):
        open_backend("onnx-runtime", random_checkpoint)


def test_broken_graph_is_a_clear_error() -> None:
    with pytest.raises(BackendUnavailable, match="cannot load the step graph"):
        OnnxStep(b"not a graph")


@pytest.mark.skipif(torch.cuda.is_available(), reason="shows what happens without a GPU")
def test_tensorrt_without_a_gpu_says_so(random_checkpoint: Checkpoint) -> None:
    with pytest.raises(BackendUnavailable, match="NVIDIA GPU"):
        open_backend("tensorrt", random_checkpoint)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU on this machine")
def test_tensorrt_step_equals_torch_reference(random_checkpoint: Checkpoint) -> None:
    pytest.importorskip("torch_tensorrt")
    ours = one_step(open_backend("tensorrt", random_checkpoint), random_checkpoint, 3)
    theirs = one_step(open_backend("torch", random_checkpoint), random_checkpoint, 3)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)  # the backend's own tolerance


def test_a_live_session_imports_no_torch(random_checkpoint: Checkpoint) -> None:
    code = (
        "import sys; from pathlib import Path; from inference import Refiner;"
        f"Refiner(Path({str(random_checkpoint.path)!r}), ['soleus_r'], ['knee_angle_r'], 70.0)"
        ".warm_up(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
