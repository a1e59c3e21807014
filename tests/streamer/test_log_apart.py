"""A log line never makes the loop wait for whoever reads it."""

import fcntl
import logging
import os
import threading
from collections.abc import Iterator

import pytest

from streamer.console import log_apart as module
from streamer.console.log_apart import MOST, log_apart


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Stands for a terminal; it holds four lines of a thousand letters."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    yield reading, writing
    os.close(reading)


def test_lines_are_written_in_their_order(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with log_apart(writing):
        for k in range(3):
            logging.getLogger("loop").warning("line %d", k)
        logging.getLogger("loop").info("not told")
    assert os.read(reading, 4096).decode() == "line 0\nline 1\nline 2\n"


def test_whoever_logs_goes_on_while_nobody_reads(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some lines wait in the pipe, more in the queue, and the rest are lost."""
    monkeypatch.setattr(module, "LAST_S", 0.1)
    reading, writing = pipe
    logged = threading.Event()

    def loop() -> None:
        with log_apart(writing):
            for k in range(3 * MOST):
                logging.getLogger("loop").warning("%d%s", k, " " * 1000)
        logged.set()

    threading.Thread(target=loop, daemon=True).start()
    assert logged.wait(30.0)
    assert os.read(reading, 4096).decode().startswith("0 ")
