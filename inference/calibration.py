"""From a person's EMG and what the network made of the same motion to a calibration.

Numbers behind the refusals: a network trained on one data set (single strides overground), then
calibrated on seven walking and running trials of five other people, against EMG that does not
belong to the motion. After correction, in blocks that were not fitted, EMG of the motion was
explained with a mean r of 0.79 or more (40 s and longer: 0.80 to 0.94), noise and the EMG of other
trials with 0.07 or less over 40 s and longer. EMG shifted by half a stride or with channels
exchanged is explained as well as the true one, for a correction learns any phase; but the network's
own estimate, at the best lag within 0.15 s, then has a mean r below 0.4 (walking, three of four
exchanges; time shifts beyond 0.3 s, reversed or other recordings), where true EMG has 0.61 to 0.75.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from inference.adapter import crossed_estimate, fit_adapter, fold_of
from inference.channels import MEASURED, SIDES
from inference.dataset import Envelopes, limb_targets, measured_matrix
from inference.emg import CLIPPED_SHARE, channel_fault, prepare_emg, reference_maximum
from inference.exceptions import CalibrationError, nearest_names
from inference.metrics import MINIMUM_SAMPLES, Series, best_common_lag, correlation, rmse
from inference.state_log import States
from inference.subject import DELAY_TOLERANCE_S, ChannelFit, Subject, SubjectFacts
from inference.time_base import check_overlap

__all__ = ["Calibration", "EmgRecording", "Take", "calibrate"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

LEAST_S: Final = 4.0
"""Three strides at an ordinary pace; in fewer, a block of time says nothing about the others."""
EXPLAINED_R: Final = 0.4
"""A channel that its corrected estimate explains by less than this is none of the motion's."""
RECOGNISED_R: Final = 0.4
"""Least mean r of the network's own estimates at their best lag."""
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


@dataclass(frozen=True, eq=False)
class Take:
    """Motion and EMG of the same time.

    Attributes
    ----------
    states : States
    emg : EmgRecording
    filter_delay_s : float
        Age of a frame's content at its time [s].
    """

    states: States
    emg: EmgRecording
    filter_delay_s: float


class Calibration(NamedTuple):
    """A subject, and one line for everything that was left out on the way."""

    subject: Subject
    warnings: tuple[str, ...]


class _Limb(NamedTuple):
    """Frames of one limb, all takes one after the other; shapes as of `fit_adapter`."""

    side: str
    y: F32
    kept: F32
    target: F32
    measured: Bool


def calibrate(takes: Sequence[Take], checkpoint: str, lead_s: float) -> Calibration:
    """Fit a person's correction and reference maxima.

    Parameters
    ----------
    takes : sequence of Take
        One or several of the same person, one unit of EMG throughout.
    checkpoint : str
        Digest of the network behind the states.
    lead_s : float
        How far ahead of the motion that network estimates [s].

    Raises
    ------
    CalibrationError, EmgError
        If no channel can be used, EMG and motion do not overlap or do so too shortly, or the EMG
        does not belong to the motion.
    """
    _check_delays(takes)
    warnings: list[str] = []
    envelopes = [_envelopes(take.emg, warnings) for take in takes]
    maxima = reference_maximum([(found.names, found.values) for found in envelopes])
    limbs = _limbs(takes, envelopes, maxima, lead_s)
    step_s = float(np.median(np.concatenate([np.diff(take.states.t) for take in takes])))
    seconds = step_s * max((int(limb.measured.any(1).sum()) for limb in limbs), default=0)
    if seconds < LEAST_S:
        raise CalibrationError(
            f"only {seconds:.1f} s of sound motion with EMG; {LEAST_S:g} s (three strides) are the "
            "least, 30 to 120 s of walking are good"
        )
    limbs = _related(limbs, warnings)
    lag_s = _recognise(limbs, step_s)
    joined, fold = _join(limbs), _folds(limbs)
    facts = SubjectFacts(
        checkpoint=checkpoint,
        sources=tuple(take.emg.source for take in takes),
        seconds=round(seconds, 2),
        filter_delay_s=takes[0].filter_delay_s,
        lead_s=lead_s,
        lag_s=lag_s,
        channels=tuple(
            ChannelFit(name=name, maximum=maxima[name], seconds=count * step_s, **scores)
            for name, count, scores in _scores(limbs)
        ),
    )
    return Calibration(Subject(facts, fit_adapter(*joined, fold)), tuple(warnings))


def _check_delays(takes: Sequence[Take]) -> None:
    if not takes or not any(len(take.states.t) > 1 for take in takes):
        raise CalibrationError("no motion was recorded; check the markers")
    delays = [take.filter_delay_s for take in takes]
    if max(delays) - min(delays) > DELAY_TOLERANCE_S:
        raise CalibrationError(
            f"the motion's filter delays differ ({1e3 * min(delays):.0f} to "
            f"{1e3 * max(delays):.0f} ms); calibrate on trials of one marker rate"
        )


def _envelopes(emg: EmgRecording, warnings: list[str]) -> Envelopes:
    """Envelopes of the channels that can be used, in the recording's unit; others are told."""
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
    return Envelopes(names, *prepare_emg(emg.time[whole], data[whole], names, emg.kind))


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
    if fault := channel_fault(column, kind):
        return fault
    negative = np.mean(column < 0.0)
    if kind == "envelope" and negative > NEGATIVE_SHARE:
        return f"is negative {100 * negative:.0f} % of the time: raw EMG, not an envelope"
    if kind == "raw" and negative == 0.0:
        return "is never negative: an envelope, not raw EMG"
    if kind == "envelope" and np.percentile(column, 99.0) <= 0.0:
        return "is at rest all the time"
    at_top = np.mean(column == column.max())
    if at_top > CLIPPED_SHARE:
        return f"is clipped: {100 * at_top:.0f} % of its samples are at {column.max():g}"
    return ""


