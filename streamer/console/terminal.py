"""Between a command and the user at its terminal: what it says, and requests to stop."""

import signal
import threading

from rich.console import Console


def plain_console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Return where results are printed as they are: brackets in a name or a path are no markup."""
    return Console(
        highlight=False, soft_wrap=True, markup=False, emoji=False, stderr=stderr, quiet=quiet
    )


def say(text: str) -> None:
    """Tell the user what is going on; on stderr, so that stdout stays clean."""
    plain_console(stderr=True).print(text)


def let_signals_interrupt() -> None:
    """Let SIGINT, which a shell's background jobs ignore, and SIGTERM raise KeyboardInterrupt."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def asked_to_stop() -> threading.Event:
    """Return what SIGINT and SIGTERM set from now on, instead of ending the process."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
