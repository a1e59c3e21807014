"""Scheduling of the loop: ahead of ordinary programs, where the system permits it; no garbage."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SWITCH_S = 5e-5
"""After so long [s] the loop hands the interpreter to the deadline thread if that is due; Python's
own 5 ms would be half a frame."""

_TASKS = Path("/proc/self/task")


def prefer(priority: int | None) -> bool:
    """Put all threads of this process into the real-time class SCHED_FIFO.

    The loop sleeps most of the time; this way it does not wait for a time slice when it wakes.
    liblsl's and ZeroMQ's threads come along, for a frame passes through them too; threads
    started later inherit it.

    Parameters
    ----------
    priority : int or None
        1 to 99; None = leave everything as it is.

    Returns
    -------
    bool
        Whether it is so now: False if not asked for, not permitted or not Linux.
    """
    if priority is None or sys.platform != "linux":
        return False
    try:
        for task in _TASKS.iterdir():
            with suppress(ProcessLookupError):  # a thread that has ended meanwhile
                os.sched_setscheduler(int(task.name), os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        return False
    return True


@contextmanager
def undisturbed() -> Iterator[None]:
    """Collect no garbage meanwhile, and let threads take turns quickly.

    A collection would stop the loop for milliseconds; frames make no cycles.
    """
    switch_s = sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(switch_s)
        gc.enable()
        gc.unfreeze()
