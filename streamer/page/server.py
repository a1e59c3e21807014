"""The page's web server: its files, and a stream of events for every browser."""

import asyncio
import contextlib
import os
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

from streamer.exceptions import StreamerError
from streamer.latest import Latest
from streamer.page.events import REFRESH_HZ, events

GRACE_S = 1
"""How long browsers that still listen may hold up the end [s]."""


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
    StreamerError
        If it cannot be opened, because another program listens there, say.
    """
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise StreamerError(
            f"no page at {host}:{port} ({os.strerror(error.errno or 0)}); give another --port, "
            "or an address of this machine as --host"
        ) from error


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
