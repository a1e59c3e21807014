"""Trials whose markers, forces and EMG are in one file, as a laboratory exports or records them."""

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_bridge import compile_model
from streamer.config.features import FeatureSettings
from streamer.exceptions import FormatError, StreamerError
from streamer.features.records import record_path
from streamer.features.trial_features import mapped_emg, trial_features
from streamer.formats import Trial, read_trial, write_external_loads
from streamer.formats.external_loads import ExternalLoads, plates_by_name
from streamer.formats.plates import plate_columns
from tests.data_sets import trial_dir
from tests.streamer.c3d_writing import C3dContent, write_c3d
from tests.streamer.xdf_writing import XdfStream, write_xdf

F64 = NDArray[np.float64]
TRIAL = "rajagopal/walker/walk"
SAMPLES = 20
"""Analog samples per frame."""
REACH_M, DEPTH_M = 4.0, 0.05
CORNERS = REACH_M * np.array([[-1, 0, 1], [-1, 0, -1], [1, 0, -1], [1, 0, 1.0]])
AXES = np.column_stack(([0, 0, 1.0], [-1.0, 0, 0], [0, -1.0, 0]))
"""Of the plates, as columns in ground: the third points down."""
TRANSDUCER = np.array([0.0, -DEPTH_M, 0.0])
CHANNELS = {"SOL_r": "Voltage.1", "GAS_r": "Voltage.2", "TA_r": "Voltage.3"}
SIX = ("Fx", "Fy", "Fz", "Mx", "My", "Mz")


@cache
def plain() -> Trial:
    return read_trial(trial_dir(TRIAL))


def analogs(trial: Trial) -> F64:
    """What two plates, one under either foot, and the electrodes gave (samples, 12 + 3)."""
    assert trial.forces is not None
    assert trial.loads is not None
    assert trial.emg is not None
    frames, rate_hz = len(trial.markers.time), SAMPLES * trial.markers.rate_hz
    t = trial.markers.time[0] + np.arange(SAMPLES * frames) / rate_hz
    rows = trial.loads.select(trial.forces)
    flat = rows.reshape(len(rows), -1)
    at = [np.interp(t, trial.forces.time, column, left=0.0, right=0.0) for column in flat.T]
    columns = []
    for row in np.moveaxis(np.reshape(at, (2, 9, -1)), 2, 1):
        force, point, torque = row[:, :3], row[:, 3:6], row[:, 6:]
        moment = torque + np.cross(point - TRANSDUCER, force)
        columns += [-force @ AXES, -1e3 * moment @ AXES]  # on the plate; N mm
    for name in CHANNELS:
        emg = trial.emg.data[:, trial.emg.names.index(name)]
        columns.append(np.interp(t, trial.emg.time, emg)[:, None])
    return np.hstack(columns)


def folder(tmp_path: Path, toml: str = "", *, loads: bool = False) -> Path:
    """A trial folder with one C3D file; `loads` says whose the plates are."""
    trial, directory = plain(), tmp_path / "lab" / "walker" / "walk"
    directory.mkdir(parents=True)
    plates = [
        {
            "type": 2,
            "corners": 1e3 * CORNERS,
            "origin": [0.0, 0.0, -1e3 * DEPTH_M],
            "channel": [6 * k + c for c in range(1, 7)],
        }
        for k in range(2)
    ]
    positions = trial.markers.positions
    content = C3dContent(
        list(trial.markers.names), 1e3 * positions, rate=trial.markers.rate_hz, screen="+Y",
        channels=analogs(trial),
        channel_labels=[f"{c}{k}" for k in (1, 2) for c in SIX] + list(CHANNELS.values()),
        channel_units=(["N"] * 3 + ["Nmm"] * 3) * 2 + ["V"] * len(CHANNELS),
        plates=plates,
    )  # fmt: skip
    write_c3d(directory / "walk.c3d", content)
    named = "".join(f'{channel} = "{label}"\n' for channel, label in CHANNELS.items())
    muscles = "".join(f"{c} = {list(plain().emg_muscles[c])}\n" for c in CHANNELS)
    (directory / "trial.toml").write_text(
        toml
        or f'recording = "walk.c3d"\nmodel = "{trial.model}"\nmass_kg = {trial.mass_kg}\n'
        f'motion = "walk"\n[emg]\nkind = "raw"\n[emg.channels]\n{named}[emg.muscles]\n{muscles}'
    )
    if loads:
        (directory / "external_loads.xml").write_text(LOADS)
    return directory


def force(k: int, side: str) -> str:
    return f"""<ExternalForce name="{side}"><applied_to_body>calcn_{side}</applied_to_body>
    <force_identifier>ground_force_{k}_v</force_identifier>
    <point_identifier>ground_force_{k}_p</point_identifier>
    <torque_identifier>ground_torque_{k}_</torque_identifier>
    <force_expressed_in_body>ground</force_expressed_in_body>
    <point_expressed_in_body>ground</point_expressed_in_body></ExternalForce>"""


