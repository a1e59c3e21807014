"""The loop: newest marker frame in, aligned forces, bridge, network, messages out.

One `step` is one frame. Everything it touches is handed in, so a test drives it with a
recording and a clock of its own. Nothing in here raises because of a frame: what goes wrong is
a status flag, a counter and, once per kind, a line in the log.
"""

import logging
import math
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from streamer.arrays import F32, F64
from streamer.clock import Clock
from streamer.config.session import RunConfig
from streamer.frames.forces import FrameForces, step_refiner, tell_missing
from streamer.frames.times import Arrival, FrameTimes
from streamer.messaging.messages import Act, Dyn, Health, Kin, Meta
from streamer.protocols import (
    BridgeResult,
    BridgeStep,
    LiveForces,
    MarkerSource,
    RefinerStep,
    Sink,
)
from streamer.session.deadline import DeadlineThread, EmgSender
from streamer.session.health import BudgetDoubt, StageTimer
from streamer.session.pose_doubts import PoseDoubts
from streamer.session.realtime import undisturbed
from streamer.status import Status

_log = logging.getLogger(__name__)

IDLE_S = 0.05
"""Longest wait for a frame [s] before subscribers and health are looked after."""
META_EVERY_S = 2.0
HEALTH_EVERY_S = 1.0


