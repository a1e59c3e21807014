"""Whether the network's own estimates know the EMG again, and how late it stands against them.

Of motion that the network was not taught its estimates are no measure. Of three people with spastic
diplegia it knew the EMG of one again; that of the others a correction explained with a mean r of
0.87 and 0.58 in blocks that were not fitted. So there nothing is refused, but a warning given.

In four trials of 40 to 61 s the lags of the four quarters differed by 0.01 s; with an EMG clock
0.2 % off, by 0.06 to 0.09 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from inference.calibration.limbs import Limb
from inference.data.dataset import measured_matrix
from inference.exceptions import CalibrationError
from inference.metrics import MAX_LAG_S
from inference.recognition import RECOGNISED_R, Part, best_lag, likeness, out_of_time

__all__ = ["recognise"]

QUARTER_S: Final = 5.0
"""A quarter of a recording tells its lag from this length on."""
DRIFT_S: Final = 0.04
"""Lags of the quarters that differ by more are told."""


def recognise(
    limbs: Sequence[Limb],
    sources: Sequence[str],
    step_s: float,
    warnings: list[str],
    *,
    taught: bool = True,
) -> float:
    """Return how late the measurement stands against the network's own estimates [s].

    Where these do not know it again, because such motion was not taught, that is 0.

    Parameters
    ----------
    limbs : sequence of Limb
    sources : sequence of str
        Names of the takes.
    step_s : float
        Of the network [s].
    warnings : list of str
        Gets a line for every take in which the lag changes, and one where nothing can tell.
    taught : bool
        Whether the motion is such as the network was taught.

    Raises
    ------
    CalibrationError
        If it resembles them at no lag within reach, or is too late or too early, in motion that
        the network was taught.
    """
    lag_s, r = _best_lag(limbs, step_s)
    if not taught and (not r >= RECOGNISED_R or out_of_time(lag_s)):
        warnings.append(
            f"the network was not taught such motion, and does not know the EMG again "
            f"({likeness(r)}): nothing tells whether channels have each other's names or the EMG "
            "is late; check the names, left and right, and the clock of the EMG"
        )
        return 0.0
    for number, source in enumerate(sources):
        if drift := _drift([_part(limb, limb.take == number) for limb in limbs], step_s):
            text = (
                f"{source}: the EMG is {1e3 * drift[0]:+.0f} ms off the network's estimate at the "
                f"start and {1e3 * drift[1]:+.0f} ms at the end: its clock drifts from the "
                "motion's; check the rate or the time stamps of both"
            )
            if max(map(abs, drift)) > MAX_LAG_S:
                raise CalibrationError(text)
            warnings.append(text)
    if not r >= RECOGNISED_R:
        raise CalibrationError(
            f"the EMG repeats with the motion, but not as these muscles do ({likeness(r)}); "
            "check the names of the channels and the clock of the EMG"
        )
    if said := out_of_time(lag_s):
        raise CalibrationError(
            f"the EMG {said}, and correct the clock of the EMG (`emg: lag_ms`, or the times in "
            "emg.csv)"
        )
    return lag_s


def _part(limb: Limb, chosen: np.ndarray) -> Limb:
    return limb._replace(**{name: getattr(limb, name)[chosen] for name in limb._fields[1:]})


def _drift(limbs: Sequence[Limb], step_s: float) -> tuple[float, float] | None:
    """Lags [s] of one take's first and last quarter, if they move steadily by too much."""
    if max(limb.measured.any(1).sum() for limb in limbs) * step_s < 4.0 * QUARTER_S:
        return None
    quarters = np.array_split(np.arange(len(limbs[0].y)), 4)
    found = [_best_lag([_part(limb, own) for limb in limbs], step_s) for own in quarters]
    lags = np.array([lag for lag, r in found if r >= RECOGNISED_R])
    steady = np.all(np.diff(lags) >= 0.0) or np.all(np.diff(lags) <= 0.0)
    if len(lags) < 2 or not steady or abs(lags[-1] - lags[0]) <= DRIFT_S:
        return None
    return float(lags[0]), float(lags[-1])


def _best_lag(limbs: Sequence[Limb], step_s: float) -> tuple[float, float]:
    """Best lag [s] of all channels together, and their mean r there, see `best_lag`."""
    matrix = measured_matrix()
    parts = [Part(limb.y @ matrix.T, limb.target, limb.measured) for limb in limbs]
    return best_lag(parts, step_s)
