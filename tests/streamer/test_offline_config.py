"""A session's configuration says of its recording what the file does not."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from sim_bridge import ON_FEET
from streamer.cli import app
from streamer.commands.offline import open_refiner, with_options
from streamer.commands.offline_input import read_input, say_if_lying
from streamer.commands.run import demo_config
from streamer.config.session import RunConfig, load_config
from streamer.exceptions import ConfigError, FormatError
from streamer.formats import Storage, read_storage, read_trial, write_storage
from tests.streamer.xdf_writing import XdfStream, write_xdf

F64 = NDArray[np.float64]
WALK = demo_config().parent / "subject" / "walk"
MODEL = WALK.parent / "model.osim"
FRAMES = 60
T0 = 5321.5
"""Seconds since the machine started: LSL's local clock."""
LAG_MS = {"markers": 12.0, "forces": 4.0}


def z_up(vectors: F64) -> F64:
    """From the ground frame to a laboratory with Z up: x, -z, y."""
    return np.stack((vectors[..., 0], -vectors[..., 2], vectors[..., 1]), axis=-1)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """The demo's walk as a rig with Z up sends it: in mm, but without saying so, and late."""
    trial = read_trial(WALK)
    assert trial.forces is not None
    time = trial.markers.time[:FRAMES]
    mm = 1e3 * z_up(trial.markers.positions[:FRAMES]).reshape(FRAMES, -1)
    described = [{"label": f"{name}_{axis}"} for name in trial.markers.names for axis in "XYZ"]
    sampled = trial.forces.time <= time[-1]
    vectors = z_up(trial.forces.data[sampled].reshape(sampled.sum(), -1, 3))
    vectors[:, 1::3] *= 1e3  # force, point and torque of one plate after the other
    forces = vectors.reshape(len(vectors), -1)
    labels = [{"label": name} for name in trial.forces.names]
    stamps = {key: T0 + 1e-3 * lag for key, lag in LAG_MS.items()}
    streams = [
        XdfStream("room", "MoCap", T0 + time, np.ones((FRAMES, 3)), 100.0, described[:3]),
        XdfStream("lab", "MoCap", stamps["markers"] + time, mm, 100.0, described),
        XdfStream(
            "plates", "GRF", stamps["forces"] + trial.forces.time[sampled], forces, 500.0, labels
        ),
    ]
    return write_xdf(tmp_path / "walk.xdf", streams)


def configured(folder: Path, **keys: object) -> Path:
    """Write the configuration of that rig."""
    streams = {
        key: {"up": "z", "unit": "mm", "lag_ms": lag_ms, "name": name}
        for (key, lag_ms), name in zip(LAG_MS.items(), ("lab", "plates"), strict=True)
    }
    content = {"model": str(MODEL), "loads": str(WALK / "external_loads.xml"), **streams} | keys
    path = folder / "rig.yaml"
    path.write_text(json.dumps(content))  # JSON is YAML
    return path


def offline(*arguments: object) -> str:
    """Run the command; returns what it printed."""
    found = CliRunner().invoke(app, ["offline", *map(str, arguments)])
    assert found.exit_code == 0, found.output
    return found.output


def test_a_recording_is_read_as_its_session_read_it(recorded: Path, tmp_path: Path) -> None:
    end = str((FRAMES - 0.5) / 100)
    offline("--config", configured(tmp_path), "--markers", recorded, "--out", tmp_path / "xdf")
    # the trial's own forces, so that both end with the same sample
    forces = read_storage(WALK / "grf.mot")
    part = forces.time <= (FRAMES - 1) / 100
    write_storage(tmp_path / "grf.mot", Storage(forces.time[part], forces.names, forces.data[part]))
    said = offline(
        "--model", MODEL, "--markers", WALK / "markers.trc", "--grf", tmp_path / "grf.mot",
        "--loads", WALK / "external_loads.xml", "--end", end, "--out", tmp_path / "trc",
    )  # fmt: skip
    assert f"{FRAMES} frames, markers" in said
    assert f"report.json are in {tmp_path / 'trc'}" in said
    for name, tolerance in (("id.sto", 1e-4), ("emg.sto", 1e-6)):
        again, known = (read_storage(tmp_path / kind / name) for kind in ("xdf", "trc"))
        # pyxdf fits a line through the stamps: rounding of numbers of 5e3 s
        np.testing.assert_allclose(again.time, known.time + T0, rtol=0.0, atol=1e-9)
        assert again.names == known.names
        # millimetres and T0 round positions to 1e-16 m and times to 1e-12 s: 2e-5 N m behind the
        # second derivatives, the last digit of the network's float32
        np.testing.assert_allclose(again.data, known.data, rtol=0.0, atol=tolerance)
    assert np.abs(known.data).max() > 0.1


