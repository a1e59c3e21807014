from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

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


def test_the_seed_says_who_is_left_out_together() -> None:
    built = people(9)
    splits = [split_people(built, 3, seed) for seed in range(5)]
    assert split_people(built[::-1], 3, seed=4) == splits[4]
    together = [{frozenset(fold) for fold in split} for split in splits]
    assert all(one != other for one, other in combinations(together, 2))


def test_impossible_splits_are_refused() -> None:
    for folds in (1, 5):  # one fold has nobody to learn from
        with pytest.raises(FeatureError, match=f"{folds} folds of 3 people; give 2 to 3 folds"):
            split_people(people(), folds, seed=0)
    with pytest.raises(FeatureError, match="nobody is left"):
        validation_people(people(), 3, seed=0)


@pytest.mark.parametrize("seed", range(10))
def test_training_stops_by_people_of_the_largest_data_set(seed: int) -> None:
    """That has most people, not most trials."""
    built = [walker(f"big/p{k}") for k in range(4)] + [walker("small/q", f"w{k}") for k in range(9)]
    chosen = validation_people(built, 2, seed)
    assert len(set(chosen)) == 2
    assert all(person.startswith("big/") for person in chosen)


def test_training_does_not_stop_by_a_whole_data_set() -> None:
    """Of one with no more people than are asked for nobody would be learned from."""
    built = [walker(f"{data_set}/p{k}") for data_set in "abc" for k in range(2)]
    built.append(walker("a/p2"))
    for count in (3, 4):
        chosen = [validation_people(built, count, seed) for seed in range(20)]
        assert all(len(set(each)) == count for each in chosen)
        assert {person for each in chosen for person in each} == {s.person for s in built}


def test_the_seed_says_by_whom_training_stops() -> None:
    built = people(6)
    assert validation_people(built[::-1], 2, seed=1) == validation_people(built, 2, seed=1)
    assert {p for seed in range(20) for p in validation_people(built, 2, seed)} == {
        s.person for s in built
    }


def test_variants_are_learned_from_and_not_estimated() -> None:
    recorded = [walker(f"made/p{k}") for k in range(3)]
    variants = [walker(f"made/p{k}", variant="predicted") for k in range(3)]
    learned_from: list[int] = []

    def counting(
        train: Sequence[LimbSequence], held: Sequence[LimbSequence]
    ) -> dict[str, Estimates]:
        learned_from.append(len(train))
        return {"own": Estimates([s.y.copy() for s in held])}

    found = cross_validate([*recorded, *variants], 3, 0, [counting])["own"]
    assert learned_from == [4] * 3  # two people, twice each
    assert len(found.y) == len(recorded)


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
