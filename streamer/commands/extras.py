"""What some commands need beyond the base installation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streamer.exceptions import StreamerError

__all__ = ["needs_training_extra"]


@contextmanager
def needs_training_extra(command: str) -> Iterator[None]:
    """Around imports: a missing package becomes one line that says how to get it.

    Raises
    ------
    StreamerError
        If one is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise StreamerError(
            f"{command} needs {error.name}, which is not installed; in the source tree: "
            "pip install --editable '.[train]'"
        ) from error
