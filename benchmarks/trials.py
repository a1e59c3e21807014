"""Recorded trials with force plates, as far as every scenario that scores them needs them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.environment import data_root
from benchmarks.subject import Subject, demo_walk
from sim_bridge import ON_FEET
from streamer.arrays import F64, Bool
from streamer.console.terminal import say
from streamer.exceptions import ConfigError
from streamer.formats import Trial, read_trial

AFTER_S, BEFORE_S = 0.05, 0.02
"""Left out at the start and the end of intervals in which forces are whole [s]."""
_LEG = ("hip_", "knee_angle", "ankle_angle", "subtalar_angle")
"""How the names of the coordinates that are scored begin."""
_PATELLA = "beta"
"""In the name of a coordinate that follows the knee and is none of the leg's own."""

_T = TypeVar("_T")


def of_leg(name: str) -> bool:
    """Whether a coordinate is one of hips, knees and ankles."""
    return name.startswith(_LEG) and _PATELLA not in name


@dataclass(frozen=True)
class PlateTrial:
    """The first seconds of a trial.

    Attributes
    ----------
    recorded : Trial
        All of it.
    subject : Subject
        The same as the bridge takes it.
    frames : int
        How many are looked at.
    """

    recorded: Trial
    subject: Subject
    frames: int

    @classmethod
    def load(cls, directory: Path, seconds: float) -> "PlateTrial":
        """Read a trial directory.

        Raises
        ------
        StreamerError, SimBridgeError
            If it cannot be read, has no plates of known feet, or its model cannot be compiled.
        """
        trial = read_trial(directory)
        bodies = [load.body for load in trial.loads.forces] if trial.loads is not None else []
        if not bodies or ON_FEET in bodies:
            raise ConfigError(
                f"{directory} does not say whose foot is on which plate; leave it out"
            )
        subject = Subject.of_trial(trial)
        frames = int(np.searchsorted(subject.time, subject.time[0] + seconds))
        return cls(trial, subject, frames)

    @property
    def running(self) -> bool:
        """Whether the person runs."""
        return self.recorded.motion == "run"

    @property
    def group(self) -> str:
        """Data set, and that it is running where it is."""
        return self.recorded.dataset + (" running" if self.running else "")

    @property
    def time(self) -> F64:
        """Of the frames that are looked at [s]."""
        return self.subject.time[: self.frames]

    @property
    def leg(self) -> Bool:
        """Coordinates that are scored, (n_coordinate,)."""
        return np.array([of_leg(name) for name in self.subject.model.coordinate_names])


def trial_directories() -> list[Path]:
    """All trials with plates, or the demo subject's walk where the data sets are not."""
    found = sorted(p.parent for p in data_root().glob("*/*/*/trial.toml") if _has_plates(p.parent))
    return found or [demo_walk()]


def _has_plates(directory: Path) -> bool:
    return (directory / "grf.mot").is_file() and (directory / "external_loads.xml").is_file()


def each_trial(
    directories: Sequence[Path], seconds: float, solve: Callable[[PlateTrial], _T | None]
) -> list[_T]:
    """Solve the first seconds [s] of each trial, see `each_directory`."""
    return each_directory(directories, seconds, lambda d: solve(PlateTrial.load(d, seconds)))


def each_directory(
    directories: Sequence[Path], seconds: float, solve: Callable[[Path], _T | None]
) -> list[_T]:
    """Solve each trial, and tell as it goes.

    Parameters
    ----------
    directories : sequence of Path
        Trials; none for all with plates.
    seconds : float
        Longest part of a trial that is used [s].
    solve : callable
        Returns None for a trial that cannot be scored: it is left out.

    Raises
    ------
    ConfigError
        If a number makes no sense, or no trial can be scored.
    """
    if not seconds >= 1.0:
        raise ConfigError(f"--seconds is {seconds:g}; give 1 or more")
    solved = []
    for directory in directories or trial_directories():
        say(f"  {'/'.join(directory.parts[-3:])}")
        found = solve(directory)
        if found is not None:
            solved.append(found)
    if not solved:
        raise ConfigError("no trial has an interval in which forces are whole; give others")
    return solved
