from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from inference.backends import BACKENDS
from inference.live.choice import AUTO
from sim_bridge.filters import make_filter, zero_phase_cutoff
from sim_bridge.filters.parse import KINDS
from streamer.config.session import RunConfig, load_config
from streamer.config.streams import MarkerStream
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
            "`budget_ms` is 'soon', it must be a number$",
        ),
        ("model: model.osim\nbudget_ms: -1\n", "`budget_ms` is -1, it must be positive"),
        ("model: model.osim\nrate_hz: 0\n", "`rate_hz` is 0"),
        ("model: model.osim\nrate_hz: .nan\n", "`rate_hz` is nan"),
        ("model: model.osim\nbudget_ms: .inf\n", "`budget_ms` is inf"),
        ("model: model.osim\nreset_after_s: .nan\n", "`reset_after_s` is nan"),
        ("model: model.osim\nreserve: 0\n", "`reserve` is 0, it must be positive"),
        ("model: model.osim\nresidual: .inf\n", "`residual` is inf, it must be positive"),
        (
            "model: model.osim\nmass_kg: 72500\n",
            "`mass_kg` is 72500, it must be the body mass in kg, 5 to 500, or null for the model's",
        ),
        ("model: model.osim\nmass_kg: 0\n", "`mass_kg` is 0, it must"),
        ("model: model.osim\nmass_kg: -70\n", "`mass_kg` is -70, it must"),
        ("model: model.osim\nmass_kg: .nan\n", "`mass_kg` is nan, it must"),
        ("model: model.osim\nalign_wait_ms: 20\n", "must be less than the budget"),
        (
            "model: model.osim\npacing: fast\n",
            "`pacing` is 'fast', it must be asap or constant$",
        ),
        (
            "model: model.osim\nbackend: onnx\n",
            "`backend` is 'onnx', it must be auto, onnxruntime, .* or tensorrt-fp16$",
        ),
        ("model: model.osim\nmarkers: {up: x}\n", "`markers: up` is 'x', it must be y or z$"),
        ('model: model.osim\nbackend: "a\\nb"\n', r"`backend` is 'a\\nb', it must be auto"),
        ("model: model.osim\nbackend: 3\n", "`backend` is 3, it must be auto, onnxruntime"),
        (
            "model: model.osim\nrealtime_priority: 200\n",
            "`realtime_priority` is 200, it must be a whole number of at most 99$",
        ),
        ("model: model.osim\nmarkers:\n", "`markers` is empty, it must be lines `key: value`$"),
        (
            "model: model.osim\nmuscle_map: {VM_r: vasmed_r}\n",
            "`muscle_map` is {'VM_r': 'vasmed_r'}, each in it must be a list$",
        ),
        (
            "model: model.osim\nmuscle_map: {3: [vasmed_r]}\n",
            "`muscle_map` has a key that is not text; put it in quotation marks$",
        ),
        (
            "model: model.osim\nforces: {transducers: [{corner: 1}]}\n",
            r"forces: transducers\[0\]: unknown key `corner`; correct the value$",
        ),
        (
            "model: model.osim\nforces: {transducers: [{}]}\n",
            r"forces: transducers\[0\]: `corners` is missing; add it$",
        ),
        (
            "model: model.osim\nmass_kg: 72,5\n",
            "`mass_kg` is '72,5', it must be a number or null; write 72.5, with a decimal point$",
        ),
        ("model: model.osim\nforces: {lag_ms: '4,5'}\n", "`forces: lag_ms` is .*; write 4.5, with"),
        ("model: model.osim\nmarkers: MoCap\n", "`markers` is 'MoCap', it must be lines `k"),
        ("model: model.osim\nplates: left\n", "`plates` is 'left', it must be named or auto$"),
        (
            "model: model.osim\ncorners: model.osim\n",
            "`corners` are only .*; add it or leave them out$",
        ),
        ("model: model.osim\nplates: auto\ncorners: x.c3d\n", "`corners` names"),
        (
            "model: model.osim\nplates: auto\ncorners: [[[0, 0, 0]]]\n",
            r"`corners\[0\]` is \[\[0, 0, 0\]\], it must be a list of length 4$",
        ),
        ("model: nowhere.osim\n", "`model` names .*nowhere.osim, which is not there"),
        ("model: model.osim\ncheckpoint: x\n", "`checkpoint` names"),
        ("model: model.osim\nsubject: me\n", "`subject` names .* make it with `nem2e calibrate`"),
        ("model: model.osim\nemg: {up: z}\n", "emg: unknown key 'up'"),
        (
            "model: model.osim\nemg: {kind: rms}\n",
            "`emg: kind` is 'rms', it must be raw or envelope$",
        ),
        ("model: model.osim\nmarkers: {lag_ms: -5}\n", "markers: `lag_ms` is -5, it must"),
        ("model: model.osim\nforces: {lag_ms: .nan}\n", "forces: `lag_ms` is nan, it must"),
        ("model: model.osim\nemg: {lag_ms: -0.1}\n", "emg: `lag_ms` is -0.1, it must"),
        (
            "model: model.osim\nmarkers: {unit: furlong}\n",
            "markers: `unit` is 'furlong', it must be m, cm or mm; correct the value$",
        ),
        ("model: model.osim\nforces: {unit: N}\n", "forces: `unit` is 'N', it must"),
        (
            "model: model.osim\nfilter: kalman\n",
            "`filter` is 'kalman'; give causal, or one with its numbers: wiener:25:8, ",
        ),
        ("model: model.osim\nfilter: ''\n", "`filter` is ''; give causal"),
        ("model: model.osim\nfilter: median:5\n", "`filter` is 'median:5'; give causal"),
        ("model: 3\n", "`model` is 3, it must be the path of a file$"),
        ("model:\n", "`model` is empty, it must be the path of a file$"),
        ("model: .\n", "`model` names .*, which is a folder; name a file in it$"),
        ("budget_ms: 3\n", "`model` is missing; add it$"),
        ("just text\n", "no `key: value` lines"),
        ("", "`model` is missing; add it$"),
        ("a: [1\n", "not valid YAML"),
        (
            "model: model.osim\nmarkers: {up: z}\nforces: {up: z}\nmarkers:\n  timeout_s: 30\n",
            r"not valid YAML \(line 4 repeats 'markers', already in line 2\)",
        ),
        ("model: model.osim\nmarkers:\n  up: z\n  up: y\n", "line 4 repeats 'up'"),
        ("model: model.osim\nmarkers: {up: z, up: y}\n", "line 2 repeats 'up'"),
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


