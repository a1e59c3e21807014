from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from inference import LimbInputs, Refiner
from inference.architecture import MOTION, GruArchitecture, StdrArchitecture
from inference.checkpoint import load_checkpoint
from inference.exceptions import EmgError, FeatureError, InferenceError, TrainingDiverged
from inference.fit import fit_checkpoint
from inference.record import FeatureRecord
from inference.training.fit_settings import FitSettings
from inference.training.train import settings_for
from inference.training.train_settings import TrainSettings
from tests.inference.synthetic import MUSCLES, synthetic_record
from tests.inference.test_limb_inputs import GAIT_COORDINATES

pytestmark = pytest.mark.usefixtures("few_crops", "stepped_by_torch")
SETTINGS = FitSettings(
    folds=2,
    validation_people=1,
    architecture=GruArchitecture(d_model=16, members=1),
    training=TrainSettings(epochs=2, batches=4, batch_size=4, crop=60),
)


def test_checkpoint_says_what_it_was_made_from_and_how_it_did(tmp_path: Path) -> None:
    records = [synthetic_record(subject=f"p{k}", seconds=3.0, seed=k) for k in range(4)]
    unseen = [synthetic_record("elsewhere", "stranger", seconds=3.0, seed=9)]
    lines: list[str] = []
    saved = fit_checkpoint(records, unseen, tmp_path / "c", SETTINGS, lines.append)
    card = load_checkpoint(tmp_path / "c").card
    assert card == saved.card
    assert list(card.training["data_sets"]) == ["made"]
    assert card.training["data_sets"]["made"]["licence"] == "none needed"
    assert len(card.training["data_sets"]["made"]["trials"]) == 4
    assert card.metrics["held_out"]["people"] == ["elsewhere/stranger"]
    assert card.metrics["cross_validation"]["people"] == [f"made/p{k}" for k in range(4)]
    methods = card.metrics["held_out"]["methods"]
    assert {row["channel"] for row in methods["network"]} >= {"SOL", "all"}
    assert set(methods) == set(card.metrics["cross_validation"]["methods"])
    assert sum("fold" in line for line in lines) == 2
    assert sum("epoch" in line for line in lines) == 2
    assert (load_checkpoint(tmp_path / "c").weights()["gain"] != 1.0).any()
    assert (load_checkpoint(tmp_path / "c").usual().activation_maximum > 0.9).sum() >= 10
    refiner = Refiner(LimbInputs(MUSCLES, GAIT_COORDINATES, 70.0), tmp_path / "c")
    n = len(GAIT_COORDINATES)
    emg = refiner.step(0.0, np.zeros(len(MUSCLES)), np.zeros(n), np.zeros(n), np.zeros(n))
    assert np.isfinite(emg).all()


@pytest.mark.parametrize(
    ("folds", "count", "groups", "said"),
    [
        (0, 3, 0, "sigma is fitted on nobody"),
        (8, 3, 3, "3 people are left out one at a time, in 3 groups, not 8"),
        (8, 1, 0, "sigma is fitted on nobody"),
    ],
)
def test_no_more_groups_are_left_out_than_there_are_people(
    tmp_path: Path, folds: int, count: int, groups: int, said: str
) -> None:
    records = [synthetic_record(subject=f"p{k}", seconds=3.0, seed=k) for k in range(count)]
    settings = structs.replace(SETTINGS, folds=folds, validation_people=0)
    lines: list[str] = []
    saved = fit_checkpoint(records, [], tmp_path / "c", settings, lines.append)
    assert sum(said in line for line in lines) == 1
    assert sum(line.startswith("fold ") for line in lines) == groups
    assert ("cross_validation" in saved.card.metrics) == bool(groups)
    assert (load_checkpoint(tmp_path / "c").weights()["gain"] != 1.0).any() == bool(groups)


def test_the_same_training_is_the_same_checkpoint_in_any_folder(tmp_path: Path) -> None:
    records = [synthetic_record(subject=f"p{k}", seconds=3.0, seed=k) for k in range(2)]
    settings = structs.replace(SETTINGS, name="ours", folds=0, validation_people=0)
    one, other = (
        fit_checkpoint(records, [], tmp_path / name, settings, lambda _: None)
        for name in ("one", "another")
    )
    assert one is not None
    assert other is not None
    assert one.card.name == "ours"
    assert one.digest == other.digest


