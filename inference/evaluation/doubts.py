"""People whose EMG does not belong to their motion, or whose motion the network was not taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inference.arrays import F32
from inference.data.dataset import LimbSequence
from inference.evaluation.estimates import Estimates
from inference.evaluation.stream import estimate_stream
from inference.live.estimator import Estimator
from inference.opinion import UNUSUAL
from inference.recognition import RECOGNISED_R, Part, best_lag, likeness, out_of_time

__all__ = ["emg_doubts", "unlikeness_of"]


def emg_doubts(
    sequences: Sequence[LimbSequence],
    estimates: Estimates,
    rate_hz: float,
    unlikeness: Mapping[str, float],
) -> list[str]:
    """Return a line for everybody whose EMG is not known again, or is out of time.

    In motion that the network was not taught it knows nobody's EMG; that is passed over.

    Parameters
    ----------
    sequences : sequence of LimbSequence
    estimates : Estimates
        Of the network, which must not have been calibrated on them.
    rate_hz : float
        Of the sequences.
    unlikeness : mapping of str to float
        Of them, see `unlikeness_of`.
    """
    people: dict[str, list[Part]] = {}
    for s, y in zip(sequences, estimates.y, strict=True):
        if unlikeness[_motion(s)] > 1.0:
            continue
        people.setdefault(s.person, []).append(Part(y, s.y, s.measured))
    found = []
    for person, parts in people.items():
        lag_s, r = best_lag(parts, 1.0 / rate_hz)
        if not r >= RECOGNISED_R:
            found.append(
                f"the EMG of {person} does not work as these muscles do ({likeness(r)}); check "
                "the names of its channels, left and right, and the times in emg.csv"
            )
        elif said := out_of_time(lag_s):
            found.append(f"the EMG of {person} {said}, and correct the times in emg.csv")
    return found


def unlikeness_of(sequences: Sequence[LimbSequence], estimator: Estimator) -> dict[str, float]:
    """Return how unlike what the network was taught each person moves, motion by motion.

    Parameters
    ----------
    sequences : sequence of LimbSequence
    estimator : Estimator
        The network, not calibrated.

    Returns
    -------
    dict of str to float
        By ``dataset/subject, motion``, the median over frames of `inference.Refiner.unlikeness`.
    """
    distances: dict[str, list[F32]] = {}
    for s in sequences:
        distance = estimate_stream(estimator, s).distance
        distances.setdefault(_motion(s), []).append(distance)
    return {who: float(np.median(np.concatenate(of))) / UNUSUAL for who, of in distances.items()}


def _motion(sequence: LimbSequence) -> str:
    return f"{sequence.person}, {sequence.motion}"
