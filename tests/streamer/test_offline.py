"""Recordings through the live pipeline: whose foot is on a plate, and plates that are wrong."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.subject import forces_at_markers
from sim_bridge import ON_FEET, Bridge, BridgeSettings, BridgeStatus, compile_model
from streamer.commands import offline
from streamer.commands.offline import process
from streamer.commands.offline_input import read_input
from streamer.commands.offline_results import Results
from streamer.exceptions import ConfigError, FormatError
from streamer.formats import corners_of, read_storage, read_trial, write_storage
from streamer.formats.bridge_input import BridgeInput
from streamer.formats.tables import Storage
from streamer.lsl.outlets import marker_channels
from tests.data_sets import trial_dir
from tests.streamer.c3d_writing import C3dContent, write_c3d
from tests.streamer.xdf_writing import XdfStream, write_xdf

F64 = NDArray[np.float64]
TRIAL = "rajagopal/walker/walk"
START, END = 0.55, 1.85
"""Both feet are on plates when they stand [s]."""
PREDICTED = int(BridgeStatus.GRF_PREDICTED)
# x along x of the laboratory, z down: columns of the plates' axes
AXES = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


@pytest.fixture
def directory() -> Path:
    return trial_dir(TRIAL)


def corners(low: tuple[float, float], high: tuple[float, float]) -> F64:
    """Corners of a plate from (x, z) to (x, z) [m], in the order of the C3D convention."""
    (x0, z0), (x1, z1) = low, high
    return np.array([[x1, 0, z1], [x0, 0, z1], [x0, 0, z0], [x1, 0, z0]])


def write_trial_as_c3d(path: Path, directory: Path, plates: list[F64]) -> Path:
    """A trial as a motion capture system would export it, with y up and in metres."""
    trial = read_trial(directory)
    assert trial.loads is not None
    assert trial.forces is not None
    first = int(np.searchsorted(trial.markers.time, 0.5))
    frames = trial.markers.positions[first:200]
    per_frame = round(trial.forces.rate_hz / trial.markers.rate_hz)
    begin = int(np.searchsorted(trial.forces.time, trial.markers.time[first] - 1e-6))
    rows = trial.loads.select(trial.forces)[begin : begin + per_frame * len(frames)]
    rows[np.abs(rows[..., 1]) < 1e-9] = 0.0  # an unloaded plate measures no moment
    channels = []
    for k, plate in enumerate(plates):
        row = rows[:, k]
        moment = row[:, 6:] + np.cross(row[:, 3:6] - plate.mean(axis=0), row[:, :3])
        channels.append(np.hstack([row[:, :3] @ AXES, moment @ AXES]))
    return write_c3d(
        path,
        C3dContent(
            list(trial.markers.names),
            np.nan_to_num(frames),
            unit="m",
            rate=trial.markers.rate_hz,
            screen="+Y",
            channels=np.hstack(channels),
            channel_labels=[f"P{i}" for i in range(12)],
            channel_units=(["N"] * 3 + ["Nm"] * 3) * 2,
            plates=[
                {
                    "type": 2,
                    "corners": plate,
                    "origin": np.zeros(3),
                    "channel": [6 * k + i for i in range(1, 7)],
                }
                for k, plate in enumerate(plates)
            ],
        ),
    )


def solve(directory: Path, recording: BridgeInput, zero_phase_hz: float | None = None) -> Results:
    """Results of a recording, EMG left out."""
    model = compile_model(directory.parent / "model.osim")
    settings = BridgeSettings(recording.markers.rate_hz, corners=recording.corners)
    bridge = Bridge(model, recording.markers.names, recording.loads, settings)
    return process(recording, bridge, None, zero_phase_hz)


def named(directory: Path) -> BridgeInput:
    """The trial as its files describe it."""
    markers, grf, loads = (directory / n for n in ("markers.trc", "grf.mot", "external_loads.xml"))
    return read_input(markers, grf=grf, loads=loads, start=START, end=END)


def test_a_c3d_file_needs_nobody_who_says_whose_foot_is_where(
    tmp_path: Path, directory: Path
) -> None:
    floor = [corners((-5.0, -2.0), (5.0, 2.0))] * 2
    path = write_trial_as_c3d(tmp_path / "walk.c3d", directory, floor)
    recording = read_input(path)
    assert recording.on_feet
    assert recording.corners is not None
    np.testing.assert_allclose(recording.corners, floor, atol=1e-6)
    found, known = solve(directory, recording), solve(directory, named(directory))
    settled = slice(40, 120)  # both have seen enough frames, of one another's 50 ms shift
    assert not (found.status[settled] & PREDICTED).any()
    shifted = known.tau[35:115]  # the file begins at 0.50 s, the other at 0.55 s
    # the file has single precision: 1e-4 of moments of 100 N m, times the filter's gains
    np.testing.assert_allclose(found.tau[settled], shifted, atol=0.2)


def test_a_foot_on_the_edge_is_predicted_and_said(
    tmp_path: Path, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = forces_at_markers(named(directory))
    loaded = rows[:, 0, 1] > 100.0
    middle = float(np.median(rows[loaded, 0, 5]))  # the plate ends under the right foot
    plates = [corners((-5.0, middle), (5.0, 2.0)), corners((-5.0, -2.0), (5.0, 2.0))]
    path = write_trial_as_c3d(tmp_path / "walk.c3d", directory, plates)
    results = solve(directory, read_input(path))
    assert (results.status & PREDICTED).any()
    edge = [line for line in results.plate_faults if "edge" in line]
    assert len(edge) == 1
    assert "ground_force_1" in edge[0]
    assert edge[0] in caplog.text


def test_corners_come_from_a_file_or_from_numbers(tmp_path: Path, directory: Path) -> None:
    plates = [corners((0.0, -0.3), (0.6, 0.1)), corners((0.7, -0.3), (1.3, 0.1))]
    path = write_trial_as_c3d(tmp_path / "walk.c3d", directory, plates)
    for given in (str(path), np.array(plates).tolist()):
        got = corners_of(given)
        assert got is not None
        np.testing.assert_allclose(got, plates, atol=1e-6)
    assert corners_of(None) is None


def test_plates_are_found_by_the_names_of_their_columns(directory: Path) -> None:
    markers, grf = directory / "markers.trc", directory / "grf.mot"
    recording = read_input(markers, grf=grf, start=START, end=END, plates="auto")
    assert [load.body for load in recording.loads] == [ON_FEET] * 2
    known = named(directory)
    forces = forces_at_markers(known)
    np.testing.assert_array_equal(forces_at_markers(recording), forces)
    found = solve(directory, recording)
    np.testing.assert_array_equal(found.tau[25:], solve(directory, known).tau[25:])
    # zero-phase: forces stay as they are under load, the feet are found all the same
    both = (forces[:, :, 1] > 100.0) | (forces[:, :, 1] == 0.0)
    zero = solve(directory, recording, 6.0).tau - solve(directory, known, 6.0).tau
    np.testing.assert_allclose(zero[both.all(axis=1)], 0.0, atol=1e-9)


def test_an_xdf_file_is_read_with_its_forces(tmp_path: Path, directory: Path) -> None:
    trial, known = read_trial(directory), named(directory)
    assert trial.forces is not None
    markers = known.markers
    labels = [{"label": name, "unit": ""} for name in trial.forces.names]
    streams = [
        XdfStream(
            "lab", "MoCap", markers.time, markers.positions.reshape(len(markers.time), -1),
            markers.rate_hz,
            [msgspec.structs.asdict(channel) for channel in marker_channels(markers.names, "m")],
        ),
        XdfStream(
            "plates", "Force", trial.forces.time, trial.forces.data, trial.forces.rate_hz, labels
        ),
    ]  # fmt: skip
    file = write_xdf(tmp_path / "walk.xdf", streams)
    recording = read_input(file, loads=directory / "external_loads.xml")
    assert [load.body for load in recording.loads] == [load.body for load in known.loads]
    # the reader smooths times that are regular already: rounding, times a force of 1 kN
    np.testing.assert_allclose(recording.markers.time, markers.time, rtol=0.0, atol=1e-12)
    np.testing.assert_array_equal(recording.markers.positions, markers.positions)
    found, forces = forces_at_markers(recording), forces_at_markers(known)
    loaded = forces[..., 1] > 20.0  # a centre of pressure jumps where load begins
    np.testing.assert_allclose(found[loaded], forces[loaded], rtol=0.0, atol=1e-9)
    assert read_input(file).on_feet


@pytest.mark.parametrize(
    ("grf", "loads", "remedy"),
    [
        ("grf.mot", None, "--plates auto"),
        (None, "external_loads.xml", "no --grf.* leave the loads out .* `loads` in the --config"),
    ],
)
def test_half_of_the_force_files_is_not_enough(
    directory: Path, grf: str | None, loads: str | None, remedy: str
) -> None:
    files = [directory / name if name else None for name in (grf, loads)]
    with pytest.raises(ConfigError, match=remedy):
        read_input(directory / "markers.trc", grf=files[0], loads=files[1])


@pytest.mark.parametrize("filter_name", ["causal", "zero-phase:6"])
def test_an_inverted_plate_is_reported(
    tmp_path: Path, directory: Path, filter_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    forces = read_storage(directory / "grf.mot")
    data = forces.data.copy()
    left = [i for i, name in enumerate(forces.names) if name.startswith("ground_force_l_v")]
    data[:, left] *= -1.0
    write_storage(tmp_path / "grf.mot", Storage(forces.time, forces.names, data))
    offline.run(
        directory / "markers.trc",
        tmp_path / "out",
        {
            "model": directory.parent / "model.osim",
            "loads": directory / "external_loads.xml",
            "filter": filter_name,
        },
        grf=tmp_path / "grf.mot",
        start=START,
        end=END,
        refine=False,
    )
    faults = json.loads((tmp_path / "out" / "report.json").read_text())["plate_faults"]
    inverted = [line for line in faults if "inverted" in line]
    assert len(inverted) == 1
    assert "'left'" in inverted[0]
    assert inverted[0] in caplog.text


@pytest.mark.parametrize("zero_phase_hz", [None, 6.0])
def test_exchanged_plates_are_told_with_any_filter(zero_phase_hz: float | None) -> None:
    """Whatever state the warm-up leaves, of which a zero-phase filter hears nothing."""
    directory = trial_dir("ceinms/subject06/walk36")
    markers, grf, loads = (directory / n for n in ("markers.trc", "grf.mot", "external_loads.xml"))
    given = read_input(markers, grf=grf, loads=loads, start=0.0, end=8.0)
    exchanged = replace(given, loads=given.loads[::-1])
    results = solve(directory, exchanged, zero_phase_hz)
    assert len(results.plate_faults) == 2
    assert solve(directory, given, zero_phase_hz).plate_faults == []


def test_forces_of_another_time_are_refused(tmp_path: Path, directory: Path) -> None:
    forces = read_storage(directory / "grf.mot")
    write_storage(tmp_path / "later.mot", replace(forces, time=forces.time + 100.0))
    with pytest.raises(FormatError, match=r"later\.mot: its forces cover 100 to .* one trial"):
        read_input(
            directory / "markers.trc",
            grf=tmp_path / "later.mot",
            loads=directory / "external_loads.xml",
        )


def test_a_recording_without_a_pose_writes_nothing(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = read_input(directory / "markers.trc", start=0.5, end=0.7, plates="named")
    nothing = np.full_like(seen.markers.positions, np.nan)
    blind = replace(seen, markers=replace(seen.markers, positions=nothing))
    monkeypatch.setattr(offline, "read_input", lambda *_, **__: blind)
    model = directory.parent / "model.osim"
    with pytest.raises(FormatError, match=r"no frame has a pose: .* check their names"):
        offline.run(directory / "markers.trc", tmp_path / "out", {"model": model}, refine=False)
    assert not list(tmp_path.glob("out/*"))
