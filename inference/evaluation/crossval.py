"""Grouped cross-validation: whole people out, so that every estimate is of a person never seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from inference.data.dataset import LimbSequence, as_recorded, data_sets
from inference.evaluation.estimates import Estimates, Family, predict
from inference.exceptions import FeatureError
from inference.parallel import each

__all__ = ["cross_validate", "split_people", "validation_people"]


def split_people(sequences: Sequence[LimbSequence], folds: int, seed: int) -> list[list[str]]:
    """Divide people into groups of about equal size, every data set spread over all groups.

    Raises
    ------
    FeatureError
        If there are fewer people than groups.
    """
    data_set = data_sets(sequences)
    people = sorted(data_set)
    if not 2 <= folds <= len(people):
        raise FeatureError(f"{folds} folds of {len(people)} people; give 2 to {len(people)} folds")
    shuffled = np.random.default_rng(seed).permutation(people)
    ordered = sorted(shuffled, key=lambda person: data_set[str(person)])
    return [[str(person) for person in ordered[k::folds]] for k in range(folds)]


def validation_people(sequences: Sequence[LimbSequence], count: int, seed: int) -> list[str]:
    """Choose people to stop training by: at random from the data set with most of them.

    Raises
    ------
    FeatureError
        If nobody would be left to train on.
    """
    data_set = data_sets(sequences)
    people = sorted(data_set)
    if count >= len(people):
        raise FeatureError(
            f"{count} people to stop training by, of {len(people)}; nobody is left to train on"
        )
    sizes = {p: list(data_set.values()).count(data_set[p]) for p in people}
    largest = [p for p in people if sizes[p] == max(sizes.values())]
    pool = largest if len(largest) > count else people
    return [str(p) for p in np.random.default_rng(seed).choice(pool, count, replace=False)]


def cross_validate(
    sequences: Sequence[LimbSequence],
    folds: int,
    seed: int,
    families: Sequence[Family],
    report: Callable[[str], None] = lambda _: None,
    workers: int = 1,
) -> dict[str, Estimates]:
    """Leave groups of people out in turn; every method learns from the others and estimates them.

    Parameters
    ----------
    sequences : sequence of LimbSequence
        Of all people; variants are learned from, not estimated.
    folds : int
        How many groups; as many as people leaves one out at a time.
    seed : int
        Of the grouping.
    families : sequence of Family
        What is trained and compared.
    report : callable
        Gets a line of text per fold.
    workers : int
        Processes that groups are shared out to, see `inference.parallel.each`.

    Returns
    -------
    dict of str to Estimates
        By method, of all sequences as recorded, in their order; NaN in channels that the others
        cannot teach.

    Raises
    ------
    FeatureError
        If there are fewer people than groups.
    """
    groups, recorded = split_people(sequences, folds, seed), as_recorded(sequences)
    places = [[i for i, s in enumerate(recorded) if s.person in left_out] for left_out in groups]

    def calls() -> Iterator[Callable[[], dict[str, Estimates]]]:
        for fold, left_out in enumerate(groups):
            report(f"fold {fold + 1}/{folds}: {', '.join(left_out)}")
            train = [s for s in sequences if s.person not in left_out]
            yield partial(predict, families, train, [recorded[i] for i in places[fold]])

    found: dict[str, list[tuple[list[int], Estimates]]] = {}
    for fold, methods in enumerate(each(calls(), workers)):
        if workers > 1:
            report(f"  {fold + 1}/{folds} estimated")
        for name, estimates in methods.items():
            found.setdefault(name, []).append((places[fold], estimates))
    return {name: _in_order(parts) for name, parts in found.items()}


def _in_order(parts: Sequence[tuple[list[int], Estimates]]) -> Estimates:
    """Put the estimates of all folds into the order of the sequences."""
    order = np.argsort([i for places, _ in parts for i in places])
    y = [each for _, e in parts for each in e.y]
    sigma = [each for _, e in parts for each in e.sigma or ()]
    return Estimates(
        [y[i] for i in order],
        [sigma[i] for i in order] if sigma else None,
        parts[0][1].free_gain,
    )
