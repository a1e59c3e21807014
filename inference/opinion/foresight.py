"""The simulation a little ahead of its time: what followed when the leg last moved like this.

Simulated activations come after the EMG, by the age of the filtered motion and by the time that a
muscle takes from excitation to force. A motion that repeats itself tells them beforehand: of the
last two seconds, the moments at which both legs moved as they do now are found, and what the
simulation said a little later is the forecast, the method of analogues [Lorenz1969]_::

    a(t + h) ~ sum_j w_j a(j + h) / sum_j w_j,    w_j = exp(-|m(t) - m(j)|^2 / tau)

m are the sagittal angles and velocities of both legs, in their usual spread, squares averaged over
them. Where no moment was alike, in the first stride or in a motion that never repeats, the present
stands in: it counts as one that is `LEAST_ALIKE` away.

References
----------
.. [Lorenz1969] Lorenz EN (1969). Atmospheric predictability as revealed by naturally occurring
   analogues. Journal of the Atmospheric Sciences 26(4):636-646.
   doi:10.1175/1520-0469(1969)26<636:APARBN>2.0.CO;2
"""

from __future__ import annotations

from typing import Final

import numpy as np

from inference.arrays import F32
from inference.channels import INPUT_NAMES, N_CHANNEL, N_INPUT, SIDES, SLICE_ACTIVATION
from inference.opinion.usual import COLUMNS, Usual

__all__ = ["Foresight"]

PAST_S: Final = 2.0
"""How far back moments are looked for: a stride, unless it is a very slow one."""
TAU: Final = np.float32(0.1)
"""Mean square by which likeness fades, in squared usual spreads."""
LEAST_ALIKE: Final = np.float32(0.5)
"""A moment farther away than this tells less than the present; from one stride to the next of a
person on a treadmill it is 0.01 to 0.1."""

KEYS: Final = np.array(
    [
        INPUT_NAMES.index(f"{leg}{group}/{name}")
        for leg in ("", "other_")
        for group in ("angle", "velocity")
        for name in ("hip_flexion", "knee_angle", "ankle_angle")
    ]
)


class Foresight:
    """Forecast of both legs' simulated activations.

    Parameters
    ----------
    usual : Usual
        Of the training people.
    ahead_s : float
        How far ahead [s], rounded to steps, one at least.
    rate_hz : float
        Of the steps.

    Attributes
    ----------
    activation : ndarray of shape (2, N_CHANNEL), float32
        The forecast of the last `look_ahead`; of no meaning where the activation is missing.
    """

    def __init__(self, usual: Usual, ahead_s: float, rate_hz: float) -> None:
        ahead, past = (max(1, round(s * rate_hz)) for s in (ahead_s, PAST_S))
        self._per_scale = 1.0 / usual.scale[np.searchsorted(COLUMNS, KEYS)]
        self._waiting: F32 = np.zeros((ahead, len(SIDES), len(KEYS)), dtype=np.float32)
        self._keys: F32 = np.zeros((past, len(SIDES), len(KEYS)), dtype=np.float32)
        self._values: F32 = np.zeros((past, len(SIDES), N_CHANNEL), dtype=np.float32)
        self._present: F32 = np.zeros_like(self._values)
        self._now: F32 = np.zeros((len(SIDES), len(KEYS)), dtype=np.float32)
        self._apart: F32 = np.zeros_like(self._keys)
        self._weight: F32 = np.zeros((past, len(SIDES)), dtype=np.float32)
        self._closest: F32 = np.zeros(len(SIDES), dtype=np.float32)
        self._total: F32 = np.zeros((len(SIDES), N_CHANNEL), dtype=np.float32)
        self.activation: F32 = np.zeros_like(self._total)
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._steps = 0
        self._keys.fill(np.inf)  # like nothing, so that what followed has no weight

    def step(self, x: F32) -> None:
        """Take a frame: note that its activations followed what the legs did `ahead` steps ago.

        Parameters
        ----------
        x : ndarray of shape (2, 2 N_INPUT), float32
            Inputs of both limbs and their presence; a missing input is 0.
        """
        np.take(x, KEYS, axis=1, out=self._now, mode="clip")
        self._now *= self._per_scale
        value, present = x[:, SLICE_ACTIVATION], x[:, N_INPUT:][:, SLICE_ACTIVATION]
        waiting = self._waiting[self._steps % len(self._waiting)]
        row = self._steps - len(self._waiting)
        if row >= 0:
            row %= len(self._keys)
            self._keys[row] = waiting
            self._values[row] = value
            self._present[row] = present
        waiting[...] = self._now
        self._steps += 1

    def look_ahead(self, x: F32) -> None:
        """Set the forecast, from the frame that was taken last."""
        self._compare()
        self._forecast(x[:, SLICE_ACTIVATION])

    def _compare(self) -> None:
        """Weigh the moments of the past by their likeness to the present."""
        np.subtract(self._keys, self._now, out=self._apart)
        np.einsum("plk,plk->pl", self._apart, self._apart, out=self._weight)
        self._weight /= len(KEYS)
        np.minimum.reduce(self._weight, axis=0, out=self._closest)
        np.minimum(self._closest, LEAST_ALIKE, out=self._closest)
        np.subtract(self._closest, self._weight, out=self._weight)
        self._weight /= TAU
        np.exp(self._weight, out=self._weight)

    def _forecast(self, value: F32) -> None:
        self._closest -= LEAST_ALIKE
        self._closest /= TAU
        np.exp(self._closest, out=self._closest)  # the weight of the present
        np.einsum("pl,plc->lc", self._weight, self._present, out=self._total)
        self._total += self._closest[:, None]
        np.einsum("pl,plc->lc", self._weight, self._values, out=self.activation)
        self.activation += self._closest[:, None] * value
        self.activation /= self._total
