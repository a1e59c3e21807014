"""Hand-over between measured and predicted forces without a jump."""

import numpy as np

from sim_bridge._jit import F64, I64, Bool, is_finite, kernel
from sim_bridge.dynamics.wrench import mix_wrench

HAND_OVER_S = 0.05
"""Time from measured to predicted forces and back [s]."""


class Blend:
    """Chooses, foot by foot, measured forces where they are known and a predicted one elsewhere.

    A foot may have several rows, as where it may step on any of several plates. A prediction is the
    whole force under a foot: where one of its rows is not known, the first one gets the prediction
    and the others are no force.

    Parameters
    ----------
    foot : ndarray of shape (n_load,), int64
        On which foot (0 right, 1 left) each external force acts; -1 for none.
    rate_hz : float
        Frame rate [Hz].

    Attributes
    ----------
    forces : ndarray of shape (n_load, 9), float64 [N], [m], [N m], ground
        The last result; a row that is neither known nor predicted is zero.
    shares : ndarray of shape (n_load,), float64
        How much of each is predicted, 0 to 1: in between while one takes over from the other.
    predicted : bool
        Whether any of them is, in part at least.
    ignored : bool
        Whether any of them is not known and on no foot: nothing stands in for it.
    """

    def __init__(self, foot: I64, rate_hz: float) -> None:
        self._foot = foot
        self._step = 1.0 / max(HAND_OVER_S * rate_hz, 1.0)
        self._first = np.array(
            [k >= 0 and k not in foot[:i] for i, k in enumerate(foot)], dtype=np.bool_
        )
        self._share = np.full(2, -1.0)
        self._held = np.zeros((len(foot), 9))
        self._nothing = np.zeros(9)
        self.forces: F64 = np.zeros((len(foot), 9))
        self.shares: F64 = np.zeros(len(foot))
        self.predicted = self.ignored = False

    def reset(self) -> None:
        """The next frame begins at once with what it has."""
        self._share[:] = -1.0
        self.shares[:] = 0.0
        self.predicted = self.ignored = False

    def step(
        self, measured: F64, predicted: F64, only_predicted: bool, doubted: bool = False
    ) -> None:
        """Mix one frame.

        Parameters
        ----------
        measured : ndarray of shape (n_load, 9), float64
            A row with a number that is not finite is not known.
        predicted : ndarray of shape (2, 9), float64
            Right and left foot.
        only_predicted : bool
            Whether measured rows of feet do not count.
        doubted : bool
            Whether the rows of the frame before were wrong: what is not known any more is then
            predicted at once.
        """
        up = 1.0 if doubted else self._step
        move_shares(measured, self._foot, only_predicted, up, self._step, self._share)
        self.predicted, self.ignored = mix_rows(
            measured, predicted, self._foot, self._first, self._share, self._nothing, self._held,
            self.forces, self.shares,
        )  # fmt: skip


@kernel
def move_shares(
    measured: F64, foot: I64, only_predicted: bool, up: float, down: float, share_out: F64
) -> None:
    """Move each foot's share of prediction a step up or down."""
    for f in range(share_out.shape[0]):
        wanted = 1.0 if only_predicted else 0.0
        for i in range(foot.shape[0]):
            if foot[i] == f and not is_finite(measured[i].sum()):
                wanted = 1.0
        if share_out[f] < 0.0:
            share_out[f] = wanted
        elif share_out[f] < wanted:
            share_out[f] = min(share_out[f] + up, wanted)
        else:
            share_out[f] = max(share_out[f] - down, wanted)


@kernel
def mix_rows(
    measured: F64,
    predicted: F64,
    foot: I64,
    first: Bool,
    share: F64,
    nothing: F64,
    held_out: F64,
    forces_out: F64,
    share_out: F64,
) -> tuple[bool, bool]:
    """Mix each row by its foot's share; tell whether any is predicted, and any ignored."""
    any_predicted, any_ignored = False, False
    for i in range(foot.shape[0]):
        known = is_finite(measured[i].sum())
        any_ignored |= not known and foot[i] < 0
        for c in range(9):
            if known:
                held_out[i, c] = measured[i, c]
            elif foot[i] < 0:
                held_out[i, c] = 0.0
        share_out[i] = share[foot[i]] if foot[i] >= 0 else 0.0
        if share_out[i] == 0.0:
            for c in range(9):
                forces_out[i, c] = held_out[i, c]
        elif first[i]:
            any_predicted = True
            mix_wrench(held_out[i], predicted[foot[i]], share_out[i], forces_out[i])
        else:
            mix_wrench(held_out[i], nothing, share_out[i], forces_out[i])
    return any_predicted, any_ignored