def _limbs(
    takes: Sequence[Take],
    envelopes: Sequence[Envelopes],
    maxima: Mapping[str, float],
    lead_s: float,
) -> list[_Limb]:
    """Both limbs over all takes, those alone that have a channel."""
    parts: dict[str, list[tuple[F32, F32, F32, Bool]]] = {side: [] for side in SIDES}
    for take, found in zip(takes, envelopes, strict=True):
        scaled = found._replace(values=found.values / [maxima[name] for name in found.names])
        at = take.states.t - take.filter_delay_s + lead_s
        where = check_overlap(take.emg.source, found.t, at) & take.states.usable
        where &= _covered(take.emg.time, at)
        for limb, side in enumerate(SIDES):
            y, kept = take.states.y[:, limb], take.states.kept[:, limb]
            parts[side].append((y, kept, *limb_targets(scaled, side, at, where)))
    limbs = [
        _Limb(side, *(np.concatenate(arrays) for arrays in zip(*own, strict=True)))
        for side, own in parts.items()
    ]
    return [limb for limb in limbs if limb.measured.any()]


def _covered(time: F64, at: F64) -> Bool:
    """Whether the instants `at` are far from every gap between samples."""
    covered = np.ones(len(at), dtype=np.bool_)
    for i in np.flatnonzero(np.diff(time) > GAP_S):
        covered &= (at < time[i] - REACH_S) | (at > time[i + 1] + REACH_S)
    return covered


def _related(limbs: Sequence[_Limb], warnings: list[str]) -> list[_Limb]:
    """Leave out channels that the corrected estimate does not explain where it was not fitted.

    Raises
    ------
    CalibrationError
        If those are half of the channels or more.
    """
    scores = {name: values["r_after"] for name, _, values in _scores(limbs)}
    stray = {name: r for name, r in scores.items() if not r >= EXPLAINED_R}
    said = ", ".join(f"{name} r {r:.2f}" for name, r in stray.items())
    if 2 * len(stray) >= len(scores):
        raise CalibrationError(
            f"the EMG does not belong to this motion: fitted to one part of it, {len(stray)} of "
            f"{len(scores)} channels do not follow the other part ({said}); check that both are "
            "of the same trial and clock, and the electrodes"
        )
    warnings += [
        f"left out: {name} does not follow the motion (r {r:.2f}); check its electrode"
        for name, r in stray.items()
    ]
    kept = []
    for limb in limbs:
        seen = limb.measured.copy()
        seen[:, [MEASURED.index(n.rpartition("_")[0]) for n in stray if n[-1] == limb.side]] = False
        kept.append(limb._replace(measured=seen))
    return [limb for limb in kept if limb.measured.any()]


def _recognise(limbs: Sequence[_Limb], step_s: float) -> float:
    """Return how late the measurement stands against the network's own estimates [s].

    Raises
    ------
    CalibrationError
        If it resembles them at no lag within reach.
    """
    matrix = measured_matrix()
    channels: dict[int, list[Series]] = {}
    for limb in limbs:
        estimate = (limb.y @ matrix.T).astype(np.float64)
        for c in np.flatnonzero(limb.measured.sum(0) >= MINIMUM_SAMPLES):
            series = Series(estimate[:, c], limb.target[:, c].astype(float), limb.measured[:, c])
            channels.setdefault(int(c), []).append(series)
    lag = best_common_lag(list(channels.values()), 1.0 / step_s)
    r = float(np.nanmean([correlation(series, lag) for series in channels.values()]))
    if not r >= RECOGNISED_R:
        raise CalibrationError(
            f"the EMG repeats with the motion, but not as these muscles do (mean r {r:.2f} at the "
            "best lag within 0.15 s); check the names of the channels and the clock of the EMG"
        )
    return lag * step_s


def _join(limbs: Sequence[_Limb]) -> tuple[F32, F32, F32, Bool]:
    y, kept, target, measured = (
        np.concatenate(arrays) for arrays in zip(*(limb[1:] for limb in limbs), strict=True)
    )
    return y, kept, target, measured


def _folds(limbs: Sequence[_Limb]) -> npt.NDArray[np.intp]:
    return np.concatenate([fold_of(len(limb.y)) for limb in limbs])


def _scores(limbs: Sequence[_Limb]) -> list[tuple[str, int, dict[str, float]]]:
    """Name, frames and scores of every channel, corrected in frames that were not fitted."""
    matrix = measured_matrix()
    crossed = crossed_estimate(*_join(limbs), _folds(limbs))
    ends = np.cumsum([len(limb.y) for limb in limbs])
    rows = []
    for limb, after in zip(limbs, np.split(crossed, ends[:-1]), strict=True):
        estimates = {"before": limb.y @ matrix.T, "after": after @ matrix.T}
        for c in np.flatnonzero(limb.measured.any(0)):
            scores = {}
            for when, estimate in estimates.items():
                pair = estimate[:, c].astype(float), limb.target[:, c].astype(float)
                series = [Series(*pair, limb.measured[:, c])]
                scores[f"r_{when}"] = round(correlation(series), 4)
                scores[f"rmse_{when}"] = round(rmse(series), 4)
            name = f"{MEASURED[c]}_{limb.side}"
            rows.append((name, int(limb.measured[:, c].sum()), scores))
    return rows