def test_a_network_of_the_motion_alone_has_no_second_opinion(tmp_path: Path) -> None:
    records = [synthetic_record(subject=f"p{k}", seconds=3.0, seed=k) for k in range(3)]
    motion = GruArchitecture(d_model=16, members=1, inputs=MOTION)
    settings = structs.replace(SETTINGS, folds=0, architecture=motion)
    saved = fit_checkpoint(records, [], tmp_path / "c", settings, lambda _: None)
    assert saved.usual() is None


def test_what_is_published_is_trained_as_its_cross_validation_was(tmp_path: Path) -> None:
    attention = StdrArchitecture(d_model=8, n_head=2, n_encoder=1, n_decoder=1, members=1)
    fast = structs.replace(SETTINGS, folds=0, validation_people=0, architecture=attention)
    assert fast.training.learning_rate > attention.highest_rate
    records = [synthetic_record(subject=f"p{k}", seconds=3.0, seed=k) for k in range(2)]
    saved = fit_checkpoint(records, [], tmp_path / "c", fast, lambda _: None)
    assert saved is not None
    assert saved.card.training["settings"]["learning_rate"] == attention.highest_rate
    assert settings_for(SETTINGS.architecture, fast.training) == fast.training  # recurrent: as told


STRANGER = synthetic_record("elsewhere", "stranger", seconds=3.0)


@pytest.mark.parametrize(
    ("unseen", "exchanged", "error", "reason"),
    [
        (STRANGER, {STRANGER.person: [("SOL_r", "VL_r")]}, FeatureError, "cannot be exchanged"),
        (STRANGER, {"elsewhere/strangr": []}, FeatureError, "did you mean elsewhere/stranger"),
        (replace(STRANGER, emg_t=STRANGER.emg_t + 100.0), {}, EmgError, "do not overlap"),
        (replace(STRANGER, usable=~STRANGER.usable), {}, FeatureError, "none of the 1 trials"),
    ],
)
def test_unseen_people_of_no_use_are_told_before_the_training(
    unseen: FeatureRecord,
    exchanged: dict[str, list[tuple[str, str]]],
    error: type[InferenceError],
    reason: str,
    tmp_path: Path,
) -> None:
    records = [synthetic_record(subject=f"p{k}", seconds=3.0, seed=k) for k in range(3)]
    lines: list[str] = []
    settings = structs.replace(SETTINGS, exchanged=exchanged)
    with pytest.raises(error, match=reason):
        fit_checkpoint(records, [unseen], tmp_path / "c", settings, lines.append)
    assert lines == []


def test_a_data_set_that_teaches_nothing_is_told_before_the_training(tmp_path: Path) -> None:
    records = [synthetic_record(subject=f"p{k}", seconds=3.0, seed=k) for k in range(3)]
    lines: list[str] = []
    with pytest.raises(FeatureError, match=r"^elsewhere: no trial .*elsewhere/stranger/walk"):
        fit_checkpoint(
            [*records, replace(STRANGER, usable=~STRANGER.usable)],
            [], tmp_path / "c", SETTINGS, lines.append,
        )  # fmt: skip
    assert lines == []


def test_a_person_cannot_be_both_trained_on_and_held_out(tmp_path: Path) -> None:
    records = [synthetic_record(subject=f"p{k}", seconds=3.0) for k in range(3)]
    with pytest.raises(FeatureError, match="made/p1 both trained on and held out"):
        fit_checkpoint(records, records[1:2], tmp_path / "c", SETTINGS, lambda _: None)


def test_failed_training_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    records = [synthetic_record(subject=f"p{k}", seconds=3.0, seed=k) for k in range(3)]
    settings = structs.replace(SETTINGS, folds=0, validation_people=1)
    before = fit_checkpoint(records, [], tmp_path / "c", settings, lambda _: None)
    broken = [synthetic_record(subject=f"p{k}", seconds=3.0, gain=np.nan) for k in range(3)]
    with pytest.raises(TrainingDiverged):
        fit_checkpoint(broken, [], tmp_path / "c", settings, lambda _: None)
    assert load_checkpoint(tmp_path / "c").digest == before.digest
