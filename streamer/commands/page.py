"""`nem2e page`: the session in a browser, for whoever moves and whoever watches."""

from pathlib import Path

from rich.console import Console

from streamer.latest import SHOWN_TOPICS, Latest
from streamer.page import serve
from streamer.page.server import listen
from streamer.subscriber import Subscriber


def run(endpoint: str, host: str, port: int, keys: Path | None = None) -> None:
    """Show until interrupted.

    Parameters
    ----------
    endpoint : str
        Where estimates are published; the session may begin later.
    host, port : str, int
        Where browsers find the page.
    keys : Path, optional
        Client's key directory.
    """
    with Subscriber(endpoint, SHOWN_TOPICS, keys=keys) as subscriber, listen(host, port) as door:
        address = f"http://{host}:{door.getsockname()[1]}"
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"{endpoint} is shown at {address}; Ctrl-C ends it", markup=False
        )
        serve(Latest(subscriber), door)
