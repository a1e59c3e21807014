"""ZeroMQ in: what a client of the published estimates needs, and a model for clients' authors."""

import socket as sockets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import zmq

from streamer.exceptions import StreamerError
from streamer.messaging.endpoint import DEFAULT_ENDPOINT
from streamer.messaging.messages import Message, decode
from streamer.messaging.security import protect_client

WAIT_S = 2.5
"""After so long without a message [s] nobody is publishing: a session sends `meta` every 2 s."""
PROBE_AFTER_S, PROBE_EVERY_S, PROBES = 5, 2, 3
"""When the system asks, in silence [s], whether the publisher's machine still knows the connection,
how often [s], and how many times: then ZeroMQ connects anew. Whoever only listens would never learn
that the machine lost its power, or its network for long, and wait for the next session for ever."""


class Subscriber:
    """A connected SUB socket; the publisher may start later than it.

    Parameters
    ----------
    endpoint : str
        Where the publisher is bound.
    topics : sequence of str
        Names of topics; empty for all.
    keys : Path, optional
        Client's key directory, for publishers on other machines.
    """

    def __init__(
        self,
        endpoint: str,
        topics: Sequence[str] = (),
        *,
        keys: Path | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.ipv6 = needs_ipv6(endpoint)
        self._notice_a_dead_machine()
        try:
            if keys is not None:
                protect_client(self._socket, keys)
            for topic in topics:
                self._socket.subscribe(topic.encode() + b"\0")
            if not topics:
                self._socket.subscribe(b"")
            self._connect()
        except StreamerError:
            self.close()
            raise

    def _notice_a_dead_machine(self) -> None:
        """Have the system probe a silent connection.

        And not ZeroMQ, whose heartbeats a reader that is held up for a while would not answer.
        """
        self._socket.tcp_keepalive = 1
        self._socket.tcp_keepalive_idle = PROBE_AFTER_S
        self._socket.tcp_keepalive_intvl = PROBE_EVERY_S
        self._socket.tcp_keepalive_cnt = PROBES

    def _connect(self) -> None:
        """Connect; for ZeroMQ that succeeds also when nobody is there yet."""
        try:
            self._socket.connect(self.endpoint)
        except zmq.ZMQError as error:
            raise StreamerError(
                f"cannot connect to {self.endpoint!r} ({error.strerror}); "
                f"give an endpoint like {DEFAULT_ENDPOINT}"
            ) from error

    def receive(self, timeout_s: float) -> tuple[str, Message] | None:
        """Wait for the next message.

        Parameters
        ----------
        timeout_s : float
            How long [s].

        Returns
        -------
        tuple of (str, Message) or None
            Topic and message; None if none came.

        Raises
        ------
        MessageError
            If the frame cannot be read.
        """
        if not self._socket.poll(round(1e3 * timeout_s)):
            return None
        return decode(self._socket.recv())

    def close(self) -> None:
        """Disconnect."""
        self._socket.close()
        self._context.term()

    def __enter__(self) -> "Subscriber":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def needs_ipv6(endpoint: str) -> bool:
    """Whether an endpoint has an address of IP version 6, or a name that has no other.

    Of a name that has both ZeroMQ would take this one, where a session may not listen.

    Parameters
    ----------
    endpoint : str
        ZeroMQ endpoint.
    """
    try:
        host = urlsplit(endpoint).hostname if endpoint.startswith("tcp://") else None
        found = sockets.getaddrinfo(host, None) if host else []
    except (OSError, ValueError):  # of what is no endpoint, `connect` says so
        return False
    return {family for family, *_ in found} == {sockets.AF_INET6}
