"""A network as it streams, and the same one calibrated on another trial of the person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from inference.adapter import fit_adapter
from inference.channels import MEASURED
from inference.dataset import LimbSequence, measured_matrix
from inference.evaluation.estimates import Estimates
from inference.evaluation.methods.simulation import simulated
from inference.evaluation.methods.stride_means import own_strides
from inference.evaluation.stream import Streamed
from inference.strides import cut_strides

__all__ = ["as_streamed", "beside_simulation", "calibrated"]

F32 = npt.NDArray[np.float32]
Part = tuple[int, slice]
"""Frames of one sequence."""


def beside_simulation(
    streams: Sequence[Streamed], held: Sequence[LimbSequence]
) -> dict[str, Estimates]:
    """Return what one trained network is judged by: static optimization, it, and what is above it.

    Names are those of `inference.evaluation.methods.TITLES`.
    """
    return {
        "simulation": Estimates([simulated(s) for s in held], free_gain=True),
        "network": as_streamed(streams),
        "calibrated": calibrated(streams, held),
        "own-strides": Estimates(own_strides([], held)),
    }


def as_streamed(streams: Sequence[Streamed]) -> Estimates:
    """Return the network's own estimates and their spread; parts of a composite err together."""
    matrix = measured_matrix().T
    return Estimates([s.y @ matrix for s in streams], [s.sigma @ matrix for s in streams])


def calibrated(streams: Sequence[Streamed], held: Sequence[LimbSequence]) -> Estimates:
    """Return the estimates after calibration on ONE other trial of the same person and motion.

    Trial j is estimated after calibration on trial j + 1, the last one after the first. A single
    trial of two strides or more is split in halves, each estimated after calibration on the other.
    NaN where there is neither.
    """
    matrix = measured_matrix().T
    found = [np.full((len(s.t), len(MEASURED)), np.nan, dtype=np.float32) for s in held]
    for (i, frames), (j, teaching) in _pairs(held):
        taught = streams[j], held[j]
        adapter = fit_adapter(
            taught[0].y[teaching], taught[0].kept[teaching],
            taught[1].y[teaching], taught[1].measured[teaching],
        )  # fmt: skip
        found[i][frames] = adapter.apply(streams[i].y[frames], streams[i].kept[frames]) @ matrix
    return Estimates(found)


def _pairs(held: Sequence[LimbSequence]) -> Iterator[tuple[Part, Part]]:
    """What is estimated, and after calibration on what."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for i, s in enumerate(held):
        groups.setdefault((s.person, s.motion, s.side), []).append(i)
    for own in groups.values():
        if len(own) > 1:
            for i, j in zip(own, [*own[1:], own[0]], strict=True):
                yield (i, slice(None)), (j, slice(None))
        elif len(strides := cut_strides(held[own[0]])) > 1:
            middle = strides[len(strides) // 2].start
            first, second = (own[0], slice(None, middle)), (own[0], slice(middle, None))
            yield first, second
            yield second, first