def test_what_is_given_goes_before_the_file(tmp_path: Path) -> None:
    path = configured(tmp_path, filter="savgol:11:3", mass_kg=70.0, trial="gone", subject="gone")
    session, settings = with_options(path, {"filter": "causal", "loads": None, "subject": MODEL})
    assert session is not None
    assert (settings.filter, settings.mass_kg, settings.subject) == ("causal", 70.0, MODEL)
    assert settings.loads == WALK / "external_loads.xml"
    assert settings.markers.lag_ms == LAG_MS["markers"]
    assert (session.filter, session.subject) == ("causal", None)
    nothing, settings = with_options(None, {"model": MODEL, "filter": None})
    assert nothing is None
    assert (settings.model, settings.filter) == (MODEL, "causal")


def test_the_network_is_that_of_the_session_for_the_person_that_it_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    muscles = {"SOL_r": ["soleus_r"]}
    settings = RunConfig(
        model=MODEL, mass_kg=70.0, muscle_map=muscles, checkpoint=Path("net"), subject=Path("me")
    )
    told: list[object] = []

    def refiner(*given: object, **named: object) -> SimpleNamespace:
        told.append((given, named))
        return SimpleNamespace(warm_up=lambda: None)

    for name, stand_in in (
        ("inputs_of", lambda *given: given),
        ("absent_lines", lambda *_: ()),
        ("Refiner", refiner),
    ):
        monkeypatch.setattr(f"streamer.commands.offline.{name}", stand_in)
    model: Any = object()
    open_refiner(settings, model)
    assert told == [(((model, 70.0, muscles), Path("net")), {"subject": Path("me")})]


def test_plates_that_measure_themselves_may_be_named_by_an_option(tmp_path: Path) -> None:
    plate = {"corners": [[0, 0, 0], [0, 0, 1], [1, 0, 1], [1, 0, 0]]}
    forces = {"transducers": [plate], "channels": [["Fx", "Fy", "Fz", "Mx", "My", "Mz"]]}
    path = configured(tmp_path, forces=forces, plates="auto", loads=None)
    for given in ({"plates": "named"}, {"loads": WALK / "external_loads.xml"}):
        session, _ = with_options(path, given)
        assert session is not None
        assert session.forces.transducers is not None
    path = configured(tmp_path, forces=forces)  # its loads are not used to replay, nor looked for
    assert load_config(path, without=("loads",)).loads is None


def test_named_plates_need_no_corners(tmp_path: Path) -> None:
    path = configured(tmp_path, plates="auto", corners="gone.c3d")
    with pytest.raises(ConfigError, match="`corners` names"):
        with_options(path, {"plates": "auto"})
    _, settings = with_options(path, {"plates": "named"})
    assert (settings.plates, settings.corners) == ("named", None)


def test_a_recording_that_says_too_little_says_what_to_give(recorded: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"several streams of type MoCap .* in the --config"):
        read_input(recorded)
    session = load_config(configured(tmp_path, markers={"name": "lab", "up": "z"}))
    with pytest.raises(FormatError, match=r"no unit .* `unit: mm` .* give it as --config"):
        read_input(recorded, session=session)
    session = load_config(configured(tmp_path, markers={"name": "kab"}))
    with pytest.raises(FormatError, match=r"no stream of type MoCap, name kab in it .* lab \(Mo"):
        read_input(recorded, session=session)


