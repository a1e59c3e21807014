"""The page's web server: its files, and a stream of events for every browser."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from streamer.exceptions import ConfigError, StreamerError
from streamer.messaging.latest import Latest
from streamer.page.events import REFRESH_HZ, events

GRACE_S = 1
"""How long browsers that still listen may hold up the end [s]."""
LAST_PORT = 65535


def make_app(latest: Latest) -> Starlette:
    """Return the application, which receives for as long as it runs.

    Parameters
    ----------
    latest : Latest
        What is shown; nobody else receives into it.
    """

    async def receive() -> None:
        while True:
            latest.receive(0.0)
            await asyncio.sleep(1.0 / REFRESH_HZ)

    @contextlib.asynccontextmanager
    async def receiving(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001
        task = asyncio.create_task(receive())
        yield
        task.cancel()

    async def stream(request: Request) -> StreamingResponse:  # noqa: ARG001
        return StreamingResponse(
            events(latest), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    static = StaticFiles(directory=Path(str(files("streamer.page"))) / "static", html=True)
    return Starlette(routes=[Route("/events", stream), Mount("/", static)], lifespan=receiving)


def listen(host: str, port: int) -> socket.socket:
    """Open the port.

    Parameters
    ----------
    host : str
        Address of this machine to listen on.
    port : int
        0 takes any free one.

    Raises
    ------
    ConfigError
        If there is no such port.
    StreamerError
        If it cannot be opened, because another program listens there, say.
    """
    if not 0 <= port <= LAST_PORT:
        raise ConfigError(f"--port is {port}; give 1 to {LAST_PORT}, or 0 for any free one")
    try:
        host.encode("idna")  # else `socket` leaves one open over a name that cannot be
        return socket.create_server((host, port))
    except (OSError, UnicodeError) as error:
        raise StreamerError(
            f"no page at {host}:{port} ({_reason(error)}); give another --port, "
            "or an address of this machine as --host"
        ) from error


def _reason(error: OSError | UnicodeError) -> str:
    """Why, without the address, which `socket` appends.

    The text and not the number: an unknown name has a number that is none of the system's.
    """
    text = error.strerror if isinstance(error, OSError) else error
    return str(text).partition(" (while attempting")[0]


def serve(latest: Latest, door: socket.socket) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    latest : Latest
        See `make_app`.
    door : socket
        As `listen` returns it.
    """
    config = uvicorn.Config(
        make_app(latest), log_level="critical", timeout_graceful_shutdown=GRACE_S
    )
    uvicorn.Server(config).run([door])
