"""How far apart the markers are, against the model's: whether it has this person's size.

Inverse kinematics turns joints and stretches nothing. The markers of a person who is larger than
the model stay outside of its own, all around; misplaced ones are off some here and some there.
"""

import numpy as np

from sim_bridge._jit import F64, kernel
from sim_bridge.kinematics import Pose, point_in_ground

from .marker_normal import MINIMUM_MARKERS, Targets, is_there

OTHER_SIZE = 0.015
"""Where markers are farther apart than the model's by this share, or nearer, the person has not its
size: at most 0.008 in all frames of the 45 trials that this was tested on, 0.018 to 0.05 with their
markers 6 % farther apart or nearer together. The pose takes up the rest, as a crouch of 13 to 22
deg, and EMG was off by up to 1.0 at status 0."""
_KEPT = 0.99
"""Share of the mean that a frame leaves: it looks back on some hundred frames."""
_LEAST_REACH_M = 0.25
"""RMS distance of markers from their mean [m] from which they tell a size: a centimetre's
misplacement makes a foot alone seem a tenth larger. From pelvis to feet it is 0.29 and more."""


class MarkerSpread:
    """Compares the markers of frames with the model's in the poses that were found.

    With x the model's markers, p the measured ones and w their weights, both from their means, a
    frame's is ``sum w p.x / sum w x.x``: the factor by which the model's come nearest to them.

    Parameters
    ----------
    targets : Targets
        Matched markers.

    Attributes
    ----------
    value : float
        Mean of the last frames: above 1 if markers are farther apart than the model's.
    """

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._sums, self._point = np.zeros((2, 3)), np.zeros(3)
        self.reset()

    @property
    def differs(self) -> bool:
        """Whether the person has not the model's size."""
        return abs(self.value - 1.0) > OTHER_SIZE

    def reset(self) -> None:
        """Forget the person."""
        self.value, self._begun = 1.0, False

    def step(self, markers: F64, pose: Pose) -> None:
        """Look at a frame, (n_label, 3) [m]."""
        found = spread(self._targets, markers, pose, self._point, self._sums)
        if found > 0.0:
            self.value = _KEPT * self.value + (1.0 - _KEPT) * found if self._begun else found
            self._begun = True


@kernel
def spread(targets: Targets, markers: F64, pose: Pose, point: F64, sums_out: F64) -> float:
    """Factor between the model's and the measured markers; 0 if these tell of no size."""
    sums_out[:] = 0.0
    weights, products, squares, n = 0.0, 0.0, 0.0, 0
    for i in range(targets.link.shape[0]):
        marker = markers[targets.column[i]]
        if is_there(marker):
            w = targets.weight[i]
            point_in_ground(pose, targets.link[i], targets.station[i], point)
            for c in range(3):
                x = point[c] - pose.position[0, c]  # sums about a far origin would lose digits
                p = marker[c] - pose.position[0, c]
                sums_out[0, c] += w * x
                sums_out[1, c] += w * p
                products += w * p * x
                squares += w * x * x
            weights += w
            n += 1
    if n < MINIMUM_MARKERS:
        return 0.0
    for c in range(3):
        products -= sums_out[0, c] * sums_out[1, c] / weights
        squares -= sums_out[0, c] ** 2 / weights
    return products / squares if squares > weights * _LEAST_REACH_M**2 else 0.0
