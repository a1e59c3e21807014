"""What a client of a session says when nothing comes."""

import time
from collections.abc import Collection

from streamer.subscriber import WAIT_S
from streamer.terminal import say_missing, say_silence


class Silence:
    """Says what does not come; names alone are not what the user waits for.

    Parameters
    ----------
    endpoint : str
        Where it should come from.
    topics : collection of str
        What the user waits for.
    """

    def __init__(self, endpoint: str, topics: Collection[str]) -> None:
        self._endpoint, self._topics = endpoint, topics
        self._somebody = False
        self._end = time.monotonic() + WAIT_S

    def left_s(self) -> float:
        """How long to wait [s] until something must be said."""
        return max(self._end - time.monotonic(), 0.0)

    def hear(self, topic: str | None) -> None:
        """Take note of what came (None: nothing), and speak if it is time."""
        self._somebody |= topic is not None
        if topic not in self._topics:
            if time.monotonic() < self._end:
                return
            if self._somebody:
                say_missing(self._topics, self._endpoint, WAIT_S)
            else:
                say_silence(self._endpoint, WAIT_S)
        self._somebody, self._end = False, time.monotonic() + WAIT_S
