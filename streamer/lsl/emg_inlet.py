"""Measured EMG in, over LSL: every sample is kept, for a calibration that comes afterwards."""

import threading
import time
from typing import Final

import numpy as np
import pylsl
from pylsl.util import LostError

from streamer.arrays import F64
from streamer.channels import check_once, read_channels
from streamer.config.streams import EmgStream
from streamer.exceptions import StreamerError, StreamLayoutError, StreamNotFound, nearest
from streamer.frames.stamps import even_times, newer, set_back_s
from streamer.lsl.inlet import Inlet

EVERY_S: Final = 0.05
"""liblsl is emptied this often [s]; it keeps a second, or 5000 samples if no rate is named."""


class EmgInlet(Inlet):
    """Keep what an EMG stream sends, in a thread that sleeps most of the time.

    Parameters
    ----------
    info : pylsl.StreamInfo
        From `find`.
    settings : EmgStream
        Channels, kind and known lag.

    Attributes
    ----------
    names : tuple of str
        Channels that are kept.
    newest_s : float
        Time of the newest sample [s], LSL local clock; minus infinity before the first.

    Raises
    ------
    StreamLayoutError
        If the stream lacks a channel that the settings name or has it twice, or has no labels.
    """

    _looked_for = False  # who records waits for the samples, and begins anew without them

    def __init__(self, info: pylsl.StreamInfo, settings: EmgStream) -> None:
        super().__init__(info, settings)
        labels = [channel.label for channel in read_channels(self._xml)]
        wanted = settings.channels or {label: label for label in labels}
        if not wanted or len(labels) != info.channel_count():
            raise StreamLayoutError(
                f"the EMG stream {self.name!r} has {info.channel_count()} channels and labels for "
                f"{len(labels)}; have the sender label every channel: SOL_r, TA_r, ..."
            )
        for label in wanted.values():
            if label not in labels:
                raise StreamLayoutError(
                    f"the EMG stream {self.name!r} has no channel {label!r} "
                    f"({nearest(label, labels)}); correct `emg: channels`"
                )
            check_once(label, labels, "EMG")
        self.names = tuple(wanted)
        self._columns = [labels.index(label) for label in wanted.values()]
        self._chunks: list[tuple[F64, F64]] = []
        self.newest_s = -float("inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._collect, name="emg", daemon=True)
        self._failed: Exception | None = None

    def start(self) -> None:
        """Forget what is waiting and begin."""
        self.flush()
        self._thread.start()

    def stop(self, until: float, wait_s: float) -> None:
        """End once samples of the time `until` [s] have come, or after `wait_s` [s].

        Raises
        ------
        StreamNotFound
            If the stream was lost on the way.
        """
        end = time.monotonic() + wait_s
        while self.newest_s < until and self._failed is None and time.monotonic() < end:
            time.sleep(EVERY_S)
        self._stop.set()
        self._thread.join()
        self.check()

    def check(self) -> None:
        """See that the stream is still there.

        Raises
        ------
        StreamNotFound
            If it was lost.
        """
        if self._failed is not None:
            why = f"it was lost while recording ({self._failed}); begin anew"
            raise StreamNotFound(f"name {self.name}", 0.0, why)

    def _end(self, lost: LostError) -> None:
        raise lost  # a recording with a hole of unknown length is worth nothing

    def _collect(self) -> None:
        """Move what has arrived into memory, until told to stop."""
        try:
            while not self._stop.is_set():
                while len(stamps := self._pull(0.0)):
                    rows = self._buffer[: len(stamps), self._columns].astype(np.float64)
                    timed = np.isfinite(stamps)
                    times = stamps[timed] - self._lag_s
                    self._chunks.append((times, rows[timed]))
                    if len(times):
                        self.newest_s = float(times[-1])
                self._stop.wait(EVERY_S)
        except Exception as error:  # reported by `stop`, in the thread that can say so
            self._failed = error

    def close(self) -> None:
        """End and disconnect."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        super().close()

    def samples(self) -> tuple[F64, F64]:
        """Return what was kept.

        Returns
        -------
        time : ndarray of shape (n,), float64 [s]
            Rising, smoothed, LSL local clock.
        data : ndarray of shape (n, n_channel), float64
            Order of `names`, unit of the stream.

        Raises
        ------
        StreamerError
            If the stream's clock was set back on the way.
        """
        stamps = np.concatenate([chunk[0] for chunk in self._chunks] or [np.zeros(0)])
        rows = [chunk[1] for chunk in self._chunks] or [np.zeros((0, len(self.names)))]
        if (back_s := set_back_s(stamps)) > 0.0:
            raise StreamerError(
                f"the clock of EMG stream {self.name!r} was set back by {back_s:.2f} s; begin anew"
            )
        smooth = even_times(stamps)
        later = newer(smooth)
        return smooth[later], np.concatenate(rows)[later]
