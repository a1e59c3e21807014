"""Markers in over LSL, the newest frame wins; and what all inlets share.

Time stamps are in the LSL local clock of this machine (clock synchronisation on). liblsl's own
dejittering stays off: see `streamer.dejitter` for what it does to frames that are missing, and for
what is used instead. So does its monotonizing: a clock that is set back would stand still until it
has caught up, and nobody could tell.
"""

import ctypes
from typing import Any

import numpy as np
import pylsl
from numpy.typing import NDArray
from pylsl.util import LostError, handle_error
from pylsl.util import TimeoutError as LslTimeoutError

from streamer.channels import compensated_lag, marker_layout, read_channels
from streamer.clock import Clock, LslClock
from streamer.config import EmgStream, Stream
from streamer.dejitter import Dejitter
from streamer.exceptions import StreamLayoutError, StreamNotFound
from streamer.lost_stream import LostStream

F64 = NDArray[np.float64]

POSTPROCESSING = pylsl.proc_clocksync
CHUNK = 64
"""Samples per pull; more are pulled in further rounds."""
_BUFFER_S = 1  # liblsl keeps at most this much [s]: what is older is of no use live
_MEASURED_FRAMES = 40

SECOND_ANSWER_S = 0.8
"""How long to listen for other streams [s]: liblsl asks again after 0.5 s, and several outlets of
one machine do not all hear the first question."""

ANY_STREAM = Stream()
"""Metres or millimetres as the stream says, y up, no known lag, smoothed capture times."""


def find_stream(
    *, kind: str = "", name: str = "", source_id: str = "", timeout_s: float = 10.0
) -> pylsl.StreamInfo:
    """Wait for the one stream that answers a description.

    Parameters
    ----------
    kind : str
        LSL type, upper and lower case alike; "" for any.
    name, source_id : str
        Exact; "" for any.
    timeout_s : float
        How long to wait [s].

    Returns
    -------
    pylsl.StreamInfo
        Without its extended description.

    Raises
    ------
    StreamNotFound
        If none answers in time (the visible streams are listed), or more than one does.
    """
    wanted = {"type": kind, "name": name, "source_id": source_id}
    said = ", ".join(f"{k} {v}" for k, v in wanted.items() if v) or "any type"
    predicate = _predicate(kind, name, source_id)
    found = pylsl.resolve_bypred(predicate, minimum=1, timeout=timeout_s)
    if len(found) == 1 and not source_id:  # the first to answer need not be the only one
        found = pylsl.resolve_bypred(predicate, minimum=2, timeout=SECOND_ANSWER_S) or found
    if not found:
        raise StreamNotFound(said, timeout_s, f"{visible_streams()}; start the sender or replay")
    if len(streams := _distinct(found)) > 1:
        several = ", ".join(f"{i.name()} (source_id {i.source_id()})" for i in streams)
        raise StreamNotFound(
            f"{said} alone", timeout_s, f"{several} all answer: set `name` or `source_id`"
        )
    return found[0]


def find(stream: Stream | EmgStream) -> pylsl.StreamInfo:
    """Wait for the stream that a configuration describes; see `find_stream`."""
    return find_stream(
        kind=stream.type,
        name=stream.name,
        source_id=stream.source_id,
        timeout_s=stream.timeout_s,
    )


def answering(stream: Stream | EmgStream) -> list[pylsl.StreamInfo]:
    """Every stream that answers a configuration's description now; none is no error."""
    predicate = _predicate(stream.type, stream.name, stream.source_id)
    return _distinct(pylsl.resolve_bypred(predicate, minimum=1, timeout=SECOND_ANSWER_S))


def _distinct(found: list[pylsl.StreamInfo]) -> list[pylsl.StreamInfo]:
    """Each stream once: it answers by IPv4 and by IPv6."""
    return list({info.uid(): info for info in found}.values())


def visible_streams(wait_s: float = SECOND_ANSWER_S) -> str:
    """One phrase about the LSL streams that can be seen now."""
    streams = pylsl.resolve_streams(wait_time=wait_s)
    if not streams:
        return "no LSL stream at all is visible"
    listed = ", ".join(f"{s.name()} ({s.type()}, {s.channel_count()} ch)" for s in streams)
    return f"visible: {listed}"