LOADS = f"""<OpenSimDocument Version="40000"><ExternalLoads><objects>
{force(1, "r")}{force(2, "l")}</objects></ExternalLoads></OpenSimDocument>"""


def test_plates_of_unknown_feet_come_in_any_number_and_order(tmp_path: Path) -> None:
    trial = read_trial(folder(tmp_path))
    assert trial.forces is not None
    rows = trial.forces.data.reshape(len(trial.forces.time), 2, 9)
    idle = np.zeros_like(rows[:, 0])
    data = np.hstack((idle, rows[:, 1], rows[:, 0]))  # the left foot's before the right foot's
    names = tuple(name for k in (1, 2, 3) for name in plate_columns(k))
    more = replace(trial.forces, names=names, data=data)
    loads = ExternalLoads(plates_by_name(names), None, Path("loads.xml"))
    model = compile_model(trial.model)
    ours = trial_features(replace(trial, forces=more, loads=loads, corners=None), model)
    expected = trial_features(replace(trial, corners=None), model)
    assert np.isfinite(expected.foot_force).any(axis=0).all()
    # the same numbers, added up in another order
    np.testing.assert_allclose(ours.foot_force, expected.foot_force, atol=1e-9)


def test_channels_to_use_are_those_of_known_names(tmp_path: Path) -> None:
    known = folder(tmp_path)
    toml = (known / "trial.toml").read_text().split("[emg.muscles]")[0]
    (known / "trial.toml").write_text(toml)
    trial = read_trial(known)
    assert trial.emg is not None
    assert trial.emg_muscles == dict.fromkeys(CHANNELS, ())
    (known / "trial.toml").write_text(toml.split("[emg.channels]")[0])
    unnamed = read_trial(known)
    with pytest.raises(
        FormatError,
        match=r"trial\.toml: none of its EMG channels is known \(.*"
        r"\); say which is which, \[emg\.channels\] and in it SOL_r = \"",
    ) as said:
        mapped_emg(unnamed)
    assert all(label in str(said.value) for label in list(CHANNELS.values())[:2])


@pytest.mark.parametrize("named", [True, False])
def test_a_c3d_file_is_a_trial(tmp_path: Path, named: bool) -> None:
    trial, known = read_trial(folder(tmp_path, loads=named)), plain()
    np.testing.assert_allclose(
        trial.markers.positions, known.markers.positions, atol=1e-5
    )  # as single precision in mm has them
    assert trial.emg is not None
    assert set(CHANNELS) <= set(trial.emg.names)
    assert trial.loads is not None
    assert [load.force_columns for load in trial.loads.forces] == [
        plate_columns(k)[:3] for k in (1, 2)
    ]
    assert trial.corners is not None
    model = compile_model(trial.model)
    ours = trial_features(trial, model)
    expected = trial_features(replace(known, emg_muscles=trial.emg_muscles), model)
    inside = expected.forces_measured & ours.forces_measured
    assert inside.sum() > 0.9 * expected.forces_measured.sum()
    error = np.abs(ours.tau - expected.tau)[inside]
    # named: rounding; else whose a plate is the bridge finds, but where both feet share a force
    assert np.median(error) < 1e-3
    assert error.max() < (0.5 if named else 60.0)
    assert np.nanmax(np.abs(ours.foot_force - expected.foot_force)[inside]) < (
        1e-3 if named else 0.2
    )
    assert ours.emg_names == expected.emg_names
    both = np.interp(expected.emg_t, ours.emg_t + known.markers.time[0], ours.emg[:, 0])
    scale = expected.emg[:, 0].max()
    assert np.abs(both - expected.emg[:, 0])[100:-100].max() < 0.02 * scale  # resampled


