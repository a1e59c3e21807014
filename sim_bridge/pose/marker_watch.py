"""Names markers that have long not been seen, or long not been in their places.

Counts rise by one in a frame in which a marker is away and fall by two in one in which it is not:
with exchanged labels a pose is held, found far off and found again by turns.
"""

import logging
from collections.abc import Iterable, Sequence

import numpy as np

from sim_bridge._jit import F64, I64, Bool, kernel
from sim_bridge.kinematics import Pose

from .marker_gate import GATE_M, MarkerGate, distance
from .marker_normal import Targets, is_there

_log = logging.getLogger(__name__)

GONE_AFTER = 200
"""A marker that is not seen is named when its count reaches so many frames."""
OFF_AFTER = 100
"""Likewise one that is elsewhere."""
MISPLACED_M = 0.1
"""Whoever is found with a marker this far [m] from the model's place has another's there: in 45
trials it was up to 74 mm (a shoulder)."""
_STANDS_OUT = 0.6
"""Markers of a pose that does not fit are off by at least this share of what the worst is: least
squares spreads the errors of two exchanged labels over their neighbours."""
_OTHERS = 0.25
"""The others then are off by less than this share of it (mean): with a pair exchanged it is 0.04 to
0.22, with the body 0.6 to 1.6 times as large as the model 0.28 to 0.41."""
_MOST_NAMED = 0.25
"""Likewise if more than this share of the markers are off at once."""


class MarkerWatch:
    """Looks where the markers of each frame are in the pose that was found.

    Parameters
    ----------
    targets : Targets
        Matched markers.
    names : sequence of str
        Theirs.
    gate : MarkerGate
        Tells which are worn, and where each sat when last used.
    """

    def __init__(self, targets: Targets, names: Sequence[str], gate: MarkerGate) -> None:
        self._targets, self._names, self._gate, n = targets, tuple(names), gate, len(names)
        self._gone, self._off = np.zeros((2, n), dtype=np.int64)
        self._gone_said, self._off_said = np.zeros((2, n), dtype=np.bool_)
        self._point = np.zeros(3)
        self._distance, self._how_far = np.zeros((2, n))

    def reset(self) -> None:
        """Count anew; what was said is not said again."""
        self._gone[:] = self._off[:] = 0

    def step(self, markers: F64, pose: Pose, *, fits: bool) -> None:
        """Look at a frame.

        Parameters
        ----------
        markers : ndarray of shape (n_label, 3), float64 [m], ground
            All of the frame; NaN marks a missing one.
        pose : Pose
            Of the frame.
        fits : bool
            Whether the pose is the person's.
        """
        worn = self._gate.worn
        gone, off = count_away(
            self._targets, markers, pose, self._gate.places, worn, fits,
            self._point, self._distance, self._how_far, self._gone, self._off,
        )  # fmt: skip
        if gone >= GONE_AFTER:
            self._say_gone(_due(self._gone, self._gone_said))
        if off >= OFF_AFTER:
            self._say_off(_due(self._off, self._off_said))

    def _say_gone(self, due: I64) -> None:
        """Name markers that are not seen."""
        self._gone_said[due] = True
        worn = self._gate.worn[due]
        if not worn.all():
            _log.warning(
                "%s not been seen since the start: the pose comes from the others",
                _have(self._names[i] for i in due[~worn]),
            )
        if worn.any():
            _log.warning(
                "%s not been seen in most of the last %d frames, which are flagged GAP: the pose "
                "comes from the others; put back what fell off, see what hides it from the cameras",
                _have(self._names[i] for i in due[worn]),
                GONE_AFTER,
            )

    def _say_off(self, due: I64) -> None:
        """Name markers that are elsewhere, unless the whole body is."""
        if 0 < len(due) <= max(2, _MOST_NAMED * len(self._names)):
            self._off_said[due] = True
            _log.warning(
                "%s not been in place for most of the last %d frames: correct labels that may be "
                "exchanged, put back what moved, or restart the session with it there",
                _have(f"{self._names[i]} ({1e3 * self._how_far[i]:.0f} mm)" for i in due),
                OFF_AFTER,
            )


def _have(names: Iterable[str]) -> str:
    """The head of a sentence on some markers."""
    first, *others = names
    return f"markers {', '.join((first, *others))} have" if others else f"marker {first} has"


def _due(count: I64, said: Bool) -> I64:
    """Which markers to name, with those about to follow, if not named before; counts all anew."""
    due: I64 = np.flatnonzero((2 * count >= count.max()) & ~said)
    count[:] = 0
    return due


@kernel
def count_away(
    targets: Targets,
    markers: F64,
    pose: Pose,
    places: F64,
    worn: Bool,
    fits: bool,
    point: F64,
    distance_out: F64,
    how_far_out: F64,
    gone_out: I64,
    off_out: I64,
) -> tuple[int, int]:
    """Count frames in which markers are away, if most are there; return the largest counts."""
    n = targets.link.shape[0]
    there = expected = 0
    worst = 0.0
    for i in range(n):
        marker = markers[targets.column[i]]
        expected += 1 if worn[i] else 0
        if is_there(marker):
            there += 1
            distance_out[i] = distance(targets, i, marker, pose, targets.station[i], point)
            if fits and distance_out[i] < MISPLACED_M:
                distance_out[i] = distance(targets, i, marker, pose, places[i], point)
            worst = max(worst, distance_out[i])
    if 2 * there <= expected:  # who leaves takes all markers along
        return 0, 0
    limit = GATE_M if fits else max(GATE_M, _STANDS_OUT * worst)
    tells = fits or mean_of_others(targets, markers, distance_out, limit) < _OTHERS * worst
    gone = off = 0
    for i in range(n):
        seen = is_there(markers[targets.column[i]])
        gone_out[i] = max(gone_out[i] - 2, 0) if seen else gone_out[i] + 1
        if seen and tells and distance_out[i] > limit:
            off_out[i] += 1
            how_far_out[i] = distance_out[i]
        elif seen:
            off_out[i] = max(off_out[i] - 2, 0)
        gone, off = max(gone, gone_out[i]), max(off, off_out[i])
    return gone, off


@kernel
def mean_of_others(targets: Targets, markers: F64, distances: F64, limit: float) -> float:
    """Mean distance of the markers of a frame that are no farther than the limit [m]."""
    total, n = 0.0, 0
    for i in range(distances.shape[0]):
        if is_there(markers[targets.column[i]]) and distances[i] <= limit:
            total += distances[i]
            n += 1
    return total / max(n, 1)
