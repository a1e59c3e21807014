"""Networks of a few weights, hardly trained: they show what is seen by whom, not how well."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from inference.architecture import BahdanauArchitecture, GruArchitecture, StdrArchitecture
from inference.channels import CHANNELS, SLICE_ACTIVATION, SLICE_MOMENT
from inference.data.dataset import LimbSequence
from inference.evaluation.crossval import cross_validate
from inference.evaluation.estimates import as_family
from inference.evaluation.methods import TITLES
from inference.exceptions import FeatureError
from inference.training.fit_settings import FitSettings
from inference.training.train_settings import TrainSettings
from tests.inference.evaluation.people import people, walker
from tests.inference.synthetic import synthetic_record

pytest.importorskip("torch", reason="needs torch: pip install --editable '.[train]'")

from inference.evaluation import compare as module
from inference.evaluation.compare import RIVALS, all_families, compare
from inference.evaluation.methods.network import (
    Recipe,
    trained_and_calibrated,
    trained_network,
)

pytestmark = pytest.mark.usefixtures("few_crops")
BRIEF = TrainSettings(epochs=1, batches=2, batch_size=2, crop=40)
TINY = GruArchitecture(d_model=8, members=2)
FIT = FitSettings(folds=2, architecture=TINY, training=BRIEF)
RECIPE = Recipe(FIT, lambda _: None)
TINY_RIVALS = {
    "bahdanau": BahdanauArchitecture(d_model=8, window=4),
    "stdr": StdrArchitecture(d_model=8, n_head=2, n_encoder=1, n_decoder=1, window=4),
}


def spoilt(sequence: LimbSequence) -> LimbSequence:
    noise = np.random.default_rng(1).uniform(size=sequence.y.shape).astype(np.float32)
    return replace(sequence, y=np.where(sequence.measured, noise, np.float32(0.0)))


@pytest.mark.usefixtures("stepped_by_torch")
def test_network_never_sees_the_emg_that_it_estimates() -> None:
    train, held = people(3), [walker("made/held", name, seed=8) for name in "ab"]
    family = trained_and_calibrated(RECIPE)
    plain = family(train, held)
    blinded = family(train, [spoilt(held[0]), held[1]])
    for a, b in zip(plain["network"].y, blinded["network"].y, strict=True):
        np.testing.assert_array_equal(a, b)
    # the calibrated one sees the EMG of the other trial, and of that alone
    np.testing.assert_array_equal(plain["calibrated"].y[0], blinded["calibrated"].y[0])
    assert not np.array_equal(plain["calibrated"].y[1], blinded["calibrated"].y[1])
    sigma = plain["network"].sigma
    assert sigma is not None
    assert all((s > 0.0).all() for s in sigma)


def test_streamed_step_gives_what_the_parallel_pass_gives() -> None:
    train, held = people(3), [walker("made/held")]
    parallel = trained_network(TINY, RECIPE)(train, held)
    streamed = trained_and_calibrated(RECIPE)(train, held)["alone"].y
    np.testing.assert_allclose(parallel[0], streamed[0], atol=1e-4)  # float32, as backends promise


@pytest.mark.parametrize(
    ("moved", "architecture", "blind"),
    [
        (SLICE_MOMENT, GruArchitecture(d_model=8, inputs=("angle", "velocity")), True),
        (SLICE_MOMENT, TINY, False),
        (SLICE_ACTIVATION, TINY, True),
        (SLICE_ACTIVATION, GruArchitecture(d_model=8, inputs=("angle", "activation")), False),
    ],
    ids=["motion alone, moments", "default, moments", "default, activations", "activations"],
)
def test_a_network_is_blind_to_what_is_not_among_its_inputs(
    moved: slice, architecture: GruArchitecture, blind: bool
) -> None:
    train, held = people(3), walker("made/held")
    other = replace(held, x=held.x.copy())
    other.x[:, moved] += 0.5
    a, b = trained_network(architecture, RECIPE)(train, [held, other])
    assert np.array_equal(a, b) == blind


def test_networks_are_compared_on_equal_terms() -> None:
    compared = (FitSettings().architecture, *RIVALS.values())
    assert len({a.inputs for a in compared}) == 1
    frames = {a.effort_frames for a in compared}
    assert len(frames) == 1
    assert frames != {0}


@pytest.mark.usefixtures("stepped_by_torch")
def test_every_method_estimates_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RIVALS", TINY_RIVALS)
    records = [synthetic_record(subject=f"p{k}", seconds=4.0, seed=k) for k in range(3)]
    records.append(synthetic_record(subject="p0", seconds=4.0, variant="noise-1"))
    unseen = [synthetic_record("elsewhere", "stranger", seconds=4.0, seed=9)]
    lines: list[str] = []
    found = compare(records, unseen, FIT, lines.append)
    assert sum("fold" in line for line in lines) == 2
    assert found.unseen is not None
    assert {s.person for s in found.unseen.sequences} == {"elsewhere/stranger"}
    assert not any(s.variant for s in found.left_out.sequences)  # learned from, not scored
    assert found.gain.shape == (len(CHANNELS),)
    for study in (found.left_out, found.unseen):
        assert set(study.estimates) == set(TITLES)
        for estimates in study.estimates.values():
            for s, y in zip(study.sequences, estimates.y, strict=True):
                assert y.shape == s.y.shape
                assert np.isfinite(y[s.measured]).any()


def test_every_method_can_be_sent_to_another_process_and_its_report_stays_behind() -> None:
    heard: list[str] = []
    assert len(pickle.loads(pickle.dumps(all_families(FIT, heard.append)))) > 1
    pickle.loads(pickle.dumps(Recipe(FIT, heard.append))).report("a loss")
    assert heard == []


def test_groups_that_are_shared_out_are_estimated_alike() -> None:
    families = [as_family("network", trained_network(TINY, RECIPE))]
    lines: list[str] = []
    alone = cross_validate(people(2), 2, 0, families)["network"]
    shared = cross_validate(people(2), 2, 0, families, lines.append, workers=2)["network"]
    for a, b in zip(alone.y, shared.y, strict=True):
        np.testing.assert_array_equal(a, b)
    assert lines[2:] == ["  1/2 estimated", "  2/2 estimated"]


def test_unseen_people_of_no_use_are_told_before_the_training() -> None:
    records = [synthetic_record(subject=f"p{k}", seconds=4.0, seed=k) for k in range(3)]
    stranger = synthetic_record("elsewhere", "stranger", seconds=4.0)
    fit = structs.replace(FIT, exchanged={stranger.person: [("SOL_r", "VL_r")]})
    lines: list[str] = []
    with pytest.raises(FeatureError, match=r"elsewhere/stranger/walk: .* cannot be exchanged"):
        compare(records, [stranger], fit, lines.append)
    assert lines == []


def test_exchanged_channels_of_nobody_are_told_before_the_training() -> None:
    records = [synthetic_record(subject=f"p{k}", seconds=4.0, seed=k) for k in range(3)]
    fit = structs.replace(FIT, exchanged={"Made/p1": [("SOL_r", "VM_r")]})
    with pytest.raises(FeatureError, match=r"names Made/p1, .* did you mean made/p1"):
        compare(records, [], fit, lambda _: None)


def test_nobody_is_both_trained_on_and_unseen() -> None:
    records = [synthetic_record(subject=f"p{k}") for k in range(2)]
    with pytest.raises(FeatureError, match="made/p1 both trained on and held out"):
        compare(records, records[1:], FIT, lambda _: None)
