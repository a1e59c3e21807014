"""Telling motion unlike the training set: on people who do not exist."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from inference.architecture import GruArchitecture
from inference.channels import N_INPUT, SLICE_ACTIVATION, SLICE_ANGLE
from inference.data.dataset import LimbSequence, build_sequences
from inference.networks import Ensemble
from inference.training.novelty import _WAYS, spoiled
from inference.training.rollout import rollout
from inference.training.train import train
from inference.training.train_settings import TrainSettings
from tests.inference.strange_motion import standing
from tests.inference.synthetic import synthetic_record


def people(count: int) -> list[LimbSequence]:
    records = [synthetic_record(subject=f"p{k}", seconds=4.0, seed=k) for k in range(count)]
    return build_sequences(records, 100.0)


@pytest.fixture(scope="module")
def network() -> Ensemble:
    settings = replace(TrainSettings(), epochs=6, batches=20, batch_size=8, crop=100)
    return train(people(6), [], GruArchitecture(members=2, dropout=0.1), settings)[0]


def spread(net: Ensemble, x: np.ndarray) -> float:
    return float(rollout(net, [x.astype(np.float32)])[0].spread[50:].mean())


def test_doubt_grows_where_a_stranger_stands_or_markers_are_garbage(
    network: Ensemble,
) -> None:
    stranger = people(8)[7]
    walking = spread(network, stranger.x)
    rng = np.random.default_rng(0)
    garbage = stranger.x.copy()
    garbage[:, :N_INPUT] += 2.0 * rng.standard_normal(garbage[:, :N_INPUT].shape)
    for x in (standing(stranger.x), garbage):
        # seen: 2.0 and 5.2; of narrower networks 1.3 and more
        assert spread(network, x) > 1.4 * walking


def test_every_way_of_spoiling_changes_motion_and_keeps_what_is_absent_absent() -> None:
    (one,) = people(1)
    x = one.x[:200].copy()
    x[:, 3] = x[:, N_INPUT + 3] = 0.0
    mean, scale = x[:, :N_INPUT].mean(0), x[:, :N_INPUT].std(0)
    before = x.copy()
    seen = set()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        seen.add(int(np.random.default_rng(seed).integers(len(_WAYS))))
        y = spoiled(x, mean, scale, rng)
        assert np.isfinite(y).all()
        assert not y[:, 3].any()
        assert (y[:, SLICE_ACTIVATION] >= 0.0).all()
        np.testing.assert_array_equal(y[:, N_INPUT:], x[:, N_INPUT:])
        assert np.abs(y - x)[:, SLICE_ANGLE].max() > 0.05
    assert len(seen) == len(_WAYS)
    np.testing.assert_array_equal(x, before)
