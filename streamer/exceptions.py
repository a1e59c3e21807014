"""Everything that `streamer` raises on purpose, under one root.

Each message is one line of three parts: what is wrong, which value, what to do. The command
line prints it and exits with a non-zero status; inside the running loop nothing is raised, a
bad frame becomes a status flag.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from os import PathLike

_LISTED = 3
"""At most so many names are listed in a message."""


class StreamerError(Exception):
    """Root of the package's exceptions."""


class ConfigError(StreamerError):
    """A configuration value or a combination of options that cannot work."""


class FormatError(StreamerError):
    """A file that is missing, unreadable or not what its format asks for.

    Parameters
    ----------
    path : path-like
        The file.
    problem : str
        What is wrong and which value shows it.
    remedy : str
        What to do about it.
    line : int, optional
        Line of a text file, counted from 1.
    """

    def __init__(
        self, path: str | PathLike[str], problem: str, remedy: str, *, line: int | None = None
    ) -> None:
        self.path = path
        self.problem = problem
        self.remedy = remedy
        self.line = line
        place = f"{path}" if line is None else f"{path}, line {line}"
        super().__init__(f"{place}: {problem}; {remedy}")


class StreamNotFound(StreamerError):
    """No LSL stream answered in time.

    Parameters
    ----------
    wanted : str
        The stream asked for, e.g. ``"type MoCap, name Walker"``.
    waited_s : float
        How long was waited [s].
    remedy : str
        What to do.
    """

    def __init__(self, wanted: str, waited_s: float, remedy: str) -> None:
        self.wanted = wanted
        self.waited_s = waited_s
        super().__init__(f"no LSL stream of {wanted} within {waited_s:g} s; {remedy}")


class StreamAmbiguous(StreamerError):
    """Several LSL streams are what was asked for.

    Parameters
    ----------
    wanted : str
        The stream asked for, e.g. ``"type MoCap"``.
    found : str
        The streams that match.
    remedy : str
        What to do.
    """

    def __init__(self, wanted: str, found: str, remedy: str) -> None:
        super().__init__(f"several LSL streams of {wanted}: {found}; {remedy}")


class PortBusy(StreamerError):
    """The endpoint to publish on is taken by another program.

    Parameters
    ----------
    endpoint : str
        ZeroMQ endpoint, e.g. ``"tcp://127.0.0.1:5556"``.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        super().__init__(
            f"{endpoint} is already in use; stop the program that holds it or publish elsewhere"
        )


class StreamLayoutError(StreamerError):
    """An LSL stream whose channels cannot be understood, or are not those that are needed."""


class MessageError(StreamerError):
    """A published message that this version cannot read."""


class UnsafeEndpoint(StreamerError):
    """An endpoint that other machines can reach, without the keys that protect it."""


def nearest(name: str, known: Sequence[str]) -> str:
    """Names close to `name`, as the tail of a message.

    Parameters
    ----------
    name : str
        The name that was not found.
    known : sequence of str
        The names there are.

    Returns
    -------
    str
        ``"nearest: a, b"``, or the first few known names where none is near.
    """
    lower = {k.lower(): k for k in known}
    close = [lower[k] for k in get_close_matches(name.lower(), lower, n=_LISTED, cutoff=0.5)]
    if close:
        return "nearest: " + ", ".join(close)
    shown, more = ", ".join(known[:_LISTED]) or "none", len(known) - _LISTED
    return f"there are: {shown}" + (f" and {more} more" if more > 0 else "")
