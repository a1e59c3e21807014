"""OpenSim's own inverse kinematics, inverse dynamics and static optimization, frame by frame.

The tools of OpenSim run whole files. Here their solvers are called for one frame at a time, so
that each frame can be timed beside ours; what the tools add (reading files, reporters, splines of
the coordinates) is left out, in OpenSim's favour.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import opensim

from benchmarks.bridge.files import FileSubject
from benchmarks.subject import Motion, Subject
from sim_bridge.pose.marker_match import match_markers
from streamer.arrays import F64, I64
from streamer.exceptions import StreamerError


class OpenSimFailed(StreamerError):
    """OpenSim could not do with the recording what the bridge could."""


def quiet() -> None:
    """Nothing printed, no log file."""
    opensim.Logger.removeFileSink()
    opensim.Logger.setLevelString("Off")


class InverseKinematicsSide:
    """``InverseKinematicsSolver.track`` on the recording's markers, all of weight 1.

    Parameters
    ----------
    subject : FileSubject
        Recording.
    accuracy : float
        Of the assembly; OpenSim's tool stops at 1e-5.
    """

    def __init__(self, subject: FileSubject, accuracy: float) -> None:
        match = match_markers(subject.marker_names, subject.model.marker_names)
        self._model = opensim.Model(str(subject.files.model))
        self._state = self._model.initSystem()
        self._time = subject.time
        reference = opensim.MarkersReference(
            _marker_table(subject, match.names, match.column), _equal_weights(match.names)
        )
        none = opensim.SimTKArrayCoordinateReference()
        self._solver = opensim.InverseKinematicsSolver(self._model, reference, none, float("inf"))
        self._solver.setAccuracy(accuracy)
        self._coordinates = [
            self._model.getCoordinateSet().get(i) for i in range(self._model.getNumCoordinates())
        ]

    def begin(self, frame: int) -> None:
        """Assemble at a frame; those that follow are tracked."""
        self._state.setTime(float(self._time[frame]))
        self._solver.assemble(self._state)

    def step(self, frame: int) -> None:
        """Track one frame."""
        self._state.setTime(float(self._time[frame]))
        self._solver.track(self._state)

    def coordinates(self) -> F64:
        """Solution of the last frame, model order [rad, m]."""
        return np.array([c.getValue(self._state) for c in self._coordinates])


class InverseDynamicsSide:
    """``InverseDynamicsSolver.solve`` under the recording's external loads, actuators off."""

    def __init__(self, subject: FileSubject, motion: Motion) -> None:
        self._model = _loaded_model(subject)
        self._state = self._model.initSystem()
        forces = self._model.getForceSet()
        for i in range(forces.getSize()):
            if opensim.Actuator.safeDownCast(forces.get(i)) is not None:
                forces.get(i).setAppliesForce(self._state, False)
        self._solver = opensim.InverseDynamicsSolver(self._model)
        self._time, self._motion = subject.time, motion
        self._coordinates = [
            self._model.getCoordinateSet().get(i) for i in range(self._model.getNumCoordinates())
        ]
        self._order = self._simbody_order()
        self._inputs: dict[int, tuple[Any, Any, Any]] = {}
        self._tau: Any = None

    def begin(self, frames: Sequence[int]) -> None:
        """Bring the motion of these frames into Simbody's order."""
        for frame in frames:
            for i, coordinate in enumerate(self._coordinates):
                coordinate.setValue(self._state, float(self._motion.q[frame, i]), False)
                coordinate.setSpeedValue(self._state, float(self._motion.qd[frame, i]))
            acceleration = opensim.Vector(len(self._coordinates), 0.0)
            for i, place in enumerate(self._order):
                acceleration.set(int(place), float(self._motion.qdd[frame, i]))
            q, u = opensim.Vector(self._state.getQ()), opensim.Vector(self._state.getU())
            self._inputs[frame] = (q, u, acceleration)

    def step(self, frame: int) -> None:
        """Solve one frame."""
        q, u, acceleration = self._inputs[frame]
        self._state.setTime(float(self._time[frame]))
        self._state.setQ(q)
        self._state.setU(u)
        self._tau = self._solver.solve(self._state, acceleration)

    def moments(self) -> F64:
        """Generalized forces of the last frame, model order [N m, N]."""
        tau: F64 = self._tau.to_numpy()[self._order]
        return tau

    def _simbody_order(self) -> I64:
        """Place of each coordinate in Simbody's vectors, found by giving each a speed."""
        for i, coordinate in enumerate(self._coordinates):
            coordinate.setSpeedValue(self._state, i + 1.0)
        speeds = self._state.getU().to_numpy()
        places = [int(np.argmin(np.abs(speeds - (i + 1.0)))) for i in range(len(speeds))]
        return np.array(places, dtype=np.int64)


