"""OpenSim's inverse kinematics, converged, frame by frame."""

from collections.abc import Mapping, Sequence

import numpy as np
import opensim
from numpy.typing import NDArray

from tests.sim_bridge.oracle import OpenSimModel

F64 = NDArray[np.float64]


def solve_poses(
    oracle: OpenSimModel,
    names: Sequence[str],
    positions: F64,
    weights: Mapping[str, float],
    accuracy: float = 1e-9,
    tasks: Mapping[str, tuple[float, float]] | None = None,
) -> F64:
    """Coordinates (n, n_coordinate) that OpenSim's InverseKinematicsSolver finds.

    Parameters
    ----------
    oracle : OpenSimModel
        The model; its state is moved, from its default pose.
    names : sequence of str
        Markers, all of which are the model's.
    positions : ndarray of shape (n, m, 3), float64 [m]
        Ground; NaN where a marker was not seen.
    weights : mapping of str to float
        Of the markers; 1 where not given.
    accuracy : float
        Of the assembly; OpenSim's tools stop at 1e-5.
    tasks : mapping of str to (float, float), optional
        Value [rad, m] and weight of coordinates that are pulled.
    """
    time = np.arange(len(positions)) / 100.0
    reference = opensim.MarkersReference(_table(time, names, positions), _weights(names, weights))
    pulled = opensim.SimTKArrayCoordinateReference()
    for name, (value, weight) in (tasks or {}).items():
        task = opensim.CoordinateReference(name, opensim.Constant(value))
        task.setWeight(weight)
        pulled.push_back(task)
    solver = opensim.InverseKinematicsSolver(oracle.model, reference, pulled, float("inf"))
    solver.setAccuracy(accuracy)
    poses = []
    # Not where another test left it: a far start ends half a turn off.
    oracle.set(np.array([c.getDefaultValue() for c in oracle.coordinates]))
    solver.assemble(oracle.state)
    for t in time:
        oracle.state.setTime(float(t))
        solver.track(oracle.state)
        poses.append([c.getValue(oracle.state) for c in oracle.coordinates])
    return np.array(poses)


def _table(time: F64, names: Sequence[str], positions: F64) -> "opensim.TimeSeriesTableVec3":
    table = opensim.TimeSeriesTableVec3()
    table.setColumnLabels(list(names))
    for t, frame in zip(time, positions, strict=True):
        row = opensim.RowVectorVec3([opensim.Vec3(*map(float, p)) for p in frame])
        table.appendRow(float(t), row)
    table.addTableMetaDataString("DataRate", "100")
    table.addTableMetaDataString("Units", "m")
    return table


def _weights(names: Sequence[str], weights: Mapping[str, float]) -> "opensim.SetMarkerWeights":
    found = opensim.SetMarkerWeights()
    for name in names:
        found.cloneAndAppend(opensim.MarkerWeight(name, float(weights.get(name, 1.0))))
    return found
