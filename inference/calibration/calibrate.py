"""From a person's EMG and what the network made of the same motion to a calibration.

Numbers behind the refusals: a network trained on one data set (single strides overground), then
calibrated on seven trials of five other people, six walking and one running. In blocks that were
not fitted, the corrected estimate explained the true EMG with a mean r of 0.79 or more (0.41 in a
trial of 2.4 s); noise and EMG of other trials with 0.05 or less over 40 s and longer, but up to
0.82 over 5 s. EMG of another moment of the stride, or with channels exchanged, is explained as well
as the true one, for a correction learns any phase. The network's own estimate tells these, see
`inference.calibration.timing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from inference.adapter import Adapter, crossed_estimate, fit_adapter, fold_of
from inference.arrays import F32
from inference.calibration.limbs import Limb, Take, join, limbs_of, without
from inference.calibration.timing import recognise
from inference.channels import MEASURED, with_sides
from inference.data.dataset import measured_matrix
from inference.emg.recording import SILENT_S, at_rest, stretches
from inference.emg.reference_maximum import PERCENTILE
from inference.exceptions import CalibrationError
from inference.metrics import MAX_LAG_S, Series, correlation
from inference.opinion import UNUSUAL, known_distance
from inference.subject import DELAY_TOLERANCE_S, ChannelFit, Subject, SubjectFacts

__all__ = ["Calibration", "Take", "calibrate"]

LEAST_S: Final = 4.0
"""Three strides at an ordinary pace; in fewer, a block of time says nothing about the others."""
EXPLAINED_R: Final = 0.3
"""A channel that its corrected estimate explains by less than this is none of the motion's."""
WORKING: Final = 0.3
"""Share of its own maximum from which on an estimate says that a muscle works."""


class Calibration(NamedTuple):
    """A subject, and one line for everything that was left out on the way."""

    subject: Subject
    warnings: tuple[str, ...]


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
    limbs, maxima = limbs_of(takes, lead_s, warnings)
    step_s = _step_s(takes)
    seconds = step_s * max((int(limb.measured.any(1).sum()) for limb in limbs), default=0)
    if seconds < LEAST_S:
        raise CalibrationError(
            f"only {seconds:.1f} s of usable motion with EMG: at least {LEAST_S:g} s (three "
            "strides) are needed, best 30 to 120 s; add trials of this person (one --trial "
            "each), or record longer (--seconds)"
        )
    limbs = _related(_awake(limbs, step_s, warnings), warnings)
    distance = _distances(limbs)
    usual = bool(np.median(distance) <= UNUSUAL)
    sources = tuple(take.emg.source for take in takes)
    lag_s = recognise(limbs, sources, step_s, warnings, taught=usual)
    taught = _helped(limbs)
    adapter = fit_adapter(*join(taught), _folds(limbs))
    scores = _scores(limbs, taught)
    warnings += [*(_against(scores) if usual else ()), *_left_alone(scores, adapter)]
    facts = SubjectFacts(
        checkpoint=checkpoint,
        sources=sources,
        seconds=round(seconds, 2),
        filter_delay_s=takes[0].filter_delay_s,
        lead_s=lead_s,
        lag_s=lag_s,
        known=round(known_distance(distance), 3),
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


def _step_s(takes: Sequence[Take]) -> float:
    """Mean time between steps [s] but for pauses; steps fall on frames, and so may alternate."""
    steps = np.concatenate([np.diff(take.states.t) for take in takes])
    return float(steps[steps < 2.0 * np.median(steps)].mean())


def _check_delays(takes: Sequence[Take]) -> None:
    if not takes or not any(len(take.states.t) > 1 for take in takes):
        raise CalibrationError("no motion was recorded; check the markers")
    delays = [take.filter_delay_s for take in takes]
    if max(delays) - min(delays) > DELAY_TOLERANCE_S:
        raise CalibrationError(
            f"the motion's filter delays differ ({1e3 * min(delays):.0f} to "
            f"{1e3 * max(delays):.0f} ms); calibrate on trials of one marker rate"
        )


def _distances(limbs: Sequence[Limb]) -> F32:
    """How unlike the usual the motion was, in frames with EMG: others teach nothing."""
    return np.concatenate([limb.distance[limb.measured.any(1)] for limb in limbs])


def _awake(limbs: Sequence[Limb], step_s: float, warnings: list[str]) -> list[Limb]:
    """Leave out channels that are silent for long while the network has their muscle work.

    At rest, before somebody sets off, both are silent.

    Raises
    ------
    CalibrationError
        If those are all.
    """
    silent = {
        f"{MEASURED[c]}_{limb.side}": seconds
        for limb in limbs
        for c in np.flatnonzero(limb.measured.any(0))
        if (seconds := _silent_s(limb, int(c), step_s)) >= SILENT_S
    }
    lines = [
        f"{name} is silent for {seconds:.1f} s in which its muscle should work; check its electrode"
        for name, seconds in silent.items()
    ]
    awake = [limb for limb in without(limbs, silent) if limb.measured.any()]
    if not awake:
        raise CalibrationError(f"no EMG channel can be used: {'; '.join(lines)}")
    warnings += [f"left out: {line}" for line in lines]
    return awake


def _silent_s(limb: Limb, channel: int, step_s: float) -> float:
    """Longest time [s] of measured silence within which the estimate says that the muscle works."""
    seen = limb.measured[:, channel]
    quiet = stretches(at_rest(limb.target[seen, channel]))
    estimate = limb.y[seen] @ measured_matrix()[channel]
    works = estimate > WORKING * np.percentile(estimate, PERCENTILE)
    edge = round(MAX_LAG_S / step_s)  # so much earlier or later it may rightly work
    lengths = [b - a for a, b in quiet if works[a + edge : max(b - edge, 0)].any()]
    return step_s * max(lengths, default=0)


def _related(limbs: Sequence[Limb], warnings: list[str]) -> list[Limb]:
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
            f"{len(scores)} channels do not follow the other part ({said}); check the "
            "electrodes, and that EMG and motion have the same trial and clock"
        )
    warnings += [
        f"left out: {name} does not follow the motion (r {r:.2f}); check its electrode"
        for name, r in stray.items()
    ]
    return [limb for limb in without(limbs, stray) if limb.measured.any()]


