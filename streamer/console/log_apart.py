"""Log lines of a process that must not wait for whoever reads them.

A terminal that is held (Ctrl-S, a connection that hangs) takes no more once its buffer is full, and
whoever writes to it waits. The loop does not: a thread writes its lines, and while it is held up
further ones are lost.
"""

import logging
import os
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

MOST: Final = 200
"""Lines that wait to be written; later ones are lost."""
STDERR: Final = 2
LAST_S: Final = 1.0
"""How long the end waits for them [s]."""


class _Lines(logging.Handler):
    """Hands lines to a thread that writes them to a file descriptor."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._waiting: queue.Queue[str | None] = queue.Queue(MOST)
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; never waits."""
        with suppress(queue.Full):
            self._waiting.put_nowait(self.format(record))

    def _write(self) -> None:
        while (line := self._waiting.get()) is not None:
            try:  # not by `sys.stderr`, whose lock the end of the process would wait for
                os.write(self._descriptor, f"{line}\n".encode())
            except OSError:
                return

    def close(self) -> None:
        """Wait a little for what is left."""
        with suppress(queue.Full):
            self._waiting.put(None, timeout=LAST_S)
        self._thread.join(LAST_S)
        super().close()


@contextmanager
def log_apart(descriptor: int = STDERR) -> Iterator[None]:
    """Within it, no log line of this process makes the thread wait that logs it."""
    lines, root = _Lines(descriptor), logging.getLogger()
    root.addHandler(lines)
    try:
        yield
    finally:
        root.removeHandler(lines)
        lines.close()
