"""EMG that does not belong to the motion is told by the shipped network, of people it judges.

And motion that it was not taught.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from inference.checkpoint import load_checkpoint
from inference.data.dataset import build_sequences, measured_matrix
from inference.evaluation.doubts import emg_doubts, unlikeness_of
from inference.evaluation.estimates import Estimates
from inference.evaluation.stream import estimate_stream
from inference.live.choice import open_proven
from inference.live.estimator import checkpoint_estimator
from inference.record import FeatureRecord
from streamer.features.records import load_features
from tests.data_sets import trial_dir

TRIALS = ("balance_exo/subject01/walk125", "rajagopal/walker/walk")
"""Of people whom the shipped network has never seen."""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[FeatureRecord]:
    cached: Path = tmp_path_factory.mktemp("features")
    return list(load_features([trial_dir(name) for name in TRIALS], cache_dir=cached))


@cache
def shipped() -> tuple:
    loaded = load_checkpoint(None)
    estimator = checkpoint_estimator(open_proven("onnxruntime", loaded).backend, loaded)
    return loaded.card, estimator


def doubts(records: list[FeatureRecord]) -> list[str]:
    card, estimator = shipped()
    sequences = build_sequences(records, card.rate_hz, lead_s=card.lead_s)
    matrix = measured_matrix().T
    estimates = Estimates([estimate_stream(estimator, s).y @ matrix for s in sequences])
    unlikeness = unlikeness_of(sequences, estimator)
    return emg_doubts(sequences, estimates, card.rate_hz, unlikeness)


def test_motion_that_was_not_taught_is_told_from_walking(
    records: list[FeatureRecord], tmp_path: Path
) -> None:
    card, estimator = shipped()
    (running,) = load_features([trial_dir("ceinms/subject06/run81")], cache_dir=tmp_path)
    sequences = build_sequences([*records, running], card.rate_hz, lead_s=card.lead_s)
    found = unlikeness_of(sequences, estimator)
    walks = {f"{name.rpartition('/')[0]}, walk" for name in TRIALS}
    assert {who for who, of in found.items() if of < 1.0} == walks
    assert set(found) == walks | {"ceinms/subject06, run"}


def other_leg(name: str) -> str:
    return name[:-1] + {"r": "l", "l": "r"}[name[-1]]


def test_emg_that_belongs_is_not_doubted(records: list[FeatureRecord]) -> None:
    assert doubts(records) == []


def test_emg_of_the_other_leg_is_told(records: list[FeatureRecord]) -> None:
    names = tuple(other_leg(name) for name in records[0].emg_names)
    (line,) = doubts([replace(records[0], emg_names=names), records[1]])
    assert line.startswith("the EMG of balance_exo/subject01 ")
    assert "left and right" in line


@pytest.mark.parametrize("late_s", [0.3, 0.5])
def test_emg_out_of_time_is_told(records: list[FeatureRecord], late_s: float) -> None:
    (line,) = doubts([records[0], replace(records[1], emg_t=records[1].emg_t + late_s)])
    assert line.startswith("the EMG of rajagopal/walker ")
    assert "the times in emg.csv" in line
