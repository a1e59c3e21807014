from __future__ import annotations

import dataclasses
import sys
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from msgspec.structs import replace

from inference.architecture import StdrArchitecture
from inference.channels import MEASURED, N_CHANNEL, N_INPUT
from inference.data.dataset import LimbSequence, build_sequences
from inference.data.normalisation import normalisation
from inference.data.targets import borrowed_targets, emg_size
from inference.exceptions import BackendUnavailable, FeatureError, TrainingDiverged
from inference.training.batches import batches, frame_weight
from inference.training.loss import Loss
from inference.training.rollout import rollout
from inference.training.train import train
from inference.training.train_settings import TrainSettings
from inference.training.trainer import _fit
from tests.inference.conftest import random_network
from tests.inference.synthetic import synthetic_record

pytestmark = pytest.mark.usefixtures("few_crops")
TINY = StdrArchitecture(d_model=16, n_head=2, n_encoder=1, n_decoder=1, window=8, dropout=0.0)
QUICK = TrainSettings(epochs=4, batches=12, batch_size=8, crop=60, learning_rate=5e-3)
SOL = MEASURED.index("SOL")
ONE = torch.ones(1, 1, len(MEASURED))
"""Size of EMG in comfortable walking."""


def people(count: int) -> list[LimbSequence]:
    records = [synthetic_record(subject=f"p{k}", seconds=4.0, seed=k) for k in range(count)]
    return build_sequences(records, 100.0)


def test_a_known_relation_is_learned_for_people_never_seen() -> None:
    sequences = people(8)
    net, history = train(sequences[:6], sequences[6:7], TINY, QUICK)
    unseen = sequences[7]
    y = rollout(net, [unseen.x])[0].y[:, SOL]
    where = unseen.measured[:, SOL]
    # The relation is exact, so even this short training of a tiny network comes close to 1.
    assert np.corrcoef(y[where], unseen.y[where, SOL])[0, 1] > 0.9
    assert history[-1].validation_loss < history[0].validation_loss


def test_same_seed_gives_the_same_network_and_another_seed_does_not() -> None:
    sequences = people(2)
    quick = replace(QUICK, epochs=1, batches=3)

    def weights(settings: TrainSettings) -> torch.Tensor:
        return train(sequences, [], TINY, settings)[0].members[0].head.estimate.weight

    assert torch.equal(weights(quick), weights(quick))
    assert not torch.equal(weights(quick), weights(replace(quick, seed=2)))


@pytest.mark.parametrize(
    ("settings", "cause"),
    [({"accelerator": "foo"}, "invalid accelerator name"), ({"accelerator": "gpu"}, "gpu")],
)
def test_an_accelerator_that_is_not_there_is_refused(settings: dict[str, str], cause: str) -> None:
    if torch.cuda.is_available() and settings["accelerator"] == "gpu":
        pytest.skip("this machine has a GPU")
    told = f"cannot train on `accelerator: {settings['accelerator']}`, `devices: 1` .*{cause}"
    with pytest.raises(BackendUnavailable, match=told):
        train(people(1), [], TINY, replace(QUICK, **settings), pytest.fail)


def test_ctrl_c_is_no_error_of_training() -> None:
    """Lightning ends the process itself, as if it had failed."""
    trainer = SimpleNamespace(fit=lambda _: sys.exit(1))
    with pytest.raises(KeyboardInterrupt):
        _fit(trainer, cast(Any, None))


def test_training_stops_early_and_keeps_the_best_epoch() -> None:
    sequences = people(3)
    stuck = replace(QUICK, epochs=30, batches=1, patience=3, learning_rate=0.0)
    assert len(train(sequences[:2], sequences[2:], TINY, stuck)[1]) == 1 + 3
    erratic = replace(QUICK, learning_rate=0.3, average=0.0)
    net, history = train(sequences[:2], sequences[2:], TINY, erratic)
    best = min(epoch.validation_loss for epoch in history)
    error = Loss(sequences[:2], erratic.shape_weight).validate(net.members[0], sequences[2:])
    assert error == pytest.approx(best, rel=1e-6)


