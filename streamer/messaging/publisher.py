"""ZeroMQ out: one XPUB socket that never waits for anybody.

XPUB instead of PUB, because it tells when somebody subscribes: they get ``meta`` at once. A
subscriber that reads too slowly loses messages; the loop does not notice.
"""

import errno
import socket as sockets
import sys
import threading
from pathlib import Path

import zmq

from streamer.exceptions import PortBusy, StreamerError
from streamer.messaging.endpoint import DEFAULT_ENDPOINT
from streamer.messaging.messages import Message, encode
from streamer.messaging.security import protect_server

HIGH_WATER = 200
"""Messages kept here per slow subscriber. What lies in the buffers of both systems and in the
subscriber's own queue comes on top, and may be minutes."""
SEND_BUFFER = 64 * 1024
"""What the system keeps per slow subscriber [bytes], twice that on Linux; its own choice is up to
4 MB. Enough for four topics at 200 Hz over a network that takes 0.2 s there and back."""

NEWS_AT_ONCE = 32
"""Subscriptions that are looked at in one go; a client that sends a flood of them waits, and nobody
waits for it."""


class Publisher:
    """The bound socket; may be used from several threads.

    Parameters
    ----------
    endpoint : str
        ZeroMQ endpoint to bind; ``tcp://127.0.0.1:*`` takes any free port.
    keys : Path, optional
        Key directory, needed where other machines can reach the endpoint.

    Attributes
    ----------
    endpoint : str
        Where it is bound, with the actual port.

    Raises
    ------
    PortBusy
        If another program holds the endpoint.
    UnsafeEndpoint
        If the endpoint needs keys and has none.
    StreamerError
        If the endpoint cannot be bound for another reason.
    """

    def __init__(self, endpoint: str, *, keys: Path | None = None) -> None:
        self._lock = threading.Lock()  # a ZeroMQ socket itself serves one thread at a time
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.sndhwm = HIGH_WATER
        self._socket.sndbuf = SEND_BUFFER
        # else only the first subscription to a topic is seen, and later clients wait for meta
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._socket.ipv6 = "[" in endpoint
        self._socket.linger = 200  # ms: the last messages still leave when the session ends
        self._authenticator = None
        try:
            self._authenticator = protect_server(self._socket, endpoint, keys)
            self._bind(endpoint)
        except StreamerError:
            self.close()
            raise
        self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def _bind(self, endpoint: str) -> None:
        """Bind, or say why not."""
        if endpoint.startswith("ipc://") and _somebody_listens(endpoint.removeprefix("ipc://")):
            raise PortBusy(endpoint)  # libzmq would silently take the path over
        try:
            self._socket.bind(endpoint)
        except zmq.ZMQError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortBusy(endpoint) from error
            raise StreamerError(
                f"cannot publish on {endpoint} ({error.strerror}); "
                f"use an address of this machine, e.g. {DEFAULT_ENDPOINT}"
            ) from error

    def send(self, message: Message) -> None:
        """Send one message; drops it for subscribers that lag, never blocks."""
        frame = encode(message)
        with self._lock:
            self._socket.send(frame, zmq.NOBLOCK)

    def has_new_subscriber(self) -> bool:
        """Whether somebody subscribed since the last call; takes a few microseconds."""
        new = False
        with self._lock:
            for _ in range(NEWS_AT_ONCE):
                # asking the event mask first spares an exception per frame
                if not int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
                    break
                new |= self._socket.recv(zmq.NOBLOCK).startswith(b"\x01")
        return new

    def close(self) -> None:
        """Release the endpoint; messages under way get 0.2 s to leave."""
        if self._authenticator is not None:
            self._authenticator.stop()
        self._socket.close()
        self._context.term()


def _somebody_listens(path: str) -> bool:
    """Whether a live process accepts connections on a unix socket path."""
    if sys.platform == "win32":
        return False
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True
