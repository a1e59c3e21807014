"""Curves over the stride: 0 = contact of the foot, 1 = its next contact."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from inference.arrays import F32, F64
from inference.data.dataset import LimbSequence
from inference.data.strides import cut_strides

__all__ = ["GRID", "at_phase", "stride_curves"]

GRID: Final[F64] = np.linspace(0.0, 1.0, 101)
"""Phases at which curves are known."""


def stride_curves(sequence: LimbSequence, values: npt.NDArray[np.floating]) -> F64:
    """Cut values (n, k) into curves (n_stride, len(GRID), k); NaN where values are."""
    curves = [
        _curve(values[start : stop + 1], stop - start) for start, stop in cut_strides(sequence)
    ]
    return np.stack(curves) if curves else np.zeros((0, len(GRID), values.shape[1]))


def _curve(values: npt.NDArray[np.floating], length: int) -> F64:
    """Resample the frames of a stride, up to its end's contact."""
    curve = np.full((len(GRID), values.shape[1]), np.nan)
    through = np.arange(len(values)) / length
    for k, column in enumerate(values.T):
        known = np.isfinite(column)
        if known.any():
            curve[:, k] = np.interp(GRID, through[known], column[known], left=np.nan, right=np.nan)
    return curve


def at_phase(curve: F64, phase: F64) -> F32:
    """Read a curve (len(GRID), k) at phases (n,); NaN where the phase or the curve is."""
    inside = np.isfinite(phase)
    rows = np.full((len(phase), curve.shape[1]), np.nan, dtype=np.float32)
    for k, column in enumerate(curve.T):
        rows[inside, k] = np.interp(phase[inside], GRID, column)
    return rows
