"""The network that ships: what it may be made from, and that its files belong together."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from inference import LimbInputs, Refiner
from inference.backends import open_backend
from inference.channels import N_INPUT
from inference.checkpoint import DEFAULT_CHECKPOINT, load_checkpoint
from inference.live.choice import open_proven
from inference.live.estimator import checkpoint_estimator
from inference.live.stepper import Stepper
from inference.networks.weights import load_network
from inference.opinion import SecondOpinion
from inference.training.rollout import rollout
from tests.inference.test_limb_inputs import GAIT_COORDINATES
from tests.inference.test_muscle_map import DEMO, GAIT2392, RAJAGOPAL, both

MAY_BE_TRAINED_ON = {"schreiber", "ceinms", "uhlrich"}
"""Data sets whose licences allow a derived network to be shipped."""
WORST = [
    ("cross_validation", "walk", 0.77, 0.23),
    ("cross_validation", "run", 0.77, 1.01),
    ("held_out", "walk", 0.69, 0.22),
]
"""Least r and largest RMSE over the common muscles: where the 95 % intervals of the network of
digest db5632bf04dd end (r from 0.777, 0.775 and 0.692, RMSE to 0.223, 1.006 and 0.219), rounded
outwards to two digits. One beyond that is worse, and not by the luck of who was measured. In
running RMSE is of walking's maximum, which the runner exceeds up to 11 times."""

BELOW = {("held_out", "walk"): {"GL"}}
"""Muscles in which the simulation follows EMG better, as docs/results.md says: of two people, 0.69
against 0.66."""


def scores(study: str, motion: str, method: str) -> dict[str, dict[str, Any]]:
    """Return a method's rows on the card, by channel."""
    rows = load_checkpoint().card.metrics[study]["methods"][method]
    return {row["channel"]: row for row in rows if row["motion"] == motion}


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
            assert {row["channel"] for row in rows} >= {"common", "all"}


@pytest.mark.parametrize(("study", "motion", "least_r", "most_rmse"), WORST)
def test_it_is_no_worse_than_it_was_found_to_be(
    study: str, motion: str, least_r: float, most_rmse: float
) -> None:
    network = scores(study, motion, "network")["common"]
    assert network["r"][0] > least_r
    assert network["rmse"][0] < most_rmse


@pytest.mark.parametrize(("study", "motion"), [row[:2] for row in WORST])
def test_it_is_above_the_simulation_and_below_its_calibrated_self(study: str, motion: str) -> None:
    simulation, network, calibrated = (
        scores(study, motion, method) for method in ("simulation", "network", "calibrated")
    )
    below = {c for c, row in network.items() if not row["r"][0] > simulation[c]["r"][0]}
    assert below == BELOW.get((study, motion), set())
    for mean in ("common", "all"):
        assert calibrated[mean]["r"][0] > network[mean]["r"][0]
        assert network[mean]["rmse"][0] < simulation[mean]["rmse"][0]


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
    refiner = Refiner(LimbInputs(muscles, GAIT_COORDINATES, 70.0))
    refiner.warm_up()
    n = len(GAIT_COORDINATES)
    for i in range(50):
        emg = refiner.step(
            i / 100, np.full(len(muscles), 0.1), np.zeros(n), np.zeros(n), np.zeros(n)
        )
        assert emg.shape == (len(refiner.channel_names),)
        # Standing still is not half of what walking reaches: 0.13 to 0.39 seen in these frames.
        assert emg.min() >= 0.0
        assert emg.max() < 0.5


def test_how_unlike_the_usual_a_motion_is_goes_with_each_step() -> None:
    """A live calibration learns from it how far the person's own motion goes."""
    checkpoint = load_checkpoint()
    estimator = checkpoint_estimator(open_backend("onnxruntime", checkpoint), checkpoint)
    usual = checkpoint.usual()
    assert usual is not None
    alone = SecondOpinion(usual, checkpoint.card.rate_hz, checkpoint.card.lead_s)
    x = np.random.default_rng(3).normal(size=(150, 2, 2 * N_INPUT)).astype(np.float32)
    x[..., N_INPUT:] = 1.0  # all are present
    for frame in x:
        estimator.step(frame)
        alone.step(frame)
    assert (alone.distance > 0.0).all()
    np.testing.assert_array_equal(estimator.distance, alone.distance)
