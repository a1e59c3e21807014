"""What the files of `nem2e offline` say of their times."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streamer.commands.offline_results import Results, write_results

MODEL: Any = SimpleNamespace(
    coordinate_names=("knee_angle_r",),
    coordinate_is_rotation=np.array([True]),
    muscle_names=("soleus_r",),
    actuators=SimpleNamespace(names=()),
)
OUT: Any = SimpleNamespace(
    q=np.zeros(1), activation=np.zeros(1), control=np.zeros(0), reserve=np.zeros(1)
)


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
    write_results(tmp_path, MODEL, np.arange(2.0), Results(2, OUT, 1), refiner, delay_s)
    said = {path.name: path.read_text().splitlines()[0] for path in tmp_path.iterdir()}
    assert said["id.sto"] == "Inverse Dynamics" + motion
    assert said["emg.sto"].startswith("Estimated EMG envelopes" + emg)
    assert ("true for" in said["emg.sto"]) == bool(emg)