class StaticOptimizationSide:
    """The StaticOptimization analysis, stepped as AnalyzeTool steps it.

    Exponent 2, muscle physiology on, one reserve per coordinate as in the bridge. It derives the
    accelerations from splines through the whole motion, so it gets the whole motion.

    Parameters
    ----------
    subject : FileSubject
        Recording.
    motion : Motion
        Its kinematics.
    convergence : float
        Criterion of the optimizer; OpenSim's default is 1e-4.
    iterations : int
        Most iterations; OpenSim's default is 100.
    """

    def __init__(
        self, subject: FileSubject, motion: Motion, convergence: float, iterations: int
    ) -> None:
        self._model = _loaded_model(subject)
        reserves = subject.bridge().so.reserve_force
        for name, force in zip(subject.model.coordinate_names, reserves, strict=True):
            self._model.addForce(_reserve(name, float(force)))
        self._model.addAnalysis(opensim.StaticOptimization())
        self._state = self._model.initSystem()
        analysis = self._model.getAnalysisSet().get(0)
        self._analysis = opensim.StaticOptimization.safeDownCast(analysis)
        self._analysis.setConvergenceCriterion(convergence)
        self._analysis.setMaxIterations(iterations)
        self._time = subject.time
        self._muscles = subject.model.muscle_names
        self._rows = self._state_rows(motion)
        self._analysis.setModel(self._model)
        self._store = self._storage()  # the analysis keeps a pointer to it
        self._analysis.setStatesStore(self._store)

    def begin(self, frame: int) -> None:
        """Solve a first frame, which also sets up the optimizer."""
        self.place(frame)
        self._analysis.begin(self._state)

    def place(self, frame: int) -> None:
        """Put the model where the motion is."""
        self._state.setTime(float(self._time[frame]))
        self._model.setStateVariableValues(self._state, opensim.Vector(self._rows[frame]))
        self._model.realizeVelocity(self._state)

    def step(self, frame: int) -> None:
        """Solve the frame that the model was placed at."""
        self._analysis.step(self._state, frame)

    def activations(self) -> F64:
        """Activations of the last frame, model order."""
        storage = self._analysis.getActivationStorage()
        labels = storage.getColumnLabels()
        column = {str(labels.get(i)): i - 1 for i in range(labels.getSize())}
        data = storage.getLastStateVector().getData()
        return np.array([data.get(column[name]) for name in self._muscles])

    def _state_rows(self, motion: Motion) -> list[list[float]]:
        """State variables of every frame: coordinates and speeds from the motion."""
        names = self._model.getStateVariableNames()
        base = self._model.getStateVariableValues(self._state).to_numpy()
        rows = np.tile(base, (len(self._time), 1))
        place = {str(names.get(i)): i for i in range(names.getSize())}
        for i in range(self._model.getNumCoordinates()):
            own = self._model.getCoordinateSet().get(i).getStateVariableNames()
            rows[:, place[str(own.get(0))]] = motion.q[:, i]
            rows[:, place[str(own.get(1))]] = motion.qd[:, i]
        return [list(map(float, row)) for row in rows]

    def _storage(self) -> Any:
        """The rows as a Storage."""
        names, storage = self._model.getStateVariableNames(), opensim.Storage()
        labels = opensim.ArrayStr()
        labels.append("time")
        for i in range(names.getSize()):
            labels.append(str(names.get(i)))
        storage.setColumnLabels(labels)
        for t, row in zip(self._time, self._rows, strict=True):
            storage.append(float(t), opensim.Vector(row))
        return storage


def inverse_dynamics_tool(
    subject: FileSubject, coordinates: Path, span: tuple[float, float]
) -> None:
    """Run the InverseDynamicsTool from file to file over a part of the recording, silently.

    Parameters
    ----------
    subject : FileSubject
        Recording.
    coordinates : Path
        Coordinates file; results are written beside it.
    span : tuple of float
        First and last time [s].
    """
    tool = opensim.InverseDynamicsTool()
    tool.setModelFileName(str(subject.files.model))
    tool.setCoordinatesFileName(str(coordinates))
    tool.setExternalLoadsFileName(str(subject.files.loads))
    tool.setLowpassCutoffFrequency(-1.0)
    tool.setStartTime(span[0])
    tool.setEndTime(span[1])
    tool.setResultsDir(str(coordinates.parent))
    tool.setOutputGenForceFileName("id.sto")
    excluded = opensim.ArrayStr()
    excluded.append("Muscles")
    tool.setExcludedForces(excluded)
    with _silent_stdout():
        tool.run()


@contextmanager
def _silent_stdout() -> Iterator[None]:
    """Keep what C++ prints off the terminal: the tool prints the model's sizes, asked or not."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _loaded_model(subject: FileSubject) -> Any:
    """The model with the recording's external loads, not yet initialised."""
    model = opensim.Model(str(subject.files.model))
    loads = opensim.ExternalLoads(str(subject.files.loads), True)
    loads.setDataFileName(str(subject.files.grf))
    model.addModelComponent(loads)
    return model


def _reserve(coordinate: str, optimal_force: float) -> Any:
    """Unbounded generalized force, as strong as the bridge's."""
    actuator = opensim.CoordinateActuator(coordinate)
    actuator.setName(f"{coordinate}_reserve")
    actuator.setOptimalForce(optimal_force)
    actuator.setMinControl(-np.inf)
    actuator.setMaxControl(np.inf)
    return actuator


def _marker_table(subject: Subject, names: Sequence[str], column: I64) -> Any:
    """Positions [m] as OpenSim's table."""
    table = opensim.TimeSeriesTableVec3()
    table.setColumnLabels(list(names))
    for t, frame in zip(subject.time, subject.markers[:, column], strict=True):
        row = opensim.RowVectorVec3([opensim.Vec3(*map(float, place)) for place in frame])
        table.appendRow(float(t), row)
    table.addTableMetaDataString("DataRate", f"{subject.rate_hz:g}")
    table.addTableMetaDataString("Units", "m")
    return table


def _equal_weights(names: Sequence[str]) -> Any:
    """Weight 1 for every marker, as in the bridge."""
    weights = opensim.SetMarkerWeights()
    for name in names:
        weights.cloneAndAppend(opensim.MarkerWeight(name, 1.0))
    return weights
