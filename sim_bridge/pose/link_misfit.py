"""Whether one body's markers lie where its own markers cannot: their labels are exchanged.

A foot's three markers vanish in the mean over sixty, and with labels exchanged among them the foot
takes a pose that is nobody's.
"""

import numpy as np

from sim_bridge._jit import F64, I64, Bool, kernel
from sim_bridge.kinematics import Pose, point_in_ground
from sim_bridge.model import CompiledModel

from .marker_normal import Targets, is_there
from .sight import muscled_links

LINK_MISFIT_M = 0.08
"""RMS distance [m] of a body's markers from the model's that soft tissue, placement and scaling do
not explain: in 45 trials it was up to 55 mm (a trunk), of the legs 43; with the labels of a foot
exchanged it is 92 to 170."""
_LEAST_MARKERS = 2


class LinkMisfit:
    """Looks at the markers of each body that muscles move, in the pose that was found.

    Arms without muscles may have their markers where they like: moments of the legs hardly tell.

    Parameters
    ----------
    model : CompiledModel
        The model.
    targets : Targets
        Matched markers.
    """

    def __init__(self, model: CompiledModel, targets: Targets) -> None:
        self._targets, n = targets, len(model.chain.parent)
        self._moved = muscled_links(model)
        self._squares, self._point = np.zeros(n), np.zeros(3)
        self._count = np.zeros(n, dtype=np.int64)

    def step(self, markers: F64, pose: Pose) -> bool:
        """Look at a frame, (n_label, 3) [m]; whether a body's markers are not its own."""
        rms = worst_link(
            self._targets, markers, pose, self._moved, self._point, self._squares, self._count
        )
        return rms > LINK_MISFIT_M


@kernel
def worst_link(
    targets: Targets,
    markers: F64,
    pose: Pose,
    moved: Bool,
    point: F64,
    squares_out: F64,
    count_out: I64,
) -> float:
    """RMS distance [m] of the markers of the link whose are farthest off; 0 if none has enough."""
    squares_out[:] = 0.0
    count_out[:] = 0
    for i in range(targets.link.shape[0]):
        marker = markers[targets.column[i]]
        link = targets.link[i]
        if link >= 0 and moved[link] and is_there(marker):  # not one on ground
            point_in_ground(pose, link, targets.station[i], point)
            count_out[link] += 1
            for c in range(3):
                squares_out[link] += (point[c] - marker[c]) ** 2
    most = 0.0
    for k in range(squares_out.shape[0]):
        if count_out[k] >= _LEAST_MARKERS and squares_out[k] > most * count_out[k]:
            most = squares_out[k] / count_out[k]
    return float(np.sqrt(most))