class Session:
    """One run of the pipeline.

    Parameters
    ----------
    markers : MarkerSource
        Where frames come from.
    forces : LiveForces or None
        Where forces come from; None = no force plates.
    bridge : BridgeStep
        Markers and forces to activations, warmed up.
    refiner : RefinerStep
        Activations to EMG, warmed up.
    sink : Sink
        Where messages go.
    clock : Clock
        LSL's.
    config : RunConfig
        What is promised and expected.
    meta : Meta
        What is published as ``meta``; the head and what is promised are filled in here.

    Attributes
    ----------
    session : str
        UUID, in every message.
    frames_in, skipped, faults : int
        Counters, as in the health message.
    sender : EmgSender
        Keeps deadlines, counts what was sent.
    stages : StageTimer
        Durations of the stages.
    """

    def __init__(
        self,
        *,
        markers: MarkerSource,
        forces: LiveForces | None,
        bridge: BridgeStep,
        refiner: RefinerStep,
        sink: Sink,
        clock: Clock,
        config: RunConfig,
        meta: Meta,
    ) -> None:
        self._markers, self._forces = markers, forces
        self._bridge, self._refiner = bridge, refiner
        self._sink, self._clock, self._config = sink, clock, config
        self.session = str(uuid.uuid4())
        self.frames_in = self.skipped = self.faults = 0
        self.stages = StageTimer(clock.now)
        self.sender = EmgSender(
            sink,
            clock,
            session=self.session,
            n_channels=len(refiner.channel_names),
            budget_s=1e-3 * config.budget_ms,
            pacing=config.pacing,
            filter_delay_s=bridge.filter_delay_s,
            lead_s=refiner.lead_s,
        )
        bridge.on_stage = self.stages.mark
        self._plate_faults: dict[str, str] = {}
        bridge.on_plate_fault = self._note_plate
        self._frame_forces = FrameForces(forces, bridge.filter_delay_s)
        self._budget = BudgetDoubt(config.budget_ms)
        self._doubts = PoseDoubts(meta.coordinate_names, markers.rate_hz)
        self._times = FrameTimes(markers.rate_hz, config.reset_after_s)
        self._faults_logged: set[str] = set()
        self._act = Act(session=self.session)
        self._kin = Kin(session=self.session)
        self._dyn = Dyn(session=self.session)
        self._meta = msgspec.structs.replace(
            meta,
            session=self.session,
            rate_hz=markers.rate_hz,
            budget_ms=config.budget_ms,
            pacing=config.pacing,
            filter_delay_ms=1e3 * bridge.filter_delay_s,
        )
        self._began = self._next_meta = self._next_health = clock.now()
        self._last_health = (self._began, 0, 0)

    def run(self, duration_s: float | None, stopped: Callable[[], bool]) -> None:
        """Step until the time is over or somebody says stop.

        Parameters
        ----------
        duration_s : float or None
            How long [s]; None = until stopped.
        stopped : callable
            Asked between frames.
        """
        deadlines = DeadlineThread(self.sender, self._clock)
        with undisturbed():
            deadlines.start()
            try:
                self._begin()
                end = math.inf if duration_s is None else self._began + duration_s
                while not stopped() and (remaining := end - self._clock.now()) > 0.0:
                    self.step(min(IDLE_S, remaining))
            finally:
                deadlines.stop()
                self._publish_health(self._clock.now())

    def _begin(self) -> None:
        """Drop what is old, find the person, and count from now."""
        self._markers.flush()
        self._find_pose()
        self._began = self._clock.now()
        self._next_health = self._began + HEALTH_EVERY_S  # rates of a moment would be none
        self._last_health = (self._began, self.frames_in, self.sender.published)

    def _find_pose(self) -> None:
        """Solve one frame that is not published: far from the model's default pose it takes long.

        In silence nothing is done; the first frame that comes is then the slow one.
        """
        if self._markers.pull(2.0 / self._markers.rate_hz):
            t = min(self._markers.t, self._clock.now())
            try:
                self._align(t)
                result = self._bridge.step(t, self._markers.markers, self._frame_forces.forces)
                self._refine(t, result)
            except Exception as fault:  # the frames to come will show whether it was the frame's
                _log.warning("the frame before the first failed (%s)", fault)
                self._bridge.reset()
                self._refiner.reset()
            self._times.step(t)

    def step(self, timeout_s: float) -> bool:
        """Wait for a frame and answer it.

        Parameters
        ----------
        timeout_s : float
            How long to wait [s].

        Returns
        -------
        bool
            Whether a frame came.
        """
        count = self._markers.pull(timeout_s)
        if count:
            self.stages.start()
            self.frames_in += count
            self.skipped += count - 1
            self._take(self._markers.t, count)
        elif self._forces is not None:
            self._forces.look()
        self._look_after()
        return count > 0

    def _take(self, t: float, count: int) -> None:
        """Answer a frame, unless its time says that it is an old one."""
        now, flag = self._clock.now(), 0
        if self._times.ahead(t, now):
            t, flag = now, int(Status.GAP)
        if self._times.long_ago(t + 1e-3 * self._config.markers.lag_ms, now):
            flag |= int(Status.LATE)
        arrival = self._times.step(t, count)
        if arrival is Arrival.OLD:
            self.skipped += 1
            return
        flag |= tell_missing(
            arrival, t - self._times.period_s, self._bridge, self._frame_forces, self._refiner
        )
        self._answer(t, min(t, now), flag)

    def _answer(self, t: float, taken: float, status: int) -> None:
        """Compute and publish one frame.

        Where frames are stamped as they arrive, the even times of half of them lie a little after
        that. Velocities and moments need even times, `t`; no frame is taken after it came, so the
        time that is published, and its age, are those of `taken`.
        """
        seq = self.frames_in - 1
        unsettled = 0 if self._refiner.settled else int(Status.WARMING_UP)
        self.sender.begin(seq, taken, self._markers.received, status | unsettled)
        if not self._align(t):
            status |= Status.FORCE_STALE
        try:
            result = self._bridge.step(t, self._markers.markers, self._frame_forces.forces)
            status |= result.status
            estimate = self._refine(t, result)
        except Exception as fault:  # the session must outlive any frame
            self._give_up(seq, status, fault)
            return
        if not self._refiner.settled:
            status |= Status.WARMING_UP
        if not self.sender.finish(seq, estimate, int(status), held_s=self._refiner.held_s):
            status |= Status.LATE
        self._publish_state(seq, taken, int(status), result)
        self.stages.mark("publish")
        self.stages.finish()

    def _align(self, t: float) -> bool:
        """Bring forces to the instant of a frame; False if others are held in their place."""
        known = self._frame_forces.align(t, self._clock.now() + 1e-3 * self._config.align_wait_ms)
        if self._forces is not None:
            self.stages.mark("align")
        return known

    def _refine(self, t: float, result: BridgeResult) -> F32:
        """EMG of a frame and its doubt (2, n); raises if anything is not a finite number."""
        total = result.activation.sum() + result.q.sum() + result.qd.sum() + result.tau.sum()
        if not math.isfinite(total):
            raise FloatingPointError("the bridge returned a value that is not finite")
        step_refiner(self._refiner, t, result, self._frame_forces.believed)
        estimate = self._refiner.estimate
        self.stages.mark("refine")
        if not math.isfinite(estimate.sum()):
            raise FloatingPointError("the network returned a value that is not finite")
        return estimate

    def _give_up(self, seq: int, status: int, fault: Exception) -> None:
        """Answer a frame that failed inside with a flagged substitute, and start anew."""
        self.faults += 1
        kind = f"{type(fault).__name__}: {fault}"
        if kind not in self._faults_logged and len(self._faults_logged) < 20:
            self._faults_logged.add(kind)
            _log.warning("frame %d answered with a substitute (%s)", seq, kind)
        self.sender.finish(seq, None, int(status | Status.HOLD))
        self._bridge.reset()
        self._refiner.reset()

    def _publish_state(self, seq: int, t: float, status: int, result: BridgeResult) -> None:
        """Send what the estimate was made from."""
        self._act.activation = _bytes(result.activation)
        self._kin.q, self._kin.qd = _bytes(result.q), _bytes(result.qd)
        self._kin.marker_rms = float(result.marker_rms)
        held = bool(status & Status.HOLD)
        self._doubts.step(result.q, result.marker_rms, result.marker_spread, held=held)
        self._doubts.step_motion(self._refiner.unlikeness)
        self._dyn.tau = _bytes(result.tau)
        self._dyn.forces = _bytes(result.forces)
        self._dyn.predicted = _bytes(result.predicted)
        if result.status & Status.GRF_PREDICTED:
            self._dyn.grf_source = "predicted"
        else:
            self._dyn.grf_source = "plate" if self._frame_forces.believed else "none"
        for message in (self._act, self._kin, self._dyn):
            message.seq, message.t, message.status = seq, t, status
            message.sent = self._clock.now()
            self._sink.send(message)

    def _look_after(self) -> None:
        """Welcome new subscribers and send what is due."""
        now = self._clock.now()
        if self._sink.has_new_subscriber() or now >= self._next_meta:
            self._next_meta = now + META_EVERY_S
            self._meta.seq, self._meta.t, self._meta.sent = self.frames_in, now, now
            self._meta.rate_hz = self._times.rate_hz
            self._sink.send(self._meta)
        if now >= self._next_health:
            self._next_health = now + HEALTH_EVERY_S
            self._publish_health(now)

    def _publish_health(self, now: float) -> None:
        """Send counts and percentiles."""
        then, frames_then, published_then = self._last_health
        self._last_health = (now, self.frames_in, self.sender.published)
        span, flagged = max(now - then, 1e-9), self.sender.statuses.counts()
        self._budget.step(self.sender.published, self.sender.on_time, self.stages)
        self._sink.send(
            Health(
                session=self.session,
                seq=self.frames_in,
                t=now,
                sent=now,
                uptime_s=now - self._began,
                rate_in_hz=(self.frames_in - frames_then) / span,
                rate_out_hz=(self.sender.published - published_then) / span,
                gap=flagged.get("GAP", 0),
                force_stale=flagged.get("FORCE_STALE", 0),
                faults=self.faults,
                unlikeness=self._refiner.unlikeness,
                plate_faults=self._plate_faults,
                doubts=self._doubts.said,
                **self._counts(),
            )
        )

    def _note_plate(self, name: str, message: str) -> None:
        """Say in the log, and in health, what is wrong with a force plate."""
        said = self._plate_faults.get(name)
        self._plate_faults[name] = f"{said}; {message}" if said else message
        _log.warning("force plate %r: %s", name, message)

    def _counts(self) -> dict[str, Any]:
        """Fields that the report and the health message share."""
        return {
            "frames_in": self.frames_in,
            "published": self.sender.published,
            "on_time": self.sender.on_time,
            "substituted": self.sender.substituted,
            "skipped": self.skipped,
            "late": self.sender.late,
            "latency_ms": self.sender.latency.summary_ms(),
            "stage_us": self.stages.summary_us(),
            "status_counts": self.sender.statuses.counts(),
        }

    def report(self) -> dict[str, Any]:
        """Return what ``--report`` writes: counts, latency [ms], stages [us], flags."""
        return self._counts() | {"budget_ms": self._config.budget_ms}


def _bytes(array: F64) -> bytes:
    """Little-endian float32 bytes of an array."""
    return array.astype("<f4").tobytes()
