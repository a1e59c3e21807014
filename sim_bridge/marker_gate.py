"""What is known of every marker's error against the model, and what follows of it.

**Stray markers** are set aside: flown off, swapped or mislabelled. From one frame to the next a
marker's error against the model hardly changes: it is soft tissue and placement. So the predicted
pose and the last error say where a marker must be within centimetres, and one that is further off
can be treated as missing. Whether it is, the solver decides by the error that remains: where all
markers fit the model as well as before, the prediction was wrong.

**Missing markers** are stood in for: as their error is known, so is that of the others, which is
taken off these while some are missing. Else the pose would move within one frame by what the
missing ones held it back, and its acceleration would be that of a step.
"""

import numpy as np

from ._jit import F64, I64, is_finite, kernel
from .kinematics import Pose, point_in_ground
from .marker_normal import Targets

GATE_M = 0.06
"""Distance from the prediction [m] beyond which a marker is set aside."""
_PATIENCE = 20
"""Frames after which a marker that was set aside or missing is taken as it is..."""
ELSEWHERE_M = 0.5
"""... unless it is this far [m] from where the others, most of which are in their places, have it:
no soft tissue and no label of a limb, but a ghost, and it would be held for the person."""


class MarkerGate:
    """Remembers every marker's error and screens the next frame.

    Parameters
    ----------
    n_marker, n_label : int
        Matched markers, and labels that arrive.

    Attributes
    ----------
    markers : ndarray of shape (n_label, 3), float64 [m], ground
        The last frame without the markers set aside (NaN).
    n_aside : int
        How many were.
    n_missing : int
        How many were missing, these included, that had been there lately.
    """

    def __init__(self, n_marker: int, n_label: int) -> None:
        self.markers: F64 = np.full((n_label, 3), np.nan)
        self._error = np.zeros((n_marker, 3))
        self._age = np.full(n_marker, _PATIENCE, dtype=np.int64)
        self._point = np.zeros(3)
        self.n_aside = self.n_missing = 0
        self._corrected: F64 = np.full((n_label, 3), np.nan)

    def reset(self) -> None:
        """Forget all errors; the next frame passes as it is."""
        self._age[:] = _PATIENCE

    def screen(self, targets: Targets, markers: F64, pose: Pose) -> None:
        """Copy a frame to ``markers``, without those too far from the predicted ``pose``."""
        np.copyto(self.markers, markers)
        self.n_aside = screen_markers(
            targets, markers, pose, self._error, self._age, self._point, self.markers
        )

    def without_errors(self, targets: Targets, markers: F64) -> F64:
        """Return a frame as it is, or less the known errors if markers are missing from it.

        A marker that has been missing for long is not waited for.
        """
        np.copyto(self._corrected, markers)
        self.n_missing = correct_markers(targets, markers, self._error, self._age, self._corrected)
        return self._corrected if self.n_missing else markers

    def take_all(self, markers: F64) -> None:
        """Set no marker of this frame aside."""
        np.copyto(self.markers, markers)
        self.n_aside = 0

    def grow_older(self) -> None:
        """No marker of this frame could be used: after a while all are taken as they are."""
        np.minimum(self._age + 1, _PATIENCE, out=self._age)

    def learn(self, targets: Targets, pose: Pose) -> None:
        """Remember the errors of the markers that were used, at the solution ``pose``."""
        learn_errors(targets, self.markers, pose, self._point, self._error, self._age)


@kernel
def screen_markers(
    targets: Targets,
    markers: F64,
    pose: Pose,
    error: F64,
    age: I64,
    point: F64,
    markers_out: F64,
) -> int:
    """Set markers aside in a copy and count them; ``age`` is frames since an error was learnt."""
    far = near = elsewhere = 0
    for i in range(targets.link.shape[0]):
        row = targets.column[i]
        if not is_finite(markers[row, 0] + markers[row, 1] + markers[row, 2]):
            continue
        off = distance(targets, i, markers[row], pose, error[i], point)
        if age[i] >= _PATIENCE:
            elsewhere += 1 if off > ELSEWHERE_M else 0
        elif off > GATE_M:
            far += 1
            markers_out[row] = np.nan
        else:
            near += 1
    if 0 < elsewhere < near:
        for i in range(targets.link.shape[0]):
            row = targets.column[i]
            if (
                age[i] >= _PATIENCE
                and distance(targets, i, markers[row], pose, error[i], point) > ELSEWHERE_M
            ):
                far += 1
                markers_out[row] = np.nan
    return far


@kernel
def distance(targets: Targets, i: int, marker: F64, pose: Pose, error: F64, point: F64) -> float:
    """Distance of a marker from where a pose and its own error have it [m]."""
    point_in_ground(pose, targets.link[i], targets.station[i], point)
    squared = 0.0
    for c in range(3):
        squared += (point[c] - error[c] - marker[c]) ** 2
    return float(np.sqrt(squared))


@kernel
def correct_markers(targets: Targets, markers: F64, error: F64, age: I64, markers_out: F64) -> int:
    """Take known errors off in a copy; returns how many are missing that were there lately."""
    missing = 0
    for i in range(targets.link.shape[0]):
        row = targets.column[i]
        if age[i] >= _PATIENCE:
            continue
        if is_finite(markers[row, 0] + markers[row, 1] + markers[row, 2]):
            for c in range(3):
                markers_out[row, c] += error[i, c]
        else:
            missing += 1
    return missing


@kernel
def learn_errors(
    targets: Targets, markers: F64, pose: Pose, point: F64, error_out: F64, age_out: I64
) -> None:
    """Error of every marker in ``markers`` against the model; the others grow older."""
    for i in range(targets.link.shape[0]):
        row = targets.column[i]
        if not is_finite(markers[row, 0] + markers[row, 1] + markers[row, 2]):
            age_out[i] = min(age_out[i] + 1, _PATIENCE)
            continue
        point_in_ground(pose, targets.link[i], targets.station[i], point)
        for c in range(3):
            error_out[i, c] = point[c] - markers[row, c]
        age_out[i] = 0
