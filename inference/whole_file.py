"""Files that are there whole or not at all, and what is kept in such files."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

__all__ = ["cached", "whole_file"]

_DIGEST: Final = hashlib.sha256().digest_size


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when all of it is on the disk.

    What is raised meanwhile leaves whatever was there. The folder is made where it is missing.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, staging = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(staging, 0o644)
        os.replace(staging, path)
    except BaseException:
        Path(staging).unlink(missing_ok=True)
        raise


def cached(file: Path, build: Callable[[], bytes]) -> bytes:
    """Return the content of `file`, or what `build` returns, written there.

    The file begins with the SHA-256 of the rest; one that does not match is built anew.
    """
    if file.is_file():
        stored = file.read_bytes()
        if hashlib.sha256(stored[_DIGEST:]).digest() == stored[:_DIGEST]:
            return stored[_DIGEST:]
    content = build()
    with whole_file(file) as stream:
        stream.write(hashlib.sha256(content).digest() + content)
    return content
