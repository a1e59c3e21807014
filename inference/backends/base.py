"""What a step backend does."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["StepBackend"]

F32 = npt.NDArray[np.float32]


class StepBackend(Protocol):
    """Runs the stateless step graph; all arrays float32, C-contiguous and owned by the caller."""

    name: str

    def step(
        self, x_in: F32, y_prev_in: F32, past_in: F32, mask_in: F32, y_out: F32, kv_out: F32
    ) -> None:
        """Run one frame for both limbs.

        Parameters
        ----------
        x_in : ndarray of shape (2, 2 N_INPUT)
            Inputs, then their presence.
        y_prev_in : ndarray of shape (2, N_CHANNEL)
        past_in : ndarray of shape (W-1, 2, kv_width)
        mask_in : ndarray of shape (W-1,)
        y_out : ndarray of shape (2, N_CHANNEL)
            Written in place.
        kv_out : ndarray of shape (2, kv_width)
            Written in place.
        """
        ...
