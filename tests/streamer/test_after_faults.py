"""Forces or poses that were wrong for a moment, and flagged: nothing unflagged is wrong for it."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from inference import Refiner
from sim_bridge import Bridge, BridgeSettings
from streamer.frames.forces import step_refiner
from streamer.model_inputs import inputs_of
from streamer.status import Status
from tests.data_sets import trial_dir
from tests.sim_bridge.trials import RecordedTrial

FIRST, FRAMES = 300, 620
Spoil = Callable[[np.ndarray, np.ndarray], None]


def estimates(trial: RecordedTrial, spoil: Spoil, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """EMG and status of a session in which some frames are spoilt from `FIRST` on."""
    settings = BridgeSettings(trial.rate_hz, ground_reaction="auto")
    bridge = Bridge(trial.model, trial.marker_names, trial.loads, settings)
    refiner = Refiner(inputs_of(trial.model, None, None), clock=time.perf_counter)
    emg, status = [], []
    for i in range(FRAMES):
        markers, forces = trial.markers[i].copy(), trial.forces[i].copy()
        if FIRST <= i < FIRST + frames:
            spoil(markers, forces)
        out = bridge.step(float(trial.time[i]), markers, forces)
        step_refiner(refiner, float(trial.time[i]), out, believed=True)
        emg.append(refiner.estimate[0].copy())
        status.append(int(out.status) | (0 if refiner.settled else Status.WARMING_UP))
    return np.array(emg), np.array(status)


@pytest.fixture(scope="module")
def walk() -> RecordedTrial:
    return RecordedTrial.load(trial_dir("ceinms/subject06/walk36"))


@pytest.fixture(scope="module")
def clean(walk: RecordedTrial) -> tuple[np.ndarray, np.ndarray]:
    return estimates(walk, lambda *_: None, 0)


def points_off(_: np.ndarray, forces: np.ndarray) -> None:
    forces[:, 3] += 0.5


def exchanged(_: np.ndarray, forces: np.ndarray) -> None:
    forces[:] = forces[::-1].copy()


def elsewhere(markers: np.ndarray, _: np.ndarray) -> None:
    markers[:, 0] += 3.0


@pytest.mark.parametrize(("spoil", "frames"), [(points_off, 30), (exchanged, 40), (elsewhere, 100)])
def test_what_is_not_flagged_after_wrong_moments_is_as_without_them(
    walk: RecordedTrial, clean: tuple[np.ndarray, np.ndarray], spoil: Spoil, frames: int
) -> None:
    """Of the reference maximum: 0.05 seen, 0.7 to 4.5 when the network was given the moments."""
    emg, status = estimates(walk, spoil, frames)
    good = (status == 0) & (clean[1] == 0)
    assert (status[FIRST : FIRST + frames] != 0).mean() > 0.8
    assert good[FIRST + frames :].mean() > 0.5
    assert np.abs(emg - clean[0])[good].max() < 0.1
