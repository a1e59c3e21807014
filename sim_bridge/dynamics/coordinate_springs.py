"""Springs and stops of single coordinates: what inverse dynamics need not ask of the muscles.

The formula is that of OpenSim's ``CoordinateLimitForce``; a ``SpringGeneralizedForce`` is the case
without any room between the limits.
"""

from sim_bridge._jit import F64, kernel
from sim_bridge.model import CoordinateSprings


@kernel
def subtract_springs(springs: CoordinateSprings, q: F64, qd: F64, tau_out: F64) -> None:
    """Take off the generalized forces what springs and stops supply.

    Parameters
    ----------
    springs : CoordinateSprings
        Of the model.
    q, qd : ndarray of shape (n_coordinate,), float64 [rad, m] and [/s]
        All coordinates and their speeds.
    tau_out : ndarray of shape (n_coordinate,), float64 [N m] or [N]
        Changed in place.
    """
    for i in range(springs.coordinate.shape[0]):
        k = springs.coordinate[i]
        below, above = springs.limit[i, 0] - q[k], q[k] - springs.limit[i, 1]
        low = _onset(below, springs.transition[i]) if below > 0.0 else 0.0
        high = _onset(above, springs.transition[i]) if above >= 0.0 else 0.0
        tau_out[k] -= springs.stiffness[i, 0] * low * below
        tau_out[k] += springs.stiffness[i, 1] * high * above
        tau_out[k] += springs.damping[i] * (low + high) * qd[k]


@kernel
def _onset(beyond: float, transition: float) -> float:
    """Share of the stiffness so far beyond a limit: a step of fifth degree, flat at its ends."""
    if beyond >= transition:
        return 1.0
    x = beyond / transition
    return x * x * x * (10.0 - 15.0 * x + 6.0 * x * x)