def test_nan_stops_training_and_says_where() -> None:
    sequences = people(1)
    broken = dataclasses.replace(sequences[0], y=np.full_like(sequences[0].y, np.nan))
    with pytest.raises(TrainingDiverged, match=r"epoch 0, batch 0 \(made/p0/walk\)") as caught:
        train([broken], [], TINY, QUICK)
    assert (caught.value.epoch, caught.value.batch) == (0, 0)
    assert caught.value.records == ("made/p0/walk",)


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(FeatureError, match="nothing to train on"):
        train([], [], TINY, QUICK)


def test_unmeasured_channels_do_not_enter_the_loss() -> None:
    loss = Loss(people(1))
    target, weight = torch.zeros(1, 5, len(MEASURED)), torch.zeros(1, 5, len(MEASURED))
    weight[..., SOL] = 1.0
    y = torch.zeros(1, 5, N_CHANNEL)
    y[..., 5:] = 100.0  # wildly wrong where nobody measured
    assert float(loss(y, torch.ones_like(y), target, weight, ONE)[0]) == 0.0
    y[..., SOL] = 1.0
    assert float(loss(y, torch.ones_like(y), target, weight, ONE)[0]) > 0.0


def test_composite_is_compared_with_the_mean_of_its_parts() -> None:
    loss = Loss(people(1))
    target, weight = torch.zeros(1, 1, len(MEASURED)), torch.zeros(1, 1, len(MEASURED))
    weight[..., MEASURED.index("GAS")] = 1.0
    y = torch.zeros(1, 1, N_CHANNEL)
    y[..., MEASURED.index("GM")], y[..., MEASURED.index("GL")] = 0.3, -0.3
    error, _ = loss(y, torch.ones_like(y), target, weight, ONE)
    assert float(error) == pytest.approx(0.0, abs=1e-12)


def test_shape_is_one_less_the_correlation_whatever_gain_and_offset() -> None:
    rng = np.random.default_rng(0)
    y, target = rng.uniform(size=(2, 3, 80, N_CHANNEL)).astype(np.float32)
    weight = np.zeros((3, 80, len(MEASURED)), dtype=np.float32)
    weight[:, 20:, SOL] = 1.0
    padded = np.zeros_like(weight)
    padded[..., :N_CHANNEL] = target
    of = [*(torch.from_numpy(a) for a in (y, np.ones_like(y), padded, weight)), ONE]
    plain, _ = Loss(people(1))(*of)
    shaped, _ = Loss(people(1), shape_weight=2.0)(*of)
    r = [np.corrcoef(y[i, 20:, SOL], target[i, 20:, SOL])[0, 1] for i in range(3)]
    assert float(shaped - plain) == pytest.approx(2.0 * (1.0 - np.mean(r)), abs=1e-4)  # float32
    of[2] = 0.3 + 2.0 * of[2]
    moved, _ = Loss(people(1), shape_weight=2.0)(*of)
    still, _ = Loss(people(1))(*of)
    assert float(moved - still) == pytest.approx(2.0 * (1.0 - np.mean(r)), abs=1e-4)


def test_doubt_is_least_where_the_spread_is_the_error() -> None:
    loss = Loss(people(1))
    target, weight = torch.zeros(1, 50, len(MEASURED)), torch.zeros(1, 50, len(MEASURED))
    weight[..., SOL] = 1.0
    y = torch.full((1, 50, N_CHANNEL), 0.2)

    def doubt(spread: float) -> float:
        return float(loss(y, torch.full_like(y, spread), target, weight, ONE)[1])

    assert doubt(0.2) < min(doubt(0.19), doubt(0.21))


def test_errors_are_measured_by_the_size_of_the_motions_emg() -> None:
    loss = Loss(people(1), shape_weight=1.0)
    rng = np.random.default_rng(0)
    y = torch.from_numpy(rng.uniform(0.2, 1.0, (1, 80, N_CHANNEL)).astype(np.float32))
    target = torch.from_numpy(rng.uniform(0.2, 1.0, (1, 80, len(MEASURED))).astype(np.float32))
    quiet = loss(y, y, target, torch.ones_like(target), ONE)
    loud = loss(8.0 * y, 8.0 * y, 8.0 * target, torch.ones_like(target), 8.0 * ONE)
    torch.testing.assert_close(loud, quiet)
    unequal = loss(8.0 * y, 8.0 * y, 8.0 * target, torch.ones_like(target), ONE)
    assert float(unequal[0]) > 10.0 * float(quiet[0])


