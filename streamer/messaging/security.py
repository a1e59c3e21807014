"""Keys for endpoints that other machines can reach: CURVE with a list of allowed clients.

A key directory of the publisher holds ``server.key_secret`` and ``clients/*.key``, the public
keys of those who may subscribe; a client's directory holds its own ``client.key_secret`` and
the ``server.key`` it trusts. The list is read once, as the publisher starts: a client that is
added, or whose key is deleted, later counts from the next start. Loopback and ipc endpoints need
no keys: whoever reaches them is already on the machine.
"""

import ipaddress
import os
import socket as sockets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.z85 import Z85CHARS

from streamer.exceptions import StreamerError, UnsafeEndpoint
from streamer.messaging.endpoint import as_reached

SERVER = "server"
CLIENT = "client"
CLIENTS_FOLDER = "clients"
KEY_LENGTH = 40
"""Characters of a key in a file."""


def is_local(endpoint: str) -> bool:
    """Whether only this machine can reach an endpoint.

    Parameters
    ----------
    endpoint : str
        ZeroMQ endpoint.

    Returns
    -------
    bool
        True for ipc and inproc, and for tcp on a loopback address.

    Raises
    ------
    StreamerError
        If it is no endpoint.
    """
    if endpoint.startswith(("ipc://", "inproc://")):
        return True
    try:
        host = (urlsplit(endpoint).hostname or "").strip("[]")
    except ValueError as error:
        raise StreamerError(
            f"{endpoint!r} is not an endpoint ({error}); write one like tcp://127.0.0.1:5556"
        ) from error
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_reach(endpoint: str, keys: Path | None) -> None:
    """Refuse what is no endpoint, or one that other machines can reach without keys.

    Raises
    ------
    StreamerError, UnsafeEndpoint
        If it is no endpoint, or one for which keys are needed.
    """
    if "://" not in endpoint:
        raise StreamerError(
            f"{endpoint!r} is not an endpoint: `tcp://` is missing; write tcp://{endpoint}"
        )
    if keys is None and not is_local(endpoint):
        raise UnsafeEndpoint(
            f"{endpoint} can be reached by other machines; name a key directory in `keys` "
            "(`nem2e keys DIR` makes one) or publish on tcp://127.0.0.1"
        )


def as_subscribed(endpoint: str, keys: Path | None) -> str:
    """Return what a client gives to `nem2e subscribe`: of all addresses this machine's name."""
    if keys is None:
        return endpoint
    return f"{as_reached(endpoint, sockets.gethostname())} --keys FOLDER"


def create_keys(directory: Path, name: str) -> None:
    """Make a key pair; only its owner can ever read the secret one.

    Parameters
    ----------
    directory : Path
        Where ``NAME.key`` and ``NAME.key_secret`` go; made if it is not there.
    name : str
        ``"server"`` or a client's name.
    """
    directory.mkdir(parents=True, exist_ok=True)
    before = os.umask(0o077)
    try:
        public, _ = zmq.auth.create_certificates(directory, name)
    finally:
        os.umask(before)
    Path(public).chmod(0o666 & ~before)


def protect_server(
    socket: "zmq.Socket[bytes]", endpoint: str, keys: Path | None
) -> ThreadAuthenticator | None:
    """Make a socket that is about to bind accept allowed clients only.

    Parameters
    ----------
    socket : zmq.Socket
        Not yet bound.
    endpoint : str
        Where it will bind.
    keys : Path or None
        The publisher's key directory; its clients are read now, and not again.

    Returns
    -------
    ThreadAuthenticator or None
        To be stopped when the socket is closed; None if no keys are used.

    Raises
    ------
    UnsafeEndpoint
        If the endpoint can be reached from elsewhere and there are no keys, or one is damaged.
    """
    check_reach(endpoint, keys)
    if keys is None:
        return None
    secret = _load(keys / f"{SERVER}.key_secret")[1]
    allowed = keys / CLIENTS_FOLDER
    # read here too: of one that it cannot read the authenticator keeps all others out, unsaid
    clients = [_load(path) for path in allowed.glob("*.key")]
    if not clients:
        raise UnsafeEndpoint(
            f"{allowed} holds no client's public key (*.key), so nobody could subscribe; "
            "`nem2e keys DIR --client NAME` adds one"
        )
    authenticator = ThreadAuthenticator(socket.context)
    authenticator.start()
    authenticator.configure_curve(domain="*", location=str(allowed))
    socket.curve_secretkey = secret
    socket.curve_server = True
    return authenticator


def protect_client(socket: "zmq.Socket[bytes]", keys: Path) -> None:
    """Make a socket that is about to connect identify itself and check the server.

    Parameters
    ----------
    socket : zmq.Socket
        Not yet connected.
    keys : Path
        The client's key directory.
    """
    socket.curve_publickey, socket.curve_secretkey = _load(keys / f"{CLIENT}.key_secret")
    socket.curve_serverkey = _load(keys / f"{SERVER}.key")[0]


def _load(path: Path) -> tuple[bytes, Any]:
    """Public and secret key of a certificate file (secret None in a public one)."""
    try:
        public, secret = zmq.auth.load_certificate(path)
    except (OSError, ValueError) as error:
        raise UnsafeEndpoint(
            f"cannot read the key {path} ({error}); {_where_keys_are(path)}"
        ) from error
    if secret is None and path.suffix == ".key_secret":
        raise UnsafeEndpoint(f"{path} holds no secret key; {_where_keys_are(path)}")
    if not all(_is_whole(key) for key in (public, secret) if key is not None):
        raise UnsafeEndpoint(f"{path} holds no whole key; copy it again from where it was made")
    return public, secret


def _is_whole(key: bytes) -> bool:
    return len(key) == KEY_LENGTH and set(key) <= set(Z85CHARS)


def _where_keys_are(path: Path) -> str:
    """What to do about a key that is not in its folder."""
    if path.name == f"{CLIENT}.key_secret" and (path.parent / f"{SERVER}.key_secret").exists():
        return "this is the session's folder; give the client's, `for-NAME`"
    if path.name == f"{SERVER}.key_secret" and (path.parent / f"{CLIENT}.key_secret").exists():
        return "this is a client's folder; give the session's"
    return "`nem2e keys DIR` makes a set"
