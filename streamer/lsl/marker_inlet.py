"""Markers in, of which the newest frame wins."""

import logging
import math
from typing import Any

import numpy as np
import pylsl
from numpy.typing import NDArray

from streamer.channels import marker_layout, read_channels
from streamer.clock import LslClock
from streamer.config.streams import MarkerStream
from streamer.exceptions import StreamLayoutError, StreamNotFound
from streamer.frames.dejitter import MEASURED_FRAMES, Dejitter
from streamer.frames.rate import mean_rate_hz
from streamer.frames.times import Batches
from streamer.lsl.inlet import CHUNK, Inlet
from streamer.lsl.repeats import Repeats
from streamer.units import metres
from streamer.unseen import hide_unseen

_log = logging.getLogger(__name__)

_MEASURED_AT_MOST = 400


class MarkerInlet(Inlet):
    """The newest marker frame.

    Parameters
    ----------
    info : pylsl.StreamInfo
        From `streamer.lsl.finding.find`.
    settings : MarkerStream
        Names, unit, axes, known lag (what the stream's ``compensated_lag`` already accounts for is
        not taken off twice) and whether to smooth capture times.
    rate_hz : float, optional
        Frame rate [Hz]; default: the nominal rate, or measured where that is 0.

    Attributes
    ----------
    names : tuple of str
        Marker names, n of them, the model's where `settings` say them.
    rate_hz : float
        Frame rate [Hz].
    t : float
        Capture time of the newest frame [s], LSL local clock.
    received : float
        When it was received [s], same clock. A frame that was already waiting counts from the
        earliest moment it can have come, the end of the last pull: latencies computed from this
        are upper bounds.
    markers : ndarray of shape (n, 3), float64
        Positions [m] in ground, NaN = missing; overwritten by the next pull.
    """

    def __init__(
        self,
        info: pylsl.StreamInfo,
        settings: MarkerStream,
        *,
        rate_hz: float | None = None,
    ) -> None:
        super().__init__(info, settings)
        self._clock = LslClock()
        channels = read_channels(self._xml)
        layout = marker_layout(channels, unit=settings.unit, up=settings.up)
        sent = channels[layout.columns[0]].unit
        if settings.unit and sent and metres(settings.unit) != metres(sent):
            _log.warning(
                "`unit: %s` under `markers` is not used: stream %r itself says %s",
                settings.unit,
                self.name,
                sent,
            )
        self.names = settings.as_model(layout.names)
        self._columns, self._scale = layout.columns, layout.scale
        self.markers = np.full((len(self.names), 3), np.nan)
        self._flat = self.markers.reshape(-1)
        self.t = -float("inf")
        self.received = -float("inf")
        self.rate_hz = rate_hz or self.nominal_rate_hz or self._measure_rate()
        self._newest = -float("inf")
        self._batches, self._repeats = Batches(), Repeats(self.name)
        self._dejitter = Dejitter(self.rate_hz) if settings.dejitter else None
        self._last_pull_end = self._clock.now()

    def _measure_rate(self) -> float:
        """Mean frame rate of the next frames [Hz], for streams of nominal rate 0."""
        stamps: set[float] = set()
        came = 0
        while len(stamps) < MEASURED_FRAMES and came < _MEASURED_AT_MOST:
            new = self._pull(2.0).tolist()
            if not new:
                raise StreamNotFound(
                    f"name {self.name} with data", 2.0, "it is there but silent: start the capture"
                )
            stamps.update(filter(math.isfinite, new))
            came += len(new)
        rate_hz = mean_rate_hz(stamps)
        if not rate_hz:
            raise StreamLayoutError(
                f"{came} frames of stream {self.name!r} all have the time {new[0]:.3f} s, so "
                "their rate is unknown; make the sender stamp its frames, or set `rate_hz`"
            )
        return rate_hz

    def pull(self, timeout_s: float) -> int:
        """Take the newest frame.

        Parameters
        ----------
        timeout_s : float
            How long to wait for one [s].

        Returns
        -------
        int
            Frames received: 0 if none came in time, more than 1 if older ones were skipped. A
            frame that is sent twice with one time counts once. A frame equal to the last to the
            bit, under a new time, is left out, see `streamer.lsl.repeats`.
        """
        newest = len(self._pull(0.0))
        waited = not newest
        if waited:
            newest = len(self._pull(timeout_s))
        if not newest:
            self._last_pull_end = self._clock.now()
            return 0
        count = self._count(newest)
        while newest == CHUNK and (more := len(self._pull(0.0))):
            newest = more
            count += self._count(newest)
        if self._resumed:  # the others came while it was connected to
            count, self._resumed = 1, False
        count = max(count, 1)
        now = self._clock.now()
        self._take(self._buffer[newest - 1])
        if self._repeats.step(self.markers, float(self._stamps[newest - 1])):
            self._last_pull_end = now
            return 0
        self.t = self._smooth(float(self._stamps[newest - 1]), count, now) - self._lag_s
        if waited:
            self.received = now
            self._batches.step(count)
        else:  # it was there before it was asked for, at most since the last time
            self.received = self._last_pull_end
        self._last_pull_end = now
        return count

    def _count(self, n: int) -> int:
        """How many of the first n time stamps of the buffer are later than the one before."""
        before, self._newest = self._newest, float(self._stamps[n - 1])
        if n == 1:
            return int(self._newest > before)
        return int(np.count_nonzero(np.diff(self._stamps[:n], prepend=before) > 0.0))

    def _smooth(self, stamp: float, count: int, now: float) -> float:
        """Capture time of the last of so many frames, smoothed if that is on and it has one."""
        if self._dejitter is None or math.isinf(stamp):
            return stamp
        return self._dejitter.step(stamp, count, now + self._lag_s)

    def _take(self, sample: NDArray[Any]) -> None:
        """Scale one sample into `markers`."""
        np.multiply(sample[self._columns], self._scale, out=self._flat)
        hide_unseen(self.markers)

    def flush(self) -> int:
        """Drop what is waiting; the next frame received is a new one."""
        dropped = super().flush()
        self._last_pull_end = self._clock.now()
        return dropped
