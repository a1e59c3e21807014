"""One benchmark per stage: every frame of a walk in turn, what lies between the stages left out.

A round is one frame. Stages that remember the last frame are reset where the walk starts again,
outside the time that is counted.
"""

from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.bridge.floor import network_floor
from benchmarks.environment import describe_environment
from benchmarks.stages.stage_inputs import StageInputs
from benchmarks.timing import Quantiles
from inference import Refiner
from inference.checkpoint import DEFAULT_CHECKPOINT, load_checkpoint
from sim_bridge.base_coordinates import rotations
from sim_bridge.dynamics.inverse_dynamics import InverseDynamics
from sim_bridge.filters import CAUSAL_DEFAULT, make_filter
from sim_bridge.muscles.force import MuscleForce
from sim_bridge.muscles.paths import MuscleGeometry
from sim_bridge.muscles.static_optimization import StaticOptimization
from sim_bridge.pose.inverse_kinematics import InverseKinematics
from streamer.model_inputs import inputs_of

pytestmark = pytest.mark.timeout(600)  # kernels may have to be compiled first
WALKS = 2
"""Times through the recording."""


def time_frames(
    benchmark: BenchmarkFixture,
    inputs: StageInputs,
    step: Callable[..., Any],
    arguments: Callable[[int], tuple[Any, ...]],
    restart: Callable[[], None] = lambda: None,
) -> None:
    """Time a stage on every frame, after one walk that is not counted."""
    n = len(inputs.subject.time)
    frames = count()

    def next_frame() -> tuple[tuple[Any, ...], dict[str, Any]]:
        frame = next(frames) % n
        if frame == 0:  # as at the start of a session: the first frame is solved from scratch
            restart()
            step(*arguments(0))
        return arguments(frame), {}

    for _ in range(n):
        step(*next_frame()[0])
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        step, setup=next_frame, rounds=WALKS * n, iterations=1
    )
    benchmark.extra_info["subject"] = inputs.subject.model.name
    benchmark.extra_info["environment"] = describe_environment()
    if benchmark.stats is not None:  # None under --benchmark-disable
        benchmark.extra_info["us"] = Quantiles.of(benchmark.stats.stats.data).row()


@pytest.mark.benchmark(group="ik")
def test_inverse_kinematics(benchmark: BenchmarkFixture, inputs: StageInputs) -> None:
    """Markers to coordinates, warm start."""
    s = inputs.subject
    stage = InverseKinematics(s.model, s.marker_names)
    time_frames(benchmark, inputs, stage.step, lambda i: (s.markers[i],), stage.reset)


@pytest.mark.benchmark(group="filter")
def test_filter(benchmark: BenchmarkFixture, inputs: StageInputs) -> None:
    """Coordinates to their derivatives, the default filter."""
    s = inputs.subject
    stage = make_filter(CAUSAL_DEFAULT, inputs.q.shape[1], s.rate_hz, rotations(s.model))
    arguments = lambda i: (float(s.time[i]), inputs.ik_q[i])  # noqa: E731
    time_frames(benchmark, inputs, stage.step, arguments, stage.reset)


@pytest.mark.benchmark(group="id")
def test_inverse_dynamics(benchmark: BenchmarkFixture, inputs: StageInputs) -> None:
    """Motion and forces to moments."""
    s = inputs.subject
    stage = InverseDynamics(s.model, s.loads)
    arguments = lambda i: (inputs.q[i], inputs.qd[i], inputs.qdd[i], s.forces[i])  # noqa: E731
    time_frames(benchmark, inputs, stage.step, arguments)


@pytest.mark.benchmark(group="paths")
def test_muscle_paths(benchmark: BenchmarkFixture, inputs: StageInputs) -> None:
    """Coordinates to lengths, speeds and moment arms."""
    stage = MuscleGeometry(inputs.subject.model)
    arguments = lambda i: (inputs.free[i], inputs.free_speed[i])  # noqa: E731
    time_frames(benchmark, inputs, stage.step, arguments)


@pytest.mark.benchmark(group="so")
def test_muscle_force(benchmark: BenchmarkFixture, inputs: StageInputs) -> None:
    """Lengths and speeds to the forces of fully active muscles."""
    stage = MuscleForce(inputs.subject.model)
    arguments = lambda i: (inputs.length[i], inputs.speed[i])  # noqa: E731
    time_frames(benchmark, inputs, stage.step, arguments)


@pytest.mark.benchmark(group="so")
def test_static_optimization(benchmark: BenchmarkFixture, inputs: StageInputs) -> None:
    """Moments to activations, warm start."""
    stage = StaticOptimization(inputs.subject.model)
    arguments = lambda i: (inputs.tau[i], inputs.dq[i], inputs.force[i], inputs.moment_arm[i])  # noqa: E731
    time_frames(benchmark, inputs, stage.step, arguments, stage.reset)


@pytest.mark.benchmark(group="step")
def test_whole_step(benchmark: BenchmarkFixture, inputs: StageInputs) -> None:
    """Markers and forces to activations, as in a session."""
    s = inputs.subject
    bridge = s.bridge()
    arguments = lambda i: (float(s.time[i]), s.markers[i], s.forces[i])  # noqa: E731
    time_frames(benchmark, inputs, bridge.step, arguments, bridge.reset)


@pytest.mark.benchmark(group="refine")
def test_refiner(benchmark: BenchmarkFixture, inputs: StageInputs) -> None:
    """Activations and motion to EMG, the default network."""
    if not DEFAULT_CHECKPOINT.exists():
        pytest.skip(f"no network at {DEFAULT_CHECKPOINT}; train one with `nem2e train`")
    s = inputs.subject
    refiner = Refiner(inputs_of(s.model))
    refiner.warm_up()
    arguments = lambda i: (  # noqa: E731
        float(s.time[i]),
        inputs.activation[i],
        inputs.q[i],
        inputs.qd[i],
        inputs.tau[i],
    )
    time_frames(benchmark, inputs, refiner.step, arguments, refiner.reset)
    benchmark.extra_info["floor"] = asdict(network_floor(load_checkpoint()))
