"""The network that ships: what it may be made from, and that its files belong together."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inference import Refiner
from inference.backends import open_backend
from inference.channels import N_INPUT
from inference.checkpoint import DEFAULT_CHECKPOINT, load_checkpoint
from inference.choice import open_proven
from inference.rollout import rollout
from inference.stepper import Stepper
from inference.weights import load_network
from tests.inference.test_limb_inputs import GAIT_COORDINATES
from tests.inference.test_muscle_map import DEMO, GAIT2392, RAJAGOPAL, both

MAY_BE_TRAINED_ON = {"schreiber", "ceinms", "uhlrich"}
"""Data sets whose licences allow a derived network to be shipped."""


def test_it_is_trained_on_nothing_but_what_its_licence_allows() -> None:
    card = load_checkpoint().card
    assert set(card.training["data_sets"]) <= MAY_BE_TRAINED_ON
    for entry in card.training["data_sets"].values():
        assert entry["licence"] != "unknown"
        assert "doi" in entry["citation"]


def test_held_out_people_are_of_other_data_sets_and_their_numbers_are_on_the_card() -> None:
    card = load_checkpoint().card
    held = card.metrics["held_out"]
    assert {person.split("/")[0] for person in held["people"]}.isdisjoint(MAY_BE_TRAINED_ON)
    for part in ("held_out", "cross_validation"):
        methods = card.metrics[part]["methods"]
        assert {"simulation", "network"} <= set(methods)
        for rows in methods.values():
            for row in (r for r in rows if r["channel"] == "all"):
                assert 0.0 < row["r"][0] <= 1.0
                # of comfortable walking; running is several times as loud
                assert 0.0 < row["rmse"][0] < (1.0 if row["motion"] == "walk" else 5.0)


def test_intervals_hold_about_what_they_promise_on_people_left_out() -> None:
    half, most = load_checkpoint().card.metrics["cross_validation"]["coverage"]["all"]
    # The gain is fitted on other people and between the two; a network that is sure of itself
    # without reason holds a quarter and a half.
    assert 0.4 < half < 0.65
    assert 0.8 < most < 0.97


def test_it_is_small_and_holds_no_pickle() -> None:
    files = sorted(DEFAULT_CHECKPOINT.iterdir())
    assert [f.name for f in files] == [
        "card.json", "reference.safetensors", "step.onnx", "usual.safetensors",
        "weights.safetensors",
    ]  # fmt: skip
    assert sum(f.stat().st_size for f in files) < 2_000_000
    assert json.loads(files[0].read_text())["format"] == 2


def test_its_graph_computes_what_its_weights_say() -> None:
    checkpoint = load_checkpoint()
    rng = np.random.default_rng(0)
    x = np.ones((200, 2, 2 * N_INPUT), dtype=np.float32)
    x[..., :N_INPUT] = np.cumsum(0.1 * rng.standard_normal((200, 2, N_INPUT)), axis=0)
    outputs = []
    for name in ("onnxruntime", "torch"):
        stepper = Stepper(open_backend(name, checkpoint), checkpoint.card.architecture)
        outputs.append(np.stack([stepper.step(frame).copy() for frame in x]))
    assert outputs[0].std(0).max() > 0.01
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-5)  # the contract's bound


def test_its_reference_is_what_its_weights_make_of_the_stored_stream() -> None:
    checkpoint = load_checkpoint()
    reference = checkpoint.reference()
    assert reference is not None
    limbs = rollout(load_network(checkpoint), list(reference.x.transpose(1, 0, 2).copy()))
    for ours, stored in (("y", reference.y), ("spread", reference.sigma)):
        streamed = np.stack([getattr(limb, ours) for limb in limbs], 1)
        np.testing.assert_allclose(streamed, stored, atol=1e-5)  # the contract's bound
    difference = open_proven("onnxruntime", checkpoint).difference
    assert difference is not None
    assert difference <= 1e-5


@pytest.mark.parametrize("stems", [RAJAGOPAL, GAIT2392, DEMO])
def test_it_serves_every_family_of_models(stems: list[str]) -> None:
    muscles = both(stems)
    refiner = Refiner(None, muscles, GAIT_COORDINATES, 70.0)
    refiner.warm_up()
    n = len(GAIT_COORDINATES)
    for i in range(50):
        emg = refiner.step(
            i / 100, np.full(len(muscles), 0.1), np.zeros(n), np.zeros(n), np.zeros(n)
        )
    assert emg.shape == (len(refiner.channel_names),)
    assert np.isfinite(emg).all()
    assert emg.max() < 1.5  # standing still with little activity is no maximal contraction
