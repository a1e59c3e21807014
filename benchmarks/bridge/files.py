"""A recording that OpenSim reads by itself, beside what the bridge takes of it."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.subject import Subject
from streamer.commands.offline_input import read_input
from streamer.exceptions import ConfigError
from streamer.formats import find_model


@dataclass(frozen=True)
class Files:
    """Where a recording is: model, markers, ground reaction, and which body it acts on."""

    model: Path
    markers: Path
    grf: Path
    loads: Path

    @classmethod
    def of_trial(cls, trial: Path) -> "Files":
        """Files of a trial directory that has each of them."""
        return cls(
            find_model(trial), trial / "markers.trc", trial / "grf.mot",
            trial / "external_loads.xml",
        )  # fmt: skip


@dataclass(frozen=True)
class FileSubject(Subject):
    """A recording with the files that it came from."""

    files: Files

    @classmethod
    def load(cls, files: Files) -> "FileSubject":
        """Read a recording and compile its model."""
        recording = read_input(files.markers, grf=files.grf, loads=files.loads)
        if not files.model.is_file():
            raise ConfigError(f"there is no model at {files.model}; check the path")
        return cls(**vars(Subject.of(files.model, recording)), files=files)
