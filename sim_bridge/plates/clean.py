"""Contact with hysteresis, and a centre of pressure that is believable when little force is on it.

A centre of pressure is a moment divided by a force: beside a sample without load it is anywhere,
hundreds of metres away in real files. Below a threshold the force counts as none. Above it the
wrench stays as measured; only the point at which it is written down follows its last believable
place more the less force there is, and the free torque takes the difference.
"""

import numpy as np

from sim_bridge._jit import F64, I64, Bool, is_finite, kernel

LANDS = 20.0
"""Vertical force above which a foot is on a plate [N]."""
LEAVES = 10.0
"""Vertical force below which it has left [N]."""
TRUSTED = 100.0
"""Vertical force from which on the measured centre of pressure is taken as it is [N]."""
LARGEST = 1e5
"""Numbers of a force, place or torque from which on [N, m, N m] none is meant."""


class PlateCleaner:
    """Cleans rows of force, centre of pressure and free torque, in place.

    Parameters
    ----------
    is_plate : ndarray of shape (n,), bool
        Rows that are forces of the floor; others are left alone.
    """

    def __init__(self, is_plate: Bool) -> None:
        self._is_plate = is_plate
        self._loaded = np.zeros(len(is_plate), dtype=np.int64)
        self._point = np.zeros((len(is_plate), 3))

    def reset(self) -> None:
        """Forget contact."""
        self._loaded[:] = 0

    def step(self, rows: F64) -> None:
        """Clean one frame.

        Parameters
        ----------
        rows : ndarray of shape (n, 9), float64 [N], [m], [N m], ground
            Changed in place; a row with a number that is not finite becomes all NaN: not known.
        """
        clean_rows(self._is_plate, self._loaded, self._point, rows)


@kernel
def forget_absurd(rows_out: F64) -> None:
    """Make all of a row NaN, not known, where a number of it is not finite or absurdly large."""
    for i in range(rows_out.shape[0]):
        known = True
        for c in range(9):
            known &= abs(rows_out[i, c]) < LARGEST
        if not known:
            for c in range(9):
                rows_out[i, c] = np.nan


@kernel
def clean_rows(is_plate: Bool, loaded: I64, point: F64, rows_out: F64) -> None:
    """See :class:`PlateCleaner`; ``loaded`` and ``point`` remember contact and the last point."""
    for i in range(rows_out.shape[0]):
        row = rows_out[i]
        if not is_finite(row.sum()):
            for c in range(9):
                row[c] = np.nan
            continue
        if not is_plate[i]:
            continue
        if loaded[i] == 0 and row[1] > LANDS:
            loaded[i] = 1
            for c in range(3):
                point[i, c] = row[3 + c]
        elif loaded[i] == 1 and row[1] < LEAVES:
            loaded[i] = 0
        if loaded[i] == 0:
            for c in range(9):
                row[c] = 0.0
            continue
        share = min(max((row[1] - LEAVES) / (TRUSTED - LEAVES), 0.0), 1.0)
        move_point(row, point[i], share)


@kernel
def move_point(row_out: F64, point_out: F64, share: float) -> None:
    """Bring the remembered point a share of the way to a row's, and write the row there."""
    d0 = (1.0 - share) * (row_out[3] - point_out[0])  # from the new point to the measured one
    d1 = (1.0 - share) * (row_out[4] - point_out[1])
    d2 = (1.0 - share) * (row_out[5] - point_out[2])
    row_out[6] += d1 * row_out[2] - d2 * row_out[1]
    row_out[7] += d2 * row_out[0] - d0 * row_out[2]
    row_out[8] += d0 * row_out[1] - d1 * row_out[0]
    point_out[0] = row_out[3] - d0
    point_out[1] = row_out[4] - d1
    point_out[2] = row_out[5] - d2
    for c in range(3):
        row_out[3 + c] = point_out[c]
