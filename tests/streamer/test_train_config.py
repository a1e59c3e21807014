from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from inference.architecture import StdrArchitecture
from inference.checkpoint import load_checkpoint
from streamer.config.training import OURS, TrainConfig, load_train_config, with_options
from streamer.exceptions import ConfigError


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
    assert config.architecture == StdrArchitecture(window=16, members=3)
    assert config.lead_s == pytest.approx(0.04)
    assert config.training.epochs == 4


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    assert load_train_config(write(tmp_path, "")) == TrainConfig()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trial: [a]", r"unknown key 'trial' \(nearest: trials\); known keys: name, folds, "),
        ("training: {epoch: 3}", r"training: unknown key 'epoch' \(nearest: epochs\)"),
        ("training: {augmentation: {warps: 1}}", "training: augmentation: unknown key 'warps'"),
        ("trials: data", "train.yaml: `trials` is 'data', it must be a list$"),
        ("lead_ms: 2,5", "`lead_ms` is '2,5', it must be a number; write 2.5, with a decimal"),
        ("- a", "no `key: value` lines"),
        ("training: {epochs: 0}", "must be 1 or more"),
        ("workers: 0", "train.yaml: `workers` is 0, it must be 1 or more"),
        ("{workers: 2, training: {devices: 2}}", "in each other's way"),
        ("variants: [loud]", "train.yaml: variant 'loud' is unknown"),
        ("variants: [predicted, noise-1+causal]", r"`variants` has 'noise-1\+causal', .*two targ"),
        ("rate_hz: -100", "train.yaml: `rate_hz` is -100, it must be between 10 and 1000"),
        ("rate_hz: 0", "`rate_hz` is 0"),
        ("rate_hz: .nan", "`rate_hz` is nan"),
        ("lead_ms: 10000", "the lead is 10000 ms, it must be within 1000 ms"),
        ("folds: -1", "`folds` is -1, it must be 0 or more"),
        ("folds: 1", "`folds` is 1, it must be 2 or more, or 0: nobody is left out then"),
        ("validation_people: -1", "`validation_people` is -1, it must be 0 or more"),
        ("training: {seed: -1}", "training: `seed` is -1, it must be 0 or more"),
        ("training: {seed: 4294967296}", r"`seed` is 4294967296, it must be below 2\^32"),
        ("training: {learning_rate: -1}", "`learning_rate` is -1, it must be 0 or more"),
        ("training: {learning_rate: .inf}", "`learning_rate` is inf, it must be 0 or more"),
        ("training: {weight_decay: -1}", "`weight_decay` is -1, it must be 0 or more"),
        ("training: {sister_weight: .nan}", "`sister_weight` is nan, it must be 0 or more"),
        (
            "training: {augmentation: {slowest: 0}}",
            "training: augmentation: `slowest` is 0, it must be between 0.1 and 1",
        ),
        ("training: {augmentation: {warp: 1}}", "`warp` is 1, it must be between 0 and 0.9"),
        ("training: {augmentation: {slowed: 2}}", "`slowed` is 2, it must be between 0 and 1"),
        ("training: {augmentation: {emg_gain: -1}}", "`emg_gain` is -1, it must be 0 or more"),
        ("architecture: {kind: gru, dropout: 2}", "dropout=2.0: give a share below 1"),
        ("architecture: {kind: gru, n_layer: 0}", "n_layer=0: give 1 layer or more"),
        (
            "architecture: {kind: lstm}",
            "`architecture: kind` is 'lstm', it must be gru, stdr or bahdanau",
        ),
        ("architecture: {kind: stdr, d_model: 30}", "not a multiple"),
        ("trials: [a", "train.yaml: not valid YAML"),
        ("trials: 2026-02-30", "not valid YAML"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_train_config(write(tmp_path, text))


def test_an_option_that_cannot_work_is_refused_too() -> None:
    with pytest.raises(ConfigError, match="`folds` is -1, it must be 0 or more"):
        with_options(None, folds=-1)
    with pytest.raises(ConfigError, match="`workers` is 0, it must be 1 or more"):
        with_options(None, workers=0)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.yaml"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ConfigError, match=r"train\.yaml: not UTF-8 text"):
        load_train_config(path)


def test_a_home_that_nobody_has_is_left_as_it_is_written(tmp_path: Path) -> None:
    config = load_train_config(write(tmp_path, "trials: [~no one/trials]"))
    assert config.trials == (str(tmp_path / "~no one" / "trials"),)


def test_the_default_run_is_what_the_package_uses() -> None:
    path = Path(__file__).parents[2] / "configs" / "train_default.yaml"
    config = load_train_config(path)
    assert config.architecture == TrainConfig().architecture
    assert config.training == TrainConfig().training
    assert config.name == load_checkpoint().card.name
    less_people = msgspec.structs.replace(
        config, name=OURS.name, trials=(), unseen=(), exchanged={}
    )
    assert less_people == OURS == with_options(None)
