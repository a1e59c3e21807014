"""Whose trial a line of the log is about, where many are worked on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["named_log"]


@contextmanager
def named_log(name: str) -> Iterator[None]:
    """Put `name` before every line that this process logs meanwhile."""
    before = logging.getLogRecordFactory()

    def named(*args: object, **kwargs: object) -> logging.LogRecord:
        record = before(*args, **kwargs)
        record.msg, record.args = f"{name}: {record.getMessage()}", ()
        return record

    logging.setLogRecordFactory(named)
    try:
        yield
    finally:
        logging.setLogRecordFactory(before)
