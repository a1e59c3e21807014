"""Processes to work in: those of this machine, or those of a dask cluster that runs already."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from streamer.exceptions import ConfigError, StreamerError

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["check_workers", "open_client"]

CONNECT_S: Final = 10.0
"""How long a scheduler may take to answer [s]."""


def check_workers(workers: int | None, scheduler: str | None) -> int:
    """Return how many trials are worked on at a time on this machine.

    Parameters
    ----------
    workers : int, optional
        As asked for; if not given, one per core where dask is installed, else one.
    scheduler : str, optional
        Address of a cluster, which has workers of its own.

    Raises
    ------
    ConfigError
        If the number is not positive, or both are given.
    StreamerError
        If dask is needed and not installed.
    """
    if workers is not None and scheduler is not None:
        raise ConfigError("give --workers for this machine or --scheduler for a cluster, not both")
    if workers is not None and workers < 1:
        raise ConfigError(f"--workers is {workers}; give 1 or more")
    installed = importlib.util.find_spec("distributed") is not None
    if not installed and (scheduler is not None or (workers or 1) > 1):
        raise StreamerError(
            "several workers need dask, which is not installed; "
            "pip install --editable '.[batch]' or give --workers 1"
        )
    return workers or ((os.cpu_count() or 1) if installed else 1)


@contextlib.contextmanager
def open_client(workers: int, scheduler: str | None) -> Iterator[Client]:
    """Connect to a cluster, or start one of single-threaded processes on this machine.

    Parameters
    ----------
    workers : int
        Processes, where there is no scheduler.
    scheduler : str, optional
        Address of a dask scheduler, ``tcp://host:8786``.

    Raises
    ------
    StreamerError
        If the scheduler does not answer.
    """
    from distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=CONNECT_S)
        except (OSError, ValueError) as error:
            raise StreamerError(
                f"no dask scheduler answers at {scheduler} ({' '.join(str(error).split())}); "
                "start one with `dask scheduler`, or leave out --scheduler"
            ) from error
        with client:
            yield client
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:  # workers inherit it: Ctrl-C is for this process, which stops them
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,  # none: a trial needs what it needs
            dashboard_address=None,
            silence_logs=logging.ERROR,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with cluster, Client(cluster) as client:
        yield client
