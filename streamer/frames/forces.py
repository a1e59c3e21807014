"""Forces of a frame, gaps, and what the network is told: one rule, live and over a recording."""

import logging
import math

import numpy as np

from streamer.arrays import F64
from streamer.frames.times import Arrival, FrameTimes
from streamer.protocols import BridgeResult, BridgeStep, ForceSource, RefinerStep
from streamer.status import Status

_log = logging.getLogger(__name__)


FORCE_TRUST_S = 0.1
"""Forces held for longer than this [s] are not believed: the bridge predicts them, and the network
goes on with motion alone."""
_OTHER_CLOCK_S = 1.0
"""Where no force of a frame's instant is known, but samples are this much [s] later than the frame:
the clocks of the two streams differ."""
_LATE_FRAMES = 100
"""Logged once frames without their forces, or of long before, outnumber the others by so many."""
_LATE_GAIN = 0.05
"""Weight of one frame in the mean delay; what it began with is gone after so many late ones."""
_UNSEEN = int(Status.HOLD | Status.WARMING_UP | Status.IK_UNCONVERGED)
"""Flags of the bridge with which a frame says nothing about the motion."""
_UNTOLD = int(Status.FORCE_STALE | Status.WARMING_UP)
"""Flags of the bridge with which a frame says nothing about moments."""


class FrameForces:
    """Forces of the instant that a frame's moments are about, and whether they are believed.

    That instant lies before the frame by the filter's delay: forces that are late by less than
    that are there in time.

    Parameters
    ----------
    source : ForceSource or None
        Where forces come from; None = no force plates.
    delay_s : float
        Group delay of the bridge's filter [s]; 0 where the bridge holds forces back itself.
    """

    def __init__(self, source: ForceSource | None, delay_s: float) -> None:
        self._source, self._delay_s = source, delay_s
        self._unknown = np.zeros((0, 9)) if source is None else np.full_like(source.forces, np.nan)
        self._about = math.inf  # instant in question
        self._measured = -math.inf  # when forces were last measured
        self._told_ahead = self._told_late = False
        self._late, self._late_s = 0, 0.0  # frames, and the mean over the last of them
        self._behind = 0  # frames whose forces are of later

    def reset(self) -> None:
        """Forget when forces were measured."""
        self._measured = -math.inf

    def align(self, t: float, until: float) -> bool:
        """Bring `forces` to the instant of a frame.

        Parameters
        ----------
        t : float
            Capture time of the frame [s].
        until : float
            See `ForceSource.align` [s].

        Returns
        -------
        bool
            False while the last ones are held in place of them, which is what FORCE_STALE means.
            True where they are measured, where there are no plates, and where they are not known:
            the bridge then does without them, and flags that itself.
        """
        if self._source is None:
            return True
        self._about = t - self._delay_s
        fresh = self._source.align(self._about, until)
        if fresh:
            self._measured = self._about
            self._late, self._behind = max(0, self._late - 1), max(0, self._behind - 1)
        elif (newest := self._source.newest_s) <= t + FORCE_TRUST_S:
            if newest > self._measured:
                self._count_late(self._about - newest)
            self._measured = max(self._measured, newest)
        elif newest > t + _OTHER_CLOCK_S:
            self._count_behind(newest - t)
        return fresh or not self.believed

    def _count_late(self, late_s: float) -> None:
        """Log once that the forces of most frames come too late for them, and by how much."""
        self._late_s += _LATE_GAIN * (late_s - self._late_s)
        self._late += 1
        if self._late >= _LATE_FRAMES and not self._told_late:
            self._told_late = True
            _log.warning(
                "forces arrive %.0f ms too late for their frames, which are flagged FORCE_STALE: "
                "reduce the sender's buffering, or raise `align_wait_ms` within the budget",
                1e3 * self._late_s,
            )

    def _count_behind(self, ahead_s: float) -> None:
        """Log once that samples come from later than most frames, and none from around them.

        A few such frames are no sign of it: after a hole in the network they come late themselves.
        """
        self._behind += 1
        if self._behind >= _LATE_FRAMES and not self._told_ahead:
            self._told_ahead = True
            _log.warning(
                "the force plates' times are %.1f s ahead of the markers': their clocks differ, "
                "and no force is used; correct the time stamps of the sender that is wrong",
                ahead_s,
            )

    @property
    def believed(self) -> bool:
        """Whether forces were measured shortly before the instant in question, if not at it."""
        return self._about - self._measured <= FORCE_TRUST_S

    @property
    def forces(self) -> F64:
        """Rows (k, 9) for the bridge, valid until the next `align`; NaN if not believed."""
        if self._source is None or not self.believed:
            return self._unknown
        return self._source.forces


def begin_frame(
    t: float,
    times: FrameTimes,
    bridge: BridgeStep,
    plates: FrameForces,
    refiner: RefinerStep | None = None,
) -> int:
    """Let bridge, forces and network know what is missing before a frame; returns its flag.

    Parameters
    ----------
    t : float
        Capture time [s].
    times : FrameTimes
        Judges it.
    bridge : BridgeStep
    plates : FrameForces
    refiner : RefinerStep or None
        None where there is no network.
    """
    return tell_missing(times.step(t), t - times.period_s, bridge, plates, refiner)


def tell_missing(
    arrival: Arrival,
    last_unseen: float,
    bridge: BridgeStep,
    plates: FrameForces,
    refiner: RefinerStep | None,
) -> int:
    """Let bridge, forces and network know what a frame's arrival says; returns its flag.

    Parameters
    ----------
    arrival : Arrival
        Of the frame.
    last_unseen : float
        Capture time of the last frame that is missing, if one is [s].
    bridge, plates, refiner
        As of `begin_frame`.
    """
    if arrival is Arrival.ON_TIME:
        return 0
    if arrival is Arrival.GAP:
        bridge.unseen_until(last_unseen)
    else:
        for part in (bridge, refiner, plates):
            if part is not None:
                part.reset()
    return int(Status.GAP)


def tells_motion(result: BridgeResult) -> bool:
    """Whether a frame shows the motion, and not a pose that is held, wrong or guessed."""
    return not (result.status & _UNSEEN or result.guessed)


def tells_forces(result: BridgeResult, believed: bool) -> bool:
    """Whether a frame's moments and activations are those of the motion.

    Where a force is missing, or beside its foot, or does not explain the motion, or accelerations
    are not known yet, the network had better go on with the motion alone: it would remember wrong
    moments for seconds, in which nothing is flagged.

    Parameters
    ----------
    result : BridgeResult
        With the flags of the bridge alone.
    believed : bool
        Whether forces were measured, see `FrameForces`.
    """
    known = believed or bool(result.status & Status.GRF_PREDICTED)
    return known and not result.status & _UNTOLD


def step_refiner(refiner: RefinerStep, t: float, result: BridgeResult, believed: bool) -> None:
    """Let the network take the bridge's answer to a frame.

    Parameters
    ----------
    refiner : RefinerStep
        Its estimate is in its attributes.
    t : float
        Capture time [s].
    result : BridgeResult
        Of that frame, with the flags of the bridge alone.
    believed : bool
        Whether forces were measured, see `FrameForces`; the bridge may still not use them.
    """
    refiner.step(
        t, result.activation, result.q, result.qd, result.tau,
        forces_valid=tells_forces(result, believed), seen=tells_motion(result),
    )  # fmt: skip
