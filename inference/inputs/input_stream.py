"""A stream of the bridge's frames as a stream of network inputs at the network's own rate."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from inference.arrays import F32, F64
from inference.channels import N_INPUT, SIDES, hide_dynamics
from inference.inputs.limb_inputs import LimbInputs
from inference.inputs.schedule import LONGEST_GAP_S, StepSchedule

__all__ = ["InputStream"]


class InputStream:
    """Gather, mask and resample; shared by the live refiner and by the making of training data.

    A frame is *seen* if it tells of the motion; a pose that is held, or a guess, does not.

    Parameters
    ----------
    inputs : LimbInputs
        Which model feeds it.
    rate_hz : float
        Of the network.
    """

    def __init__(self, inputs: LimbInputs, rate_hz: float) -> None:
        self._inputs = inputs
        self._schedule = StepSchedule(rate_hz)
        self._seen_t = math.nan
        self._now: F32 = np.zeros((len(SIDES), 2 * N_INPUT), dtype=np.float32)
        self._before: F32 = np.zeros_like(self._now)
        self._mixed: F32 = np.zeros_like(self._now)
        self._finite = np.zeros((len(SIDES), N_INPUT), dtype=np.bool_)

    def reset(self) -> None:
        """Forget the stream."""
        self._schedule.reset()
        self._seen_t = math.nan

    def begins(self, t: float, seen: bool) -> bool:
        """Forget the past if a frame at `t` [s] has nothing to do with it, and tell whether.

        Called once a frame, before `advance`. Such a frame is the first, comes after a gap or from
        an earlier time, or is seen after others were not for long: held poses are no motion to go
        on from.
        """
        lost = seen and t - self._seen_t > LONGEST_GAP_S
        anew = lost or self._schedule.is_new_stream(t)
        if anew:
            self.reset()
        if seen:
            self._seen_t = t
        return anew

    def advance(
        self, t: float, activation: F64, q: F64, qd: F64, tau: F64, *, forces_valid: bool
    ) -> Iterator[tuple[float, F32]]:
        """Take one frame and yield each step that is due.

        Parameters
        ----------
        t : float
            Capture time [s, the stream's clock].
        activation : ndarray of shape (n_muscle,), float64
        q, qd, tau : ndarray of shape (n_coordinate,), float64 [rad, rad/s, N m]
        forces_valid : bool
            False withholds moments and activations.

        Yields
        ------
        fraction : float
            Where the step lies between the previous frame (0) and this one (1).
        x : ndarray of shape (2, 2 N_INPUT), float32
            Inputs and their presence; a view, valid until the next one.
        """
        self._before[...] = self._now
        self._gather(activation, q, qd, tau, forces_valid)
        for fraction in self._schedule.steps(t):
            yield fraction, (self._now if fraction == 1.0 else self._between(fraction))

    def _gather(self, activation: F64, q: F64, qd: F64, tau: F64, forces_valid: bool) -> None:
        value, present = self._now[:, :N_INPUT], self._now[:, N_INPUT:]
        self._inputs.fill(activation, q, qd, tau, value)
        present[...] = self._inputs.present
        if not forces_valid:
            hide_dynamics(present)
        np.isfinite(value, out=self._finite)
        present *= self._finite  # a bad number becomes a missing input, not a poisoned history
        np.copyto(value, 0.0, where=present == 0.0)

    def _between(self, fraction: float) -> F32:
        np.subtract(self._now, self._before, out=self._mixed)
        self._mixed *= fraction
        self._mixed += self._before
        # An input present in only one of the two frames has no value in between.
        both = self._mixed[:, N_INPUT:] == 1.0
        self._mixed[:, N_INPUT:] = both
        np.copyto(self._mixed[:, :N_INPUT], 0.0, where=~both)
        return self._mixed
