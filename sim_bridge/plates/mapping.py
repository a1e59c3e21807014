"""Whose foot is on which plate, from the soles and the centre of pressure.

For walkways where nobody knows in advance which plate a foot will hit, and for treadmills with one
belt. A plate's force goes to the foot whose sole is under it and keeps to it until another sole is
clearly nearer. What cannot be told apart is not known: a plate with both feet on it, a force away
from both soles, a foot on the edge of its plate. A force between the soles still counts in the
total of all plates; with one that is not even there, under nobody, no total is known.
"""

import numpy as np

from sim_bridge._jit import F64, I64, Bool, is_finite, kernel
from sim_bridge.dynamics.wrench import add_wrench
from sim_bridge.ground_reaction.feet import POINTS_PER_FOOT

from .geometry import Soles, contact_of, inside, off_both, off_sole

ON_FEET = "feet"
"""Body of an external force that is a plate under whichever foot is on it."""
REACH = 0.12
"""A centre of pressure farther from a sole's middle line than this is not under it [m]; one farther
from both and from the floor between them is under nobody."""
CLEARLY = 0.05
"""Another foot takes a plate over if it is nearer by this much [m]."""
IN_THE_AIR = 0.1
"""A foot in the air counts as so much farther away [m]: it passes close by the standing one."""
TOUCHES = 40.0
"""Vertical force of the other foot from which on a plate may bear both [N]..."""
ON_SOLE = 0.04
"""... unless that foot has plates of its own and the centre of pressure is as near to a sole's
middle line as this [m]: some other foot's force would draw it away."""
MAY_CARRY = 0.1
"""Contact of a sole point from which on its foot may carry load."""
MARGIN = 0.02
"""A centre of pressure nearer to a plate's edge than this, or a sole beyond the edge by more, is on
the edge: part of the force may be beside the plate [m]."""

NOBODY, UNTOLD = -1, -2
"""In place of a foot: a plate without load, and one whose foot cannot be told."""


class PlateMapper:
    """Gives the forces of plates to feet.

    Parameters
    ----------
    n_plates : int
        Rows that come in.
    corners : ndarray of shape (n_plates, 4, 3), float64 [m], ground
        Corners of each plate in turn; NaN where they are not known.

    Attributes
    ----------
    feet : ndarray of shape (2, 9), float64 [N], [m], [N m], ground
        Right and left foot; a row of NaN is not known, a row of zeros is a foot in the air.
    total : ndarray of shape (9,), float64 [N], [m], [N m], ground
        Sum of all plates; NaN where one is not known or under nobody, or a foot is on an edge.
    foot : ndarray of shape (n_plates,), int64
        0 or 1, NOBODY or UNTOLD.
    edge : ndarray of shape (n_plates,), bool
        Whether a foot is on the edge of a plate.
    """

    def __init__(self, n_plates: int, corners: F64 | None = None) -> None:
        self._corners = np.full((n_plates, 4, 3), np.nan) if corners is None else corners
        self.feet: F64 = np.zeros((2, 9))
        self.total: F64 = np.full(9, np.nan)
        self.foot: I64 = np.full(n_plates, NOBODY, dtype=np.int64)
        self._off = np.zeros(n_plates)
        self.edge: Bool = np.zeros(n_plates, dtype=np.bool_)

    def reset(self) -> None:
        """Forget who stands where."""
        self.foot[:] = NOBODY

    def look(self, plates: F64, soles: Soles) -> None:
        """Find the nearest foot of each plate, and the total of all.

        Parameters
        ----------
        plates : ndarray of shape (n_plates, 9), float64
            Cleaned rows.
        soles : Soles
            Of the same instant.
        """
        look_at_plates(plates, soles, self._corners, self._off, self.foot, self.edge, self.total)

    def assign(self, plates: F64, carried: tuple[float, float]) -> None:
        """Give the forces to the feet.

        Parameters
        ----------
        plates : ndarray of shape (n_plates, 9), float64
            As in :meth:`look`.
        carried : (float, float)
            Vertical force [N] that the right and the left foot may have on the plates.
        """
        assign_plates(plates, self._off, carried, self.foot, self.feet)


@kernel
def look_at_plates(
    plates: F64,
    soles: Soles,
    corners: F64,
    off_out: F64,
    foot_out: I64,
    edge_out: Bool,
    total_out: F64,
) -> None:
    """See :meth:`PlateMapper.look`."""
    total_out[:] = 0.0
    known = True
    for k in range(plates.shape[0]):
        row = plates[k]
        edge_out[k] = False
        if row[1] == 0.0:
            foot_out[k] = NOBODY
            continue
        add_wrench(row, total_out)
        foot_out[k] = nearest_foot(row, soles, foot_out[k]) if is_finite(row.sum()) else UNTOLD
        if foot_out[k] == UNTOLD:
            known &= off_both(row, soles) <= REACH
            continue
        off_out[k] = off_sole(row, soles, foot_out[k])
        if beyond_edge(row, soles, corners[k], foot_out[k]):
            foot_out[k] = UNTOLD
            edge_out[k] = True
            known = False
    if not known:
        total_out[:] = np.nan


@kernel
def assign_plates(
    plates: F64, off: F64, carried: tuple[float, float], foot_out: I64, feet_out: F64
) -> None:
    """See :meth:`PlateMapper.assign`."""
    loaded, on_sole = 0, ON_SOLE if plates.shape[0] > 1 else 0.0
    for k in range(plates.shape[0]):
        loaded += 0 if foot_out[k] == NOBODY else 1
    feet_out[:] = 0.0
    untold = False
    for k in range(plates.shape[0]):
        f = foot_out[k]
        if f >= 0 and loaded == 1 and off[k] > on_sole and carried[1 - f] > TOUCHES:
            foot_out[k] = f = UNTOLD
        if f == UNTOLD:
            untold = True
        elif f >= 0:
            add_wrench(plates[k], feet_out[f])
    if untold:
        feet_out[:] = np.nan


@kernel
def nearest_foot(row: F64, soles: Soles, before: int) -> int:
    """Foot under a force; UNTOLD if none is."""
    off_r, off_l = off_sole(row, soles, 0), off_sole(row, soles, 1)
    if min(off_r, off_l) > REACH:
        return UNTOLD
    off_r += IN_THE_AIR * (1.0 - contact_of(soles, 0))
    off_l += IN_THE_AIR * (1.0 - contact_of(soles, 1))
    if before >= 0 and abs(off_r - off_l) < CLEARLY:
        return before
    return 0 if off_r <= off_l else 1


@kernel
def beyond_edge(row: F64, soles: Soles, corners: F64, f: int) -> bool:
    """Whether a foot may put force beside its plate; never where corners are not known."""
    if inside(corners, row[3], row[5]) < MARGIN:
        return True
    for i in range(f * POINTS_PER_FOOT, (f + 1) * POINTS_PER_FOOT):
        depth = inside(corners, soles.place[0, i], soles.place[2, i])
        if soles.contact[i] > MAY_CARRY and depth < -MARGIN:
            return True
    return False
