"""From a person's EMG and what the network made of the same motion to a calibration.

Numbers behind the refusals: a network trained on one data set (single strides overground), then
calibrated on seven trials of five other people, six walking and one running. In blocks that were
not fitted, the corrected estimate explained the true EMG with a mean r of 0.79 or more (0.41 in a
trial of 2.4 s); noise and EMG of other trials with 0.05 or less over 40 s and longer, but up to
0.82 over 5 s. EMG of another moment of the stride, or with channels exchanged, is explained as well
as the true one, for a correction learns any phase. The network's own estimate tells these: its mean
r at the best lag within 0.15 s was 0.61 to 0.75 for true EMG, 0.22 or less for EMG 0.5 s late, and
below 0.4 for 109 of 120 random exchanges of channels in walking, for 0 of 20 in running.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from inference.adapter import Adapter, crossed_estimate, fit_adapter, fold_of
from inference.channels import MEASURED, SIDES
from inference.dataset import Envelopes, limb_targets, measured_matrix
from inference.emg_recording import EmgRecording, covered, usable_envelopes
from inference.exceptions import CalibrationError
from inference.metrics import MINIMUM_SAMPLES, Series, best_common_lag, correlation
from inference.opinion import known_distance
from inference.reference_maximum import MovedEmg, reference_maximum
from inference.state_log import States
from inference.subject import DELAY_TOLERANCE_S, ChannelFit, Subject, SubjectFacts
from inference.time_base import check_overlap

__all__ = ["Calibration", "Take", "calibrate"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

LEAST_S: Final = 4.0
"""Three strides at an ordinary pace; in fewer, a block of time says nothing about the others."""
EXPLAINED_R: Final = 0.3
"""A channel that its corrected estimate explains by less than this is none of the motion's."""
RECOGNISED_R: Final = 0.4
"""Least mean r of the network's own estimates at their best lag."""


@dataclass(frozen=True, eq=False)
class Take:
    """Motion and EMG of the same time.

    Attributes
    ----------
    states : States
    emg : EmgRecording
    filter_delay_s : float
        Age of a frame's content at its time [s].
    motion : str
        ``walk``, ``run``, ...; empty where nobody said.
    speed_mps : float
        Mean speed of it [m/s]; NaN where nobody said.
    """

    states: States
    emg: EmgRecording
    filter_delay_s: float
    motion: str = ""
    speed_mps: float = math.nan


class Calibration(NamedTuple):
    """A subject, and one line for everything that was left out on the way."""

    subject: Subject
    warnings: tuple[str, ...]


class _Limb(NamedTuple):
    """Frames of one limb, all takes one after the other; shapes as of `fit_adapter`.

    Attributes
    ----------
    distance : ndarray of shape (n,), float32
        How unlike the usual the motion was.
    """

    side: str
    distance: F32
    y: F32
    state: F32
    target: F32
    measured: Bool


class _Score(NamedTuple):
    """One channel of one limb; see `ChannelFit`."""

    name: str
    frames: int
    r_before: float
    r_after: float
    rmse_before: float
    rmse_after: float

    @property
    def channel(self) -> str:
        """Its name without the side."""
        return self.name.rpartition("_")[0]


_COMPARED: Final = ("r_before", "r_after", "rmse_before", "rmse_after")


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
    envelopes = [usable_envelopes(take.emg, warnings) for take in takes]
    maxima = reference_maximum(
        [
            MovedEmg(found.names, found.values, take.motion, take.speed_mps)
            for take, (found, _) in zip(takes, envelopes, strict=True)
        ]
    )
    limbs = _limbs(takes, envelopes, maxima, lead_s)
    step_s = float(np.median(np.concatenate([np.diff(take.states.t) for take in takes])))
    seconds = step_s * max((int(limb.measured.any(1).sum()) for limb in limbs), default=0)
    if seconds < LEAST_S:
        raise CalibrationError(
            f"only {seconds:.1f} s of sound motion with EMG, {LEAST_S:g} s (three strides) are the "
            "least and 30 to 120 s good; add trials of this person (a --trial each), or record "
            "longer (--seconds)"
        )
    limbs = _related(limbs, warnings)
    lag_s = _recognise(limbs, step_s)
    taught = _helped(limbs)
    adapter = fit_adapter(*_join(taught), _folds(taught))
    scores = _scores(limbs, taught)
    warnings += _left_alone(scores, adapter)
    facts = SubjectFacts(
        checkpoint=checkpoint,
        sources=tuple(take.emg.source for take in takes),
        seconds=round(seconds, 2),
        filter_delay_s=takes[0].filter_delay_s,
        lead_s=lead_s,
        lag_s=lag_s,
        known=round(known_distance(_distances(limbs)), 3),
        channels=tuple(
            ChannelFit(
                name=score.name,
                maximum=maxima[score.name],
                seconds=round(score.frames * step_s, 2),
                **{key: round(getattr(score, key), 4) for key in _COMPARED},
            )
            for score in scores
        ),
    )
    return Calibration(Subject(facts, adapter), tuple(warnings))


