"""Forces that no floor can exert: pulling, from the side, too many times the weight, or stuck.

A single such frame is not known, and prediction takes over. What the first loaded moments show on
average names the fault: axes swapped, sign inverted, unit wrong, point mostly not on the plate. A
few glitches among them name none.
"""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, Bool, is_finite, kernel
from sim_bridge.dynamics.wrench import size

from .faults import PlateFault
from .geometry import inside

LOADED = 0.15
"""Force from which on a plate is judged [body weights]."""
LEAST_VERTICAL = 0.5
"""Least share of a force that is vertical; 0.82 is the least seen, in running."""
HEAVIEST = 3.0
"""Mean force of a loaded plate [body weights] above which its unit is wrong."""
IMPOSSIBLE = 6.0
"""Force of one plate [body weights] that is not believed even for a frame."""
BESIDE_M = 0.05
"""A centre of pressure that is farther outside its plate than this [m] is none."""
VERDICT_S = 0.3
"""Loaded time after which a plate's axes are judged [s]."""
FROZEN_S = 0.15
"""Time for which a vertical force may stay the same [s]: no real one does, but late forces are held
for up to 0.1 s."""
ROUNDING = 1e-9
"""Of the interpolation between equal samples; a float32 of LSL steps by 6e-8 of its size."""

_INVERTED, _HEAVY = int(PlateFault.INVERTED), int(PlateFault.HEAVY)
_ON_X, _ON_Z = int(PlateFault.WEIGHT_ON_X), int(PlateFault.WEIGHT_ON_Z)
_FROZEN, _BESIDE = int(PlateFault.FROZEN), int(PlateFault.BESIDE)


class _Memory(NamedTuple):
    """Of each row.

    Loaded frames; of these the mean force, in which each counts for no more than a plate can
    measure, and how many had their point beside the plate; last vertical force, for how long.
    """

    loaded: I64
    mean: F64
    beside: I64
    last: F64
    same: I64


class PlateJudge:
    """Takes out forces that cannot be, and says what is wrong with a plate.

    Parameters
    ----------
    is_plate : ndarray of shape (n,), bool
        Rows that are forces of the floor; others are not judged.
    weight : float
        Body weight [N].
    rate_hz : float
        Frame rate [Hz].
    corners : ndarray of shape (n, 4, 3), float64 [m], ground, or None
        Of the plates in turn; NaN where they are not known.

    Attributes
    ----------
    fault : ndarray of shape (n,), int64
        :class:`PlateFault` of each row.
    """

    def __init__(
        self, is_plate: Bool, weight: float, rate_hz: float, corners: F64 | None = None
    ) -> None:
        n = len(is_plate)
        self._corners = np.full((n, 4, 3), np.nan) if corners is None else corners
        self._is_plate, self._weight = is_plate, weight
        self._verdict, self._frozen = max(round(VERDICT_S * rate_hz), 1), round(FROZEN_S * rate_hz)
        self._memory = _Memory(
            np.zeros(n, np.int64), np.zeros((n, 3)), np.zeros(n, np.int64),
            np.full(n, np.nan), np.zeros(n, np.int64),
        )  # fmt: skip
        self.fault: I64 = np.zeros(n, dtype=np.int64)

    def reset(self) -> None:
        """Judge anew."""
        self.fault[:] = self._memory.loaded[:] = self._memory.same[:] = 0
        self._memory.mean[:] = self._memory.beside[:] = 0

    def step(self, rows: F64) -> None:
        """Judge one frame.

        Parameters
        ----------
        rows : ndarray of shape (n, 9), float64 [N], [m], [N m], ground
            As measured; a row that is not believed becomes NaN.
        """
        judge_rows(
            self._is_plate, self._weight, self._corners, self._verdict, self._frozen, self._memory,
            self.fault, rows,
        )  # fmt: skip


@kernel
def judge_rows(
    is_plate: Bool,
    weight: float,
    corners: F64,
    verdict_frames: int,
    frozen_frames: int,
    memory: _Memory,
    fault_out: I64,
    rows_out: F64,
) -> None:
    """See :class:`PlateJudge`."""
    for i in range(rows_out.shape[0]):
        row = rows_out[i]
        if not is_plate[i] or not is_finite(row.sum()):
            continue
        force = size(row)
        loaded = force > LOADED * weight
        beside = loaded and inside(corners[i], row[3], row[5]) < -BESIDE_M
        memory.same[i] = memory.same[i] + 1 if loaded and stays(row[1], memory.last[i]) else 0
        memory.last[i] = row[1]
        if loaded and memory.loaded[i] < verdict_frames:
            memory.loaded[i] += 1
            memory.beside[i] += beside
            share = min(IMPOSSIBLE * weight / force, 1.0) / verdict_frames
            for c in range(3):
                memory.mean[i, c] += share * row[c]
            if memory.loaded[i] == verdict_frames:
                is_beside = 2 * memory.beside[i] > verdict_frames
                fault_out[i] = verdict(memory.mean[i], weight, is_beside)
        if fault_out[i] == 0 or fault_out[i] == _FROZEN:
            fault_out[i] = _FROZEN if memory.same[i] >= frozen_frames else 0
        odd = loaded and (row[1] < LEAST_VERTICAL * force or force > IMPOSSIBLE * weight or beside)
        if odd or fault_out[i] != 0:
            for c in range(9):
                row[c] = np.nan


@kernel
def stays(force: float, last: float) -> bool:
    """Whether a force is the last one but for the rounding of its interpolation."""
    return bool(abs(force - last) <= ROUNDING * abs(force))


@kernel
def verdict(mean: F64, weight: float, is_beside: bool) -> int:
    """What a plate's mean force and its points under load say about its axes, unit and place."""
    x, y, z = abs(mean[0]), abs(mean[1]), abs(mean[2])
    if x > y and x > z:
        return _ON_X
    if z > y:
        return _ON_Z
    if mean[1] < 0.0:
        return _INVERTED
    if y > HEAVIEST * weight:
        return _HEAVY
    return _BESIDE if is_beside else 0