def _helped(limbs: Sequence[Limb]) -> list[Limb]:
    """Leave channels to the network alone that the correction makes no better.

    The correction is one for both legs, so that both are asked together.
    """
    gains: dict[str, float] = {}
    for score in _scores(limbs, limbs):
        gain = score.frames * (score.rmse_before**2 - score.rmse_after**2)
        gains[score.channel] = gains.get(score.channel, 0.0) + gain
    plain = [channel for channel, gain in gains.items() if not gain > 0.0]
    return without(limbs, with_sides(plain))


def _against(scores: Sequence[_Score]) -> list[str]:
    """Tell which channels' EMG runs against the network's estimate, as that of another muscle."""
    return [
        f"{score.name} runs against the network's estimate (r {score.r_before:.2f}); if its "
        "electrode is on another muscle, name that one and calibrate anew"
        for score in scores
        if score.r_before < 0.0
    ]


def _left_alone(scores: Sequence[_Score], adapter: Adapter) -> list[str]:
    """Tell which channels the correction does not move."""
    moved = dict(zip(MEASURED, measured_matrix() @ adapter.corrected > 0.0, strict=True))
    return [
        f"{score.name} stays as it is: the network's own estimate is as good as a corrected one"
        for score in scores
        if not moved[score.channel]
    ]


def _folds(limbs: Sequence[Limb]) -> npt.NDArray[np.intp]:
    """Which fold each frame is in: a channel may be measured in one take alone."""
    return np.concatenate(
        [
            fold_of(limb.measured[limb.take == take])
            for limb in limbs
            for take in np.unique(limb.take)
        ]
    )


def _scores(limbs: Sequence[Limb], taught: Sequence[Limb]) -> list[_Score]:
    """Score every channel of every limb, corrected in frames that were not fitted.

    The correction is of the same limbs as `taught` has them: some channels perhaps not measured.
    """
    matrix = measured_matrix()
    crossed = crossed_estimate(*join(taught), _folds(limbs))
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
