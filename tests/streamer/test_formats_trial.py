"""Trial directories and EMG: what is there is read, what is wrong is named."""

import csv
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from streamer.exceptions import FormatError
from streamer.formats import read_emg, read_trial
from tests.data_sets import all_trials, trial_dir

TRC = (
    "PathFileType\t4\t(X/Y/Z)\tmarkers.trc\nDataRate\tNumMarkers\tUnits\n100\t1\tm\n"
    "Frame#\tTime\tSACR\n\t\tX1\tY1\tZ1\n1\t0.0\t1\t2\t3\n2\t0.01\t1\t2\t3\n"
)
MOT = (
    "grf\nversion=1\nnRows=2\nnColumns=4\ninDegrees=no\nendheader\n"
    "time\tfx\tfy\tfz\tpx\tpy\tpz\n0\t1\t2\t3\t0\t0\t0\n1\t1\t2\t3\t0\t0\t0\n"
)
LOADS = (
    '<OpenSimDocument><ExternalLoads><objects><ExternalForce name="right">'
    "<applied_to_body>calcn_r</applied_to_body><force_identifier>f</force_identifier>"
    "<point_identifier>p</point_identifier></ExternalForce></objects>"
    "<datafile>grf.mot</datafile></ExternalLoads></OpenSimDocument>"
)
EMG_TABLES = '[emg]\nkind = "raw"\n[emg.muscles]\n'
TOML = (
    'motion = "walk"\nspeed_mps = 1.2\nmass_kg = 70\nvalid = [[0.0, 0.01]]\n'
    f'{EMG_TABLES}SOL_r = ["soleus_r"]\n'
)
EMG = "time,SOL_r,TA_r\n0,0.1,0.2\n0.001,,0.3\n"


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    """A small, whole trial directory."""
    directory = tmp_path / "lab" / "s01" / "walk"
    directory.mkdir(parents=True)
    (directory.parent / "model.osim").write_text("<OpenSimDocument/>")
    for name, text in {
        "markers.trc": TRC,
        "grf.mot": MOT,
        "external_loads.xml": LOADS,
        "trial.toml": TOML,
        "emg.csv": EMG,
    }.items():
        (directory / name).write_text(text)
    return directory


def test_whole_trial_is_read(trial: Path) -> None:
    read = read_trial(trial)
    assert (read.dataset, read.subject, read.name) == ("lab", "s01", "walk")
    assert read.model == (trial.parent / "model.osim").resolve()
    assert read.markers.positions.shape == (2, 1, 3)
    assert read.forces is not None
    assert read.loads is not None
    assert read.loads.select(read.forces)[0, 0].tolist() == [1, 2, 3, 0, 0, 0, 0, 0, 0]
    assert read.emg is not None
    np.testing.assert_array_equal(read.emg.data, [[0.1, 0.2], [np.nan, 0.3]])
    assert read.emg_muscles == {"SOL_r": ("soleus_r",)}
    assert read.emg_kind == "raw"
    assert read.valid == [(0.0, 0.01)]
    assert (read.mass_kg, read.motion, read.speed_mps) == (70.0, "walk", 1.2)


@pytest.mark.parametrize(
    ("key", "near"), [("valids", "valid"), ("speed", "speed_mps"), ("license", "licence")]
)
def test_a_misspelt_key_is_refused(trial: Path, key: str, near: str) -> None:
    toml = trial / "trial.toml"
    toml.write_text(f'{key} = "x"\n{TOML}')
    with pytest.raises(FormatError, match=f"unknown key '{key}'; write {near}"):
        read_trial(trial)


def test_notes_of_the_laboratory_are_kept(trial: Path) -> None:
    toml = trial / "trial.toml"
    toml.write_text(f'condition = "barefoot"\nsession = 2\n{TOML}')
    assert read_trial(trial).metadata["condition"] == "barefoot"


def test_emg_whose_times_are_in_ms_is_refused(trial: Path) -> None:
    (trial / "emg.csv").write_text("time,SOL_r\n0,0.1\n10,0.2\n")
    with pytest.raises(
        FormatError, match=r"emg\.csv: spans 10 s, the markers 0\.01 s; give its times"
    ):
        read_trial(trial)


