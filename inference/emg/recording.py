"""A recording of EMG as it comes: which channels can be used, and when there is any.

One bad channel costs itself, not the recording; a training trial is held to more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import signal

from inference.arrays import F64, Bool
from inference.channels import MEASURED, with_sides
from inference.emg.envelope import (
    BAND_HZ,
    CLIPPED_SHARE,
    Envelopes,
    channel_fault,
    prepare_emg,
    sampling_rate_hz,
)
from inference.emg.reference_maximum import PERCENTILE
from inference.exceptions import CalibrationError, nearest_names

__all__ = [
    "SILENT_S",
    "EmgRecording",
    "at_rest",
    "channel_doubt",
    "covered",
    "longest_step",
    "name_fault",
    "signal_fault",
    "silence_fault",
    "stretches",
    "usable_envelopes",
]

Stretches = npt.NDArray[np.intp]

LOST_SHARE: Final = 0.05
"""Share of missing samples above which a channel is not used."""
GAP_S: Final = 0.05
"""Neighbouring samples further apart than this have others missing between them, unless the
recording is as slow as that."""
GAP_STEPS: Final = 2.5
"""So many steps of a slow recording are a gap."""
REACH_S: Final = 0.15
"""How far a gap is felt in the envelope; half a period of its 6 Hz is 0.08 s."""
NEGATIVE_SHARE: Final = 0.2
"""Raw EMG is negative half of the time, an envelope hardly ever."""
RAW_CROSSINGS_HZ: Final = 30.0
"""Raw EMG crosses its median more often than this; 91 to 337 times a second in 298 real channels,
envelopes in 55 real ones 2 to 7 times."""
LOPSIDED: Final = 0.45
"""Reach of the lowest percent of samples below the median, over that of the highest above it: 0.72
or more in the real raw channels, 0.27 or less in the same ones rectified."""
STUCK_S: Final = 0.5
"""No electrode gives the very same value for so long, unless an envelope rests."""
QUIET_SHARE: Final = 0.03
"""Within this share of its range above the lowest value a muscle rests, or nothing is measured."""
SILENT_S: Final = 2.0
"""No muscle rests for so long in gait. Of 353 real channels, none stayed within 0.16 of its range
for 2 s, not even where a stride took more than that."""
HUM_SHARE: Final = 0.25
"""Share of raw EMG's power at the mains' frequency above which it is told; EMG alone has some 0.05,
a real channel with clear hum 0.28."""
MAINS_HZ: Final = (50.0, 60.0)
MAINS_WIDTH_HZ: Final = 1.0
RESTLESS: Final = 0.5
"""Share of its maximum below which an envelope falls for a tenth of the time at least; the most
restless of 353 real channels falls below 0.45."""
_NO_ENVELOPE: Final = "raw EMG, not an envelope"
_NOT_RAW: Final = "an envelope, not raw EMG"


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

    def between(self, start: float, end: float) -> EmgRecording:
        """Return the samples from `start` to `end` [s, the motion's clock]."""
        inside = (self.time >= start) & (self.time <= end)
        return replace(self, time=self.time[inside], data=self.data[inside])


def usable_envelopes(emg: EmgRecording, warnings: list[str]) -> tuple[Envelopes, F64]:
    """Return the envelopes of the channels that can be used.

    Parameters
    ----------
    emg : EmgRecording
    warnings : list of str
        Gets a line for every other channel, and for every doubtful one.

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
    faults = {name: name_fault(name) for name in emg.names}
    for name, column in zip(emg.names, emg.data.T, strict=True):
        faults[name] = faults[name] or signal_fault(emg.time, column, emg.kind)
    good = [i for i, name in enumerate(emg.names) if not faults[name]]
    lines = [f"{name} {fault}" for name, fault in faults.items() if fault]
    if not good:
        if any(fault.endswith((_NO_ENVELOPE, _NOT_RAW)) for fault in faults.values()):
            other = "raw" if emg.kind == "envelope" else "envelope"
            lines.append(
                f"if so, the kind is {other}: write it as `kind` under `emg` in the configuration, "
                "or under [emg] in trial.toml"
            )
        raise CalibrationError(f"{emg.source}: no EMG channel can be used: {'; '.join(lines)}")
    warnings += [f"{emg.source}: left out: {line}" for line in lines]
    names = tuple(emg.names[i] for i in good)
    data = emg.data[:, good]
    whole = np.isfinite(data).all(1)
    time = emg.time[whole]
    found = Envelopes(names, *prepare_emg(time, data[whole], names, emg.kind))
    for name, column, envelope in zip(names, data[whole].T, found.values.T, strict=True):
        if doubt := channel_doubt(time, column, envelope, emg.kind):
            warnings.append(f"{emg.source}: {name} {doubt}")
    return found, time


def name_fault(name: str) -> str:
    """Return what is wrong with a channel's name, and the nearest ones; empty if it is known."""
    known = with_sides(MEASURED)
    if name in known:
        return ""
    near = nearest_names(name, known)
    hint = f"did you mean {' or '.join(near)}" if near else f"known are {', '.join(MEASURED)}"
    return f"is not a known channel ({hint}; with _r or _l for the side)"


def signal_fault(time: F64, column: F64, kind: str) -> str:
    """Return what makes one channel of a recording unusable; empty if nothing does.

    Parameters
    ----------
    time : ndarray of shape (n,), float64 [s]
        Rising.
    column : ndarray of shape (n,), float64
        Any unit; NaN where a sample is missing.
    kind : {"raw", "envelope"}
    """
    known = np.isfinite(column)
    lost = 1.0 - np.mean(known) if len(column) else 1.0
    if lost > LOST_SHARE:
        return f"lacks {100 * lost:.0f} % of its samples"
    time, column = time[known], column[known]
    if fault := channel_fault(column, "envelope") or _kind_fault(time, column, kind):
        return fault
    if kind == "envelope" and np.percentile(column, PERCENTILE) <= 0.0:
        return "is at rest all the time"
    if fault := channel_fault(column, kind):
        return fault
    # one sample is always at the top, which is much of a slow and short envelope
    at_top = (np.count_nonzero(column == column.max()) - 1) / len(column)
    if at_top > CLIPPED_SHARE:
        return f"is clipped: {100 * at_top:.0f} % of its samples are at {column.max():g}"
    return _stuck_fault(time, column, kind)


def _kind_fault(time: F64, column: F64, kind: str) -> str:
    """Tell raw EMG from an envelope; an offset, which filters remove, says nothing of either."""
    if kind == "envelope":
        negative = np.mean(column < 0.0)
        if negative > NEGATIVE_SHARE:
            return f"is negative {100 * negative:.0f} % of the time: {_NO_ENVELOPE}"
        return ""
    low, middle, high = np.percentile(column, (1.0, 50.0, 99.0))
    crossings = np.count_nonzero(np.diff(column > middle))
    if crossings < RAW_CROSSINGS_HZ * (time[-1] - time[0]):
        return f"hardly crosses its median: {_NOT_RAW}"
    if middle - low < LOPSIDED * (high - middle):
        return f"lies on one side of its median: rectified or {_NOT_RAW}"
    return ""


def _stuck_fault(time: F64, column: F64, kind: str) -> str:
    same = stretches(np.diff(column) == 0.0)
    if kind == "envelope":  # at rest it may be cut off
        same = same[~at_rest(column)[same[:, 0]]]
    seconds = time[same[:, 1]] - time[same[:, 0]]
    if not np.any(seconds >= STUCK_S):
        return ""
    start, _ = same[np.argmax(seconds)]
    return f"is stuck at {column[start]:g} for {seconds.max():.1f} s from {time[start]:.1f} s on"


def silence_fault(time: F64, envelope: F64) -> str:
    """Return for how long a channel is silent in motion that uses its muscle; empty if it is not.

    Parameters
    ----------
    time : ndarray of shape (n,), float64 [s]
        Rising.
    envelope : ndarray of shape (n,), float64
        Any unit.
    """
    quiet = stretches(at_rest(envelope))
    seconds = time[quiet[:, 1] - 1] - time[quiet[:, 0]]
    if not np.any(seconds >= SILENT_S):
        return ""
    start, _ = quiet[np.argmax(seconds)]
    return f"is silent for {seconds.max():.1f} s from {time[start]:.1f} s on"


def channel_doubt(time: F64, column: F64, envelope: F64, kind: str) -> str:
    """Return what makes a channel that can be used doubtful; empty if nothing does.

    Parameters
    ----------
    time : ndarray of shape (n,), float64 [s]
        Rising.
    column : ndarray of shape (n,), float64
        As recorded, no sample missing.
    envelope : ndarray of shape (k,), float64
        Of it, in motion.
    kind : {"raw", "envelope"}
        Of `column`.
    """
    doubt = (_hum_doubt(time, column) if kind == "raw" else "") or _rest_doubt(envelope)
    return f"{doubt}; check its electrode and the ground" if doubt else ""


def _hum_doubt(time: F64, column: F64) -> str:
    share, hz = max((_share_at(hz, time, column), hz) for hz in MAINS_HZ)
    if share <= HUM_SHARE:
        return ""
    return (
        f"is {100 * share:.0f} % mains hum ({hz:g} Hz and its multiples), which counts as activity"
    )


def _rest_doubt(envelope: F64) -> str:
    rest, peak = np.percentile(envelope, (10.0, PERCENTILE))
    if rest <= RESTLESS * peak:
        return ""
    return (
        f"never rests: it is above {100 * rest / peak:.0f} % of its maximum for nine tenths of the "
        "time, as hum or noise is"
    )


def _share_at(mains_hz: float, time: F64, column: F64) -> float:
    """Share of the power in raw EMG's band that lies at a frequency and its multiples."""
    rate = sampling_rate_hz(time)
    f, power = signal.welch(column - column.mean(), rate, nperseg=min(len(column), round(2 * rate)))
    band = (f >= BAND_HZ[0]) & (f <= BAND_HZ[1])
    multiple = np.maximum(np.round(f / mains_hz), 1.0)
    at_mains = band & (np.abs(f - multiple * mains_hz) <= MAINS_WIDTH_HZ)
    total = float(power[band].sum())
    return float(power[at_mains].sum()) / total if total > 0.0 else 0.0


def at_rest(envelope: npt.NDArray[np.floating]) -> Bool:
    """Tell where an envelope (n,) shows nothing: a muscle at rest, or an electrode that is off."""
    low = envelope.min()
    at_most: Bool = envelope <= low + QUIET_SHARE * (np.percentile(envelope, PERCENTILE) - low)
    return at_most


def stretches(true: Bool) -> Stretches:
    """Return where truth begins and ends: (k, 2), first index of each stretch and past its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], true.astype(np.int8), [0]])))
    return edges.reshape(-1, 2)


def longest_step(time: F64) -> float:
    """Return the time [s] between neighbouring samples up to which none is missing between them."""
    steps = np.diff(time)
    return max(GAP_S, GAP_STEPS * float(np.median(steps))) if len(steps) else GAP_S


def covered(time: F64, at: F64) -> Bool:
    """Tell which of the instants `at` (n,) are far from every gap between samples at `time` [s]."""
    far = np.ones(len(at), dtype=np.bool_)
    for i in np.flatnonzero(np.diff(time) > longest_step(time)):
        far &= (at < time[i] - REACH_S) | (at > time[i + 1] + REACH_S)
    return far
