"""People whose EMG does not belong to their motion, by the network's own estimates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.dataset import LimbSequence
from inference.evaluation.estimates import Estimates
from inference.metrics import MAX_LAG_S
from inference.recognition import RECOGNISED_R, Part, best_lag, in_words

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
        if np.isnan(r) or r < RECOGNISED_R:
            found.append(
                f"the EMG of {person} does not work as these muscles do ({in_words(r)}); check "
                "the names of its channels, left and right, and the times in emg.csv"
            )
        elif abs(lag_s) > MAX_LAG_S:
            found.append(
                f"the EMG of {person} stands {1e3 * lag_s:+.0f} ms against the network's "
                f"estimate, and {1e3 * MAX_LAG_S:.0f} ms are the most; check the names of its "
                "channels, left and right, and correct the times in emg.csv"
            )
    return found
