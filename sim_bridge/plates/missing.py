"""Rows without load although the body needs a force that nobody measures.

A foot beside its plate and a plate that is off both read zero. What inverse dynamics cannot explain
by measured forces tells them from a foot in the air. Such a row is doubted until it shows load, or
another plate of its foot does: it is not known, except while the other forces are all that the
motion needs. Until it is doubted, and where nothing predicts, a frame says that force is missing.
"""

import numpy as np

from sim_bridge._jit import F64, I64, Bool, kernel

from .geometry import Soles, contact_of

MISSING = 0.4
"""Unexplained vertical force [body weights] from which on rows without load are doubted."""
MISSING_S = 0.05
"""Time for which it has to be missing [s]."""
FELT = 0.2
"""Unexplained vertical force [body weights] from which on a frame in which a foot has no force says
so at once, times the effort. Ten of 12 000 frames of whole forces do, by this or..."""
FELT_STANDING, FELT_ALONE = 0.08, 0.05
"""... this, from which on they do where the sole of that foot is down [body weights]; the second
where there is one plate for both feet. Of whole forces up to 2.4 and 6 % of the frames of a data
set do, mostly 0 to 0.7 %."""
DOWN = 0.5
"""Contact from which on a sole is down: one that has just landed beside its plate, too."""
VERTICAL = 4
"""Place of the vertical force among moment and force of a link."""


class MissingLoad:
    """Doubts the rows of feet without load, each foot's until one of them shows load again.

    Parameters
    ----------
    foot : ndarray of shape (n,), int64
        Foot of each row, 0 right, 1 left; those of -1 are left alone.
    weight : float
        Body weight [N].
    rate_hz : float
        Frame rate [Hz].

    Attributes
    ----------
    doubted : ndarray of shape (n,), bool
        Rows that are not believed.
    accused : ndarray of shape (n,), bool
        Those of them whose foot has carried the body for as long as that now.
    """

    def __init__(self, foot: I64, weight: float, rate_hz: float) -> None:
        self._foot, self._least = foot, MISSING * weight
        self._frames = max(round(MISSING_S * rate_hz), 1)
        self._empty = np.zeros(len(foot), dtype=np.bool_)
        self._count = np.zeros(1, dtype=np.int64)
        self._bears = np.zeros(len(foot), dtype=np.int64)
        self.doubted: Bool = np.zeros(len(foot), dtype=np.bool_)
        self.accused: Bool = np.zeros(len(foot), dtype=np.bool_)

    def reset(self) -> None:
        """Believe everything."""
        self._count[0] = self._bears[:] = 0
        self.doubted[:] = self.accused[:] = self._empty[:] = False

    def step(self, rows: F64, whole: bool) -> None:
        """Put NaN, which is not known, into the rows that are doubted.

        Parameters
        ----------
        rows : ndarray of shape (n, 9), float64 [N], [m], [N m], ground
            Cleaned measured forces.
        whole : bool
            Whether they are all that the motion needs; none is doubted then.
        """
        mask_rows(self._foot, whole, self._empty, self.doubted, rows)

    def forget(self) -> None:
        """Begin to count anew; what is doubted stays so."""
        self._count[0] = self._bears[:] = 0

    def watch(self, needed: float, predicted: F64) -> None:
        """See what a frame left unexplained.

        Parameters
        ----------
        needed : float
            Vertical force that the body still needs from the ground [N], external forces taken off.
        predicted : ndarray of shape (2, 9), float64
            Forces of the right and the left foot; only looked at where rows are doubted.
        """
        watch_missing(needed, self._least, self._frames, self._empty, self._count, self.doubted)
        accuse(
            self.doubted, self._foot, predicted, self._least, self._frames, self._bears,
            self.accused,
        )  # fmt: skip


@kernel
def mask_rows(foot: I64, whole: bool, empty_out: Bool, doubted_out: Bool, rows_out: F64) -> None:
    """Remember which rows of feet without load are empty, and take out those that are doubted."""
    right, left = loaded(foot, rows_out, 0), loaded(foot, rows_out, 1)
    for i in range(rows_out.shape[0]):
        stands = right if foot[i] == 0 else left
        empty_out[i] = foot[i] >= 0 and not stands and rows_out[i, 1] == 0.0
        if stands:
            doubted_out[i] = False
        if doubted_out[i] and not whole:
            for c in range(9):
                rows_out[i, c] = np.nan


@kernel
def loaded(foot: I64, rows: F64, f: int) -> bool:
    """Whether any row of a foot shows load."""
    found = False
    for i in range(rows.shape[0]):
        found |= foot[i] == f and rows[i, 1] > 0.0
    return found


@kernel
def lacks_force(
    needed: float, foot: I64, loads: F64, soles: Soles, weight: float, felt: float
) -> bool:
    """Whether a foot without force should have one.

    Parameters
    ----------
    needed : float
        See :meth:`MissingLoad.watch`.
    foot : ndarray of shape (n_load,), int64
        Foot of each load, -1 of others.
    loads : ndarray of shape (n_load, 9), float64 [N], [m], [N m], ground
        As they were taken off.
    soles : Soles
        Of the same instant.
    weight : float
        Body weight, times the effort [N], see `sim_bridge.plates.effort`.
    felt : float [body weights]
        From which missing force on a foot is missed whose sole is down, one of `FELT_STANDING` and
        `FELT_ALONE`.
    """
    if not needed > felt * weight:
        return False
    for f in range(2):
        if not loaded(foot, loads, f) and (needed > FELT * weight or contact_of(soles, f) > DOWN):
            return True
    return False


@kernel
def needed_from_ground(parent: I64, force: F64, c: int) -> float:
    """One of the moments (0 to 2) and forces (3 to 5) that the links without parent still need.

    Parameters
    ----------
    parent : ndarray of shape (n_link,), int64
        Parent of each link; -1 is ground.
    force : ndarray of shape (n_link, 6), float64 [N m], [N]
        Moment and force that each link still needs, external forces taken off.
    c : int
        Which.
    """
    needed = 0.0
    for k in range(parent.shape[0]):
        if parent[k] < 0:
            needed += force[k, c]
    return needed


@kernel
def watch_missing(
    needed: float, least: float, frames: int, empty: Bool, count_out: I64, doubted_out: Bool
) -> None:
    """Count frames in which force is missing, and doubt empty rows after enough of them."""
    count_out[0] = count_out[0] + 1 if needed > least else 0
    if count_out[0] >= frames:
        for i in range(empty.shape[0]):
            doubted_out[i] |= empty[i]


@kernel
def accuse(
    doubted: Bool,
    foot: I64,
    predicted: F64,
    least: float,
    frames: int,
    bears_out: I64,
    accused_out: Bool,
) -> None:
    """Find the doubted rows whose feet have borne much for some frames."""
    for i in range(doubted.shape[0]):
        bears = doubted[i] and predicted[foot[i], 1] > least
        bears_out[i] = bears_out[i] + 1 if bears else 0
        accused_out[i] = bears_out[i] >= frames
