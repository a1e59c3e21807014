"""The shipped network on three people whom it has never seen, and on what nobody taught it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from inference.backends.onnx_step import OnnxStep
from inference.channels import (
    COORDINATES,
    N_INPUT,
    SLICE_ANGLE,
    SLICE_VELOCITY,
    hide_dynamics,
    legs,
)
from inference.checkpoint import load_checkpoint
from inference.data.dataset import LimbSequence, build_sequences
from inference.evaluation.stream import estimate_stream
from inference.live.estimator import Estimator, checkpoint_estimator
from streamer.features.records import load_features
from tests.data_sets import trial_dir
from tests.inference.strange_motion import standing

F32 = npt.NDArray[np.float32]
RATE_HZ = 100.0


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    checkpoint = load_checkpoint(None)
    step = OnnxStep(checkpoint.onnx, checkpoint.card.architecture)
    return checkpoint_estimator(step, checkpoint)


@pytest.fixture(
    scope="module",
    params=[
        "balance_exo/subject01/walk125",
        "balance_exo/subject04/walk125",
        "rajagopal/walker/walk",
    ],
)
def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LimbSequence:
    cache: Path = tmp_path_factory.mktemp("features")
    records = list(load_features([trial_dir(request.param)], cache_dir=cache))
    return build_sequences(records, RATE_HZ)[0]


def doubt(estimator: Estimator, walk: LimbSequence, x: F32) -> float:
    """Mean sigma of a person who moves like this, once the start is over."""
    return float(estimate_stream(estimator, replace(walk, x=x)).sigma[50:].mean())


def garbage(x: F32) -> F32:
    noisy, rng = x.copy(), np.random.default_rng(0)
    value = noisy[:, :N_INPUT]
    value += 2.0 * value.std(0) * rng.standard_normal(value.shape, dtype=np.float32)
    return noisy


def jumping(x: F32) -> F32:
    """Crouch, push off, land, with both legs at once, every 1.6 s; no forces known."""
    joints = {
        "hip_flexion": (0.1, 1.2, 0.9, 0.0, 0.2, 0.8, 0.1),
        "knee_angle": (0.1, 1.7, 1.2, 0.05, 0.3, 1.1, 0.1),
        "ankle_angle": (0.0, 0.5, 0.3, -0.6, -0.4, 0.4, 0.0),
    }
    through = np.arange(len(x)) / RATE_HZ / 1.6 % 1.0
    angle = np.zeros((len(x), len(COORDINATES)))
    for name, at in joints.items():
        angle[:, COORDINATES.index(name)] = np.interp(
            through, (0.0, 0.3, 0.42, 0.5, 0.7, 0.8, 1.0), at
        )
    jump = np.hstack([np.zeros((len(x), N_INPUT)), np.ones((len(x), N_INPUT))]).astype(np.float32)
    for leg in legs(jump[:, :N_INPUT]):
        leg[:, SLICE_ANGLE] = angle
        leg[:, SLICE_VELOCITY] = np.gradient(angle, 1.0 / RATE_HZ, axis=0)
    hide_dynamics(jump[:, N_INPUT:])
    return jump


@pytest.mark.parametrize("strange", [standing, garbage, jumping])
def test_doubt_grows_on_what_nobody_taught(
    estimator: Estimator, walk: LimbSequence, strange: Callable[[F32], F32]
) -> None:
    # seen on these people: standing 2.25 to 3.19, garbage 5.51 to 6.40, jumping 2.93 to 2.96
    assert doubt(estimator, walk, strange(walk.x)) > 1.5 * doubt(estimator, walk, walk.x)
