"""Between a command and the user at its terminal: what it tells, and that it was asked to stop."""

import signal
import threading
from collections.abc import Iterable

from rich.console import Console


def say(text: str) -> None:
    """Tell the user what is going on; on stderr, so that stdout stays clean."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def say_silence(endpoint: str, waited_s: float) -> None:
    """Tell a user who waits that nothing is published there."""
    say(f"nothing on {endpoint} for {waited_s:g} s; is `nem2e run` running?")


def say_missing(topics: Iterable[str], endpoint: str, waited_s: float) -> None:
    """Tell a user who waits that a session runs there which does not send what he waits for."""
    wanted = ", ".join(topics)
    say(f"no {wanted} on {endpoint} for {waited_s:g} s, but a session runs; do markers come?")


def asked_to_stop() -> threading.Event:
    """Return what SIGINT and SIGTERM set from now on, instead of ending the process."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
