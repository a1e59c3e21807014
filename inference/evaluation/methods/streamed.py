"""A network as it streams, and the same one calibrated on another trial of the person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from inference.adapter import LEAST_FRAMES, fit_adapter
from inference.channels import MEASURED
from inference.dataset import LimbSequence, measured_matrix
from inference.evaluation.estimates import Estimates
from inference.evaluation.lessons import lessons
from inference.evaluation.methods.simulation import simulated
from inference.evaluation.methods.stride_means import own_strides
from inference.evaluation.stream import Streamed
from inference.opinion import heard, known_by_channel, known_distance

__all__ = ["beside_simulation", "calibrated"]

F32 = npt.NDArray[np.float32]


def beside_simulation(
    streams: Sequence[Streamed], held: Sequence[LimbSequence], gain: F32 | None = None
) -> dict[str, Estimates]:
    """Return what one trained network is judged by.

    Static optimization; the network without the simulation's second opinion, with it, and
    calibrated; the person's own strides. Names are those of `inference.evaluation.methods.TITLES`.

    Parameters
    ----------
    streams : sequence of Streamed
        Its stream for each of `held`.
    held : sequence of LimbSequence
        Of people whom it has not seen, or it is no measure.
    gain : ndarray of shape (N_CHANNEL,), float32, optional
        That its sigma has; by default none yet.
    """
    matrix = measured_matrix().T  # parts of a composite err together
    return {
        "simulation": Estimates([simulated(s) for s in held], free_gain=True),
        "alone": Estimates([s.alone @ matrix for s in streams]),
        "network": Estimates([s.y @ matrix for s in streams], [s.sigma @ matrix for s in streams]),
        "calibrated": calibrated(streams, held, gain),
        "own-strides": Estimates(own_strides(held)),
    }


def calibrated(
    streams: Sequence[Streamed], held: Sequence[LimbSequence], gain: F32 | None = None
) -> Estimates:
    """Return the estimates after calibration on one trial of the same person and motion.

    See `inference.evaluation.lessons`; NaN where nobody is judged, and where the trial is too short
    to teach. `gain` is that of the network's sigma.
    """
    square = np.float32(1.0) if gain is None else gain * gain
    matrix = measured_matrix().T
    found, doubt = (
        [np.full((len(s.t), len(MEASURED)), np.nan, dtype=np.float32) for s in held]
        for _ in range(2)
    )
    for (k, part), judged in lessons(held):
        if held[k].measured[part].sum(0).max() < LEAST_FRAMES:
            continue  # it teaches nothing, and the network's own answer is no calibration
        taught = streams[k]
        adapter = fit_adapter(
            taught.alone[part], taught.state[part], held[k].y[part], held[k].measured[part]
        )
        known = known_by_channel(known_distance(taught.distance[part]), adapter)
        for i, frames in judged:
            one = streams[i]
            y = adapter.apply(one.alone[frames], one.state[frames])
            moved, mixed = heard(y, one.said[frames], one.distance[frames], known)
            own = adapter.spread * one.alone_sigma[frames]
            found[i][frames] = (y + moved) @ matrix
            doubt[i][frames] = np.sqrt(own**2 + square * mixed) @ matrix
    return Estimates(found, doubt)
