"""What the benchmarks run on: a compiled model and a recording of its markers and forces."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.environment import data_root
from sim_bridge import Bridge, BridgeSettings, CompiledModel, ExternalForce, compile_model
from sim_bridge.filters import zero_phase_derivatives
from streamer.arrays import F64
from streamer.commands.offline import tracked
from streamer.commands.progress import progress_bar
from streamer.commands.run import demo_config
from streamer.console.terminal import say
from streamer.doubts import lying_doubt
from streamer.formats import Trial
from streamer.formats.bridge_input import BridgeInput
from streamer.frames.force_ring import SLOWEST_GAP_S

RAJAGOPAL_WALK = Path("rajagopal/walker/walk")
CUTOFF_HZ = 6.0
"""Low-pass of the motion that both sides get, the usual one for gait."""


def rajagopal_walk() -> Path | None:
    """Trial directory of the Rajagopal walk; None where the data sets are not."""
    trial = data_root() / RAJAGOPAL_WALK
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

    model: CompiledModel
    marker_names: tuple[str, ...]
    time: F64
    rate_hz: float
    markers: F64
    forces: F64
    loads: tuple[ExternalForce, ...]

    @staticmethod
    def of_trial(trial: Trial) -> "Subject":
        """Compile the model of a trial; say so if its markers lie on their side."""
        subject = Subject.of(trial.model, BridgeInput.of_trial(trial))
        if doubt := lying_doubt(subject.markers, subject.marker_names, subject.model.marker_names):
            say(f"{trial.directory}: {doubt}")
        return subject

    @staticmethod
    def of(osim: Path, recording: BridgeInput) -> "Subject":
        """Compile the model of a recording, with a progress bar where there is a terminal."""
        with progress_bar() as progress:
            model = compile_model(osim, progress=progress)
        table = recording.markers
        return Subject(
            model, table.names, table.time, table.rate_hz, table.positions,
            forces_at_markers(recording), recording.loads,
        )  # fmt: skip

    def bridge(self, settings: BridgeSettings | None = None) -> Bridge:
        """Return a bridge for this recording, its kernels loaded; by default with all defaults."""
        settings = settings or BridgeSettings(self.rate_hz)
        bridge = Bridge(self.model, self.marker_names, self.loads, settings)
        bridge.warm_up()
        return bridge


def forces_at_markers(recording: BridgeInput) -> F64:
    """Forces at the markers' instants, (n_frame, n_load, 9); NaN where not believed."""
    frames = recording.frame_forces(0.0)
    found = np.zeros((len(recording.markers.time), len(recording.loads), 9))
    for t, row in zip(recording.markers.time.tolist(), found, strict=True):
        frames.align(t, t + SLOWEST_GAP_S)
        row[:] = frames.forces
    return found


@dataclass(frozen=True)
class Motion:
    """Kinematics of a whole recording: ``q``, ``qd``, ``qdd`` of shape (n_frame, n_coordinate)."""

    q: F64
    qd: F64
    qdd: F64

    @classmethod
    def of(cls, subject: Subject) -> "Motion":
        """Inverse kinematics, then the zero-phase filter and splines of OpenSim's tools."""
        ik_q = tracked(subject.bridge(), subject.markers)
        return cls(*zero_phase_derivatives(subject.time, ik_q, CUTOFF_HZ))
