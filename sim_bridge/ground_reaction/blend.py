"""Hand-over between measured and predicted forces without a jump."""

import numpy as np

from sim_bridge._jit import F64, I64, is_finite, kernel
from sim_bridge.wrench import mix_wrench

HAND_OVER_S = 0.05
"""Time from measured to predicted forces and back [s]."""


class Blend:
    """Chooses, row by row, measured forces where they are known and predicted ones elsewhere.

    Parameters
    ----------
    foot : ndarray of shape (n_load,), int64
        Which predicted row (0 right, 1 left) stands for each external force; -1 for none.
    rate_hz : float
        Frame rate [Hz].

    Attributes
    ----------
    forces : ndarray of shape (n_load, 9), float64 [N], [m], [N m], ground
        The last result; a row that is neither known nor predicted is zero.
    predicted : bool
        Whether any of them is predicted, in part at least.
    """

    def __init__(self, foot: I64, rate_hz: float) -> None:
        self._foot = foot
        self._step = 1.0 / max(HAND_OVER_S * rate_hz, 1.0)
        self._share = np.full(len(foot), -1.0)
        self._held = np.zeros((len(foot), 9))
        self.forces: F64 = np.zeros((len(foot), 9))
        self.predicted = False

    def reset(self) -> None:
        """The next frame begins at once with what it has."""
        self._share[:] = -1.0
        self.predicted = False

    def step(self, measured: F64, predicted: F64, only_predicted: bool) -> None:
        """Mix one frame.

        Parameters
        ----------
        measured : ndarray of shape (n_load, 9), float64
            A row with a number that is not finite is not known.
        predicted : ndarray of shape (2, 9), float64
            Right and left foot.
        only_predicted : bool
            Whether measured rows do not count.
        """
        self.predicted = mix_rows(
            measured, predicted, self._foot, only_predicted, self._step, self._share, self._held,
            self.forces,
        )  # fmt: skip


@kernel
def mix_rows(
    measured: F64,
    predicted: F64,
    foot: I64,
    only_predicted: bool,
    step: float,
    share: F64,
    held: F64,
    forces_out: F64,
) -> bool:
    """Move each row's share of prediction by a step, and mix; tell whether any is predicted."""
    any_predicted = False
    for i in range(foot.shape[0]):
        known = is_finite(measured[i].sum())
        wanted = 1.0 if only_predicted or not known else 0.0
        if foot[i] < 0:
            wanted = 0.0
        if share[i] < 0.0:
            share[i] = wanted
        elif share[i] < wanted:
            share[i] = min(share[i] + step, wanted)
        else:
            share[i] = max(share[i] - step, wanted)
        for c in range(9):
            if known:
                held[i, c] = measured[i, c]
            elif foot[i] < 0:
                held[i, c] = 0.0
        if share[i] == 0.0:
            for c in range(9):
                forces_out[i, c] = held[i, c]
        else:
            any_predicted = True
            mix_wrench(held[i], predicted[foot[i]], share[i], forces_out[i])
    return any_predicted
