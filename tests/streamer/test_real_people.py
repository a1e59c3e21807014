"""A small network taught by four real people, judged on two whom it has never seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install --editable '.[train]'")

from inference.architecture import GruArchitecture
from inference.data.dataset import build_sequences, measured_matrix
from inference.evaluation.estimates import Estimates
from inference.evaluation.methods import simulated
from inference.evaluation.score import score
from inference.evaluation.summary import summarise
from inference.training.rollout import rollout
from inference.training.train import train
from inference.training.train_settings import TrainSettings
from streamer.features.records import load_features
from tests.data_sets import trial_dir

LEARNED = ("2014014/C4_05", "2014014/C5_04", "2014029/C4_05", "2014029/C5_05", "2014031/C4_02")
LEARNED += ("2014031/C5_05", "2014050/C4_04", "2014050/C5_05")
UNSEEN = ("2014004/C5_01", "2014022/C4_04")


def test_people_never_seen_are_estimated_better_than_by_simulation_alone(tmp_path: Path) -> None:
    """The simulation gets each person's best gain, the network knows nothing of them."""

    def sequences(names: tuple[str, ...]) -> list:
        trials = [trial_dir(f"schreiber/{name}") for name in names]
        return build_sequences(list(load_features(trials, cache_dir=tmp_path)), 100.0)

    learned, unseen = sequences(LEARNED), sequences(UNSEEN)
    small = GruArchitecture(d_model=32, members=1, dropout=0.3)
    net, _ = train(learned, [], small, TrainSettings(epochs=5, batches=20))
    matrix = measured_matrix().T
    ours = Estimates([found.y @ matrix for found in rollout(net, [s.x for s in unseen])])
    simulation = Estimates([simulated(s) for s in unseen], None, free_gain=True)
    r, rmse = (
        np.array(
            [
                next(s for s in summarise(score(unseen, e, 100.0)) if s.channel == "all")
                .statistics[name]
                .value
                for e in (ours, simulation)
            ]
        )
        for name in ("r", "rmse")
    )
    assert r[0] > r[1] + 0.2
    assert rmse[0] < rmse[1]
