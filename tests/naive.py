"""Slow, obviously right twins of what the packages compute fast."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

F64 = NDArray[np.float64]


def lagrange_forces(
    kinetic: Callable[[F64, F64], float],
    potential: Callable[[F64], float],
    q: F64,
    qd: F64,
    qdd: F64,
    step: float = 1e-3,
) -> F64:
    """Generalized forces by Lagrange's equations, d/dt dT/dqd - dT/dq + dV/dq, from energies alone.

    Differences of fourth order; the momentum dT/dqd is exact, for T is quadratic in the speeds.
    """

    def momentum(t: float) -> F64:
        here, speed = q + qd * t + 0.5 * qdd * t * t, qd + qdd * t
        units = np.eye(len(q))
        return np.array(
            [0.5 * (kinetic(here, speed + e) - kinetic(here, speed - e)) for e in units]
        )

    def lagrangian(i: int) -> Callable[[float], float]:
        def along(x: float) -> float:
            moved = q.copy()
            moved[i] += x
            return kinetic(moved, qd) - potential(moved)

        return along

    rate = five_point_slope(momentum, step)
    return np.array([rate[i] - five_point_slope(lagrangian(i), step) for i in range(len(q))])


def five_point_slope(function: Callable[[float], F64 | float], step: float) -> F64:
    """Derivative at 0 by central differences of fourth order."""
    values = [np.asarray(function(k * step)) for k in (-2, -1, 1, 2)]
    slope: F64 = (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * step)
    return slope


def static_optimization(
    moment: F64, tau: F64, reserve: F64, lower: F64, upper: F64
) -> tuple[F64, F64]:
    """Least squared actuation that makes the moments, reserves included.

    Minimise |x|^2 + |r|^2 subject to ``moment.T @ x + reserve * r = tau`` and bounds on x. The
    reserves are what is left over, so that a bounded least-squares solver finds x.

    Parameters
    ----------
    moment : ndarray of shape (n_actuator, n_coordinate)
        What each actuator makes at full activation.
    tau, reserve : ndarray of shape (n_coordinate,)
        Moments wanted, optimal force of the reserves.
    lower, upper : ndarray of shape (n_actuator,)
        Bounds of the actuators.

    Returns
    -------
    tuple of ndarrays of shape (n_actuator,) and (n_coordinate,)
        x and r.
    """
    rows = np.vstack([np.eye(len(moment)), moment.T / reserve[:, None]])
    wanted = np.concatenate([np.zeros(len(moment)), tau / reserve])
    solution = optimize.lsq_linear(rows, wanted, (lower, upper), method="bvls", tol=1e-14)
    x: F64 = solution.x
    return x, (tau - moment.T @ x) / reserve


def constant_jerk_model(dt: float, cutoff_hz: float) -> tuple[F64, F64]:
    """Transition (4, 4) and process noise of white noise in the fourth derivative.

    Van Loan's matrix exponential (1978, doi 10.1109/TAC.1978.1101743). The measurement's variance
    is 1 a frame, so that the smoother of the continuous model is 1 / (1 + (f / cutoff)^8).
    """
    drift, noise = np.eye(4, k=1), np.zeros((4, 4))
    noise[3, 3] = dt * (2.0 * np.pi * cutoff_hz) ** 8
    block = linalg.expm(dt * np.block([[-drift, noise], [np.zeros((4, 4)), drift.T]]))
    transition: F64 = block[4:, 4:].T
    return transition, transition @ block[:4, 4:]


def smooth_states(y: F64, dt: float, cutoff_hz: float) -> F64:
    """States (n, 4) given all measurements: Kalman's filter, then Rauch, Tung and Striebel's pass.

    The first prior is rest at the first measurement, as uncertain as predictions are in the long
    run. Rauch et al. 1965, doi 10.2514/3.3166.
    """
    transition, process = constant_jerk_model(dt, cutoff_hz)
    scale = np.diag(dt ** np.arange(4.0))  # states in units of one frame, for conditioning
    transition = scale @ transition @ np.linalg.inv(scale)
    process = scale @ process @ scale
    prior = _long_run_prior(transition, process)
    mean, priors, posts = np.array([y[0], 0.0, 0.0, 0.0]), [], []
    for measured in y:
        gain = prior[:, 0] / (prior[0, 0] + 1.0)
        updated = mean + gain * (measured - mean[0])
        covariance = prior - np.outer(gain, prior[0])
        priors.append((mean, prior))
        posts.append((updated, covariance))
        mean, prior = transition @ updated, transition @ covariance @ transition.T + process
    smoothed = [posts[-1][0]]
    for k in range(len(y) - 2, -1, -1):
        (updated, covariance), (ahead, ahead_prior) = posts[k], priors[k + 1]
        back = np.linalg.solve(ahead_prior, transition @ covariance).T
        smoothed.append(updated + back @ (smoothed[-1] - ahead))
    states: F64 = np.array(smoothed[::-1]) @ np.linalg.inv(scale)
    return states


def _long_run_prior(transition: F64, process: F64) -> F64:
    """Covariance of the prediction after very many frames."""
    prior = process.copy()
    for _ in range(3000):
        covariance = prior - np.outer(prior[:, 0], prior[0]) / (prior[0, 0] + 1.0)
        prior = transition @ covariance @ transition.T + process
    return prior