def test_a_recorded_session_is_a_trial(tmp_path: Path) -> None:
    """As `nem2e record` leaves it: names, axes and loads are those of the session's file."""
    known, directory = plain(), tmp_path / "lab" / "walker" / "walk"
    directory.mkdir(parents=True)
    assert known.emg is not None
    assert known.forces is not None
    # from ground to a laboratory with z up
    turned = known.markers.positions[..., [0, 2, 1]] * [1.0, -1.0, 1.0]
    labels = [f"mk{i}_{axis}" for i in range(len(known.markers.names)) for axis in "XYZ"]
    clock = 5000.0
    streams = [
        XdfStream("cameras", "MoCap", clock + known.markers.time, turned.reshape(len(turned), -1),
                  100.0, [{"label": label, "unit": "m"} for label in labels]),
        XdfStream("electrodes", "EMG", clock + known.emg.time, known.emg.data, 2000.0,
                  [{"label": f"electrode {name}"} for name in known.emg.names]),
        XdfStream("plates", "Force", clock + known.forces.time, known.forces.data, 2000.0,
                  [{"label": name} for name in known.forces.names]),
    ]  # fmt: skip
    write_xdf(directory / "walk.xdf", streams)
    names = "".join(f"    {name}: mk{i}\n" for i, name in enumerate(known.markers.names))
    loads = trial_dir(TRIAL) / "external_loads.xml"
    (tmp_path / "me.yaml").write_text(
        f"model: {known.model}\nloads: {loads}\nforces: {{unit: m}}\n"
        f"markers:\n  up: z\n  names:\n{names}"
    )
    channels = "".join(f'{name} = "electrode {name}"\n' for name in known.emg.names)
    (directory / "trial.toml").write_text(
        f'recording = "walk.xdf"\nconfig = "../../../me.yaml"\nmodel = "{known.model}"\n'
        f'mass_kg = {known.mass_kg}\n[emg]\nkind = "raw"\n[emg.channels]\n{channels}'
    )
    trial = read_trial(directory)
    assert trial.markers.names == known.markers.names
    np.testing.assert_allclose(trial.markers.positions, known.markers.positions, atol=1e-9)
    np.testing.assert_allclose(trial.markers.time, clock + known.markers.time, atol=1e-6)
    assert trial.emg is not None
    assert trial.emg.names == known.emg.names
    assert trial.loads is not None
    assert known.loads is not None
    assert [load.body for load in trial.loads.forces] == ["calcn_r", "calcn_l"]
    np.testing.assert_array_equal(
        trial.loads.select(trial.forces), known.loads.select(known.forces)
    )


@pytest.mark.parametrize("named", [True, False])
def test_corners_of_the_session_are_those_of_plates_under_unknown_feet(
    tmp_path: Path, named: bool
) -> None:
    directory = folder(tmp_path, loads=named)
    moved = [(CORNERS + np.array([0.1, 0.0, side])).tolist() for side in (0.0, 1.0)]
    (directory / "me.yaml").write_text(f"model: {plain().model}\nplates: auto\ncorners: {moved}\n")
    toml = directory / "trial.toml"
    toml.write_text('config = "me.yaml"\n' + toml.read_text())
    corners = read_trial(directory).corners
    if named:  # the session does not know them
        assert corners is None
    else:
        np.testing.assert_array_equal(corners, moved)


@pytest.mark.parametrize("changed", ["raw.c3d", "me.yaml", "loads.xml", "room.c3d", "plates.c3d"])
def test_a_record_depends_on_files_outside_of_its_folder(tmp_path: Path, changed: str) -> None:
    directory = folder(tmp_path)
    (directory / "walk.c3d").rename(tmp_path / "raw.c3d")
    for name in ("room.c3d", "plates.c3d"):
        shutil.copy(tmp_path / "raw.c3d", tmp_path / name)
    write_external_loads(tmp_path / "loads.xml", [("right", "calcn_r")], "not/read.mot")
    (tmp_path / "me.yaml").write_text(
        f"model: {plain().model}\nloads: loads.xml\nplates: auto\ncorners: room.c3d\n"
        "forces: {transducers: plates.c3d}\n"
    )
    toml = directory / "trial.toml"
    named = 'recording = "../../../raw.c3d"\nconfig = "../../../me.yaml"\n'
    toml.write_text(toml.read_text().replace('recording = "walk.c3d"\n', named))
    settings = FeatureSettings()
    before = record_path(directory, settings, tmp_path)
    assert record_path(directory, settings, tmp_path) == before
    with (tmp_path / changed).open("a") as file:
        file.write("\n")
    assert record_path(directory, settings, tmp_path) != before


HEAD = 'model = "{model}"\nmass_kg = 70.0\n'


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("recording = 5\n", "recording is 5; write a file"),
        ('recording = "run.c3d"\n', r"run\.c3d"),
        ('recording = "walk.c3d"\nconfig = "no.yaml"\n', r"no\.yaml"),
        (
            'recording = "walk.c3d"\n[emg]\nkind = "raw"\n[emg.channels]\nSOL_r = "Voltage.9"\n',
            r"emg\.channels\.SOL_r is 'Voltage\.9', which the EMG lacks",
        ),
        (
            'recording = "walk.c3d"\n[emg]\nkind = "raw"\n'
            '[emg.channels]\n"Voltage.2" = "Voltage.1"\n',
            r"two channels are called Voltage\.2",
        ),
        (
            'recording = "walk.c3d"\n[emg]\nkind = "raw"\nchannels = 3\n',
            "emg.channels is 3; write a table",
        ),
    ],
)
def test_what_a_trial_file_cannot_mean_is_refused(tmp_path: Path, lines: str, message: str) -> None:
    top, _, tables = lines.partition("[emg]")
    text = HEAD.format(model=plain().model) + top + ("[emg]" + tables if tables else "")
    with pytest.raises(StreamerError, match=message):
        read_trial(folder(tmp_path, text))
