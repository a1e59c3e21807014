"""What the files of `nem2e offline` say of their times."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streamer.commands.offline_results import Results, sum_up, write_report, write_results
from streamer.formats import read_storage
from streamer.status import Status

MODEL: Any = SimpleNamespace(
    coordinate_names=("knee_angle_r",),
    coordinate_is_rotation=np.array([True]),
    muscle_names=("soleus_r",),
    actuators=SimpleNamespace(names=()),
)
OUT: Any = SimpleNamespace(
    q=np.zeros(1), activation=np.zeros(1), control=np.zeros(0), reserve=np.zeros(1),
    forces=np.zeros((0, 9)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("delay_s", "motion", "emg"),
    [
        (0.025, "; true for 25.0 ms before the time given", ""),
        (0.040, "; true for 40.0 ms before the time given", "; true for 15.0 ms before the time"),
        (0.0, "", "; true for 25.0 ms after the time given"),
    ],
)
def test_a_file_says_which_instant_its_rows_are_true_for(
    tmp_path: Path, delay_s: float, motion: str, emg: str
) -> None:
    refiner: Any = SimpleNamespace(channel_names=("SOL_r",), lead_s=0.025)
    write_results(tmp_path, MODEL, (), np.arange(2.0), Results(2, OUT, 1), refiner, delay_s)
    said = {path.name: path.read_text().splitlines()[0] for path in tmp_path.iterdir()}
    assert said["id.sto"] == "Inverse Dynamics" + motion
    assert said["emg.sto"].startswith("Estimated EMG envelopes" + emg)
    assert ("true for" in said["emg.sto"]) == bool(emg)
    assert said["emg_sigma.sto"].endswith(said["emg.sto"].removeprefix("Estimated EMG envelopes"))


def test_each_frame_has_its_flags(tmp_path: Path) -> None:
    results = Results(3, OUT, 0)
    results.status[1:] = Status.GAP | Status.SO_SATURATED, Status.HOLD
    write_results(tmp_path, MODEL, (), np.arange(3.0), results, None, 0.0)
    written = read_storage(tmp_path / "status.sto")
    columns = dict(zip(written.names, written.data.T.tolist(), strict=True))
    assert list(columns) == ["status", *(flag.name for flag in Status)]
    assert columns["status"] == [0.0, 65.0, 2.0]
    assert columns["GAP"] == columns["SO_SATURATED"] == [0.0, 1.0, 0.0]
    assert columns["HOLD"] == [0.0, 0.0, 1.0]
    assert columns["LATE"] == [0.0, 0.0, 0.0]
    assert not (tmp_path / "forces.mot").exists()  # there are none


@pytest.mark.parametrize(("rms_m", "believed"), [([0.008, 0.012], True), ([0.1, 0.3], False)])
def test_the_end_says_how_well_the_model_followed(
    rms_m: list[float], believed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    results = Results(2, OUT, 1)
    results.marker_rms[:] = rms_m
    results.status[1] = Status.IK_UNCONVERGED
    sum_up(Path("walk/results"), results)
    said = capsys.readouterr()
    mean, most = ("10", "12") if believed else ("200", "300")
    assert said.out.splitlines() == [
        f"2 frames, markers {mean} mm (RMS) from the model's, at most {most} mm",
        "frames by flag: OK 1, IK_UNCONVERGED 1",
        "OpenSim files and report.json are in walk/results",
    ]
    assert said.err.startswith("do not trust these results: markers lie 200 mm") != believed


def test_motion_that_the_network_was_not_taught_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = Results(5, OUT, 1)
    results.marker_spread[:] = 1.0
    results.unlikeness[:] = 0.2, 0.9, 1.4, 1.5, 2.0  # at first nothing is known
    sum_up(Path("walk/results"), results)
    assert capsys.readouterr().err.startswith("this person moves unlike what the network was")
    write_report(tmp_path, results, 0.0)
    assert json.loads((tmp_path / "report.json").read_text())["unlikeness"] == 1.4
    results.unlikeness[2] = 1.0
    sum_up(Path("walk/results"), results)
    assert not capsys.readouterr().err
