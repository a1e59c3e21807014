"""What each foot carries, frame by frame: contacts, strides and their phase rest on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from inference.channels import SIDES
from inference.emg.recording import stretches
from sim_bridge import FOOT_BODIES
from streamer.arrays import F64, Bool

__all__ = ["foot_force"]

CARRIES: Final = 0.05
"""A plate with more than this carries the foot [body weights]; less is noise, or an offset."""
LANDING_S: Final = 0.1
"""Within this time [s] after the warm-up a foot that was landing stands on its plate."""
_VERTICAL: Final = 1
"""Column of a load: force along ground's y, which is up in every OpenSim gait model."""


def foot_force(
    t: F64,
    bodies: Sequence[str],
    used: F64,
    plates: F64,
    trusted: Bool,
    settled: Bool,
    weight: float,
) -> F64:
    """Return the vertical force under each foot.

    It is the force behind the moments, except where that is predicted although a plate carries the
    foot, because the other foot's force is missing. While the filter warms up nothing can be
    predicted: a foot that is on its plate soon after has what the plate measured until then, of any
    other nothing is known. Otherwise a foot that lands in the first 0.1 s of a short recording
    would seem to land some 60 ms too early.

    Parameters
    ----------
    t : ndarray of shape (n,), float64
        Times of the frames [s].
    bodies : sequence of str
        On which the loads act, k of them, the m measured ones first.
    used : ndarray of shape (n, k, 9), float64
        Loads behind the moments, see `sim_bridge.BridgeOutput`.
    plates : ndarray of shape (n, m, 9), float64
        What the plates measured at the same instants; NaN where they did not. None (m = 0) of
        plates whose foot nobody has named.
    trusted : ndarray of shape (n,), bool
        Where the plates are believed to measure all feet.
    settled : ndarray of shape (n,), bool
        Where the filter has warmed up.
    weight : float
        Of the body [N].

    Returns
    -------
    ndarray of shape (n, 2), float64 [body weights]
        Right and left; NaN where it is not known, and for a foot without a load.
    """
    under = _vertical(bodies, used) / weight
    plate = _vertical(bodies[: plates.shape[1]], plates) / weight
    carried = plate > CARRIES
    better = np.where(carried, plate, under)
    for start, end in stretches(~settled):
        stop = int(np.searchsorted(t, t[end - 1] + LANDING_S))
        stands = carried[min(stop, len(t) - 1)]
        better[start:stop] = np.where(stands, plate[start:stop], np.nan)
    return np.where(trusted[:, None], under, better)


def _vertical(bodies: Sequence[str], loads: F64) -> F64:
    """Vertical force (n, 2) [N] under the right and left foot; NaN for one without a load."""
    under = np.full((len(loads), len(SIDES)), np.nan)
    for foot, side in enumerate(SIDES):
        own = [body in [f"{part}_{side}" for part in FOOT_BODIES] for body in bodies]
        if any(own):
            under[:, foot] = loads[:, own, _VERTICAL].sum(axis=1)
    return under
