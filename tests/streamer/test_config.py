from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from inference.backends import BACKENDS
from inference.choice import AUTO
from streamer.config import RunConfig, load_config
from streamer.exceptions import ConfigError
from tests.data_sets import data_root

REPOSITORY = Path(__file__).resolve().parents[2]


def written(folder: Path, text: str) -> Path:
    (folder / "model.osim").touch()
    path = folder / "rig.yaml"
    path.write_text(text)
    return path


def test_paths_are_relative_to_the_file_and_defaults_fill_the_rest(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, "model: model.osim\nbudget_ms: 8\n"))
    assert config.model == tmp_path / "model.osim"
    assert config == RunConfig(model=tmp_path / "model.osim", budget_ms=8.0)
    assert (config.markers.type, config.forces.type) == ("MoCap", "Force")


def test_streams_keep_their_type_when_only_the_name_is_given(tmp_path: Path) -> None:
    text = "model: model.osim\nmarkers: {name: Rig, unit: mm, up: z}\n"
    markers = load_config(written(tmp_path, text)).markers
    assert (markers.type, markers.name, markers.unit, markers.up) == ("MoCap", "Rig", "mm", "z")


def test_an_emg_stream_is_described_by_its_channels(tmp_path: Path) -> None:
    text = "model: model.osim\nemg: {kind: envelope, channels: {SOL_r: EMG 3}}\n"
    emg = load_config(written(tmp_path, text)).emg
    assert (emg.type, emg.kind, emg.channels) == ("EMG", "envelope", {"SOL_r": "EMG 3"})


def test_keys_can_be_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, "model: model.osim\nsubject: not made yet\n")
    assert load_config(path, without=("subject",)).subject is None


def test_corners_are_a_file_or_numbers(tmp_path: Path) -> None:
    text = "model: model.osim\nplates: auto\ncorners: "
    (tmp_path / "walk.c3d").touch()
    assert load_config(written(tmp_path, text + "walk.c3d\n")).corners == str(tmp_path / "walk.c3d")
    four = "[[[0, 0, 0], [0.5, 0, 0], [0.5, 0, 0.6], [0, 0, 0.6]]]\n"
    corners = load_config(written(tmp_path, text + four)).corners
    assert corners == [((0, 0, 0), (0.5, 0, 0), (0.5, 0, 0.6), (0, 0, 0.6))]


def test_a_configuration_cannot_be_changed(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, "model: model.osim\n"))
    with pytest.raises(AttributeError):
        config.budget_ms = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: model.osim\nbuget_ms: 8\n", r"unknown key 'buget_ms' \(nearest: budget_ms"),
        (
            "model: model.osim\nbuget_ms: 8\n",
            "known keys: model, loads, plates, corners, trial, ik_setup, markers",
        ),
        ("model: model.osim\nmarkers: {nam: x}\n", "markers: unknown key 'nam'"),
        (
            "model: model.osim\nbudget_ms: soon\n",
            r"Expected `float`, got `str` - at `\$.budget_ms`",
        ),
        ("model: model.osim\nbudget_ms: -1\n", "`budget_ms` is -1, it must be positive"),
        ("model: model.osim\nrate_hz: 0\n", "`rate_hz` is 0"),
        ("model: model.osim\nalign_wait_ms: 20\n", "must be less than the budget"),
        ("model: model.osim\npacing: fast\n", "Invalid enum value 'fast'"),
        ("model: model.osim\nbackend: onnx\n", "Invalid enum value 'onnx'"),
        ("model: model.osim\nplates: left\n", "Invalid enum value 'left'"),
        ("model: model.osim\ncorners: model.osim\n", "`corners` are only used with `plates: auto`"),
        ("model: model.osim\nplates: auto\ncorners: x.c3d\n", "`corners` names"),
        (
            "model: model.osim\nplates: auto\ncorners: [[[0, 0, 0]]]\n",
            "Expected `array` of length 4",
        ),
        ("model: nowhere.osim\n", "`model` names .*nowhere.osim, which is not there"),
        ("model: model.osim\ncheckpoint: x\n", "`checkpoint` names"),
        ("model: model.osim\nsubject: me\n", "`subject` names .* make it with `nem2e calibrate`"),
        ("model: model.osim\nemg: {up: z}\n", "emg: unknown key 'up'"),
        ("model: model.osim\nemg: {kind: rms}\n", "Invalid enum value 'rms'"),
        ("model: model.osim\nmarkers: {lag_ms: -5}\n", "`lag_ms` is -5, it must .*markers"),
        ("model: model.osim\nforces: {lag_ms: .nan}\n", "`lag_ms` is nan, it must .*forces"),
        ("model: model.osim\nemg: {lag_ms: -0.1}\n", "`lag_ms` is -0.1, it must .*emg"),
        ("model: 3\n", "expected a path, got 3"),
        ("budget_ms: 3\n", "missing required field `model`"),
        ("just text\n", "no `key: value` lines"),
        ("", "no `key: value` lines"),
        ("a: [1\n", "not valid YAML"),
        ("model: 2026-02-30\n", r"not valid YAML \(day is out of range for month\)"),
        ("model: ~no one/me.osim\n", "`model` names .*~no one/me.osim, which is not there"),
        (f"model: {'a' * 300}\n", "which is not there"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as error:
        load_config(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rig.yaml"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ConfigError, match=r"rig\.yaml: no text in UTF-8 .*give a YAML file"):
        load_config(path)


def test_backends_are_those_that_the_network_has() -> None:
    assert get_args(get_type_hints(RunConfig)["backend"]) == (AUTO, *BACKENDS)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", ["rajagopal_walk", "gait1992_walk"])
def test_the_rigs_that_come_with_the_repository_are_valid(name: str) -> None:
    if data_root() != REPOSITORY.parent / "shared" / "data" or not data_root().exists():
        pytest.skip("the recorded trials are not at ../shared/data, where these rigs expect them")
    config = load_config(REPOSITORY / "configs" / f"{name}.yaml")
    assert config.loads is not None