def _predicate(kind: str, name: str, source_id: str) -> str:
    """XPath 1.0 predicate; `translate` makes the type's comparison blind to case."""
    upper, lower = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
    parts = []
    if kind:
        parts.append(f"translate(type,'{upper}','{lower}')={_quoted(kind.lower())}")
    if name:
        parts.append(f"name={_quoted(name)}")
    if source_id:
        parts.append(f"source_id={_quoted(source_id)}")
    return " and ".join(parts) or "channel_count>0"


def _quoted(text: str) -> str:
    """XPath string literal; XPath 1.0 knows no escapes, only two kinds of quotes."""
    return f'"{text}"' if "'" in text else f"'{text}'"


def _connect(info: pylsl.StreamInfo, timeout_s: float) -> tuple[pylsl.StreamInlet, str]:
    """Open a stream, its clock offset known; returns it and its description as XML."""
    inlet = pylsl.StreamInlet(info, _BUFFER_S, processing_flags=POSTPROCESSING)
    try:
        xml = inlet.info(timeout_s).as_xml()
        inlet.open_stream(timeout_s)
        # the first estimate takes 0.5 s, during which the first pull would wait
        inlet.time_correction(timeout_s)
    except (LslTimeoutError, LostError) as error:
        raise StreamNotFound(
            f"name {info.name()}",
            timeout_s,
            "it announces itself but does not answer: check the firewall (TCP 16572-16604)",
        ) from error
    return inlet, xml


