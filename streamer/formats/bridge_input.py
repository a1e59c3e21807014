"""What the bridge takes of a recording: markers, and the forces that belong to them."""

from dataclasses import dataclass, field

import numpy as np

from sim_bridge import ON_FEET, ExternalForce
from streamer.arrays import F64
from streamer.formats.external_loads import external_forces
from streamer.formats.tables import MarkerTable
from streamer.formats.trial import Trial
from streamer.frames.force_ring import RecordedForces
from streamer.frames.forces import FrameForces


@dataclass(frozen=True, eq=False)
class BridgeInput:
    """Markers, and forces at their own rate.

    Attributes
    ----------
    markers : MarkerTable
        Positions [m], ground, times [s] of the recording.
    force_time : ndarray of shape (n_sample,), float64 [s]
        Times of the force samples, same clock.
    force_rows : ndarray of shape (n_sample, n_load, 9), float64
        Force [N], centre of pressure [m], free torque [N m], ground.
    loads : tuple of ExternalForce
        Row by row of a sample; none where forces are not measured.
    corners : ndarray of shape (n_load, 4, 3), float64 [m], ground, or None
        Of the plates; NaN where they are not known.
    """

    markers: MarkerTable
    force_time: F64 = field(default_factory=lambda: np.zeros(0))
    force_rows: F64 = field(default_factory=lambda: np.zeros((0, 0, 9)))
    loads: tuple[ExternalForce, ...] = ()
    corners: F64 | None = None

    @classmethod
    def of_trial(cls, trial: Trial) -> "BridgeInput":
        """Take a trial's markers and forces; no loads where it has no plates."""
        if trial.forces is None or trial.loads is None:
            return cls(trial.markers)
        rows = trial.loads.select(trial.forces)
        loads = external_forces(trial.loads.forces, on_feet=False)  # theirs, or `ON_FEET` already
        return cls(trial.markers, trial.forces.time, rows, loads, trial.corners)

    @property
    def on_feet(self) -> bool:
        """Whether the bridge finds the foot on each plate."""
        return any(load.body == ON_FEET for load in self.loads)

    def frame_forces(self, delay_s: float) -> FrameForces:
        """Return the forces of frames, one after the other; moments are so much [s] older."""
        source = RecordedForces(self.force_time, self.force_rows) if self.loads else None
        return FrameForces(source, delay_s)
