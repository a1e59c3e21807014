"""Measured EMG as a target: envelopes on an even time base.

Raw EMG is band-passed 20-450 Hz, rectified and low-passed at 6 Hz, all zero-phase: the target has
no delay of its own. Envelopes of a data set are taken as they are, filtered by their authors.

A causal target is what a device shows as it measures: the same filters in one forward pass, some
37 ms late. Envelopes then get the low-pass too, so that all data sets are late by the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from scipy import signal

from inference.arrays import F64
from inference.exceptions import EmgError

__all__ = [
    "BAND_HZ",
    "CLIPPED_SHARE",
    "ENVELOPE_RATE_HZ",
    "EmgTarget",
    "Envelopes",
    "channel_fault",
    "envelope",
    "prepare_emg",
    "resampled",
    "sampling_rate_hz",
    "spike_fault",
]

EmgTarget = Literal["zero-phase", "causal"]

ENVELOPE_RATE_HZ: Final = 200.0
"""Rate at which envelopes are kept; 6 Hz needs far less."""
BAND_HZ: Final = (20.0, 450.0)
LOW_PASS_HZ: Final = 6.0
CLIPPED_SHARE: Final = 0.02
"""Share of raw samples at the very maximum or minimum above which a channel counts as clipped."""
SPIKE: Final = 20.0
"""So many times as far from the median as 99 % of the samples no muscle's activity comes; 5.6 times
is the most in 353 real channels."""


class Envelopes(NamedTuple):
    """Measured envelopes of a recording, (k, n_channel), fractions of the reference maximum."""

    names: tuple[str, ...]
    t: F64
    values: F64


def sampling_rate_hz(time: F64) -> float:
    """Rate of samples at times (n,) [s], which may be rounded, and of which some may be missing."""
    steps = np.diff(time)
    median = float(np.median(steps))
    return 1.0 / float(steps[np.abs(steps - median) <= 0.5 * median].mean())


def envelope(raw: F64, rate_hz: float, target: EmgTarget = "zero-phase") -> F64:
    """Return the linear envelope of raw EMG.

    Parameters
    ----------
    raw : ndarray of shape (n, n_channel), float64
        In any unit.
    rate_hz : float
        Sampling rate, above 60 Hz; the band ends at 0.45 of it where it is below 1 kHz.
    target : {"zero-phase", "causal"}
        Filters forwards and backwards, or forwards only.

    Returns
    -------
    ndarray of shape (n, n_channel), float64
        Same unit, >= 0.

    Raises
    ------
    EmgError
        If the rate is too low for the band or the recording too short for the filters.
    """
    low, high = BAND_HZ[0], min(BAND_HZ[1], 0.45 * rate_hz)
    if high <= low:
        raise EmgError(
            f"raw EMG at {rate_hz:g} Hz holds no signal above {low:g} Hz; "
            "mark it as an envelope (kind) or give the raw signal"
        )
    if raw.shape[0] < rate_hz / 2:
        raise EmgError(
            f"raw EMG of {raw.shape[0]} samples at {rate_hz:g} Hz is too short; give 0.5 s or more"
        )
    band = signal.butter(2, (low, high), btype="bandpass", fs=rate_hz, output="sos")
    centred = raw - raw.mean(0)
    if target == "causal":
        return _low_pass_forwards(np.abs(signal.sosfilt(band, centred, axis=0)), rate_hz)
    smooth = signal.butter(2, LOW_PASS_HZ, fs=rate_hz, output="sos")
    rectified = np.abs(signal.sosfiltfilt(band, centred, axis=0))
    result: F64 = np.maximum(signal.sosfiltfilt(smooth, rectified, axis=0), 0.0)
    return result


def _low_pass_forwards(rectified: F64, rate_hz: float) -> F64:
    """Low-pass from a first value that stood before, so that there is no rise from zero."""
    smooth = signal.butter(2, LOW_PASS_HZ, fs=rate_hz, output="sos")
    start = signal.sosfilt_zi(smooth)[:, :, None] * rectified[0]
    result: F64 = np.maximum(signal.sosfilt(smooth, rectified, axis=0, zi=start)[0], 0.0)
    return result


def prepare_emg(
    time: F64,
    data: F64,
    names: Sequence[str],
    kind: Literal["raw", "envelope"],
    target: EmgTarget = "zero-phase",
) -> tuple[F64, F64]:
    """Check a recording and turn it into envelopes on an even time base.

    Parameters
    ----------
    time : ndarray of shape (n,), float64 [s]
        The recording's clock; samples may be missing. Of raw EMG they are even otherwise, whatever
        the jitter of their times.
    data : ndarray of shape (n, n_channel), float64
    names : sequence of str
        Of the channels, for messages.
    kind : {"raw", "envelope"}
    target : {"zero-phase", "causal"}
        Low-pass of the envelopes, see above.

    Returns
    -------
    time : ndarray of shape (k,), float64 [s]
        Same clock, `ENVELOPE_RATE_HZ`.
    envelopes : ndarray of shape (k, n_channel), float64
        Unit of `data`, >= 0.

    Raises
    ------
    EmgError
        If times do not rise, or a channel has missing samples, is flat or (raw) clipped.
    """
    if len(time) < 2 or not np.all(np.diff(time) > 0):
        raise EmgError("EMG times must rise and be two or more; repair the time column")
    _check_channels(data, names, kind)
    if kind == "raw":
        time, data, rate = _in_a_row(time, data)
        data = envelope(data, rate, target)
    out = np.arange(time[0], time[-1], 1.0 / ENVELOPE_RATE_HZ)
    envelopes = np.maximum(resampled(out, time, data), 0.0)
    if kind == "envelope" and target == "causal":
        envelopes = _low_pass_forwards(envelopes, ENVELOPE_RATE_HZ)
    return out, envelopes


def _in_a_row(time: F64, data: F64) -> tuple[F64, F64, float]:
    """Return samples that were taken evenly, holes filled, with their times [s] and rate [Hz].

    They are not moved to an even series of times: between two samples a straight line is a
    low-pass, which takes up to 10 % off an envelope at 1 kHz. A sample that is late is no hole, for
    the next one is not late: each is counted from the first, and after the last.
    """
    rate = sampling_rate_hz(time)
    order = np.arange(float(len(time)))
    taken = order + np.maximum.accumulate(np.rint((time - time[0]) * rate) - order)
    every = np.arange(taken[-1] + 1.0)
    return np.interp(every, taken, time), resampled(every, taken, data), rate


def resampled(at: F64, time: F64, data: F64) -> F64:
    """Return signals (n, n_signal) of times `time` (n,) at other times (k,), straight between."""
    out = np.empty((len(at), data.shape[1]))
    for column, values in zip(out.T, data.T, strict=True):
        column[:] = np.interp(at, time, values)
    return out


def channel_fault(column: F64, kind: str) -> str:
    """Return what makes one channel's samples (n,) unusable; empty if nothing does."""
    if not np.all(np.isfinite(column)):
        return "has missing samples"
    low, high = column.min(), column.max()
    if low == high:
        return f"is flat at {low:g}"
    at_limit = (np.count_nonzero((column == high) | (column == low)) - 2) / len(column)
    if kind == "raw" and at_limit > CLIPPED_SHARE:
        return f"is clipped: {100 * at_limit:.0f} % of its samples are at {low:g} or {high:g}"
    return ""


def spike_fault(column: F64) -> str:
    """Return which of one channel's samples (n,) leaves all others behind; empty if none does."""
    known = column[np.isfinite(column)]
    middle = np.median(known)
    distance = np.abs(known - middle)
    usual = np.percentile(distance, 99.0)
    if distance.max() <= SPIKE * usual:
        return ""
    return (
        f"has a spike of {known[distance.argmax()]:g}, where 99 % of its samples are within "
        f"{usual:.3g} of {middle:.3g}"
    )


def _check_channels(data: F64, names: Sequence[str], kind: str) -> None:
    for name, column in zip(names, data.T, strict=True):
        if fault := channel_fault(column, kind):
            cut = "cut the trial or " if "missing" in fault else ""
            raise EmgError(f"EMG channel {name} {fault}; {cut}leave it out of [emg.muscles]")
