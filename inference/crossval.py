"""Grouped cross-validation: whole people out, so that every score is of a person never seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inference.architecture import Architecture
from inference.dataset import LimbSequence, as_recorded, people_by_channel
from inference.evaluation import Estimate, Score, evaluate
from inference.exceptions import FeatureError
from inference.networks import Ensemble
from inference.rollout import rollout
from inference.train_settings import TrainSettings
from inference.training import Epoch, train

__all__ = ["cross_validate", "split_people", "validation_people"]


def split_people(sequences: Sequence[LimbSequence], folds: int, seed: int) -> list[list[str]]:
    """Divide people into groups of about equal size, every data set spread over all groups.

    Raises
    ------
    FeatureError
        If there are fewer people than groups.
    """
    people = sorted({s.person for s in sequences})
    if not 2 <= folds <= len(people):
        raise FeatureError(
            f"{folds} folds of {len(people)} people; give 2 to {len(people)} folds, or 0 for none"
        )
    shuffled = np.random.default_rng(seed).permutation(people)
    ordered = sorted(shuffled, key=lambda person: str(person).split("/")[0])
    return [[str(person) for person in ordered[k::folds]] for k in range(folds)]


def validation_people(sequences: Sequence[LimbSequence], count: int, seed: int) -> list[str]:
    """Choose people to stop training by: at random from the data set with most of them.

    Raises
    ------
    FeatureError
        If nobody would be left to train on.
    """
    people = sorted({s.person for s in sequences})
    if count >= len(people):
        raise FeatureError(
            f"{count} people to stop training by, of {len(people)}; nobody is left to train on"
        )
    sizes = {p: sum(q.split("/")[0] == p.split("/")[0] for q in people) for p in people}
    largest = [p for p in people if sizes[p] == max(sizes.values())]
    pool = largest if len(largest) > count else people
    return [str(p) for p in np.random.default_rng(seed).choice(pool, count, replace=False)]


def cross_validate(
    sequences: Sequence[LimbSequence],
    folds: int,
    validation: int,
    architecture: Architecture,
    settings: TrainSettings,
    rate_hz: float,
    on_epoch: Callable[[int, Epoch], None] | None = None,
) -> list[Score]:
    """Train once per fold and score the people left out, in channels that others were measured in.

    Parameters
    ----------
    sequences : sequence of LimbSequence
        Of all people.
    folds : int
        How many groups of people are left out in turn.
    validation : int
        People of the others by whom each training stops; they are not scored in that fold.
    architecture, settings, rate_hz
        As for the network itself.
    on_epoch : callable, optional
        Called with the fold and the epoch.
    """
    scores: list[Score] = []
    for fold, left_out in enumerate(split_people(sequences, folds, settings.seed)):
        others = [s for s in sequences if s.person not in left_out]
        stop_by = validation_people(others, validation, settings.seed)

        def report(epoch: Epoch, fold: int = fold) -> None:
            if on_epoch is not None:
                on_epoch(fold, epoch)

        net, _ = train(
            [s for s in others if s.person not in stop_by],
            [s for s in others if s.person in stop_by],
            architecture,
            settings,
            report,
        )
        held = as_recorded(s for s in sequences if s.person in left_out)
        known = {name for name, count in people_by_channel(others).items() if count}
        scores += evaluate(held, _streamed(net), rate_hz, known)
    return scores


def _streamed(net: Ensemble) -> Estimate:
    return lambda sequence: rollout(net, [sequence.x])[0].y
