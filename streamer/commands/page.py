"""`nem2e page`: the session in a browser, for whoever moves and whoever watches."""

from pathlib import Path

from streamer.console.terminal import say
from streamer.messaging.latest import SHOWN_TOPICS, Latest
from streamer.messaging.subscriber import Subscriber
from streamer.page import listen, serve


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
        say(f"{endpoint} is shown at {address}; Ctrl-C ends it")
        serve(Latest(subscriber), door)
