from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from inference.channels import MEASURED
from inference.data.dataset import LimbSequence, build_sequences
from inference.evaluation.crossval import cross_validate, split_people, validation_people
from inference.evaluation.estimates import Estimates
from inference.exceptions import FeatureError
from tests.inference.evaluation.people import people, walker
from tests.inference.synthetic import synthetic_record


def test_every_person_is_left_out_once_and_data_sets_are_spread() -> None:
    records = [synthetic_record("big", f"p{k}", seed=k) for k in range(6)]
    records += [synthetic_record("small", f"q{k}", seed=k) for k in range(3)]
    built = build_sequences(records, 100.0)
    folds = split_people(built, 3, seed=0)
    assert sorted(p for fold in folds for p in fold) == sorted({s.person for s in built})
    assert all(sum(p.startswith("small") for p in fold) == 1 for fold in folds)


def test_impossible_splits_are_refused() -> None:
    with pytest.raises(FeatureError, match="5 folds of 3 people"):
        split_people(people(), 5, seed=0)
    with pytest.raises(FeatureError, match="nobody is left"):
        validation_people(people(), 3, seed=0)


def test_training_stops_by_people_of_the_largest_data_set() -> None:
    built = [walker(f"big/p{k}") for k in range(4)] + [walker("small/q")]
    chosen = validation_people(built, 2, seed=3)
    assert len(set(chosen)) == 2
    assert all(person.startswith("big/") for person in chosen)


def test_estimates_come_from_others_and_in_the_order_of_the_sequences() -> None:
    sequences = [walker(f"made/p{k % 3}", f"trial{k}", strides=2 + k) for k in range(6)]
    number = {s.person: k for k, s in enumerate(sequences[:3])}

    def recording(
        train: Sequence[LimbSequence], held: Sequence[LimbSequence]
    ) -> dict[str, Estimates]:
        """Each frame says whose it is; nobody is on both sides."""
        assert not {s.person for s in train} & {s.person for s in held}
        assert {s.person for s in train} | {s.person for s in held} == set(number)
        y = [np.full(s.y.shape, number[s.person], dtype=np.float32) for s in held]
        return {"whose": Estimates(y, [2.0 * each for each in y], free_gain=True)}

    lines: list[str] = []
    found = cross_validate(sequences, 3, 0, [recording], lines.append)["whose"]
    assert len(lines) == 3
    assert found.free_gain
    assert found.sigma is not None
    sol = MEASURED.index("SOL")
    for s, y, sigma in zip(sequences, found.y, found.sigma, strict=True):
        assert y.shape == s.y.shape
        assert (y[:, sol] == number[s.person]).all()
        assert (sigma[:, sol] == 2.0 * number[s.person]).all()


def test_a_channel_of_one_person_alone_is_not_estimated() -> None:
    sequences = [walker("made/p0", channels=("SOL", "BFLH")), walker("made/p1", channels=("SOL",))]

    def perfect(_: Sequence[LimbSequence], held: Sequence[LimbSequence]) -> dict[str, Estimates]:
        return {"perfect": Estimates([s.y.copy() for s in held])}

    found = cross_validate(sequences, 2, 0, [perfect])["perfect"]
    assert np.isnan(found.y[0][:, MEASURED.index("BFLH")]).all()
    np.testing.assert_array_equal(found.y[0][:, MEASURED.index("SOL")], sequences[0].y[:, 1])
