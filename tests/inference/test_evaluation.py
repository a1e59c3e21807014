from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.channels import CHANNELS, MEASURED, N_CHANNEL
from inference.crossval import split_people, validation_people
from inference.dataset import LimbSequence, build_sequences
from inference.evaluation import evaluate, summarise, summary_table
from inference.exceptions import FeatureError
from tests.inference.synthetic import synthetic_record


def sequences() -> list[LimbSequence]:
    records = [synthetic_record(subject=f"p{k}", seed=k) for k in range(3)]
    return build_sequences(records, 100.0)


def oracle(sequence: LimbSequence, shift: int = 0) -> np.ndarray:
    """The measurement itself, `shift` steps ahead; GAS through both of its heads."""
    y = np.zeros((len(sequence.t), N_CHANNEL), dtype=np.float32)
    for c, channel in enumerate(CHANNELS):
        source = "GAS" if channel in ("GM", "GL") else channel
        y[:, c] = np.roll(sequence.y[:, MEASURED.index(source)], -shift)
    return y


def test_perfect_estimate_scores_perfectly() -> None:
    scores = evaluate(sequences(), oracle, 100.0)
    assert {s.channel for s in scores} == {"SOL", "TA", "VM", "GAS"}
    for score in scores:
        assert score.r == pytest.approx(1.0, abs=1e-6)
        assert score.rmse == pytest.approx(0.0, abs=1e-6)
        assert score.lag_s == score.channel_lag_s == 0.0


def test_early_estimate_is_recognised_by_its_lag() -> None:
    for score in evaluate(sequences(), lambda s: oracle(s, 4), 100.0):
        assert score.lag_s == pytest.approx(0.04)
        assert score.r < 0.99
        assert score.r_lag > 0.999  # what the roll brought in at the end is a few of 600 frames


def test_baseline_is_the_activation_with_the_best_gain() -> None:
    (one,) = build_sequences([synthetic_record()], 100.0)
    c = MEASURED.index("SOL")
    score = next(s for s in evaluate([one], oracle, 100.0) if s.channel == "SOL")
    where = one.measured[:, c]
    activation, measured = one.x[where, c].astype(float), one.y[where, c].astype(float)
    gain = max(0.0, np.linalg.lstsq(activation[:, None], measured, rcond=None)[0][0])
    expected = np.sqrt(np.mean((gain * activation - measured) ** 2))
    assert score.baseline_rmse == pytest.approx(expected)
    assert score.baseline_r == pytest.approx(np.corrcoef(activation, measured)[0, 1])


def test_frames_without_valid_forces_are_not_scored() -> None:
    (one,) = build_sequences([synthetic_record()], 100.0)
    one.forces_valid[:400] = False
    wrong_there = oracle(one)
    wrong_there[:400] = 50.0
    scores = evaluate([one], lambda _: wrong_there, 100.0)
    assert all(s.rmse < 1e-6 and s.seconds <= 2.0 for s in scores)


def test_channels_that_the_network_cannot_know_are_not_scored() -> None:
    scores = evaluate(sequences(), oracle, 100.0, {"SOL", "GMED"})
    assert {s.channel for s in scores} == {"SOL"}


def test_summary_averages_channels_within_a_person_then_people() -> None:
    scores = evaluate(sequences(), oracle, 100.0)
    changed = [replace(s, r=0.4 if s.person.endswith("p0") else 1.0) for s in scores]
    overall = next(s for s in summarise(changed) if s.channel == "all")
    assert overall.people == 3
    assert overall.values["r"] == pytest.approx((0.4 + 1.0 + 1.0) / 3)


def test_undefined_correlations_are_left_out_and_never_written_as_nan() -> None:
    scores = evaluate(sequences(), oracle, 100.0)
    one = [replace(s, r=float("nan")) for s in scores if s.channel == "TA"]
    assert summary_table(summarise(one))[0]["r"] is None
    mixed = [replace(one[0], r=0.5), *one[1:]]
    assert summary_table(summarise(mixed))[0]["r"] == 0.5


def test_every_person_is_left_out_once_and_data_sets_are_spread() -> None:
    records = [synthetic_record("big", f"p{k}", seed=k) for k in range(6)]
    records += [synthetic_record("small", f"q{k}", seed=k) for k in range(3)]
    built = build_sequences(records, 100.0)
    folds = split_people(built, 3, seed=0)
    assert sorted(p for fold in folds for p in fold) == sorted({s.person for s in built})
    assert all(sum(p.startswith("small") for p in fold) == 1 for fold in folds)


def test_impossible_splits_are_refused() -> None:
    with pytest.raises(FeatureError, match="5 folds of 3 people"):
        split_people(sequences(), 5, seed=0)
    with pytest.raises(FeatureError, match="nobody is left"):
        validation_people(sequences(), 3, seed=0)


def test_training_stops_by_people_of_the_largest_data_set() -> None:
    records = [synthetic_record("big", f"p{k}", seed=k) for k in range(4)]
    records += [synthetic_record("small", "q", seed=9)]
    chosen = validation_people(build_sequences(records, 100.0), 2, seed=3)
    assert len(set(chosen)) == 2
    assert all(person.startswith("big/") for person in chosen)
