"""Coordinates that inverse kinematics pulls to a value, and how much a task may weigh."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim_bridge._jit import F64
from sim_bridge.exceptions import SettingsError
from sim_bridge.model import CompiledModel


@dataclass(frozen=True)
class CoordinateTask:
    """Pulls a coordinate to a value, as an IKCoordinateTask of OpenSim does.

    Attributes
    ----------
    name : str
        The coordinate; a free one.
    weight : float
        Of its squared distance from the value, beside the mean weighted squared marker error.
    value : float or None
        Where it is pulled [rad] or [m]; None for the model's default.
    """

    name: str
    weight: float
    value: float | None = None


def weight_of(task: str, weight: float) -> float:
    """Return the weight of a task; raises SettingsError if nothing can weigh so."""
    if not 0.0 <= weight < np.inf:
        raise SettingsError(f"the weight of {task} is {weight:g}; it must be a number from 0 on")
    return float(weight)


class Pull:
    """What pulls the coordinates beside the markers: their tasks, and a hold where they are.

    Parameters
    ----------
    tasks : sequence of CoordinateTask
    model : CompiledModel
    default : ndarray of shape (n_free,), float64 [rad] or [m]
        Values of tasks that have none.

    Attributes
    ----------
    weight : ndarray of shape (n_free,), float64
        Of the squared distances from `anchor`.
    anchor : ndarray of shape (n_free,), float64 [rad] or [m]
        Where they are pulled to; any number where the weight is 0.

    Raises
    ------
    SettingsError
        If a task names no free coordinate of the model, or its weight is none.
    """

    def __init__(self, tasks: Sequence[CoordinateTask], model: CompiledModel, default: F64) -> None:
        names = model.coordinates.free_names
        self.task, self._value = np.zeros(len(names)), default.copy()
        for task in tasks:
            if task.name not in names:
                raise SettingsError(
                    f"coordinate task '{task.name}' names no free coordinate;"
                    f" these are {', '.join(names)}"
                )
            self.task[names.index(task.name)] = weight_of(
                f"coordinate task '{task.name}'", task.weight
            )
            if task.value is not None:
                self._value[names.index(task.name)] = task.value
        self.weight, self._held = np.zeros((2, len(names)))
        self.anchor = default.copy()

    def hold(self, start: F64, stiffness: float, markers: float) -> None:
        """Pull to `start` by the stiffness, and to the tasks' values beside markers so heavy."""
        np.multiply(self.task, markers, out=self.weight)
        np.multiply(self.weight, self._value, out=self.anchor)
        np.multiply(start, stiffness, out=self._held)
        self.anchor += self._held
        self.weight += stiffness
        np.divide(self.anchor, self.weight, out=self.anchor, where=self.weight > 0.0)
