"""What a client of a session says when nothing comes."""

import math
import socket
import time
from collections.abc import Collection
from urllib.parse import urlsplit

from streamer.console.terminal import say
from streamer.messaging.messages import Message
from streamer.messaging.subscriber import WAIT_S, Subscriber


class Silence:
    """Tells the user when what they wait for does not come.

    Parameters
    ----------
    subscriber : Subscriber
        Where it should come from; of the topics, among others.
    topics : collection of str
        What the user waits for.
    """

    def __init__(self, subscriber: Subscriber, topics: Collection[str]) -> None:
        self._subscriber, self._topics = subscriber, topics
        self._somebody, self._said = False, ""
        self._end = time.monotonic() + WAIT_S

    def receive(self, at_most_s: float = math.inf) -> tuple[str, Message] | None:
        """Wait for a message, at most until the user must be told something, and tell them then.

        Parameters
        ----------
        at_most_s : float
            How long to wait in any case [s].

        Returns
        -------
        (str, Message) or None
            As of `Subscriber.receive`.
        """
        left_s = max(self._end - time.monotonic(), 0.0)
        received = self._subscriber.receive(min(left_s, at_most_s))
        self._hear(None if received is None else received[0])
        return received

    def _hear(self, topic: str | None) -> None:
        """Take note of what came (None: nothing), and speak if it is time and there is news."""
        self._somebody |= topic is not None
        if topic not in self._topics:
            if time.monotonic() < self._end:
                return
            if (news := self._news()) != self._said:
                say(news)
                self._said = news
        else:
            self._said = ""
        self._somebody, self._end = False, time.monotonic() + WAIT_S

    def _news(self) -> str:
        """What is missing, and why that may be."""
        endpoint = self._subscriber.endpoint
        where = f"on {endpoint} for {WAIT_S:g} s"
        if self._somebody:
            wanted = ", ".join(self._topics)
            return f"no {wanted} {where}, but a session is running; are markers arriving?"
        if host := _unknown_host(endpoint):
            return (
                f"nothing {where}: this machine does not know the host {host!r}; correct the name, "
                "or give the host's address"
            )
        return (
            f"nothing {where}; is `nem2e run` running? If it has keys, "
            "`--keys` must name this client's folder. Waiting for it"
        )


def _unknown_host(endpoint: str) -> str:
    """The machine's name in an endpoint, if it has no known address; asking may take seconds."""
    host = urlsplit(endpoint).hostname if endpoint.startswith("tcp://") else None
    if host is None:
        return ""
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return host
    return ""
