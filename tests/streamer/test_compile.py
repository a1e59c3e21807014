"""What `nem2e compile` says that a session will find in a model."""

from pathlib import Path

import pytest

from configs.demo.build import SUBJECT
from streamer.commands import compile as command
from tests.data_sets import trial_dir
from tests.sim_bridge.small_models import save
from tests.sim_bridge.small_muscles import add_function_path, joint_of_two_turns

NO_FEET = "no feet are known: plates must be named, and no force can be predicted"


def printed(model: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    command.run(model)
    return capsys.readouterr().out.splitlines()


def test_channels_of_each_leg_and_what_is_missing_are_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = printed(SUBJECT / "model.osim", capsys)
    assert "EMG channels: 10 of the right leg, 10 of the left" in said
    assert any(line.startswith("this model lacks hip_adduction_r") for line in said)
    assert any("is known for RF_r, GMED_r, RF_l, GMED_l: not estimated" in line for line in said)
    assert NO_FEET in said  # it has no toes


def test_feet_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(trial_dir("gait1992/subject01/walk").parent / "model.osim", capsys)
    assert "feet: calcn_r, calcn_l" in said
    assert "EMG channels: 12 of the right leg, 12 of the left" in said


def test_a_model_without_any_known_muscle_is_compiled_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEM2E_CACHE", str(tmp_path))
    model = joint_of_two_turns()
    add_function_path(model, "BIClong", (0.4, 0.05, 0.01))
    said = printed(save(model, tmp_path / "arm.osim"), capsys)
    assert any(line.startswith("no EMG channel can be fed by this model") for line in said)
    assert NO_FEET in said