def _check_delays(takes: Sequence[Take]) -> None:
    if not takes or not any(len(take.states.t) > 1 for take in takes):
        raise CalibrationError("no motion was recorded; check the markers")
    delays = [take.filter_delay_s for take in takes]
    if max(delays) - min(delays) > DELAY_TOLERANCE_S:
        raise CalibrationError(
            f"the motion's filter delays differ ({1e3 * min(delays):.0f} to "
            f"{1e3 * max(delays):.0f} ms); calibrate on trials of one marker rate"
        )


def _distances(limbs: Sequence[_Limb]) -> F32:
    """How unlike the usual the motion was, in frames with EMG: others teach nothing."""
    return np.concatenate([limb.distance[limb.measured.any(1)] for limb in limbs])


def _limbs(
    takes: Sequence[Take],
    envelopes: Sequence[tuple[Envelopes, F64]],
    maxima: Mapping[str, float],
    lead_s: float,
) -> list[_Limb]:
    """Both limbs over all takes, those alone that have a channel."""
    parts: dict[str, list[tuple[F32, F32, F32, F32, Bool]]] = {side: [] for side in SIDES}
    for take, (found, sampled) in zip(takes, envelopes, strict=True):
        scaled = found._replace(values=found.values / [maxima[name] for name in found.names])
        at = take.states.t - take.filter_delay_s + lead_s
        where = check_overlap(take.emg.source, found.t, at) & take.states.usable
        where &= covered(sampled, at)
        for limb, side in enumerate(SIDES):
            y, state = take.states.y[:, limb], take.states.state[:, limb]
            own = take.states.distance[:, limb], y, state
            parts[side].append((*own, *limb_targets(scaled, side, at, where)))
    limbs = [
        _Limb(side, *(np.concatenate(arrays) for arrays in zip(*own, strict=True)))
        for side, own in parts.items()
    ]
    return [limb for limb in limbs if limb.measured.any()]


def _related(limbs: Sequence[_Limb], warnings: list[str]) -> list[_Limb]:
    """Leave out channels that the corrected estimate does not explain where it was not fitted.

    Raises
    ------
    CalibrationError
        If those are half of the channels or more.
    """
    scores = {score.name: score.r_after for score in _scores(limbs, limbs)}
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
    return [limb for limb in _without(limbs, stray) if limb.measured.any()]


def _helped(limbs: Sequence[_Limb]) -> list[_Limb]:
    """Leave channels to the network alone that the correction makes no better.

    The correction is one for both legs, so that both are asked together.
    """
    gains: dict[str, float] = {}
    for score in _scores(limbs, limbs):
        gain = score.frames * (score.rmse_before**2 - score.rmse_after**2)
        gains[score.channel] = gains.get(score.channel, 0.0) + gain
    plain = [channel for channel, gain in gains.items() if not gain > 0.0]
    return _without(limbs, [f"{channel}_{side}" for channel in plain for side in SIDES])


def _left_alone(scores: Sequence[_Score], adapter: Adapter) -> list[str]:
    """Tell which channels the correction does not move."""
    moved = dict(zip(MEASURED, measured_matrix() @ adapter.corrected > 0.0, strict=True))
    return [
        f"{score.name} stays as it is: the network's own estimate is as good as a corrected one"
        for score in scores
        if not moved[score.channel]
    ]


def _without(limbs: Sequence[_Limb], names: Collection[str]) -> list[_Limb]:
    """The same limbs, some channels of theirs not measured."""
    changed = []
    for limb in limbs:
        own = [name.rpartition("_")[0] for name in names if name.endswith(f"_{limb.side}")]
        measured = limb.measured.copy()
        measured[:, [MEASURED.index(channel) for channel in own]] = False
        changed.append(limb._replace(measured=measured))
    return changed


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
    y, state, target, measured = (
        np.concatenate(arrays) for arrays in zip(*(limb[2:] for limb in limbs), strict=True)
    )
    return y, state, target, measured


def _folds(limbs: Sequence[_Limb]) -> npt.NDArray[np.intp]:
    return np.concatenate([fold_of(len(limb.y)) for limb in limbs])


def _scores(limbs: Sequence[_Limb], taught: Sequence[_Limb]) -> list[_Score]:
    """Score every channel of every limb, corrected in frames that were not fitted.

    The correction is of the same limbs as `taught` has them: some channels perhaps not measured.
    """
    matrix = measured_matrix()
    crossed = crossed_estimate(*_join(taught), _folds(taught))
    ends = np.cumsum([len(limb.y) for limb in limbs])
    rows = []
    for limb, after in zip(limbs, np.split(crossed, ends[:-1]), strict=True):
        estimates = {"before": limb.y @ matrix.T, "after": after @ matrix.T}
        for c in np.flatnonzero(limb.measured.any(0)):
            scores = {}
            for when, estimate in estimates.items():
                pair = estimate[:, c].astype(float), limb.target[:, c].astype(float)
                seen = limb.measured[:, c]
                scores[f"r_{when}"] = correlation([Series(*pair, seen)])
                scores[f"rmse_{when}"] = float(np.sqrt(np.mean((pair[0] - pair[1])[seen] ** 2)))
            name = f"{MEASURED[c]}_{limb.side}"
            rows.append(_Score(name, int(limb.measured[:, c].sum()), **scores))
    return rows
