"""Plates whose force is given to a foot while the other one stands on them, or none.

Left and right exchanged, in a file or by cables, and an origin or an axis that is wrong: the sum of
all forces stays right, and nothing else tells. Who crosses to the other belt now and then is not
accused: the next step speaks for the plates, and only the frames say it.
"""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, is_finite, kernel

from .clean import TRUSTED
from .faults import PlateFault
from .geometry import Soles, contact_of, off_both, off_sole
from .judge import LOADED
from .mapping import REACH, nearest_foot
from .missing import DOWN

LIFTED = 0.2
"""Contact below which a foot rather swings; in walking none that bears more than 100 N has less
while the other one stands nearer to that force."""
STANDING = 0.5
"""Vertical force from which on a foot stands on a plate [body weights]."""
LOOK_EVERY = 8
"""Frames between looks at who stands there; a foot stands for longer."""
LEAST_LOOKS = 2
"""A step that was looked at less often says nothing."""
MOST_LOOKS = 25
"""Where nobody leaves, on a belt for both feet say, so many looks count as a step."""
MOST = 0.8
"""Share of the looks at a step that have to say the same."""
STEPS = 3
"""Steps in a row that have to say the same; two are enough if they are on two plates."""

EITHER = 2
"""In place of a foot: the force goes to whichever is on the plate."""
OWN, OTHER, NEITHER = 0, 1, 2
"""Who stands on a plate."""
FAULTS = np.array([0, PlateFault.OTHER_FOOT, PlateFault.UNDER_NOBODY], dtype=np.int64)
"""What that is called."""


class _Memory(NamedTuple):
    """Of each row: looks at each of the above in this step, and steps since all say the same.

    ``said`` is what they say.
    """

    looks: I64
    steps: I64
    said: I64


class FootCheck:
    """Looks whether the foot that has a plate's force is the one on it.

    Parameters
    ----------
    foot : ndarray of shape (n,), int64
        Foot of each row: 0 right, 1 left, or EITHER; those of -1 are not looked at.
    weight : float
        Body weight [N].
    fault : ndarray of shape (n,), int64
        :class:`PlateFault` of each row, which a verdict is written to.

    Attributes
    ----------
    beside : bool
        Whether the force of a foot is far from it in this frame, or rather under the other one.
    """

    def __init__(self, foot: I64, weight: float, fault: I64) -> None:
        n = len(foot)
        self._foot, self._weight, self.fault = foot, weight, fault
        self._memory = _Memory(
            np.zeros((n, len(FAULTS)), dtype=np.int64),
            np.zeros(n, dtype=np.int64),
            np.zeros(1, dtype=np.int64),
        )
        self._frames = 0
        self.beside = False

    def reset(self) -> None:
        """Look anew."""
        self.forget()
        self.fault[:] = self._frames = 0

    def forget(self) -> None:
        """Count no step that is not over, nor those before: the feet's pose was no good."""
        for part in self._memory:
            part[:] = 0
        self.beside = False

    def step(self, rows: F64, soles: Soles) -> None:
        """Look at one frame.

        Parameters
        ----------
        rows : ndarray of shape (n, 9), float64 [N], [m], [N m], ground
            Cleaned measured forces.
        soles : Soles
            Of the same instant.
        """
        self._frames += 1
        self.beside = bool(
            look_at_feet(
                self._foot, self._weight, rows, soles, self._frames % LOOK_EVERY == 0,
                self._memory, self.fault,
            )
        )  # fmt: skip


@kernel
def look_at_feet(
    foot: I64,
    weight: float,
    rows: F64,
    soles: Soles,
    who: bool,
    memory: _Memory,
    fault_out: I64,
) -> bool:
    """See :class:`FootCheck`; returns ``beside``, and looks who stands there if asked to."""
    if who:
        look_under_feet(foot, weight, rows, soles, memory, fault_out)
    for i in range(foot.shape[0]):
        known = foot[i] == 0 or foot[i] == 1
        if known and rows[i, 1] > TRUSTED and is_beside(rows[i], soles, foot[i]):
            return True
    return False


@kernel
def is_beside(row: F64, soles: Soles, f: int) -> bool:
    """Whether a force is far from its foot, or that one swings past the other, which bears it."""
    own, other = off_sole(row, soles, f), off_sole(row, soles, 1 - f)
    swings = contact_of(soles, f) < LIFTED and contact_of(soles, 1 - f) > DOWN
    return own > REACH or (swings and other < own)


@kernel
def look_under_feet(
    foot: I64, weight: float, rows: F64, soles: Soles, memory: _Memory, fault_out: I64
) -> None:
    """See :class:`FootCheck`."""
    for i in range(foot.shape[0]):
        if foot[i] >= 0 and rows[i, 1] > STANDING * weight and is_finite(rows[i].sum()):
            memory.looks[i, who_stands(rows[i], soles, foot[i])] += 1
            if memory.looks[i].sum() >= MOST_LOOKS:
                judge_step(i, memory, fault_out)
        elif foot[i] >= 0 and not rows[i, 1] > LOADED * weight:  # or not known any more
            judge_step(i, memory, fault_out)


@kernel
def who_stands(row: F64, soles: Soles, own: int) -> int:
    """OWN, OTHER or NEITHER."""
    if own == EITHER:
        return OWN if off_both(row, soles) <= REACH else NEITHER
    found = nearest_foot(row, soles, own)
    if found < 0:
        return NEITHER
    return OWN if found == own else OTHER


@kernel
def judge_step(i: int, memory: _Memory, fault_out: I64) -> None:
    """Judge a row's step once it is over."""
    looks, total, said = memory.looks[i], memory.looks[i].sum(), OWN
    for who in (OTHER, NEITHER):
        said = who if looks[who] >= MOST * total else said
    looks[:] = 0
    if total < LEAST_LOOKS:
        return
    if said != memory.said[0]:
        memory.steps[:] = 0
    memory.said[0] = said
    memory.steps[i] += 1
    plates = 0
    for steps in memory.steps:
        plates += 1 if steps > 0 else 0
    if said != OWN and (plates > 1 or memory.steps[i] >= STEPS):
        for k in range(memory.steps.shape[0]):
            if memory.steps[k] > 0:
                fault_out[k] = FAULTS[said]
