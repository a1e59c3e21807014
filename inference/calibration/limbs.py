"""What a calibration is made from: each limb's estimates, and what was measured meanwhile."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from inference.arrays import F32, F64, Bool
from inference.channels import MEASURED, SIDES
from inference.data.dataset import limb_targets
from inference.emg.envelope import Envelopes
from inference.emg.recording import EmgRecording, covered, usable_envelopes
from inference.emg.reference_maximum import MovedEmg, check_unit, reference_maximum
from inference.emg.time_base import check_overlap
from inference.live.state_log import States

__all__ = ["Limb", "Take", "join", "limbs_of", "without"]

Index = npt.NDArray[np.intp]

MARGIN_S: Final = 1.0
"""EMG this long before and after the motion is kept for the filters; 6 Hz forgets in 0.2 s."""
NEAR_S: Final = 0.15
"""EMG this near to a sound frame is of the motion; a filter that warms up costs 0.09 s of it."""


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


class Limb(NamedTuple):
    """Frames of one limb, all takes one after the other.

    Attributes
    ----------
    side : str
        ``r`` or ``l``.
    take : ndarray of shape (n,), intp
        Which take a frame is of.
    distance : ndarray of shape (n,), float32
        How unlike the usual the motion was.
    y, state, target, measured : ndarray
        Shapes as of `fit_adapter`.
    """

    side: str
    take: Index
    distance: F32
    y: F32
    state: F32
    target: F32
    measured: Bool


class _Moved(NamedTuple):
    """A take's envelopes, and where there is sound motion with them.

    Attributes
    ----------
    at : ndarray of shape (n,), float64 [s, the EMG's clock]
        What each frame is about.
    where : ndarray of shape (n,), bool
        In which frames the motion is sound and the EMG measured.
    """

    envelopes: Envelopes
    at: F64
    where: Bool

    def emg(self, take: Take) -> MovedEmg:
        """Return the envelopes of that motion alone: rest and tests of strength are none of it."""
        t, sound = self.envelopes.t, np.concatenate([[-np.inf], self.at[self.where], [np.inf]])
        after = np.searchsorted(sound[:-1], t, side="right")
        near = np.minimum(t - sound[after - 1], sound[after] - t) <= NEAR_S
        values = self.envelopes.values[near]
        return MovedEmg(self.envelopes.names, values, take.motion, take.speed_mps)


def limbs_of(
    takes: Sequence[Take], lead_s: float, warnings: list[str]
) -> tuple[list[Limb], dict[str, float]]:
    """Return the limbs that have a channel, and the reference maximum of every channel.

    Parameters
    ----------
    takes : sequence of Take
    lead_s : float
        How far ahead of the motion the network estimates [s].
    warnings : list of str
        Gets a line for everything that is left out or doubtful.

    Raises
    ------
    CalibrationError, EmgError
        If a take has no channel that can be used, EMG and motion do not overlap, or the EMG of the
        takes is in different units.
    """
    moved = [_moved(take, lead_s, warnings) for take in takes]
    emg = [part.emg(take) for part, take in zip(moved, takes, strict=True)]
    check_unit("calibration", {take.emg.source: own for take, own in zip(takes, emg, strict=True)})
    maxima = dict(reference_maximum([own for own in emg if len(own.envelopes)]))
    limbs = []
    for limb, side in enumerate(SIDES):
        parts = [
            _frames(i, take, part, limb, maxima)
            for i, (take, part) in enumerate(zip(takes, moved, strict=True))
        ]
        limbs.append(Limb(side, *(np.concatenate(arrays) for arrays in zip(*parts, strict=True))))
    return [limb for limb in limbs if limb.measured.any()], maxima


def _moved(take: Take, lead_s: float, warnings: list[str]) -> _Moved:
    at = take.states.t - take.filter_delay_s + lead_s
    emg = take.emg
    if len(emg.time):
        sound = at[check_overlap(emg.source, emg.time, at) & take.states.usable]
        if len(sound):
            emg = emg.between(sound[0] - MARGIN_S, sound[-1] + MARGIN_S)
    envelopes, sampled = usable_envelopes(emg, warnings)
    where = check_overlap(emg.source, envelopes.t, at) & take.states.usable & covered(sampled, at)
    return _Moved(envelopes, at, where)


def _frames(
    number: int, take: Take, moved: _Moved, limb: int, maxima: dict[str, float]
) -> tuple[Index, F32, F32, F32, F32, Bool]:
    """One take's part of a limb; a channel without a maximum never worked, so that it is 0."""
    names = moved.envelopes.names
    scale = [maxima.get(name, 0.0) or math.inf for name in names]
    scaled = moved.envelopes._replace(values=moved.envelopes.values / scale)
    states = take.states
    own = states.distance[:, limb], states.y[:, limb], states.state[:, limb]
    which = np.full(len(states.t), number, dtype=np.intp)
    return which, *own, *limb_targets(scaled, SIDES[limb], moved.at, moved.where)


def without(limbs: Sequence[Limb], names: Collection[str]) -> list[Limb]:
    """The same limbs, some channels of theirs not measured."""
    changed = []
    for limb in limbs:
        own = [name.rpartition("_")[0] for name in names if name.endswith(f"_{limb.side}")]
        measured = limb.measured.copy()
        measured[:, [MEASURED.index(channel) for channel in own]] = False
        changed.append(limb._replace(measured=measured))
    return changed


def join(limbs: Sequence[Limb]) -> tuple[F32, F32, F32, Bool]:
    """All limbs one after the other: estimates, states, targets and where they are measured."""
    return (
        np.concatenate([limb.y for limb in limbs]),
        np.concatenate([limb.state for limb in limbs]),
        np.concatenate([limb.target for limb in limbs]),
        np.concatenate([limb.measured for limb in limbs]),
    )
