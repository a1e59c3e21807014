"""How a command ends that cannot do its job: one clear line, a status, no traceback."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from streamer.exceptions import StreamerError

INTERRUPTED = 130
"""Exit status of what was ended by Ctrl-C."""
KILLED = 128
"""And the number of the signal: exit status of what was ended by it."""
_CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what a package raises on purpose into one line on stderr and exit status 1."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `nem2e subscribe | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:  # `nem2e subscribe > file` on a full disk
        if error.errno not in _CANNOT_WRITE:
            raise
        print(f"nem2e: cannot write: {error.strerror}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except Exception as error:
        if not is_ours(error):
            raise
        print(f"nem2e: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


def is_ours(error: Exception) -> bool:
    """Whether one of the three packages raised it on purpose.

    Told by name, so that the bridge and the network are not loaded to ask.
    """
    roots = ("SimBridgeError", "InferenceError")
    return isinstance(error, StreamerError) or any(k.__name__ in roots for k in type(error).__mro__)
