"""Every trial with plates through one function, told as it goes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from benchmarks.filters.trials import trial_directories
from streamer.exceptions import ConfigError

__all__ = ["each_trial"]

_T = TypeVar("_T")


def each_trial(
    directories: Sequence[Path], seconds: float, solve: Callable[[Path, float], _T | None]
) -> list[_T]:
    """Solve the first seconds [s] of each trial; those that cannot be scored are left out.

    Parameters
    ----------
    directories : sequence of Path
        Trials; none for all with plates.
    seconds : float
        Longest part of a trial that is used [s].
    solve : callable
        Gets a directory and the seconds; returns None for a trial that cannot be scored.

    Raises
    ------
    ConfigError
        If a number makes no sense, or no trial can be scored.
    """
    if not seconds >= 1.0:
        raise ConfigError(f"--seconds is {seconds:g}; give 1 or more")
    say = Console(stderr=True, highlight=False)
    solved = []
    for directory in directories or trial_directories():
        say.print(f"  {'/'.join(directory.parts[-3:])}", markup=False)
        found = solve(directory, seconds)
        if found is not None:
            solved.append(found)
    if not solved:
        raise ConfigError("no trial has an interval in which forces are whole; give others")
    return solved
