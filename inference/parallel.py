"""Calls that do not need each other, one after another or in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from inference.exceptions import InferenceError

__all__ = ["each"]

_T = TypeVar("_T")


def each(calls: Iterable[Callable[[], _T]], workers: int = 1) -> Iterator[_T]:
    """Yield what every call returns, in their order.

    Parameters
    ----------
    calls : iterable of callable
        With several workers they, and what they return, are sent between processes by pickle.
    workers : int
        Processes; 1 = all in this one, each call made when its turn comes.

    Raises
    ------
    InferenceError
        If a process dies. Whatever a call raises is raised here; other calls are abandoned.
    """
    if workers == 1:
        for call in calls:
            yield call()
        return
    # Spawned: a fork copies the locks of torch's threads as they happen to be.
    spawn = multiprocessing.get_context("spawn")
    others = multiprocessing.active_children()
    pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_begin)
    try:
        yield from _results([pool.submit(call) for call in calls])
    except BaseException:
        for child in multiprocessing.active_children():
            if child not in others:
                child.kill()  # Lightning takes a termination for a note, and goes on
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def _results(futures: Iterable[Future[_T]]) -> Iterator[_T]:
    for future in futures:
        try:
            yield future.result()
        except BrokenProcessPool as error:
            raise InferenceError(
                "a worker died, which happens where memory runs out; give fewer workers"
            ) from error


def _begin() -> None:
    """Ctrl-C is for the process that waits, which stops the others; they never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # killed: nobody is left to say goodbye to
