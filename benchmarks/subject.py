"""What the benchmarks run on: a compiled model and a recording of its markers and forces."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim_bridge import Bridge, BridgeSettings, CompiledModel, ExternalForce, compile_model
from sim_bridge.filters import zero_phase_derivatives
from streamer.commands.offline import read_input
from streamer.commands.progress import progress_bar
from streamer.commands.run import demo_config
from streamer.exceptions import ConfigError

F64 = NDArray[np.float64]

DATA_VARIABLE = "NEM2E_DATA"
RAJAGOPAL_WALK = Path("rajagopal/walker/walk")
CUTOFF_HZ = 6.0
"""Low-pass of the motion that both sides get, the usual one for gait."""


@dataclass(frozen=True)
class Files:
    """Where a recording is: model, markers, ground reaction, and which body it acts on."""

    model: Path
    markers: Path
    grf: Path
    loads: Path

    @classmethod
    def of_trial(cls, trial: Path) -> "Files":
        """Files of a trial directory."""
        beside = (trial / "model.osim", trial.parent / "model.osim")
        model = next((path for path in beside if path.is_file()), beside[1])
        return cls(
            model, trial / "markers.trc", trial / "grf.mot", trial / "external_loads.xml"
        )  # fmt: skip


def rajagopal_walk() -> Path | None:
    """Trial directory of the Rajagopal walk; None where the data sets are not.

    They are looked for in ``$NEM2E_DATA``, else in ``shared/data`` beside the repository.
    """
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    trial = Path(os.environ.get(DATA_VARIABLE) or beside) / RAJAGOPAL_WALK
    return trial if (trial / "markers.trc").is_file() else None


def demo_walk() -> Path:
    """Trial directory of the embedded demo subject."""
    return demo_config().parent / "subject" / "walk"


def default_trial() -> Path:
    """Return the Rajagopal walk where it is, else the demo subject's."""
    return rajagopal_walk() or demo_walk()


@dataclass(frozen=True)
class Subject:
    """A recording as the bridge takes it.

    Attributes
    ----------
    name : str
        Of the model.
    files : Files
        Where it came from.
    model : CompiledModel
    marker_names : tuple of str
        Labels of the file.
    time : ndarray of shape (n_frame,), float64 [s]
        Clock of the recording.
    rate_hz : float
        Of the markers.
    markers : ndarray of shape (n_frame, n_label, 3), float64 [m], ground
    forces : ndarray of shape (n_frame, n_load, 9), float64 [N, m, N m], ground
    loads : tuple of ExternalForce
    """

    name: str
    files: Files
    model: CompiledModel
    marker_names: tuple[str, ...]
    time: F64
    rate_hz: float
    markers: F64
    forces: F64
    loads: tuple[ExternalForce, ...]

    @classmethod
    def load(cls, files: Files) -> "Subject":
        """Read a recording and compile its model, with a progress bar where there is a terminal."""
        recording = read_input(files.markers, files.grf, files.loads, None, None)
        if not files.model.is_file():
            raise ConfigError(f"there is no model at {files.model}; check the path")
        with progress_bar() as progress:
            model = compile_model(files.model, progress=progress)
        table = recording.markers
        return cls(
            model.name, files, model, table.names, table.time, table.rate_hz,
            table.positions, recording.forces, recording.loads,
        )  # fmt: skip

    def bridge(self) -> Bridge:
        """Return a bridge for this recording, its kernels loaded."""
        bridge = Bridge(self.model, self.marker_names, self.loads, BridgeSettings(self.rate_hz))
        bridge.warm_up()
        return bridge


@dataclass(frozen=True)
class Motion:
    """Kinematics of a whole recording: ``q``, ``qd``, ``qdd`` of shape (n_frame, n_coordinate)."""

    q: F64
    qd: F64
    qdd: F64

    @classmethod
    def of(cls, subject: Subject) -> "Motion":
        """Inverse kinematics, then the zero-phase filter and splines of OpenSim's tools."""
        bridge, solved = subject.bridge(), []
        for markers in subject.markers:
            bridge.track(markers)
            solved.append(bridge.output.ik_q.copy())
        return cls(*zero_phase_derivatives(subject.time, np.array(solved), CUTOFF_HZ))
