from __future__ import annotations

from pathlib import Path

import pytest

from inference.architecture import StdrArchitecture
from streamer.exceptions import ConfigError
from streamer.train_config import TrainConfig, load_train_config


def write(folder: Path, text: str) -> Path:
    path = folder / "train.yaml"
    path.write_text(text)
    return path


def test_paths_are_relative_to_the_file_and_the_rest_is_taken_over(tmp_path: Path) -> None:
    config = load_train_config(
        write(
            tmp_path,
            "trials: [data/one, /elsewhere]\nlead_ms: 40\n"
            "architecture: {kind: stdr, window: 16, members: 3}\ntraining: {epochs: 4}\n",
        )
    )
    assert config.trials == (str(tmp_path / "data" / "one"), "/elsewhere")
    assert config.fit.architecture == StdrArchitecture(window=16, members=3)
    assert config.fit.lead_s == pytest.approx(0.04)
    assert config.fit.training.epochs == 4


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    assert load_train_config(write(tmp_path, "")) == TrainConfig()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trial: [a]", "trial"),
        ("training: {epoch: 3}", "epoch"),
        ("training: {epochs: 0}", "must be 1 or more"),
        ("workers: 0", "`workers` is 0; give 1 or more"),
        ("{workers: 2, training: {devices: 2}}", "in each other's way"),
        ("architecture: {kind: lstm}", "lstm"),
        ("architecture: {kind: stdr, d_model: 30}", "not a multiple"),
        ("trials: [a", "train.yaml: not valid YAML"),
        ("trials: 2026-02-30", "not valid YAML"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_train_config(write(tmp_path, text))


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.yaml"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ConfigError, match=r"train\.yaml: no text in UTF-8"):
        load_train_config(path)


def test_a_home_that_nobody_has_is_left_as_it_is_written(tmp_path: Path) -> None:
    config = load_train_config(write(tmp_path, "trials: [~no one/trials]"))
    assert config.trials == (str(tmp_path / "~no one" / "trials"),)


def test_the_default_run_is_what_the_package_uses() -> None:
    path = Path(__file__).parents[2] / "configs" / "train_default.yaml"
    config = load_train_config(path)
    assert config.architecture == TrainConfig().architecture
    assert config.training == TrainConfig().training
