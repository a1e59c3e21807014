"""The promise: an estimate, or a flagged substitute, leaves within the budget of every frame.

The loop says when a frame begins and hands in its estimate; a second thread looks after the
deadlines, so that a frame which takes too long is answered in time all the same. With constant
pacing that thread sends everything, when the budget is all but spent.
"""

import math
import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from streamer.arrays import F32
from streamer.clock import Clock
from streamer.messaging.messages import Emg
from streamer.protocols import Sink
from streamer.session.health import DurationHistogram, StatusCounter
from streamer.status import Status

MARGIN_S = 0.4e-3
"""Substitutes are sent this long before the deadline [s]: a sleeping thread wakes about 0.1 ms late
on stock Linux, and sending takes some microseconds."""
PACED_MARGIN_S = 0.8e-3
"""Likewise with constant pacing [s]. Where the budget ends while a later frame is computed, as one
of a frame period or more does, Python's lock keeps the sending thread waiting up to 0.7 ms."""

IDLE_S = 0.5
"""With nothing due the sending thread looks up so often [s], so that it can be ended."""
DECAY_S = 0.1
"""Time constant [s] with which a substitute fades: what is not known to be active becomes still,
so that a device driven by it relaxes instead of holding on."""


@dataclass(slots=True)
class _Pending:
    """A frame under way."""

    seq: int
    t: float
    received: float
    known: int = 0
    estimate: F32 | None = None
    held_s: float = 0.0
    status: int = 0
    compute_s: float = 0.0
    done: bool = False