def test_markers_model_and_mass_are_enough(trial: Path) -> None:
    for name in ("grf.mot", "external_loads.xml", "emg.csv"):
        (trial / name).unlink()
    (trial / "trial.toml").write_text("mass_kg = 61.5\n")
    read = read_trial(trial)
    assert read.forces is None
    assert read.loads is None
    assert read.emg is None
    assert read.emg_kind == "none"
    assert math.isnan(read.speed_mps)
    assert read.valid == [(0.0, 0.01)]  # the whole trial


def test_model_may_lie_beside_the_markers_or_be_named(trial: Path) -> None:
    shutil.move(trial.parent / "model.osim", trial / "model.osim")
    assert read_trial(trial).model == (trial / "model.osim").resolve()
    shutil.move(trial / "model.osim", trial / "scaled.osim")
    (trial / "trial.toml").write_text('model = "scaled.osim"\n' + TOML)
    assert read_trial(trial).model == (trial / "scaled.osim").resolve()


def test_a_description_from_an_editor_of_windows_is_read(trial: Path) -> None:
    (trial / "trial.toml").write_bytes(b"\xef\xbb\xbf" + TOML.replace("\n", "\r\n").encode())
    assert read_trial(trial).motion == "walk"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("markers.trc", "markers.trc: no such file"),
        ("trial.toml", "trial.toml: no such file; write one with at least"),
        ("grf.mot", "grf.mot: no such file"),
        ("external_loads.xml", "external_loads.xml: no such file; write it"),
        ("emg.csv", "emg.csv: no such file"),
        ("../model.osim", "model.osim: no such file"),
    ],
)
def test_missing_part_is_named(trial: Path, name: str, says: str) -> None:
    (trial / name).unlink()
    with pytest.raises(FormatError) as refusal:
        read_trial(trial)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("mass_kg = 70", "", "mass_kg is None"),
        ("mass_kg = 70", "mass_kg = -1", "mass_kg is -1"),
        ("mass_kg = 70", "mass_kg = true", "mass_kg is True"),
        ("mass_kg = 70", 'mass_kg = "70"', "mass_kg is '70'"),
        ("speed_mps = 1.2", "speed_mps = -0.5", "speed_mps is -0.5"),
        ("speed_mps = 1.2", 'speed_mps = "fast"', "speed_mps is 'fast'"),
        ("speed_mps = 1.2", "speed_mps = true", "speed_mps is True"),
        ('motion = "walk"', 'motion = "Walking"', "motion is 'Walking'; write walk"),
        ('motion = "walk"', 'motion = "Walk"', "motion is 'Walk'; write walk"),
        ('motion = "walk"', 'motion = "jogging"', "motion is 'jogging'; write run"),
        ("[[0.0, 0.01]]", "[[0.2, 0.1]]", "valid is"),
        ("[[0.0, 0.01]]", "[[0.1, 0.1]]", "valid is"),
        ("[[0.0, 0.01]]", "[0.2, 0.3]", "valid is"),
        ('"raw"', '"filtered"', "emg.kind is 'filtered'; write one of raw, envelope, none"),
        ('["soleus_r"]', '"soleus_r"', "emg.muscles.SOL_r is 'soleus_r'"),
        ("SOL_r =", "SOL_R =", "emg.muscles has SOL_R, which the EMG lacks"),
        (EMG_TABLES, 'emg = "none"\n[other]\n', "emg is 'none'; write a table: [emg]"),
        ("[emg.muscles]\nSOL_r =", "muscles =", "emg.muscles is ['soleus_r']; write a table"),
        ("mass_kg", "mass kg", "not valid TOML"),
    ],
)
def test_unusable_description_is_refused(trial: Path, old: str, new: str, says: str) -> None:
    (trial / "trial.toml").write_text(TOML.replace(old, new))
    with pytest.raises(FormatError) as refusal:
        read_trial(trial)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_folder_in_place_of_the_description_is_refused(trial: Path) -> None:
    (trial / "trial.toml").unlink()
    (trial / "trial.toml").mkdir()
    with pytest.raises(FormatError, match=r"trial\.toml: cannot be read \(Is a directory\)"):
        read_trial(trial)


