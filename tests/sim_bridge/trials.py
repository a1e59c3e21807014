"""A recorded trial as the bridge takes it, and OpenSim's results for it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim_bridge import Bridge, BridgeSettings, CompiledModel, ExternalForce, compile_model
from sim_bridge.filters import CAUSAL_DEFAULT, zero_phase_derivatives
from streamer.formats import Storage, read_storage, read_trial

F64 = NDArray[np.float64]

SKELETON_TRIALS = (
    "rajagopal/walker/walk",
    "gait1992/subject01/walk",
    "balance_exo/subject01/walk125",
    "ceinms/subject06/walk36",
    "uhlrich/subject1/walk",
    "schreiber/2014001/C4_05",
)
"""One of each family of models."""
PARITY_TRIALS = SKELETON_TRIALS[:2]
"""Trials whose references are converged, see their READMEs."""
CUTOFF_HZ = 6.0
"""Low-pass of the references."""


@dataclass(frozen=True)
class Motion:
    """Results of a whole trial, a row a frame; SI and radians."""

    ik_q: F64
    marker_rms: F64
    q: F64
    qd: F64
    qdd: F64
    tau: F64
    activation: F64
    reserve: F64
    residual: F64
    status: NDArray[np.int64]


@dataclass(frozen=True)
class RecordedTrial:
    """Markers and forces of a trial at the markers' instants.

    `markers` is (n, m, 3) [m], `forces` (n, k, 9) in N, m and N m; both in ground.
    """

    directory: Path
    model: CompiledModel
    time: F64
    rate_hz: float
    marker_names: tuple[str, ...]
    markers: F64
    loads: tuple[ExternalForce, ...]
    forces: F64

    @classmethod
    def load(cls, directory: Path) -> "RecordedTrial":
        """Read a trial's directory and compile its model."""
        trial = read_trial(directory)
        assert trial.loads is not None
        assert trial.forces is not None
        rows, time = trial.loads.select(trial.forces), trial.markers.time
        flat = rows.reshape(len(rows), -1)
        forces = np.stack([np.interp(time, trial.forces.time, c) for c in flat.T], axis=1)
        return cls(
            directory,
            compile_model(trial.model),
            time,
            trial.markers.rate_hz,
            trial.markers.names,
            trial.markers.positions,
            tuple(ExternalForce(f.name, f.body) for f in trial.loads.forces),
            forces.reshape(len(time), -1, 9),
        )

    @property
    def osim(self) -> Path:
        """The model file."""
        return self.directory.parent / "model.osim"

    def bridge(self, filter_name: str = CAUSAL_DEFAULT) -> Bridge:
        """A fresh bridge for this trial."""
        settings = BridgeSettings(self.rate_hz, filter=filter_name)
        return Bridge(self.model, self.marker_names, self.loads, settings)

    def reference(self, name: str) -> Storage:
        """One of OpenSim's result files."""
        return read_storage(self.directory / "reference" / name)

    def reference_columns(self, name: str, columns: tuple[str, ...]) -> tuple[F64, F64]:
        """Frame numbers of a reference's instants, and these columns of it (degrees to rad)."""
        storage = self.reference(name)
        frames = np.array([int(np.argmin(np.abs(self.time - t))) for t in storage.time])
        assert np.abs(self.time[frames] - storage.time).max() < 1e-3
        data = storage.data[:, [storage.names.index(c) for c in columns]]
        if storage.in_degrees:
            data = np.where(self.model.coordinate_is_rotation, np.radians(data), data)
        return frames, data

    @cached_property
    def zero_phase(self) -> Motion:
        """What the bridge makes of the trial with the filter of OpenSim's tools."""
        bridge, out = self.bridge(), {}
        tracked = []
        for frame in self.markers:
            status = bridge.track(frame)
            tracked.append((bridge.output.ik_q.copy(), bridge.output.marker_rms, int(status)))
        out["ik_q"] = np.array([q for q, _, _ in tracked])
        q, qd, qdd = zero_phase_derivatives(self.time, out["ik_q"], CUTOFF_HZ)
        solved = []
        for i in range(len(self.time)):
            result = bridge.solve(q[i], qd[i], qdd[i], self.forces[i])
            solved.append(
                (
                    result.tau.copy(),
                    result.activation.copy(),
                    result.reserve.copy(),
                    bridge.so.residual,
                    result.status | tracked[i][2],
                )
            )
        names = ("tau", "activation", "reserve", "residual", "status")
        out |= {
            name: np.array(column)
            for name, column in zip(names, zip(*solved, strict=True), strict=True)
        }
        return Motion(
            marker_rms=np.array([rms for _, rms, _ in tracked]), q=q, qd=qd, qdd=qdd, **out
        )
