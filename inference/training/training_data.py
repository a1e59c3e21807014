"""What networks learn from: exchanged channels put right, the lag of each data set removed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from inference.data.dataset import LimbSequence, as_recorded, build_sequences
from inference.data.exchange import check_people, find_exchanged, put_right
from inference.data.lag import estimate_lags
from inference.exceptions import FeatureError
from inference.record import FeatureRecord
from inference.training.fit_settings import FitSettings

__all__ = ["prepared", "training_sequences", "unseen_sequences"]


def training_sequences(
    records: Sequence[FeatureRecord],
    settings: FitSettings,
    report: Callable[[str], None] = lambda _: None,
) -> tuple[list[LimbSequence], dict[str, float]]:
    """Build the sequences of the people to train on.

    Parameters
    ----------
    records : sequence of FeatureRecord
        Of all of them, variants included; lags are estimated on the trials as recorded.
    settings : FitSettings
    report : callable, optional
        Gets a line of warning for a person who never walks and for a data set whose EMG is out of
        time.

    Returns
    -------
    sequences : list of LimbSequence
    lags : dict of str to float
        By data set, what was removed [s].

    Raises
    ------
    InferenceError
        If records do not serve.
    """
    records = put_right(records, settings.exchanged)
    plain = [record for record in records if not record.variant]
    _tell_who_never_walks(plain, report)
    lags = estimate_lags(build_sequences(plain, settings.rate_hz), settings.rate_hz, report)
    return build_sequences(records, settings.rate_hz, lags, settings.lead_s), lags


def _tell_who_never_walks(records: Sequence[FeatureRecord], report: Callable[[str], None]) -> None:
    """Their unit is another one; and who walks may only be called otherwise."""
    motions: dict[str, set[str]] = {}
    for record in records:
        motions.setdefault(record.person, set()).add(record.motion)
    for person, own in motions.items():
        if "walk" not in own:
            report(
                f"warning: {person}: no trial's motion is walk ({', '.join(sorted(own))}), so that "
                'the unit of the EMG is the maximum of all of them; write motion = "walk" in '
                "trial.toml of those that are"
            )


def unseen_sequences(records: Sequence[FeatureRecord], settings: FitSettings) -> list[LimbSequence]:
    """Build the sequences of people to be scored alone; no lag is removed. None of none.

    Raises
    ------
    InferenceError
        If records do not serve.
    """
    right = put_right(records, settings.exchanged)
    return build_sequences(right, settings.rate_hz, lead_s=settings.lead_s) if right else []


def prepared(
    records: Sequence[FeatureRecord],
    unseen: Sequence[FeatureRecord],
    settings: FitSettings,
    report: Callable[[str], None],
) -> tuple[list[LimbSequence], dict[str, float], list[LimbSequence]]:
    """Build all sequences; what may be wrong with them is told before the hours of training.

    Parameters
    ----------
    records, unseen : sequence of FeatureRecord
        To train on, and of other people.
    settings : FitSettings
    report : callable
        Gets lines of what there is, and of warning.

    Returns
    -------
    sequences, lags
        See `training_sequences`.
    unseen_sequences : list of LimbSequence

    Raises
    ------
    InferenceError
        If records do not serve, or somebody is on both sides.
    """
    if both := {r.person for r in records} & {r.person for r in unseen}:
        raise FeatureError(f"{', '.join(sorted(both))} both trained on and held out; choose one")
    check_people(settings.exchanged, [*records, *unseen])
    sequences, lags = training_sequences(records, settings, report)
    _check_taught(records, lags)
    held = unseen_sequences(unseen, settings)
    report(_describe(sequences, lags))
    for pair in find_exchanged(sequences):
        report(f"warning: {pair}")
    return sequences, lags, held


def _check_taught(records: Sequence[FeatureRecord], taught: Collection[str]) -> None:
    """Refuse a data set that teaches nothing.

    Raises
    ------
    FeatureError
        If it is not among those `taught`.
    """
    for record in records:
        if record.dataset not in taught:
            raise FeatureError(
                f"{record.dataset}: no trial has EMG in a sound frame, {record.name} neither; "
                "repair its trials or leave them out"
            )


def _describe(sequences: Sequence[LimbSequence], lags: dict[str, float]) -> str:
    parts = []
    for name in sorted(lags):
        own = as_recorded(s for s in sequences if s.dataset == name)
        people = len({s.person for s in own})
        seconds = sum(float(s.t[-1] - s.t[0]) for s in own)
        parts.append(
            f"{name}: {people} people, {seconds:.0f} s, EMG lag {1e3 * lags[name]:+.0f} ms"
        )
    return "; ".join(parts)
