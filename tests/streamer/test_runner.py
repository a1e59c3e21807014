"""A runner among people who walk: told from them, and nearer to a simulation ahead of time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.channels import MEASURED, N_CHANNEL, SIDES
from inference.data.dataset import LimbSequence, build_sequences
from inference.evaluation.estimates import Estimates
from inference.evaluation.methods import simulated
from inference.evaluation.score import score
from inference.evaluation.summary import summarise
from inference.live.settling import USUAL_S
from inference.opinion.foresight import Foresight
from inference.opinion.second_opinion import MUSCLE_S, UNUSUAL
from inference.opinion.unlikeness import Unlikeness
from inference.opinion.usual import Usual, fit_usual
from streamer.features.records import load_features
from tests.data_sets import trial_dir

RATE_HZ, LEAD_S = 100.0, 0.025
WALKERS = (
    "schreiber/2014001/C1_03", "schreiber/2014001/C4_05", "schreiber/2014004/C4_02",
    "schreiber/2014014/C5_04", "schreiber/2014022/C5_02", "schreiber/2014031/C4_02",
    "schreiber/2014050/C5_05", "uhlrich/subject1/walk",
)  # fmt: skip
OTHERS = ("schreiber/2014029/C5_05", "balance_exo/subject01/walk125", "ceinms/subject06/walk45")
RUN = "ceinms/subject06/run81"
LAG_S = {"ceinms": -0.07}
"""How late this data set's EMG stands, told from its walking: docs/results.md."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


def sequences(cache: Path, *names: str) -> list[LimbSequence]:
    records = list(load_features([trial_dir(name) for name in names], cache_dir=cache))
    return build_sequences(records, RATE_HZ, LAG_S, LEAD_S)


@pytest.fixture(scope="module")
def usual(cache: Path) -> Usual:
    return fit_usual(sequences(cache, *WALKERS))


@pytest.fixture(scope="module")
def run(cache: Path) -> LimbSequence:
    (found,) = sequences(cache, RUN)
    return found


def frames(sequence: LimbSequence) -> np.ndarray:
    """As a session steps through them, (n, 2, 2 N_INPUT); the other row is blank."""
    x = np.zeros((len(sequence.x), len(SIDES), sequence.x.shape[1]), np.float32)
    x[:, SIDES.index(sequence.side)] = sequence.x
    return x


def distance(usual: Usual, sequence: LimbSequence) -> float:
    """Median over what follows the first second."""
    unlikeness, found = Unlikeness(usual, RATE_HZ), []
    for x in frames(sequence):
        unlikeness.step(x)
        found.append(unlikeness.distance.max())
    return float(np.median(found[100:]))


def test_who_runs_is_told_from_people_who_walk(
    usual: Usual, run: LimbSequence, cache: Path
) -> None:
    # in the comparison, with 15 people to learn from: 0.6 to 2.1 in walking, 8.9 in running
    walking = [distance(usual, s) for s in sequences(cache, *OTHERS)]
    assert max(walking) < 2.0
    assert distance(usual, run) > 5.0


def so_far(usual: Usual, sequence: LimbSequence, start: int) -> float:
    """Half a second after a start."""
    unlikeness = Unlikeness(usual, RATE_HZ)
    for x in frames(sequence)[start : start + round(USUAL_S * RATE_HZ) + 1]:
        unlikeness.step(x)
    return unlikeness.so_far


def test_who_runs_is_told_from_people_who_walk_before_anything_is_believed(
    usual: Usual, run: LimbSequence, cache: Path
) -> None:
    # with 16 people to learn from: 2.3 at most in walking, 3.8 at least in running
    starts = range(20, 80, 15)
    walking = [so_far(usual, s, k) for s in sequences(cache, *OTHERS) for k in starts]
    running = [so_far(usual, run, k) for k in starts]
    assert max(walking) < UNUSUAL < min(running)


def test_a_simulation_ahead_of_time_is_nearer_to_the_runners_emg(
    usual: Usual, run: LimbSequence
) -> None:
    """Measured EMG is the judge; both have the best gain."""
    foresight = Foresight(usual, LEAD_S + MUSCLE_S, RATE_HZ)
    limb, ahead = SIDES.index(run.side), np.full((len(run.x), len(MEASURED)), np.nan, np.float32)
    for t, x in enumerate(frames(run)):
        foresight.step(x)
        foresight.look_ahead(x)
        ahead[t, :N_CHANNEL] = foresight.activation[limb]
    seen = replace(run, measured=run.measured & (np.arange(len(MEASURED)) < N_CHANNEL))
    r, rmse = {}, {}
    for name, y in (("now", simulated(run)), ("ahead", ahead)):
        found = summarise(score([seen], Estimates([y], None, free_gain=True), RATE_HZ))
        (whole,) = [row.statistics for row in found if row.channel == "all"]
        r[name], rmse[name] = whole["r"].value, whole["rmse"].value
    # seen over nine muscles: r 0.38 and 0.62, RMSE 0.29 and 0.22 of the run's own maximum
    assert r["ahead"] > r["now"] + 0.15
    assert rmse["ahead"] < 0.85 * rmse["now"]
