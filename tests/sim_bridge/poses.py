"""Random legal poses of a compiled model, and where its markers then are."""

import numpy as np
from numpy.typing import NDArray

from sim_bridge import CompiledModel
from sim_bridge.kinematics import empty_pose, point_in_ground, pose_free, skeleton_of

F64 = NDArray[np.float64]


def free_names(model: CompiledModel) -> tuple[str, ...]:
    """Names of the free coordinates."""
    return tuple(model.coordinate_names[i] for i in model.coordinates.free_index)


def random_free(model: CompiledModel, rng: np.random.Generator) -> F64:
    """Free coordinates anywhere in their range; +-1.5 rad or +-1 m where there is none."""
    index = model.coordinates.free_index
    usual = np.where(model.coordinate_is_rotation[index], 1.5, 1.0)
    lower, upper = model.coordinates.lower[index], model.coordinates.upper[index]
    lower = np.where(np.isfinite(lower), lower, np.minimum(-usual, upper - 1.0))
    upper = np.where(np.isfinite(upper), upper, np.maximum(usual, lower + 1.0))
    return rng.uniform(lower, upper)


class Kinematics:
    """Forward kinematics of a compiled model."""

    def __init__(self, model: CompiledModel) -> None:
        self.model, self.skeleton = model, skeleton_of(model)
        self.pose = empty_pose(model)

    def coordinates(self, free: F64) -> F64:
        """All coordinates where the free ones are `free`."""
        pose_free(self.skeleton, np.ascontiguousarray(free), self.pose)
        return self.pose.q.copy()

    def markers(self, free: F64) -> F64:
        """Marker positions (n, 3) [m] in ground."""
        self.coordinates(free)
        found = np.zeros((len(self.model.marker_names), 3))
        markers = self.model.markers
        for i, point in enumerate(found):
            point_in_ground(self.pose, int(markers.link[i]), markers.station[i], point)
        return found
