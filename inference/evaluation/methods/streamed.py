"""A network as it streams, and the same one calibrated on another trial of the person."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inference.adapter import LEAST_FRAMES, Correction, fit_adapter
from inference.channels import MEASURED
from inference.data.dataset import LimbSequence, measured_matrix
from inference.evaluation.estimates import Estimates
from inference.evaluation.lessons import lessons
from inference.evaluation.methods.simulation import simulated
from inference.evaluation.methods.stride_means import own_strides
from inference.evaluation.stream import Streamed, estimate_stream
from inference.live.estimator import Estimator
from inference.opinion import known_distance

__all__ = ["EstimatorOf", "beside_simulation", "calibrated"]

EstimatorOf = Callable[[Correction | None], Estimator]
"""Returns the estimator of one network with a person's correction, or without any."""


def beside_simulation(
    estimator_of: EstimatorOf, held: Sequence[LimbSequence]
) -> dict[str, Estimates]:
    """Return what one trained network is judged by.

    Static optimization; the network without the simulation's second opinion, with it, and
    calibrated; the person's own strides. Names are those of `inference.evaluation.methods.TITLES`.

    Parameters
    ----------
    estimator_of : callable
        Returns the network's estimator with a person's correction, or without any.
    held : sequence of LimbSequence
        Of people whom it has not seen, or it is no measure.
    """
    estimator = estimator_of(None)
    streams = [estimate_stream(estimator, s) for s in held]
    matrix = measured_matrix().T  # parts of a composite err together
    return {
        "simulation": Estimates([simulated(s) for s in held], free_gain=True),
        "alone": Estimates([s.alone @ matrix for s in streams]),
        "network": Estimates([s.y @ matrix for s in streams], [s.sigma @ matrix for s in streams]),
        "calibrated": calibrated(estimator_of, streams, held),
        "own-strides": Estimates(own_strides(held)),
    }


def calibrated(
    estimator_of: EstimatorOf, streams: Sequence[Streamed], held: Sequence[LimbSequence]
) -> Estimates:
    """Return the estimates after calibration on one trial of the same person and motion.

    See `inference.evaluation.lessons`; NaN where nobody is judged, and where the trial is too short
    to teach.

    Parameters
    ----------
    estimator_of, held
        See `beside_simulation`.
    streams : sequence of Streamed
        Of `held`, without any correction.
    """
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
        estimator = estimator_of(Correction(adapter, known_distance(taught.distance[part])))
        for i, frames in judged:
            own = estimate_stream(estimator, held[i])
            found[i][frames] = own.y[frames] @ matrix
            doubt[i][frames] = own.sigma[frames] @ matrix
    return Estimates(found, doubt)
