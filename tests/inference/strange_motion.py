"""Motion that nobody taught, made from rows of inputs (n, 2 N_INPUT)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inference.channels import N_INPUT, SLICE_VELOCITY, legs

F32 = npt.NDArray[np.float32]


def standing(x: F32) -> F32:
    """The pose of the middle frame, held."""
    still = np.repeat(x[[len(x) // 2]], len(x), axis=0)
    for leg in legs(still[:, :N_INPUT]):
        leg[:, SLICE_VELOCITY] = 0.0
    return still
