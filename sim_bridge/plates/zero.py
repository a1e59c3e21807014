"""Plates that show force while nobody is on them.

Amplifiers drift, and a plate that is zeroed with somebody on it is wrong by their weight. What is
wrong at rest is wrong under load as well, and moves the centre of pressure; nothing tells by how
much but what the plate shows between two steps. Who sits down takes weight off the plates, but not
the feet.
"""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, is_finite, kernel

from .clean import LEAVES
from .geometry import Soles, contact_of
from .judge import LOADED
from .missing import DOWN
from .whose import EITHER

SETTLES_S = 0.05
"""After a foot has left, that a plate takes to come to rest [s]."""
LOOKED_S = 0.1
"""Over which a plate's force is averaged [s]; the shortest swings take three times as long."""
STEPS = 3
"""Between so many steps in a row a plate has to show the same."""
SAME = 10.0
"""By which they may differ [N]; a foot that rests on a plate does not stay so still."""


class _Memory(NamedTuple):
    """Of each row.

    Frames since a foot left it, -1 before one has; the sum that is being taken; the
    least mean since then, NaN before there is any; those between the last steps.
    """

    since: I64
    total: F64
    least: F64
    between: F64


class PlateZero:
    """Looks at what plates show between steps.

    Parameters
    ----------
    foot : ndarray of shape (n,), int64
        On which foot each row acts, 0 right, 1 left; or `EITHER`. Others are not looked at.
    weight : float
        Body weight [N].
    rate_hz : float
        Frame rate [Hz].

    Attributes
    ----------
    offset : ndarray of shape (n,), float64
        Vertical force of each row while nobody is on it [N]; 0 where it is small or not known.
    """

    def __init__(self, foot: I64, weight: float, rate_hz: float) -> None:
        n = len(foot)
        self._foot, self._loaded = foot, LOADED * weight
        self._settles, self._looked = round(SETTLES_S * rate_hz), max(round(LOOKED_S * rate_hz), 1)
        self._memory = _Memory(
            np.full(n, -1), np.zeros(n), np.full(n, np.nan), np.zeros((n, STEPS))
        )
        self.offset: F64 = np.zeros(n)

    def reset(self) -> None:
        """Look anew."""
        self._memory.since[:] = -1
        self._memory.least[:] = np.nan
        self._memory.between[:] = self.offset[:] = 0.0

    def step(self, rows: F64) -> None:
        """Look at one frame.

        Parameters
        ----------
        rows : ndarray of shape (n, 9), float64 [N], [m], [N m], ground
            As measured; a row that is not finite says nothing.
        """
        look_at_rows(
            self._foot, self._loaded, self._settles, self._looked, self._memory, self.offset,
            rows,
        )  # fmt: skip

    def see(self, soles: Soles) -> None:
        """Look at the feet: a plate is not at rest while its foot, or both, are on the floor."""
        settle_anew(self._foot, soles, self._memory.since)


@kernel
def settle_anew(foot: I64, soles: Soles, since_out: I64) -> None:
    """Count frames since a foot left anew for plates on which one may stand."""
    right, left = contact_of(soles, 0) > DOWN, contact_of(soles, 1) > DOWN
    for i in range(foot.shape[0]):
        down = right and left if foot[i] == EITHER else (right if foot[i] == 0 else left)
        if down and since_out[i] > 0:
            since_out[i] = 0


@kernel
def look_at_rows(
    foot: I64,
    loaded: float,
    settles: int,
    looked: int,
    memory: _Memory,
    offset_out: F64,
    rows: F64,
) -> None:
    """See :class:`PlateZero`."""
    for i in range(rows.shape[0]):
        vertical = rows[i, 1]
        if foot[i] < 0 or not is_finite(vertical):
            continue
        if abs(vertical) > loaded:
            if is_finite(memory.least[i]):
                remember(memory.between[i], memory.least[i])
                offset_out[i] = shown_by_all(memory.between[i])
            memory.since[i], memory.least[i] = 0, np.nan
        elif memory.since[i] >= 0:
            rest(i, vertical, settles, looked, memory)


@kernel
def rest(i: int, vertical: float, settles: int, looked: int, memory: _Memory) -> None:
    """Take one frame of a plate without load: the least of its means, so that no foot counts."""
    memory.since[i] += 1
    if memory.since[i] <= settles:
        memory.total[i] = 0.0
        return
    memory.total[i] += vertical
    if (memory.since[i] - settles) % looked == 0:
        mean = memory.total[i] / looked
        if not abs(mean) >= abs(memory.least[i]):  # as the first is to NaN
            memory.least[i] = mean
        memory.total[i] = 0.0


@kernel
def remember(between_out: F64, mean: float) -> None:
    """Forget the oldest for a new one."""
    for k in range(between_out.shape[0] - 1):
        between_out[k] = between_out[k + 1]
    between_out[-1] = mean


@kernel
def shown_by_all(between: F64) -> float:
    """Return the mean of all, or 0 where one is small or they differ."""
    low, high, total = between[0], between[0], 0.0
    for mean in between:
        low, high = min(low, mean), max(high, mean)
        total += mean
    if high - low > SAME or (low < LEAVES and high > -LEAVES):
        return 0.0
    return float(total / between.shape[0])
