"""Coordinates that inverse kinematics pulls to a value."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._jit import F64
from .exceptions import SettingsError
from .model import CompiledModel


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


def read_tasks(
    tasks: Sequence[CoordinateTask], model: CompiledModel, default: F64
) -> tuple[F64, F64]:
    """Weight and value of every free coordinate's task, 0 and the default where there is none."""
    names = model.coordinates.free_names
    weight, value = np.zeros(len(names)), default.copy()
    for task in tasks:
        if task.name not in names:
            raise SettingsError(
                f"coordinate task '{task.name}' names no free coordinate;"
                f" these are {', '.join(names)}"
            )
        weight[names.index(task.name)] = task.weight
        if task.value is not None:
            value[names.index(task.name)] = task.value
    return weight, value
