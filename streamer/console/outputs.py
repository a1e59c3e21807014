"""Files that a command is to write: checked before the work, so that none is done in vain."""

import os
import tempfile
from pathlib import Path

from streamer.exceptions import ConfigError, StreamerError

__all__ = ["check_output", "write_output"]


def check_output(path: Path, option: str, *, folder: bool = False) -> None:
    """Refuse an output that cannot be written.

    Parameters
    ----------
    path : Path
        A file, which need not be there yet, nor its folder.
    option : str
        What names it on the command line, such as ``--report``.
    folder : bool
        It is a folder for files instead.

    Raises
    ------
    ConfigError
        If a folder is where a file should be, or a file where a folder should be, or the user has
        no right to write there, or the folder takes no file.
    """
    target = path.absolute()
    there = next(place for place in (target, *target.parents) if os.path.exists(place))
    needs_folder = folder or there != target
    problem = ""
    if os.path.isdir(there) != needs_folder:
        problem = f"{there} is {'not ' if needs_folder else ''}a folder"
    elif not os.access(there, os.W_OK):
        problem = f"you may not write to {there}"
    elif needs_folder:
        problem = _no_new_file(there)
    if problem:
        remedy = f"give a {'folder' if folder else 'file in a folder'} you may write to"
        raise ConfigError(f"{option} {path} cannot be written: {problem}; {remedy}")


def _no_new_file(folder: Path) -> str:
    """Why a folder takes no file, whatever its rights say, as root or in /proc; else empty."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return f"no file can be created in {folder} ({error.strerror})"
    return ""


def write_output(path: Path, content: str, option: str) -> None:
    """Write a text file, and make its folder where that is missing.

    Parameters
    ----------
    path : Path
        See `check_output`, which was asked before.
    content : str
        All of it.
    option : str
        What names it on the command line.

    Raises
    ------
    StreamerError
        If it cannot be written after all, because the disk is full, say.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise StreamerError(
            f"{option} {path} cannot be written ({error.strerror or error}); make room, or give "
            "another path"
        ) from error