class EmgSender:
    """Sends one EMG message per frame, on time.

    Parameters
    ----------
    sink : Sink
        Where messages go.
    clock : Clock
        LSL's.
    session : str
        UUID of the session.
    n_channels : int
        Channels of the estimate.
    budget_s : float
        From receipt to sending [s].
    pacing : {"asap", "constant"}
        Send when ready, or when the budget is spent.
    filter_delay_s : float
        Group delay of the filter [s], part of the published age.
    lead_s : float
        How far ahead of the filtered motion the estimates are [s], published as it is.

    Attributes
    ----------
    published, on_time, substituted, late : int
        Messages sent; computed and within the budget; substitutes; not within the budget.
    latency : DurationHistogram
        Receipt of the marker frame to sending.
    statuses : StatusCounter
        Of the messages sent.
    woken : threading.Event
        Set when a frame begins that is due before `tick` is to be called again: it had waited
        while another was computed.
    """

    def __init__(
        self,
        sink: Sink,
        clock: Clock,
        *,
        session: str,
        n_channels: int,
        budget_s: float,
        pacing: Literal["asap", "constant"] = "asap",
        filter_delay_s: float = 0.0,
        lead_s: float = 0.0,
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._budget_s = budget_s
        self._idle_s = min(0.5 * budget_s, IDLE_S)
        self._constant = pacing == "constant"
        self._margin_s = PACED_MARGIN_S if self._constant else MARGIN_S
        self._filter_delay_ms = 1e3 * filter_delay_s
        self._message = Emg(
            session=session, filter_delay_ms=self._filter_delay_ms, lead_ms=1e3 * lead_s
        )
        self.woken = threading.Event()
        self._next_tick = math.inf
        self._lock = threading.Lock()
        self._pending: deque[_Pending] = deque()
        # before there is any estimate, a channel may be as active as the reference maximum
        self._last = np.stack([np.zeros(n_channels, np.float32), np.ones(n_channels, np.float32)])
        self._last_received = -math.inf
        self._begun = _Pending(-1, 0.0, -math.inf)
        self._last_moved: float | None = None  # when the motion behind it was, by its own clock
        self.published = self.on_time = self.substituted = self.late = 0
        self.latency = DurationHistogram()
        self.statuses = StatusCounter()

    def begin(self, seq: int, t: float, received: float, status: int = 0) -> None:
        """Open a frame.

        Parameters
        ----------
        seq : int
            Its number.
        t, received : float
            Capture and receipt time [s], LSL local clock.
        status : int
            Quality bits that are known already, for a substitute.
        """
        with self._lock:
            self._pending.append(_Pending(seq, t, received, status))
            self._begun = self._pending[-1]
            if self._due(self._begun) < self._next_tick:
                self.woken.set()

    def finish(self, seq: int, estimate: F32 | None, status: int, *, held_s: float = 0.0) -> bool:
        """Hand in the estimate of the frame that was begun last.

        Parameters
        ----------
        seq : int
            The frame.
        estimate : ndarray of shape (2, n_channels), float32, or None
            Envelopes and the standard deviations of their errors; copied. None if there are none
            and a substitute is to be sent.
        status : int
            Quality bits.
        held_s : float
            By how much the estimate is older than the frame [s].

        Returns
        -------
        bool
            Whether it is in time; if not, a substitute was sent for this frame, or it went out
            late itself.
        """
        with self._lock:
            frame = next((p for p in self._pending if p.seq == seq), None)
            if frame is None:
                if estimate is not None:  # too late for this frame, but the best there is
                    self._keep(estimate, self._begun, held_s)
                return False
            frame.status |= status
            frame.compute_s = self._clock.now() - frame.received
            frame.estimate = None if estimate is None else estimate.astype(np.float32)
            frame.held_s = held_s
            frame.done = True
            if self._constant:
                return True
            self._pending.remove(frame)
            return self._send(frame)

    def flush(self) -> None:
        """Send what is finished at once: the thread that keeps deadlines has ended."""
        with self._lock:
            while self._pending:
                frame = self._pending.popleft()
                if frame.done:
                    self._send(frame)

    def tick(self, now: float) -> float:
        """Send what is due.

        Parameters
        ----------
        now : float
            The time [s], LSL local clock.

        Returns
        -------
        float
            When to call again [s]; before, if `woken` is set.
        """
        with self._lock:
            self._next_tick = now + self._idle_s
            while self._pending:
                frame = self._pending[0]
                if (due := self._due(frame)) > now:
                    self._next_tick = min(due, self._next_tick)
                    break
                self._pending.popleft()
                if not frame.done:
                    frame.status |= Status.LATE
                self._send(frame)
            return self._next_tick

    def _due(self, frame: _Pending) -> float:
        """When something has to leave for a frame [s]."""
        return frame.received + self._budget_s - self._margin_s

    def _keep(self, estimate: F32, frame: _Pending, held_s: float) -> None:
        """Remember the newest estimate for substitutes, and of when it is [s]."""
        self._last[:] = estimate
        self._last_received, self._last_moved = frame.received, frame.t - held_s

    def _send(self, frame: _Pending) -> bool:
        """Send a frame's estimate or its substitute, and count it; whether that was in time."""
        message = self._message
        computed = frame.estimate is not None
        if frame.estimate is not None:
            self._keep(frame.estimate, frame, frame.held_s)
            emg, sigma = self._last
        else:
            frame.status |= frame.known | Status.REFINER_SKIPPED
            emg, sigma = self._substitute(frame.received)
        message.emg, message.sigma = (part.astype("<f4").tobytes() for part in (emg, sigma))
        now = self._clock.now()
        within = now <= frame.received + self._budget_s
        if not within:
            frame.status |= Status.LATE
        message.seq, message.t, message.sent, message.status = (
            frame.seq, frame.t, now, int(frame.status),
        )  # fmt: skip
        moved = frame.t if self._last_moved is None else self._last_moved
        message.age_ms = 1e3 * (now - moved) + self._filter_delay_ms
        message.compute_ms = 1e3 * frame.compute_s
        self._sink.send(message)
        self.latency.record(now - frame.received)
        self.statuses.add(int(frame.status))
        self.published += 1
        self.on_time += computed and within
        self.substituted += not computed
        self.late += not within
        return within

    def _substitute(self, received: float) -> tuple[F32, F32]:
        """Last estimate, decayed by the time since; as much as that may be wrong by.

        That time is measured by receipt: the clock of the capture can be set back.
        """
        fade = math.exp((self._last_received - received) / DECAY_S)
        emg, sigma = self._last
        return fade * emg, np.hypot(sigma, (1.0 - fade) * emg)


class DeadlineThread(threading.Thread):
    """Calls an `EmgSender`'s ``tick`` when something may be due.

    Parameters
    ----------
    sender : EmgSender
        Whose deadlines to keep.
    clock : Clock
        LSL's.
    """

    def __init__(self, sender: EmgSender, clock: Clock) -> None:
        super().__init__(name="deadlines", daemon=True)
        self._sender = sender
        self._clock = clock
        self._stopped = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopped.is_set():
            self._sender.woken.clear()
            next_tick = self._sender.tick(self._clock.now())
            self._sender.woken.wait(max(next_tick - self._clock.now(), 0.0))

    def stop(self) -> None:
        """End the thread and wait for it; what is finished goes out."""
        self._stopped.set()
        self.join()
        self._sender.flush()