FILTERS = (
    *("causal", "wiener:20", "wiener:20:8", "wiener:25.5:8", "kalman:3:8"),
    *("butterworth:6", "savgol:9:3:2", "zero-phase:6"),
)


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_that_there_is_can_be_configured(tmp_path: Path, name: str) -> None:
    assert zero_phase_cutoff(name) or make_filter(name, 1, 100.0)
    assert load_config(written(tmp_path, f"model: model.osim\nfilter: {name}\n")).filter == name


def test_these_are_all_kinds_of_filters_that_there_are() -> None:
    assert {name.partition(":")[0] for name in FILTERS} == {"causal", "zero-phase", *KINDS}


@pytest.mark.parametrize("unit", ["mm", "CM", "metres", ""])
def test_every_unit_that_there_is_can_be_configured(tmp_path: Path, unit: str) -> None:
    text = f"model: model.osim\nmarkers: {{unit: '{unit}'}}\n"
    assert load_config(written(tmp_path, text)).markers.unit == unit


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rig.yaml"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ConfigError, match=r"rig\.yaml: not UTF-8 text .*give a YAML file"):
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


def test_markers_may_be_called_otherwise_in_the_stream() -> None:
    stream = MarkerStream(names={"LKNE": "L.Knee", "RKNE": "R knee"})
    found = stream.as_model(["Jane:L.Knee", "R knee", "Jane:LASI", "L.Knee.top"])
    assert found == ("LKNE", "RKNE", "Jane:LASI", "L.Knee.top")
    swapped = MarkerStream(names={"LKNE": "RKNE", "RKNE": "LKNE"})
    assert swapped.as_model(["LKNE", "RKNE"]) == ("RKNE", "LKNE")
    assert MarkerStream().as_model(["a:b", "c"]) == ("a:b", "c")


def test_a_marker_of_the_stream_is_one_of_the_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"turns 'L\.Knee' into LKNE, but there is also a marker"):
        MarkerStream(names={"LKNE": "L.Knee"}).as_model(["L.Knee", "LKNE"])
    (tmp_path / "model.osim").touch()
    path = tmp_path / "me.yaml"
    path.write_text("model: model.osim\nmarkers: {names: {LKNE: knee, RKNE: knee}}\n")
    with pytest.raises(ConfigError, match="`names` gives 'knee' to two markers of the model"):
        load_config(path)
