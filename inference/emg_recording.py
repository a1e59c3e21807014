"""A recording of EMG as it comes: which channels can be used, and when there is any.

One bad channel costs itself, not the recording; a training trial is held to more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from inference.channels import MEASURED, SIDES
from inference.dataset import Envelopes
from inference.emg import CLIPPED_SHARE, channel_fault, prepare_emg
from inference.exceptions import CalibrationError, nearest_names

__all__ = ["EmgRecording", "covered", "usable_envelopes"]

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

LOST_SHARE: Final = 0.05
"""Share of missing samples above which a channel is not used."""
GAP_S: Final = 0.05
"""Neighbouring samples further apart than this have others missing between them."""
REACH_S: Final = 0.15
"""How far a gap is felt in the envelope; half a period of its 6 Hz is 0.08 s."""
NEGATIVE_SHARE: Final = 0.2
"""Raw EMG is negative half of the time, an envelope hardly ever."""


@dataclass(frozen=True, eq=False)
class EmgRecording:
    """Measured EMG as it comes.

    Attributes
    ----------
    source : str
        Trial or stream, for messages.
    names : tuple of str
        Channels with their side: ``SOL_r``.
    time : ndarray of shape (n,), float64 [s, the motion's clock]
    data : ndarray of shape (n, n_channel), float64
        Any unit.
    kind : {"raw", "envelope"}
    """

    source: str
    names: tuple[str, ...]
    time: F64
    data: F64
    kind: Literal["raw", "envelope"]


def usable_envelopes(emg: EmgRecording, warnings: list[str]) -> tuple[Envelopes, F64]:
    """Return the envelopes of the channels that can be used.

    Parameters
    ----------
    emg : EmgRecording
    warnings : list of str
        Gets a line for every other channel.

    Returns
    -------
    envelopes : Envelopes
        In the recording's unit; bridged where samples are missing.
    time : ndarray of shape (m,), float64 [s, the motion's clock]
        Of the samples that they are made of: those that no used channel lacks.

    Raises
    ------
    CalibrationError
        If there is none.
    EmgError
        If the recording as a whole cannot be filtered.
    """
    faults = {name: _name_fault(name) for name in emg.names}
    for name, column in zip(emg.names, emg.data.T, strict=True):
        faults[name] = faults[name] or _signal_fault(column, emg.kind)
    good = [i for i, name in enumerate(emg.names) if not faults[name]]
    lines = [f"{name} {fault}" for name, fault in faults.items() if fault]
    if not good:
        raise CalibrationError(f"{emg.source}: no EMG channel can be used: {'; '.join(lines)}")
    warnings += [f"{emg.source}: left out: {line}" for line in lines]
    names = tuple(emg.names[i] for i in good)
    data = emg.data[:, good]
    whole = np.isfinite(data).all(1)
    time = emg.time[whole]
    return Envelopes(names, *prepare_emg(time, data[whole], names, emg.kind)), time


def _name_fault(name: str) -> str:
    known = [f"{channel}_{side}" for side in SIDES for channel in MEASURED]
    if name in known:
        return ""
    near = nearest_names(name, known)
    hint = f"did you mean {' or '.join(near)}" if near else f"known are {', '.join(MEASURED)}"
    return f"is no known channel ({hint}; with _r or _l for the side)"


def _signal_fault(column: F64, kind: str) -> str:
    lost = np.mean(~np.isfinite(column)) if len(column) else 1.0
    if lost > LOST_SHARE:
        return f"lacks {100 * lost:.0f} % of its samples"
    column = column[np.isfinite(column)]
    if fault := channel_fault(column, "envelope"):
        return fault
    negative = np.mean(column < 0.0)
    if kind == "envelope" and negative > NEGATIVE_SHARE:
        return f"is negative {100 * negative:.0f} % of the time: raw EMG, not an envelope"
    if kind == "raw" and negative == 0.0:
        return "is never negative: an envelope, not raw EMG"
    if kind == "envelope" and np.percentile(column, 99.0) <= 0.0:
        return "is at rest all the time"
    if fault := channel_fault(column, kind):
        return fault
    at_top = np.mean(column == column.max())
    if at_top > CLIPPED_SHARE:
        return f"is clipped: {100 * at_top:.0f} % of its samples are at {column.max():g}"
    return ""


def covered(time: F64, at: F64) -> Bool:
    """Tell which of the instants `at` (n,) are far from every gap between samples at `time` [s]."""
    far = np.ones(len(at), dtype=np.bool_)
    for i in np.flatnonzero(np.diff(time) > GAP_S):
        far &= (at < time[i] - REACH_S) | (at > time[i + 1] + REACH_S)
    return far
