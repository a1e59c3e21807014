"""OpenSim as the oracle: one model, asked about one state at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import opensim
from numpy.typing import NDArray

F64 = NDArray[np.float64]

opensim.Logger.removeFileSink()
opensim.Logger.setLevelString("Off")


class OpenSimModel:
    """A model with a state; coordinates in the order of its CoordinateSet, SI and radians."""

    def __init__(self, osim: Path, loads: Sequence[tuple[str, F64]] = ()) -> None:
        self.model = opensim.Model(str(osim))
        for body, table in loads:
            self.model.addForce(_prescribed(self.model, body, table))
        self.state = self.model.initSystem()
        count = self.model.getNumCoordinates()
        self.coordinates = [self.model.getCoordinateSet().get(i) for i in range(count)]
        self._mobility = self._mobilities()
        self._dynamics = opensim.InverseDynamicsSolver(self.model)

    def set(self, q: F64, qd: F64 | None = None, time: float = 0.0) -> None:
        """Put every coordinate where `q` says, one by one: nothing is assembled."""
        self.state.setTime(time)
        for i, coordinate in enumerate(self.coordinates):
            coordinate.setValue(self.state, float(q[i]), False)
        if qd is not None:
            for i, coordinate in enumerate(self.coordinates):
                coordinate.setSpeedValue(self.state, float(qd[i]))
        self.model.realizeVelocity(self.state)

    def constraint_error(self) -> float:
        """Largest error of an enforced constraint at the present pose."""
        return float(np.abs(self.state.getQErr().to_numpy()).max(initial=0.0))

    def markers(self) -> F64:
        """Positions (n, 3) in ground."""
        marker_set = self.model.getMarkerSet()
        found = [
            marker_set.get(i).getLocationInGround(self.state) for i in range(marker_set.getSize())
        ]
        return np.array([p.to_numpy() for p in found])

    def point(self, body: str, station: Sequence[float]) -> F64:
        """A point of a body in ground."""
        frame = self.model.getBodySet().get(body)
        where: F64 = frame.findStationLocationInGround(
            self.state, opensim.Vec3(*map(float, station))
        ).to_numpy()
        return where

    def energy(self) -> float:
        """Kinetic and potential [J]."""
        kinetic = self.model.calcKineticEnergy(self.state)
        return float(kinetic + self.model.calcPotentialEnergy(self.state))

    def inverse_dynamics(self, q: F64, qd: F64, qdd: F64, time: float = 0.0) -> F64:
        """Generalized forces of InverseDynamicsSolver, coordinate order."""
        self.set(q, qd, time)
        self.model.realizeDynamics(self.state)
        acceleration = opensim.Vector(len(q), 0.0)
        for i, mobility in enumerate(self._mobility):
            acceleration.set(int(mobility), float(qdd[i]))
        tau: F64 = self._dynamics.solve(self.state, acceleration).to_numpy()
        return tau[self._mobility]

    def muscle_lengths(self) -> F64:
        """Muscle-tendon lengths [m]."""
        muscles = self.model.getMuscles()
        return np.array([muscles.get(i).getLength(self.state) for i in range(muscles.getSize())])

    def _mobilities(self) -> NDArray[np.int64]:
        """Position of each coordinate in Simbody's own order, found by giving each a speed."""
        for i, coordinate in enumerate(self.coordinates):
            coordinate.setSpeedValue(self.state, i + 1.0)
        speeds = self.state.getU().to_numpy()
        order = [int(np.argmin(np.abs(speeds - (i + 1.0)))) for i in range(len(self.coordinates))]
        for coordinate in self.coordinates:
            coordinate.setSpeedValue(self.state, 0.0)
        return np.array(order, dtype=np.int64)


def _prescribed(model: Any, body: str, table: F64) -> Any:
    """External force on a body: row k of `table` (n, 9) acts at time k, all in ground."""
    force = opensim.PrescribedForce(f"load_on_{body}", model.getBodySet().get(body))
    force.setForceIsInGlobalFrame(True)
    force.setPointIsInGlobalFrame(True)
    force.setForceFunctions(*(_steps(table[:, k]) for k in (0, 1, 2)))
    force.setPointFunctions(*(_steps(table[:, k]) for k in (3, 4, 5)))
    force.setTorqueFunctions(*(_steps(table[:, k]) for k in (6, 7, 8)))
    return force


def _steps(values: F64) -> Any:
    """Function of time that takes these values at 0, 1, 2, ... s."""
    function = opensim.PiecewiseLinearFunction()
    for k, value in enumerate(values):
        function.addPoint(float(k), float(value))
    return function


def call(function: Any, x: float) -> tuple[float, float, float]:
    """Value and first two derivatives of an OpenSim function of one variable."""
    at = opensim.Vector(1, float(x))
    first, second = opensim.StdVectorInt(), opensim.StdVectorInt()
    first.append(0)
    second.append(0)
    second.append(0)
    return (
        function.calcValue(at),
        function.calcDerivative(first, at),
        function.calcDerivative(second, at),
    )
