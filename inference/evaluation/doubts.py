"""People whose EMG does not belong to their motion, by the network's own estimates."""

from __future__ import annotations

from collections.abc import Sequence

from inference.data.dataset import LimbSequence
from inference.evaluation.estimates import Estimates
from inference.recognition import RECOGNISED_R, Part, best_lag, likeness, out_of_time

__all__ = ["emg_doubts"]


def emg_doubts(
    sequences: Sequence[LimbSequence], estimates: Estimates, rate_hz: float
) -> list[str]:
    """Return a line for everybody whose EMG is not known again, or is out of time.

    Parameters
    ----------
    sequences : sequence of LimbSequence
    estimates : Estimates
        Of the network, which must not have been calibrated on them.
    rate_hz : float
        Of the sequences.
    """
    people: dict[str, list[Part]] = {}
    for s, y in zip(sequences, estimates.y, strict=True):
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