def test_wrong_identifier_is_found_when_the_trial_is_read(trial: Path) -> None:
    (trial / "external_loads.xml").write_text(LOADS.replace(">f<", ">force_<"))
    with pytest.raises(FormatError, match="wants column 'force_x'"):
        read_trial(trial)


def test_a_folder_of_trials_is_no_trial_and_names_them(trial: Path) -> None:
    for name in ("run", "slow"):
        shutil.copytree(trial, trial.parent / name)
    says = (
        rf"s01: is not a trial but a folder of trials \(there are: run, slow, {trial.name}\); give"
    )
    with pytest.raises(FormatError, match=says):
        read_trial(trial.parent)


def test_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such directory"):
        read_trial(tmp_path / "absent")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty; export it again"),
        ("time;SOL_r\n0,01;0,5\n", "separated by semicolons and it has decimal commas; export it"),
        ("time;SOL_r\n0.01;0.5\n", "separated by semicolons; export it with commas between"),
        ("time\tSOL_r\n0.01\t0.5\n", "separated by tabs; export"),
        ("SOL_r,time\n1,0\n", "the first column is 'SOL_r'"),
        ("time\n0\n", "no EMG channel"),
        ("time,SOL_r\n", "no rows"),
        ("time,SOL_r,SOL_r\n0,1,2\n", "two channels are named 'SOL_r'"),
        ("time,SOL_r\n0,1\n0,2\n", "line 3: time 0 s appears twice"),
        ("time,SOL_r\n0,1,2\n", "line 2: 3 fields where the header promises 2"),
        ("time,SOL_r\n0,loud\n", "line 2: column 2: 'loud' is not a number"),
    ],
)
def test_unusable_emg_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "emg.csv"
    path.write_text(text)
    with pytest.raises(FormatError) as refusal:
        read_emg(path)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        "\ufefftime,SOL_r\n0,1\n",  # byte-order mark
        '"time","SOL_r"\n0,1\n',
        "Time, SOL_r \r\n0, 1\r\n",
        "time,SOL_r\n0,1,,\n",
    ],
)
def test_emg_is_read_as_spreadsheets_write_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "emg.csv"
    path.write_text(text, encoding="utf-8", newline="")
    emg = read_emg(path)
    assert emg.names == ("SOL_r",)
    assert (emg.time.tolist(), emg.data.tolist()) == ([0.0], [[1.0]])


def test_emg_is_what_a_plain_csv_reader_reads() -> None:
    path = trial_dir("balance_exo/subject01/walk125") / "emg.csv"
    with path.open(newline="") as file:
        labels, *rows = csv.reader(file)
    emg = read_emg(path)
    assert ("time", *emg.names) == tuple(labels)
    oracle = np.array([[float(field) for field in row] for row in rows])
    np.testing.assert_array_equal(np.column_stack((emg.time, emg.data)), oracle)


@pytest.mark.parametrize("name", all_trials() or ["rajagopal/walker/walk"])
def test_every_trial_there_is_can_be_read(name: str) -> None:
    read = read_trial(trial_dir(name))
    assert read.forces is not None
    assert read.loads is not None
    assert [force.body for force in read.loads.forces] == ["calcn_r", "calcn_l"]
    assert read.markers.rate_hz == read.metadata["marker_rate_hz"]
    # the vertical force averages body weight where both feet are on plates; strides are not
    # whole, so a quarter is allowed
    vertical = read.loads.select(read.forces)[:, :, 1].sum(axis=1)
    start, end = read.valid[0]
    inside = (read.forces.time >= start) & (read.forces.time <= end)
    assert vertical[inside].mean() / (read.mass_kg * 9.81) == pytest.approx(1.0, abs=0.25)
    assert (read.emg is None) == (read.emg_kind == "none")
