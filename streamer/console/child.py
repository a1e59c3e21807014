"""A process that a command starts: the command ends it, not Ctrl-C, and it never outlives that."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection

ENDING_S = 5.0
"""How long a child may take to end after it was asked to [s]."""
_REQUESTS = (signal.SIGINT, signal.SIGTERM)
"""What asks a command to end."""
_SPAWN = multiprocessing.get_context("spawn")


class Child:
    """A process; it is not started yet, so that its end can be seen to before.

    It hears that it shall end by a pipe whose other end is closed, by `end` or because the process
    that holds it is gone.

    Parameters
    ----------
    name : str
        Of the process.
    target : callable
        What it does, a function of a module. It is asked to end by SIGTERM, which ends it at
        once unless it says otherwise (`streamer.console.terminal.asked_to_stop`).
    args
        Of `target`; can be pickled.
    """

    def __init__(self, name: str, target: Callable[..., None], *args: object) -> None:
        self._asked, self._held = _SPAWN.Pipe(duplex=False)
        arguments = (self._asked, target, *args)
        self._process = _SPAWN.Process(target=_run, args=arguments, name=name, daemon=True)

    def start(self) -> None:
        """Start it; a request to end that comes meanwhile is heard when the child can be ended.

        Called from the main thread.
        """
        heard: list[int] = []
        before = {n: signal.signal(n, lambda number, _: heard.append(number)) for n in _REQUESTS}
        if sys.platform != "win32":
            resource_tracker.ensure_running()  # else begun below, and it lets signals through again
        try:
            with deaf_to_ctrl_c():
                self._process.start()
        finally:
            for request, handler in before.items():
                signal.signal(request, handler)
        for number in heard:
            signal.raise_signal(number)

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.is_alive()

    @property
    def exitcode(self) -> int | None:
        """Its exit status, less than 0 if a signal ended it; None while it runs, or never did."""
        return self._process.exitcode

    def end(self) -> None:
        """Ask it to end, if it runs; after `ENDING_S`, or a Ctrl-C meanwhile, it is ended."""
        if self._process.pid is None:
            return
        with suppress(KeyboardInterrupt):
            self._held.close()
            self._process.join(ENDING_S)
        self._process.kill()
        self._process.join()


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Let what this thread starts meanwhile inherit that SIGINT is blocked.

    Windows has no such thing; there Ctrl-C reaches every process of the terminal.
    """
    if sys.platform == "win32":
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _run(asked: Connection, target: Callable[..., None], *args: object) -> None:
    if sys.platform == "win32":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_when_asked, args=(asked,), daemon=True).start()
    target(*args)


def _end_when_asked(asked: Connection) -> None:
    """Ask this process to end when the one that started it says so, or is gone."""
    with suppress(EOFError, OSError):
        asked.recv_bytes()
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGTERM)  # os.kill would end it at once
    else:
        os.kill(os.getpid(), signal.SIGTERM)  # wakes the main thread wherever it waits
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    time.sleep(ENDING_S)
    os._exit(1)  # nobody is left to wait
