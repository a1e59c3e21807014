"""A process that a command starts: the command ends it, not Ctrl-C, and it never outlives that."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess

ENDING_S = 5.0
"""How long a child may take to end after it was asked to [s]."""
_REQUESTS = (signal.SIGINT, signal.SIGTERM)
"""What asks a command to end."""


def child(name: str, target: Callable[..., None], *args: object) -> SpawnProcess:
    """Make a process; it is not started yet, so that its end can be seen to before.

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
    return multiprocessing.get_context("spawn").Process(
        target=_run, args=(target, *args), name=name, daemon=True
    )


def start(process: SpawnProcess) -> None:
    """Start a child; a request to end that comes meanwhile is heard when the child can be ended.

    Called from the main thread.
    """
    heard: list[int] = []
    before = {n: signal.signal(n, lambda number, _: heard.append(number)) for n in _REQUESTS}
    resource_tracker.ensure_running()  # else begun below, and it lets signals through again
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the child inherits it
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for request, handler in before.items():
            signal.signal(request, handler)
    for number in heard:
        signal.raise_signal(number)


def end(process: SpawnProcess) -> None:
    """Ask a child to end, if it runs; after `ENDING_S`, or a Ctrl-C meanwhile, it is ended."""
    if process.pid is None:
        return
    with suppress(KeyboardInterrupt):
        process.terminate()
        process.join(ENDING_S)
    process.kill()
    process.join()


def _run(target: Callable[..., None], *args: object) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    target(*args)


def _end_with_parent() -> None:
    """Ask this process to end when the one that started it is gone, killed say."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ENDING_S)
    os._exit(1)  # nobody is left to wait