def test_plates_that_the_session_does_not_use_are_passed_over_and_said(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = load_config(configured(tmp_path, loads=None))
    read = read_input(recorded, plates=session.plates, session=session)
    assert read.loads == ()
    assert "walk.xdf are ignored; --loads or --plates auto uses them" in capsys.readouterr().err
    seen = read_input(recorded, plates="auto", session=session)
    assert [load.body for load in seen.loads] == [ON_FEET] * 2
    assert capsys.readouterr().err == ""


def test_of_two_sources_of_forces_it_is_said_which_counts(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session, forces = load_config(configured(tmp_path)), read_storage(WALK / "grf.mot")
    write_storage(tmp_path / "of_now.mot", replace(forces, time=forces.time + T0))
    read_input(recorded, grf=tmp_path / "of_now.mot", plates="auto", session=session)
    said = capsys.readouterr().err
    assert "using the forces of of_now.mot; those of walk.xdf are ignored" in said


def test_forces_without_a_number_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forces, loads = read_storage(WALK / "grf.mot"), WALK / "external_loads.xml"
    names = [load.name for load in read_input(WALK / "markers.trc", grf=WALK / "grf.mot",
                                              loads=loads).loads]  # fmt: skip
    data = forces.data.copy()
    data[:, : data.shape[1] // 2] = np.nan
    write_storage(tmp_path / "half.mot", replace(forces, data=data))
    read_input(WALK / "markers.trc", grf=tmp_path / "half.mot", loads=loads)
    assert f"half.mot: no sample of {names[0]} is a number" in capsys.readouterr().err


def z_up_files(folder: Path) -> tuple[Path, Path]:
    """The demo's walk as TRC and MOT of a laboratory with Z up."""
    trial, lines = read_trial(WALK), (WALK / "markers.trc").read_text().splitlines()
    assert trial.forces is not None
    turned = 1e3 * z_up(trial.markers.positions).reshape(trial.markers.n_frames, -1)
    rows = [
        "\t".join([str(i), repr(float(t)), *(repr(float(v)) for v in row)])
        for i, (t, row) in enumerate(zip(trial.markers.time, turned, strict=True), start=1)
    ]
    assert lines[2].split("\t")[4] == "mm"
    markers, grf = folder / "z.trc", folder / "z.mot"
    markers.write_text("\n".join([*lines[:5], *rows]) + "\n")
    vectors = z_up(trial.forces.data.reshape(len(trial.forces.time), -1, 3))
    flat = vectors.reshape(trial.forces.data.shape)
    write_storage(grf, Storage(trial.forces.time, trial.forces.names, flat))
    return markers, grf


def test_files_of_a_laboratory_with_z_up_are_turned_as_their_session_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loads = WALK / "external_loads.xml"
    known = read_input(WALK / "markers.trc", grf=WALK / "grf.mot", loads=loads)
    assert capsys.readouterr().err == ""
    session = load_config(configured(tmp_path))
    markers, grf = z_up_files(tmp_path)
    turned = read_input(markers, grf=grf, loads=loads, session=session)
    assert "z.mot has z up, as the --config says" in capsys.readouterr().err
    # one digit of 64 bits, of metres that were written as millimetres
    np.testing.assert_allclose(turned.markers.positions, known.markers.positions, atol=1e-12)
    np.testing.assert_allclose(turned.force_rows, known.force_rows, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("up", [None, "y", "z"])
def test_markers_that_lie_on_their_side_are_said(
    tmp_path: Path, up: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    session = up and load_config(configured(tmp_path, markers={"up": up}))
    file = WALK / "markers.trc" if up == "z" else z_up_files(tmp_path)[0]
    markers = read_input(file, session=session or None).markers
    say_if_lying(file, markers, markers.names)
    assert f"{file.name}: the person seems to lie down" in capsys.readouterr().err


def test_forces_that_nobody_can_tell_apart_are_refused(tmp_path: Path) -> None:
    forces = read_storage(WALK / "grf.mot")
    names = tuple(f"channel_{i}" for i in range(len(forces.names)))
    write_storage(tmp_path / "grf.mot", Storage(forces.time, names, forces.data))
    markers, grf = WALK / "markers.trc", tmp_path / "grf.mot"
    with pytest.raises(FormatError, match=r"like ground_force_1_vx .* \(--plates named\)"):
        read_input(markers, grf=grf, plates="auto")


def test_a_model_is_needed(tmp_path: Path) -> None:
    options = ["--markers", str(WALK / "markers.trc"), "--out", str(tmp_path / "out")]
    found = CliRunner().invoke(app, ["offline", *options])
    assert found.exit_code == 2
    assert "a --config that names one" in " ".join(found.output.split())


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_read(
    tmp_path: Path, below: str
) -> None:
    file = tmp_path / "results"
    file.touch()
    options = ["--markers", "none.trc", "--model", "none.osim", "--out", str(file / below)]
    found = CliRunner().invoke(app, ["offline", *options])
    assert isinstance(found.exception, ConfigError)
    assert str(found.exception).startswith("--out ")
    assert "cannot be written" in str(found.exception)
