"""A stream that ended or fell silent: what answers in its place is looked for, and judged.

liblsl's own recovery takes whatever comes under the same source_id, unread, and nothing else. Here
a stream is taken back only if it has the same channels, and if it is the only one.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import pylsl

from streamer.channels import Channel, read_channels
from streamer.exceptions import StreamLayoutError, StreamNotFound
from streamer.lsl.connection import Connection, connect
from streamer.lsl.finding import predicate, who

_log = logging.getLogger(__name__)

LISTEN_S: Final = 1.0
"""How long to listen for streams at a time [s]: a second one may hear only the second question."""
SILENT_S = 5.0
"""A stream without a sample for so long [s] is looked for: its sender may be gone without a word,
as with a cable that was pulled."""
REOPEN_S = 15.0
"""A stream that answers and stays silent is connected to anew after so long [s]."""
_PAUSE_S: Final = 2.0
"""Between two looks for a stream that is only silent [s]."""
BESIDE_S: Final = 1.0
"""A sender that starts anew may make its next stream so long [s] before it ends the last."""
_REMEDY: Final = "; restart the session to use it"


class Sought(NamedTuple):
    """The stream that is looked for.

    Attributes
    ----------
    last : Connection
        The last one to it.
    source_id : str
        That the session asks for; "" for any.
    heard_s : float
        When its last sample came [s], LSL local clock.
    """

    last: Connection
    source_id: str
    heard_s: float

    def is_not(self, info: pylsl.StreamInfo) -> str:
        """What makes an announced stream another one; "" if nothing does."""
        was = self.last.info
        if info.channel_format() == pylsl.cf_string:
            return "it carries text"
        if info.hostname() != was.hostname():
            return f"it is on host {info.hostname()}, not {was.hostname()}{_REMEDY}"
        if self.source_id and info.source_id() != self.source_id:
            return f"its source_id is not {self.source_id}"
        if info.channel_count() != was.channel_count():
            return f"it has {info.channel_count()} channels, not {was.channel_count()}{_REMEDY}"
        return ""

    def is_other_than(self, found: Connection) -> str:
        """What makes a stream that was connected to another one; "" if nothing does."""
        if found.info.uid() != self.last.info.uid() and (found.created_s < self.heard_s - BESIDE_S):
            return f"it was already there beside it{_REMEDY}"
        other = difference(read_channels(found.xml), read_channels(self.last.xml))
        return other and other + _REMEDY


def difference(channels: Sequence[Channel], before: Sequence[Channel]) -> str:
    """Name the first channel that is not as before.

    Parameters
    ----------
    channels, before : sequence of Channel
        As described by the streams, equally many if both describe all.

    Returns
    -------
    str
        "" if there is none.
    """
    if len(channels) != len(before):
        return f"it describes {len(channels)} channels, not {len(before)}"
    for k, (new, old) in enumerate(zip(channels, before, strict=True), start=1):
        if new != old:
            return f"its channel {k} is {_spelled(new)}, not {_spelled(old)}"
    return ""


def _spelled(channel: Channel) -> str:
    parts = (channel.label or channel.marker, channel.type, channel.unit)
    return " ".join(part for part in parts if part) or "without a label"


class LostStream(threading.Thread):
    """Looks for the stream in a thread of its own: a session without it goes on meanwhile.

    Parameters
    ----------
    sought : Sought
        What it was.
    ended : bool
        False if it is only silent: then it is not replaced while it answers.

    Attributes
    ----------
    found : Connection or None
        The new one, once there is one.
    """

    def __init__(self, sought: Sought, *, ended: bool) -> None:
        self._stream = sought.last.info.name()
        super().__init__(name=f"looking for {self._stream}", daemon=True)
        self.ended = ended
        self.found: Connection | None = None
        self._sought = sought
        self._asked = predicate(sought.last.info.type(), self._stream, "")
        self._stopped = threading.Event()
        self._began = time.monotonic()
        self._fits: dict[str, Connection] = {}
        self._others: set[str] = set()
        self._said = ""

    def run(self) -> None:
        """Until it is found, or `stop`."""
        while not self._stopped.is_set():
            try:
                self.found = self._look()
            except Exception as fault:  # who waits for it would wait for ever
                self._say_fault(fault)
            if self.found is not None:
                return
            if not self.ended:
                self._stopped.wait(_PAUSE_S)

    def stop(self) -> None:
        """Give up; the thread ends soon."""
        self._stopped.set()

    def _look(self) -> Connection | None:
        """Listen once; the connection to the only stream that fits, if there is one."""
        # as many as there are: it listens to the end
        heard = pylsl.resolve_bypred(self._asked, minimum=1000, timeout=LISTEN_S)
        answers = {info.uid(): info for info in heard}
        same = answers.get(self._sought.last.info.uid())
        if same is not None:
            return self._same(same)
        judged = {uid: self._fits.get(uid) or self._judge(info) for uid, info in answers.items()}
        self._fits = {uid: found for uid, found in judged.items() if found is not None}
        if len(self._fits) != 1:
            self._say_who()
            return None
        found = next(iter(self._fits.values()))
        _log.warning("stream %r is back (%s)", self._stream, who(found.info))
        return found

    def _same(self, info: pylsl.StreamInfo) -> Connection | None:
        """Connect to the same stream again, if it ended or has long been silent."""
        if not self.ended and time.monotonic() - self._began < REOPEN_S:
            return None
        found = self._connect(info)
        if found is not None and self.ended:
            _log.warning("stream %r is back", self._stream)
        return found

    def _judge(self, info: pylsl.StreamInfo) -> Connection | None:
        """Connect to a stream of that name; None if it does not answer or is another one."""
        if info.uid() in self._others:
            return None
        other, found = self._sought.is_not(info), None
        if not other and (found := self._connect(info)) is not None:
            try:
                other = self._sought.is_other_than(found)
            except StreamLayoutError as error:
                other = str(error)
        if not other:
            return found
        self._others.add(info.uid())
        _log.warning("stream %r: %s is not used in its place: %s", self._stream, who(info), other)
        return None

    def _connect(self, info: pylsl.StreamInfo) -> Connection | None:
        try:
            return connect(info)
        except StreamNotFound:
            return None

    def _say_fault(self, fault: Exception) -> None:
        """Log what kept it from looking, once, and wait before the next look."""
        kind = f"{type(fault).__name__}: {fault}"
        if kind != self._said:
            _log.warning("stream %r: looking for it failed (%s); going on", self._stream, kind)
        self._said = kind
        self._stopped.wait(_PAUSE_S)

    def _say_who(self) -> None:
        """Log once between which streams there is no choosing."""
        several = ", ".join(sorted(who(found.info) for found in self._fits.values()))
        if several and several != self._said:
            _log.warning("stream %r: using none of %s; stop all but one", self._stream, several)
        self._said = several
