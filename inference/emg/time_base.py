"""Whether EMG and motion keep the same time: how far they overlap, and the stride's period in both.

Clocks that run at different rates spoil a recording for training without any other sign of it. Gait
shows them: forces under a foot and envelopes of its muscles repeat with every stride, whatever
their shapes and delays.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from inference.arrays import F64, Bool
from inference.channels import MEASURED, with_sides
from inference.emg.envelope import resampled
from inference.emg.recording import stretches
from inference.exceptions import EmgError
from inference.record import FeatureRecord

__all__ = ["check_channels", "check_overlap", "stride_period", "time_base_warnings"]

RATE_HZ: Final = 100.0
"""At which signals are compared with themselves."""
PERIODS_S: Final = (0.4, 2.5)
"""Periods of a stride, from sprinting to very slow walking [s]."""
FEWEST_STRIDES: Final = 3.0
"""In fewer, a repetition may be chance."""
CLEAR_PEAK: Final = 0.5
"""Autocorrelation, and its rise from the valley before, from which on a signal counts as periodic;
gait on a treadmill has 0.8 to 1."""
NEARLY_HIGHEST: Final = 0.9
"""The period is the first peak of this share of the highest, which may stand at two strides."""
TOLERANCE: Final = 0.02
"""Largest difference of the periods over `FEWEST_STRIDES` that is taken for chance; over n times as
many, it is smaller by the root of n. Of 185 windows of three strides, cut from six recordings on
treadmills, none differed by more than 0.019 (one by more than 0.013), and no recording as a whole
by more than 0.002."""
COVERED: Final = 0.9
"""Share of a trial's frames with EMG below which it overlaps its motion only partly."""


def check_overlap(name: str, emg_t: F64, t: F64) -> Bool:
    """Return at which of the times `t` (n,) there is EMG.

    Raises
    ------
    EmgError
        If there is none at any of them.
    """
    inside: Bool = (t >= emg_t[0]) & (t <= emg_t[-1])
    if not inside.any():
        raise EmgError(
            f"{name}: EMG ({emg_t[0]:.2f} to {emg_t[-1]:.2f} s) and motion "
            f"({t[0]:.2f} to {t[-1]:.2f} s) do not overlap; repair the trial's clocks"
        )
    return inside


def check_channels(name: str, emg_names: tuple[str, ...]) -> None:
    """Refuse EMG of which no channel is known.

    Raises
    ------
    EmgError
        If no name is that of a measured channel with its side.
    """
    if not set(emg_names).intersection(with_sides(MEASURED)):
        raise EmgError(
            f"{name}: no EMG channel is known: {', '.join(emg_names)}; call each one of "
            f"{', '.join(MEASURED)} with _r or _l for its side (SOL_r), in emg.csv and in "
            "[emg.muscles]"
        )


def time_base_warnings(record: FeatureRecord) -> list[str]:
    """Return what a record's clocks look like they have wrong; empty where they look right.

    Parameters
    ----------
    record : FeatureRecord
        With EMG.

    Returns
    -------
    list of str
        One line for EMG that covers the motion only partly, one for different stride periods. The
        latter are compared where both are periodic and span three strides or more; EMG may have
        half the period of the forces, for some muscles work twice in a stride.

    Raises
    ------
    EmgError
        If EMG and motion do not overlap at all.
    """
    at = record.t - record.filter_delay_s
    covered = float(np.mean(check_overlap(record.name, record.emg_t, at)))
    found = []
    if covered < COVERED:
        found.append(
            f"EMG ({record.emg_t[0]:.2f} to {record.emg_t[-1]:.2f} s) covers {100 * covered:.0f} % "
            f"of the motion ({at[0]:.2f} to {at[-1]:.2f} s); the rest is no target"
        )
    periods = _stride_periods(record)
    if periods is not None:
        forces, emg, span = periods
        ratio = emg / forces
        chance = TOLERANCE * float(np.sqrt(FEWEST_STRIDES * forces / span))
        if min(abs(ratio - 1.0), abs(2.0 * ratio - 1.0)) > chance:
            found.append(
                f"EMG repeats every {emg:.3f} s, ground forces every {forces:.3f} s; "
                "check the rate of the EMG's clock"
            )
    return found


def _stride_periods(record: FeatureRecord) -> tuple[float, float, float] | None:
    """Stride period by ground forces and by EMG, and the time that both span [s]; None without."""
    at = record.t - record.filter_delay_s
    seen = record.usable & np.isfinite(record.foot_force).any(axis=1)
    seen &= (at >= record.emg_t[0]) & (at <= record.emg_t[-1])
    first, last = _longest_run(seen)
    if last - first < 2:
        return None
    here = slice(first, last)
    feet = np.isfinite(record.foot_force[here]).all(axis=0)
    even = np.arange(at[first], at[last - 1], 1.0 / RATE_HZ)
    span = len(even) / RATE_HZ
    forces = stride_period(resampled(even, at[here], record.foot_force[here][:, feet]))
    if forces is None or span < FEWEST_STRIDES * forces:
        return None
    emg = stride_period(resampled(even, record.emg_t, record.emg))
    return None if emg is None else (forces, emg, span)


def _longest_run(true: Bool) -> tuple[int, int]:
    """Start and end of the longest stretch of truth."""
    starts, ends = stretches(true).T
    if not len(starts):
        return 0, 0
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest])


def stride_period(signals: F64) -> float | None:
    """Return the time after which signals resemble themselves best, None if they never do.

    Parameters
    ----------
    signals : ndarray of shape (n, n_signal), float64
        At `RATE_HZ`, any units.

    Returns
    -------
    float or None
        Lag [s] of the first high peak of the mean autocorrelation, by a parabola through it; at
        most half of the signals' time.
    """
    low, high = (round(period * RATE_HZ) for period in PERIODS_S)
    high = min(high, len(signals) // 2)
    if high - low < 2 or signals.shape[1] == 0:
        return None
    likeness = np.array([_likeness(signals, lag) for lag in range(1, high + 1)])
    inner = likeness[1:-1]
    peaks = 1 + np.flatnonzero((inner >= likeness[:-2]) & (inner > likeness[2:]))
    risen = likeness[peaks] - np.minimum.accumulate(likeness)[peaks]  # a trend never rises
    peaks = peaks[(peaks + 1 >= low) & (np.minimum(likeness[peaks], risen) >= CLEAR_PEAK)]
    if not len(peaks):
        return None
    k = peaks[likeness[peaks] >= NEARLY_HIGHEST * likeness[peaks].max()][0]
    before, top, after = likeness[k - 1 : k + 2]
    return float(k + 1 + 0.5 * (before - after) / (before - 2.0 * top + after)) / RATE_HZ


def _likeness(signals: F64, lag: int) -> float:
    """Correlation of signals with themselves `lag` samples later, mean over signals."""
    a, b = signals[:-lag], signals[lag:]
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.sqrt(np.sum(a * a, axis=0) * np.sum(b * b, axis=0))
    return float(np.mean(np.sum(a * b, axis=0) / np.maximum(scale, np.finfo(float).tiny)))
