"""What all LSL inlets share: samples as they come, of a stream that is looked for if it is lost.

Time stamps are in the LSL local clock of this machine (clock synchronisation on).
"""

import ctypes
import logging
import threading

import numpy as np
import pylsl
from pylsl.util import LostError, handle_error

from streamer.arrays import F64
from streamer.channels import read_channels, remaining_lag_s
from streamer.config.streams import Stream
from streamer.exceptions import StreamLayoutError
from streamer.lsl.connection import Connection, connect
from streamer.lsl.lost_stream import SILENT_S, LostStream, Sought

_log = logging.getLogger(__name__)

CHUNK = 64
"""Samples per pull; more are pulled in further rounds."""
LATEST_S = 1e10
"""No clock shows so many seconds: three centuries."""


class Inlet:
    """What all inlets share: the connection, the buffer, the clock domain.

    A stream that ends or falls silent is looked for; see `streamer.lsl.lost_stream`.
    """

    _looked_for = True

    def __init__(self, info: pylsl.StreamInfo, settings: Stream) -> None:
        self.name = info.name()
        if info.channel_format() == pylsl.cf_string:
            raise StreamLayoutError(
                f"stream {self.name!r} carries text, not numbers; name another one"
            )
        self._settings = settings
        self._lost: LostStream | None = None
        self._resumed = False
        self.nominal_rate_hz = float(info.nominal_srate())
        self._stamps = np.zeros(CHUNK)
        self._error = ctypes.c_int()
        self._use(connect(info))
        described, sent = len(read_channels(self._xml)), info.channel_count()
        if described > sent:
            raise StreamLayoutError(
                f"stream {self.name!r} describes {described} channels and sends {sent}; correct "
                "its sender"
            )
        self._heard_s = self._since_s = pylsl.local_clock()
        self._silent = False

    def _use(self, connection: Connection) -> None:
        """Pull from a connection from now on, into a buffer of its number format."""
        self._connection, self._inlet = connection, connection.inlet
        self._xml = connection.xml
        self._lag_s = remaining_lag_s(self._xml, self._settings.lag_ms)
        count = connection.info.channel_count()
        self._buffer = np.zeros((CHUNK, count), connection.inlet.np_dtype)

    def _pull(self, timeout_s: float) -> F64:
        """Fill the buffer with what is there; wait only if nothing is.

        Returns
        -------
        ndarray of shape (n,), float64
            Time stamps [s] of the first n samples of the buffer; both valid until the next call.
            Infinity where the sender's is no time.
        """
        if self._lost is not None and not self._may_pull(self._lost, timeout_s):
            return self._stamps[:0]
        try:
            count = self._pull_into(0, CHUNK, 0.0)
            if not count and timeout_s > 0.0:
                count = self._pull_into(0, 1, timeout_s)  # liblsl waits until all asked for come
                if count:
                    count += self._pull_into(1, CHUNK - 1, 0.0)
        except LostError as lost:
            self._end(lost)
            return self._stamps[:0]
        self._listen(count)
        stamps = self._stamps[:count]
        if count and not np.abs(stamps).max() < LATEST_S:
            stamps[~(np.abs(stamps) < LATEST_S)] = np.inf
        return stamps

    def _end(self, _: LostError) -> None:
        """Look for the stream, which ended."""
        _log.warning(
            "stream %r ended; continuing without it until it returns with the same channels",
            self.name,
        )
        self._seek(ended=True)

    def _listen(self, count: int) -> None:
        """Take note of samples; look for a stream that has long sent none."""
        now = pylsl.local_clock()
        if count:
            self._heard_s, self._silent = now, False
            if self._lost is not None:
                self._lost.stop()
                self._lost = None
        elif (
            self._looked_for
            and self._lost is None
            and now > max(self._heard_s, self._since_s) + SILENT_S
        ):
            if not self._silent:
                _log.warning("stream %r sends nothing; continuing without it", self.name)
            self._silent = True
            self._seek(ended=False)

    def _seek(self, *, ended: bool) -> None:
        """Look for the stream in the background."""
        if self._lost is not None:
            self._lost.stop()
        sought = Sought(self._connection, self._settings.source_id, self._heard_s)
        self._lost = LostStream(sought, ended=ended)
        self._lost.start()

    def _may_pull(self, lost: LostStream, timeout_s: float) -> bool:
        """Take over the connection that was found; whether there is one to pull from."""
        if lost.ended:
            lost.join(timeout_s)
        if lost.found is None:
            return not lost.ended
        # what it takes to end the old one must not stop the loop
        threading.Thread(target=self._inlet.close_stream, daemon=True).start()
        self._use(lost.found)
        self._lost, self._resumed = None, True
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
        """Drop everything that is waiting; returns the number of samples.

        Whether the stream is silent shows from now on, and not while kernels compiled, say.
        """
        self._since_s = pylsl.local_clock()
        return int(self._inlet.flush())

    def close(self) -> None:
        """Disconnect."""
        if self._lost is not None:
            self._lost.stop()
        self._inlet.close_stream()