class Inlet:
    """What all inlets share: the connection, the buffer, the clock domain."""

    def __init__(self, info: pylsl.StreamInfo, *, lag_ms: float, connect_timeout_s: float) -> None:
        self.name = info.name()
        if info.channel_format() == pylsl.cf_string:
            raise StreamLayoutError(
                f"stream {self.name!r} carries text, not numbers; name another one"
            )
        inlet, self._xml = _connect(info, connect_timeout_s)
        self._info, self._timeout_s = info, connect_timeout_s
        self._lost: LostStream | None = None
        self.nominal_rate_hz = float(info.nominal_srate())
        self._lag_s = max(0.0, 1e-3 * lag_ms - compensated_lag(self._xml))
        self._stamps = np.zeros(CHUNK)
        self._error = ctypes.c_int()
        self._use(inlet)

    def _use(self, inlet: pylsl.StreamInlet) -> None:
        """Pull from a connection from now on, into a buffer of its number format."""
        self._inlet = inlet
        self._buffer = np.zeros((CHUNK, self._info.channel_count()), inlet.np_dtype)

    def _pull(self, timeout_s: float) -> F64:
        """Fill the buffer with what is there; wait only if nothing is.

        Returns
        -------
        ndarray of shape (n,), float64
            Time stamps [s] of the first n samples of the buffer; both valid until the next call.
        """
        if self._lost is not None and not self._returned(self._lost, timeout_s):
            return self._stamps[:0]
        try:
            count = self._pull_into(0, CHUNK, 0.0)
            if not count and timeout_s > 0.0:
                count = self._pull_into(0, 1, timeout_s)  # liblsl waits until all asked for come
                if count:
                    count += self._pull_into(1, CHUNK - 1, 0.0)
        except LostError as lost:  # liblsl finds a stream again by its source_id alone
            self._seek(lost)
            count = 0
        return self._stamps[:count]

    def _seek(self, _: LostError) -> None:
        """Look for the stream that was lost, if it is to be waited for."""
        predicate = _predicate(self._info.type(), self.name, "")
        self._lost = LostStream(
            self.name,
            lambda listen_s: pylsl.resolve_bypred(predicate, minimum=1, timeout=listen_s),
            self._same,
        )
        self._lost.start()

    def _same(self, info: pylsl.StreamInfo) -> pylsl.StreamInlet | None:
        """Connect to a stream of that name; None if it does not answer or is another one.

        Its numbers may have another format than before.
        """
        if info.channel_format() == pylsl.cf_string:
            return None
        try:
            inlet, xml = _connect(info, self._timeout_s)
        except StreamNotFound:
            return None
        same = read_channels(xml) == read_channels(self._xml) and (
            info.channel_count() == self._info.channel_count()
        )
        return inlet if same else None

    def _returned(self, lost: LostStream, timeout_s: float) -> bool:
        """Wait for a stream that was lost; take over its new connection."""
        lost.join(timeout_s)
        if lost.found is None:
            return False
        self._use(lost.found)
        self._lost = None
        return True

    def _pull_into(self, start: int, most: int, timeout_s: float) -> int:
        """Pull at most `most` samples to a place in the buffer; returns how many came.

        liblsl is called as `pylsl.StreamInlet.pull_chunk` does, without its conversions: measured
        for 20 samples of 18 channels, 7 us instead of 36, three times per frame.
        """
        values = self._buffer[start:]
        filled = self._inlet.do_pull_chunk(
            self._inlet.obj,
            ctypes.c_void_p(values.ctypes.data),
            ctypes.c_void_p(self._stamps[start:].ctypes.data),
            ctypes.c_size_t(most * self._buffer.shape[1]),
            ctypes.c_size_t(most),
            ctypes.c_double(timeout_s),
            ctypes.byref(self._error),
        )
        handle_error(self._error)
        return int(filled // self._buffer.shape[1])

    def flush(self) -> int:
        """Drop everything that is waiting; returns the number of samples."""
        return int(self._inlet.flush())

    def close(self) -> None:
        """Disconnect."""
        if self._lost is not None:
            self._lost.stop()
        self._inlet.close_stream()


class MarkerInlet(Inlet):
    """The newest marker frame.

    Parameters
    ----------
    info : pylsl.StreamInfo
        From `find_stream`.
    settings : Stream, optional
        Unit, axes, known lag (what the stream's ``compensated_lag`` already accounts for is not
        taken off twice) and whether to smooth capture times.
    rate_hz : float, optional
        Frame rate [Hz]; default: the nominal rate, or measured where that is 0.
    clock : Clock, optional
        LSL's.
    connect_timeout_s : float
        How long the stream may take to answer [s].

    Attributes
    ----------
    names : tuple of str
        Marker names, n of them.
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
        settings: Stream = ANY_STREAM,
        *,
        rate_hz: float | None = None,
        clock: Clock | None = None,
        connect_timeout_s: float = 5.0,
    ) -> None:
        super().__init__(info, lag_ms=settings.lag_ms, connect_timeout_s=connect_timeout_s)
        self._clock = clock or LslClock()
        layout = marker_layout(read_channels(self._xml), unit=settings.unit, up=settings.up)
        self.names = layout.names
        self._columns, self._scale = layout.columns, layout.scale
        self.markers = np.full((len(self.names), 3), np.nan)
        self._flat = self.markers.reshape(-1)
        self.t = -float("inf")
        self.received = -float("inf")
        self.rate_hz = rate_hz or self.nominal_rate_hz or self._measure_rate()
        self._dejitter = Dejitter(self.rate_hz) if settings.dejitter else None
        self._last_pull_end = self._clock.now()

    def _measure_rate(self) -> float:
        """Median frame rate of the next frames [Hz], for streams of nominal rate 0."""
        stamps: list[float] = []
        while len(stamps) < _MEASURED_FRAMES:
            new = self._pull(2.0).tolist()
            if not new:
                raise StreamNotFound(
                    f"name {self.name} with data", 2.0, "it is there but silent: start the capture"
                )
            stamps += new
        return float(1.0 / np.median(np.diff(stamps)))

    def pull(self, timeout_s: float) -> int:
        """Take the newest frame.

        Parameters
        ----------
        timeout_s : float
            How long to wait for one [s].

        Returns
        -------
        int
            Frames received: 0 if none came in time, more than 1 if older ones were skipped.
        """
        began = self._clock.now()
        newest = count = len(self._pull(timeout_s))
        if not count:
            self._last_pull_end = self._clock.now()
            return 0
        while newest == CHUNK and (more := len(self._pull(0.0))):
            newest = more
            count += more
        self._take(self._buffer[newest - 1])
        self.t = self._smooth(float(self._stamps[newest - 1]), count) - self._lag_s
        now = self._clock.now()
        # 0.1 ms: an immediate answer, so the frame was there before it was asked for
        self.received = self._last_pull_end if now - began < 1e-4 else now
        self._last_pull_end = now
        return count

    def _smooth(self, stamp: float, count: int) -> float:
        """Capture time of the last of so many frames, smoothed if that is on."""
        return stamp if self._dejitter is None else self._dejitter.step(stamp, count)

    def _take(self, sample: NDArray[Any]) -> None:
        """Scale one sample into `markers`; (0, 0, 0) and non-finite positions become NaN."""
        np.multiply(sample[self._columns], self._scale, out=self._flat)
        present = np.isfinite(self.markers).all(axis=1) & self.markers.any(axis=1)
        self.markers[~present] = np.nan

    def flush(self) -> int:
        """Drop what is waiting; the next frame received is a new one."""
        dropped = super().flush()
        self._last_pull_end = self._clock.now()
        return dropped
