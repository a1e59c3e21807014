"""A recording out over LSL, as the laboratory's systems would send it.

Times are kept against absolute due times, so that errors do not add up; after a stall the
schedule is moved instead of working off what was missed. A marker frame leaves once the force
sample that follows it has been taken, as a capture host delivers a frame with its analog data.
"""

import math
from collections.abc import Callable

import numpy as np

from streamer.arrays import F32, F64
from streamer.clock import Clock
from streamer.exceptions import FormatError
from streamer.formats import MarkerTable, Storage
from streamer.lsl.faults import Faults
from streamer.lsl.outlets import Outlet

FORCE_CHUNK_S = 0.004
"""Analog samples are sent in chunks of at most this length [s]."""
STALL_S = 0.25
"""A schedule that is further behind than this [s] is moved."""

_PER_METRE = {"mm": 1e3, "m": 1.0}


class Player:
    """Sends a recording.

    Parameters
    ----------
    markers : MarkerTable
        Marker frames.
    analogs : sequence of (Storage, Outlet)
        Forces and EMG, each with the outlet it goes to; same clock as the markers.
    outlet : Outlet
        Where marker frames go.
    clock : Clock
        LSL's.
    unit : str
        Unit of the sent positions: mm or m.
    speed : float
        1 = as recorded.
    loop : bool
        Start again at the end, time going on: the period is the recording's length plus one
        frame.
    faults : Faults, optional
        What to break.

    Attributes
    ----------
    frames_sent, stalls : int
        Marker frames sent; how often the schedule was moved.
    """

    def __init__(
        self,
        markers: MarkerTable,
        outlet: Outlet,
        analogs: "list[tuple[Storage, Outlet]]",
        clock: Clock,
        *,
        unit: str = "mm",
        speed: float = 1.0,
        loop: bool = False,
        faults: Faults | None = None,
    ) -> None:
        self._markers, self._outlet, self._clock = markers, outlet, clock
        self._factor = _PER_METRE[unit]
        self._speed, self._loop, self._faults = speed, loop, faults or Faults()
        self._start = float(markers.time[0])
        self.period_s = float(markers.time[-1]) - self._start + 1.0 / markers.rate_hz
        self._tracks = [_Track(s, o, self._start, self.period_s) for s, o in analogs]
        self._anchor = 0.0
        self.frames_sent = self.stalls = 0

    def run(self, stopped: Callable[[], bool]) -> None:
        """Send until the end, or until somebody says stop.

        Parameters
        ----------
        stopped : callable
            Asked before every frame.
        """
        self._anchor = self._clock.now() + 0.05
        lap = 0
        while not stopped():
            for index in range(self._markers.n_frames):
                if stopped():
                    return
                self._send_frame(lap, index)
            lap += 1
            if not self._loop:
                return

    def _send_frame(self, lap: int, index: int) -> None:
        """Send the analog samples up to a marker frame, then the frame."""
        elapsed = lap * self.period_s + float(self._markers.time[index]) - self._start
        ready = max([elapsed] + [track.next_after(elapsed) for track in self._tracks])
        chunks = math.ceil(1.0 / (self._markers.rate_hz * FORCE_CHUNK_S))
        step = 1.0 / (self._markers.rate_hz * chunks)
        for k in range(chunks if self._tracks else 1):
            due = ready - (chunks - 1 - k) * step if self._tracks else ready
            self._wait_for(due)
            for track in self._tracks:
                taken = due - self._faults.late
                track.send_until(
                    taken, self._stamp, self._speed, silent=not self._faults.sends_forces(taken)
                )
        if not self._faults.sends_frame(elapsed):
            return
        positions = self._faults.spoil(elapsed, self._markers.positions[index])
        sample = (self._factor * positions).reshape(1, -1).astype(np.float32)
        stamp = self._faults.stamp(self._stamp(elapsed))
        self._outlet.push(sample, np.array([stamp]))
        self.frames_sent += 1

    def _stamp(self, elapsed: float) -> float:
        """LSL time [s] of a time since the start of the recording [s]."""
        return self._anchor + elapsed / self._speed

    def _wait_for(self, elapsed: float) -> None:
        """Sleep until a time of the recording; move the schedule if far behind."""
        due = self._stamp(elapsed)
        behind = self._clock.now() - due
        if behind > STALL_S:
            self._anchor += behind
            self.stalls += 1
        else:
            self._clock.sleep_until(due)


class _Track:
    """An analog table on its way out, endless: sample n of lap m has one running number."""

    def __init__(self, table: Storage, outlet: Outlet, start: float, period: float) -> None:
        inside = (table.time >= start - 1e-9) & (table.time < start + period - 1e-9)
        self._time: F64 = table.time[inside] - start
        self._data: F32 = table.data[inside].astype(np.float32)
        if not len(self._time):
            raise FormatError(
                table.name, f"no sample between {start:g} and {start + period:g} s, the time of "
                "the markers", "give files of one trial"
            )  # fmt: skip
        self._outlet, self._period = outlet, period
        self._sent = 0

    def next_after(self, elapsed: float) -> float:
        """Time of the first sample that is not before `elapsed` [s since the start]."""
        lap, within = divmod(elapsed + 1e-9, self._period)
        index = int(np.searchsorted(self._time, within - 2e-9))
        # where the table has a hole, or ends early, nobody waits for it
        if index == len(self._time):
            return elapsed
        found = lap * self._period + float(self._time[index])
        return found if found - elapsed < FORCE_CHUNK_S else elapsed

    def send_until(
        self, elapsed: float, stamp: Callable[[float], float], speed: float, *, silent: bool = False
    ) -> None:
        """Send what has been taken up to `elapsed` [s since the start], in one chunk per lap.

        Where it is `silent`, these samples are never sent.
        """
        while True:
            lap, first = divmod(self._sent, len(self._time))
            last = int(
                np.searchsorted(self._time, elapsed - lap * self._period + 1e-9, side="right")
            )
            if last <= first:
                return
            times = self._time[first:last]
            if not silent:
                self._outlet.push(self._data[first:last], stamp(lap * self._period) + times / speed)
            self._sent += last - first
