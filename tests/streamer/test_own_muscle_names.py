"""A model whose muscles have names of their own keeps its knees, live and offline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import run_realtime
from configs.demo.build import SUBJECT
from inference import Refiner
from inference.exceptions import MuscleMapError
from inference.inputs.muscle_map import default_muscle_map
from sim_bridge import CompiledModel, compile_model
from streamer.commands import offline
from streamer.config.session import RunConfig


@pytest.mark.parametrize("opened", [offline.open_refiner, run_realtime.open_refiner])
def test_knees_are_known_by_the_models_geometry(
    opened: Callable[[RunConfig, CompiledModel], Refiner], capsys: pytest.CaptureFixture[str]
) -> None:
    model = compile_model(SUBJECT / "model.osim")
    own = replace(model.muscles, names=tuple(f"own_{name}" for name in model.muscle_names))
    given = {
        channel: tuple(f"own_{name}" for name in names)
        for channel, names in default_muscle_map(model.muscle_names).items()
    }
    config = RunConfig(model=SUBJECT / "model.osim", muscle_map=given)
    plain = opened(RunConfig(model=SUBJECT / "model.osim"), model)
    said = lacking(capsys)
    renamed = opened(config, replace(model, muscles=own))
    assert renamed.channel_names == plain.channel_names
    assert lacking(capsys) == said
    assert said.startswith("this model lacks hip_adduction_r")
    assert "knee_angle" not in said


def lacking(capsys: pytest.CaptureFixture[str]) -> str:
    """The line on what the model lacks."""
    (line,) = (s for s in capsys.readouterr().err.splitlines() if "this model lacks" in s)
    return line


def test_a_model_without_a_leg_s_muscles_may_do_without_emg() -> None:
    model = compile_model(SUBJECT / "model.osim")
    own = replace(model.muscles, names=tuple(f"own_{name}" for name in model.muscle_names))
    with pytest.raises(MuscleMapError, match=r"muscle_map: .*; or do without EMG: --no-refine$"):
        offline.open_refiner(RunConfig(model=SUBJECT / "model.osim"), replace(model, muscles=own))
