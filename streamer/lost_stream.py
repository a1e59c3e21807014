"""A stream that ended and gives no source_id: liblsl gives it up, so its like is looked for."""

import logging
import threading
from collections.abc import Callable

import pylsl

_log = logging.getLogger(__name__)

LISTEN_S = 1.0
"""How long to listen for streams at a time [s]."""


class LostStream(threading.Thread):
    """Looks for the stream in a thread of its own: a session without it goes on meanwhile.

    Parameters
    ----------
    name : str
        Of the stream, for the log.
    answering : callable
        Listens so long [s] and returns the streams that answer its description.
    connect : callable
        Makes an inlet of one of these, or None if it is another stream after all.

    Attributes
    ----------
    found : pylsl.StreamInlet or None
        The inlet, once there is one.
    """

    def __init__(
        self,
        name: str,
        answering: Callable[[float], list[pylsl.StreamInfo]],
        connect: Callable[[pylsl.StreamInfo], pylsl.StreamInlet | None],
    ) -> None:
        super().__init__(name=f"looking for {name}", daemon=True)
        self._stream, self._answering, self._connect = name, answering, connect
        self._stopped = threading.Event()
        self.found: pylsl.StreamInlet | None = None
        _log.warning(
            "stream %r ended; going on without it until it comes again with the same channels", name
        )

    def run(self) -> None:
        """Until it is found, or `stop`."""
        while not self._stopped.is_set():
            for info in self._answering(LISTEN_S):
                inlet = self._connect(info)
                if inlet is not None:
                    _log.warning("stream %r is back", self._stream)
                    self.found = inlet
                    return

    def stop(self) -> None:
        """Give up; the thread ends within a second."""
        self._stopped.set()
