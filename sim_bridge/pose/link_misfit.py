"""Whether one body's markers lie where its own markers cannot: their labels are exchanged.

A foot's three markers vanish in the mean over sixty, and with labels exchanged among them the foot
takes a pose that is nobody's.
"""

import logging

import numpy as np

from sim_bridge._jit import F64, I64, Bool, kernel
from sim_bridge.kinematics import Pose, point_in_ground
from sim_bridge.model import CompiledModel

from .marker_normal import Targets, is_there
from .sight import muscled_links

_log = logging.getLogger(__name__)

LINK_MISFIT_M = 0.08
"""RMS distance [m] of a body's markers from the model's that soft tissue, placement and scaling do
not explain: in 45 trials it was up to 55 mm (a trunk), of the legs 43; with the labels of a foot
exchanged it is 92 to 170."""
_LEAST_MARKERS = 2
_SAID_AFTER = 100
"""Frames in a row after which the body is named."""


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
        self._targets, self._names = targets, _bodies_by_link(model)
        n = len(self._names)
        self._moved = muscled_links(model)
        self._squares, self._point = np.zeros(n), np.zeros(3)
        self._count = np.zeros(n, dtype=np.int64)
        self._link, self._frames, self._said = -1, 0, False

    def step(self, markers: F64, pose: Pose) -> bool:
        """Look at a frame, (n_label, 3) [m]; whether a body's markers are not its own."""
        link, rms = worst_link(
            self._targets, markers, pose, self._moved, self._point, self._squares, self._count
        )
        if not rms > LINK_MISFIT_M:
            self._frames = 0
            return False
        self._frames = self._frames + 1 if link == self._link else 1
        self._link = link
        if self._frames >= _SAID_AFTER and not self._said:
            self._said = True
            _log.warning(
                "markers of %s lie %.0f mm from the model's: check their labels, which may be "
                "exchanged, and their places on the model",
                self._names[link],
                1e3 * rms,
            )
        return True


def _bodies_by_link(model: CompiledModel) -> list[str]:
    """Name of the last body on each link, which most markers of a foot are on."""
    names = [""] * len(model.chain.parent)
    for name, link in zip(model.bodies.names, model.bodies.link.tolist(), strict=True):
        if link >= 0:
            names[link] = name
    return names


@kernel
def worst_link(
    targets: Targets,
    markers: F64,
    pose: Pose,
    moved: Bool,
    point: F64,
    squares_out: F64,
    count_out: I64,
) -> tuple[int, float]:
    """Link whose markers are farthest off, -1 if none has enough of them, and their RMS [m]."""
    squares_out[:] = 0.0
    count_out[:] = 0
    for i in range(targets.link.shape[0]):
        marker = markers[targets.column[i]]
        link = targets.link[i]
        if moved[link] and is_there(marker):
            point_in_ground(pose, link, targets.station[i], point)
            count_out[link] += 1
            for c in range(3):
                squares_out[link] += (point[c] - marker[c]) ** 2
    worst, most = -1, 0.0
    for k in range(squares_out.shape[0]):
        if count_out[k] >= _LEAST_MARKERS and squares_out[k] > most * count_out[k]:
            worst, most = k, squares_out[k] / count_out[k]
    return worst, float(np.sqrt(most))
