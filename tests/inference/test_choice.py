"""Which backend runs, by proof and by a clock that the test turns."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from inference import LimbInputs
from inference.backends import BACKENDS, StepBackend
from inference.backends.onnx_step import OnnxStep
from inference.backends.reference import reference_stream
from inference.backends.table import Backend
from inference.checkpoint import Checkpoint, save_checkpoint
from inference.exceptions import BackendDiffers, BackendUnavailable
from inference.live import choice
from inference.live.choice import choose_backend, open_proven
from inference.live.refiner import Refiner
from inference.networks.weights import network_arrays
from tests.inference.conftest import random_network


@dataclass
class Clock:
    """Stands still but for the steps of `Paced` backends."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Paced:
    """onnxruntime under another name, as slow and as wrong as the test wants."""

    name: str
    inner: StepBackend
    clock: Clock
    cost_s: float
    error: float = 0.0
    tolerance: float = 1e-4
    wrong_output: int = 0
    steps: int = field(default=0)

    def step(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> None:
        self.inner.step(inputs, outputs)
        outputs[self.wrong_output][1, 3] += self.error
        self.clock.now += self.cost_s
        self.steps += 1


Machine = Callable[..., dict[str, Paced]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def machine(
    monkeypatch: pytest.MonkeyPatch, random_checkpoint: Checkpoint, clock: Clock
) -> Machine:
    """A machine with these backends; what is not named is not installed."""

    def furnish(**costs_and_errors: tuple[float, float]) -> dict[str, Paced]:
        backends = {
            name: Paced(
                name,
                OnnxStep(random_checkpoint.onnx, random_checkpoint.card.architecture),
                clock,
                *values,
            )
            for name, values in costs_and_errors.items()
        }
        monkeypatch.setattr(choice, "open_backend", lambda name, _: backends[name])
        monkeypatch.setattr(Backend, "lack", lambda self: "" if self.name in backends else "none")
        return backends

    return furnish


def test_auto_takes_the_faster_one_and_says_what_it_measured(
    machine: Machine, random_checkpoint: Checkpoint, clock: Clock
) -> None:
    machine(onnxruntime=(400e-6, 0.0), tensorrt=(100e-6, 0.0))
    found = choose_backend("auto", random_checkpoint, clock)
    assert found.backend.name == "tensorrt"
    assert found.p99_s == pytest.approx(100e-6)
    assert str(found).startswith("network on tensorrt: differs from torch by at most")
    assert "p99 0.10 ms" in str(found)
    assert "onnxruntime differs" in str(found)
    assert "p99 0.40 ms" in str(found)


@pytest.mark.parametrize("tensorrt_s", [400e-6, 370e-6, 900e-6])
def test_a_tie_goes_to_onnxruntime(
    machine: Machine, random_checkpoint: Checkpoint, clock: Clock, tensorrt_s: float
) -> None:
    machine(onnxruntime=(400e-6, 0.0), tensorrt=(tensorrt_s, 0.0))
    assert choose_backend("auto", random_checkpoint, clock).backend.name == "onnxruntime"


@pytest.mark.parametrize("error", [2e-4, float("nan")])
def test_auto_never_takes_a_fast_backend_that_differs(
    machine: Machine, random_checkpoint: Checkpoint, clock: Clock, error: float
) -> None:
    machine(onnxruntime=(400e-6, 0.0), tensorrt=(100e-6, error))
    found = choose_backend("auto", random_checkpoint, clock)
    assert found.backend.name == "onnxruntime"
    assert "tensorrt is out: the tensorrt backend differs" in str(found)


def test_auto_does_not_open_what_is_not_installed(
    machine: Machine, random_checkpoint: Checkpoint, clock: Clock
) -> None:
    machine(onnxruntime=(400e-6, 0.0))
    found = choose_backend("auto", random_checkpoint, clock)
    assert found.backend.name == "onnxruntime"
    assert found.passed_over == ()


def test_auto_with_nothing_sound_says_why(
    machine: Machine, random_checkpoint: Checkpoint, clock: Clock
) -> None:
    machine(onnxruntime=(400e-6, 1.0), tensorrt=(100e-6, 1.0))
    with pytest.raises(BackendUnavailable, match=r"onnxruntime is out.*tensorrt is out"):
        choose_backend("auto", random_checkpoint, clock)


def test_auto_where_nothing_is_installed_says_what_to_install(
    random_checkpoint: Checkpoint, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Backend, "lack", lambda _: "it is not installed")
    with pytest.raises(BackendUnavailable, match=r"^onnxruntime is out: .*it is not installed"):
        choose_backend("auto", random_checkpoint, clock)


def test_a_named_backend_that_differs_is_refused_with_the_difference(
    machine: Machine, random_checkpoint: Checkpoint
) -> None:
    machine(torch=(1e-3, 0.25))
    with pytest.raises(BackendDiffers, match="more than 1e-04; use another backend") as caught:
        open_proven("torch", random_checkpoint)
    # Fed back, the error of one output also moves the others.
    assert caught.value.difference >= 0.24
    assert caught.value.tolerance == 1e-4


def test_a_backend_whose_sigma_differs_is_refused(
    machine: Machine, random_checkpoint: Checkpoint
) -> None:
    paced = machine(torch=(1e-3, 0.25))["torch"]
    paced.wrong_output = 1
    with pytest.raises(BackendDiffers):
        open_proven("torch", random_checkpoint)


def test_percentile_is_of_settled_steps(
    machine: Machine, random_checkpoint: Checkpoint, clock: Clock
) -> None:
    paced = machine(torch=(1e-3, 0.0))["torch"]
    architecture = random_checkpoint.card.architecture

    class Settling(Paced):
        def step(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> None:
            self.cost_s = 1.0 if self.steps < 50 else 2e-3
            super().step(inputs, outputs)

    slow_first = Settling("torch", paced.inner, clock, 0.0)
    assert choice.measure_p99(slow_first, architecture, clock) == pytest.approx(2e-3)


def test_auto_without_a_clock_asks_for_one(random_checkpoint: Checkpoint) -> None:
    with pytest.raises(BackendUnavailable, match="hand in a clock"):
        choose_backend("auto", random_checkpoint)


def test_checkpoint_without_a_reference_runs_and_says_that_nothing_is_proven(
    random_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    old = save_checkpoint(
        tmp_path / "old",
        random_checkpoint.card,
        random_checkpoint.weights(),
        random_checkpoint.onnx,
    )
    found = choose_backend("onnxruntime", old)
    assert found.difference is None
    assert str(found) == "network on onnxruntime: not proven, no reference in this checkpoint"


def test_graph_of_another_network_is_refused(random_checkpoint: Checkpoint, tmp_path: Path) -> None:
    """The files are sound and have matching shapes; only the numbers tell."""
    card = random_checkpoint.card
    other = random_network(card.architecture, seed=9)
    mixed = save_checkpoint(
        tmp_path / "mixed",
        card,
        network_arrays(other),
        random_checkpoint.onnx,
        reference_stream(other),
    )
    with pytest.raises(BackendDiffers, match="onnxruntime"):
        choose_backend("onnxruntime", mixed)


@pytest.mark.parametrize("name", ["onnxruntime", "torch"])
def test_every_backend_of_a_cpu_is_proven_far_within_its_tolerance(
    random_checkpoint: Checkpoint, name: str
) -> None:
    found = open_proven(name, random_checkpoint)
    assert found.difference is not None
    assert 0.0 < found.difference < 0.1 * found.backend.tolerance


@pytest.mark.parametrize("name", ["tensorrt", "tensorrt-fp16"])
def test_tensorrt_is_proven_and_its_engine_is_built_once(
    random_checkpoint: Checkpoint,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if lack := BACKENDS[name].lack():
        pytest.skip(f"{name}: {lack}")
    if not torch.cuda.is_available():
        pytest.skip(f"{name}: a driver, but no GPU that torch sees")
    from inference.backends import tensorrt_step

    monkeypatch.setenv("NEM2E_CACHE", str(tmp_path))
    first = open_proven(name, random_checkpoint)
    monkeypatch.setattr(tensorrt_step, "build_engine", lambda *_: pytest.fail("built again"))
    assert open_proven(name, random_checkpoint).difference == first.difference


def test_refiner_tells_its_backend(random_checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(random_checkpoint.path, tmp_path / "copy"))
    refiner = Refiner(
        LimbInputs(["soleus_r"], ["knee_angle_r"], 70.0), folder, backend="auto", clock=iter_clock()
    )
    assert refiner.choice.backend.name in BACKENDS
    assert "differs from torch by at most" in str(refiner.choice)


def iter_clock() -> Callable[[], float]:
    ticks = iter(range(1_000_000))
    return lambda: float(next(ticks))