def test_emg_size_is_the_sequences_own_where_it_exceeds_the_reference() -> None:
    y = np.zeros((200, 3), dtype=np.float32)
    y[:, 0], y[:, 1], y[:, 2] = np.linspace(0.0, 0.5, 200), np.linspace(0.0, 5.0, 200), 7.0
    where = np.ones_like(y)
    where[:, 2] = 0.0  # nobody measured it
    np.testing.assert_allclose(emg_size(y, where), [1.0, 4.95, 1.0], rtol=1e-6)  # 99th percentile


def test_a_sister_that_borrows_loud_emg_borrows_its_size() -> None:
    (one,) = people(1)
    vm, vl = MEASURED.index("VM"), MEASURED.index("VL")
    one.y[:, vm] *= 6.0
    size = borrowed_targets(one).size
    assert size[vm] == size[vl] == pytest.approx(6.0, rel=0.05)
    assert size[SOL] == pytest.approx(1.0, abs=0.02)


def test_batches_carry_the_size_of_each_sequence() -> None:
    quiet, loud = people(2)
    loud.y[:, SOL] *= 6.0
    batch = next(iter(batches([quiet, loud], QUICK, np.random.default_rng(0))))
    assert batch.size.shape == (8, 1, len(MEASURED))
    is_loud = torch.tensor([name == loud.record for name in batch.records])
    assert 0 < int(is_loud.sum()) < 8
    assert torch.equal(batch.size[:, 0, SOL] > 5.0, is_loud)


def test_normalisation_is_that_of_present_inputs_with_people_counting_equally() -> None:
    long, short = people(2)
    short = dataclasses.replace(short, x=short.x[:50].copy(), t=short.t[:50])
    short.x[:, N_INPUT] = 0.0  # hide the first input of the second person
    short.x[:, 0] = 1e6
    mean, scale = normalisation([long, short])
    assert mean[0] == pytest.approx(long.x[:, 0].mean(), abs=1e-5)
    assert scale[0] == pytest.approx(long.x[:, 0].std(), abs=1e-5)
    assert mean[1] == pytest.approx((long.x[:, 1].mean() + short.x[:, 1].mean()) / 2, abs=1e-5)


def test_input_that_nobody_has_stays_harmless() -> None:
    (one,) = people(1)
    one.x[:, 4] = one.x[:, N_INPUT + 4] = 0.0
    mean, scale = normalisation([one])
    assert (mean[4], scale[4]) == (0.0, 1.0)


def test_frames_without_measured_forces_weigh_less() -> None:
    (one,) = people(1)
    one.forces_measured[:100] = False
    weight = frame_weight(one, 0.25)
    assert set(np.unique(weight[:100])) == {0.25}
    assert set(np.unique(weight[100:])) == {1.0}


def test_a_muscle_lends_its_emg_to_a_sister_that_nobody_measured() -> None:
    (one,) = people(1)
    y, weight, _ = borrowed_targets(one, 0.25)
    vm, vl, sol = (MEASURED.index(name) for name in ("VM", "VL", "SOL"))
    assert one.measured[:, vm].any()
    assert not one.measured[:, vl].any()
    np.testing.assert_array_equal(y[:, vl], one.y[:, vm])
    np.testing.assert_array_equal(weight[:, vl], 0.25 * one.measured[:, vm])
    np.testing.assert_array_equal(weight[:, sol], one.measured[:, sol])  # it has its own


def test_crops_are_padded_with_frames_of_no_weight() -> None:
    sequences = people(2)
    settings = replace(QUICK, crop=1400)
    batch = next(iter(batches(sequences, settings, np.random.default_rng(0))))
    assert batch.x.shape == (8, 1400, 2 * N_INPUT)
    assert not batch.weight[:, 1100:].any()  # sequences have 400 frames, 1081 at the slowest tempo
    assert batch.weight[:, 100:300, SOL].all()


def test_streams_cut_in_pieces_equal_the_whole() -> None:
    net = random_network(TINY)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 2 * N_INPUT)).astype(np.float32)
    whole, other = rollout(net, [x, x[:30]])
    pieces = rollout(net, [x], longest=120)[0].y
    # The feedback's memory of where a piece started has faded after three receptive fields.
    np.testing.assert_allclose(pieces, whole.y, atol=1e-3)
    np.testing.assert_allclose(other.y, whole.y[:30], atol=1e-5)  # float32, another batch size
    assert rollout(net, []) == []
