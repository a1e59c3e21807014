"""How much later than declared a filter's accelerations come, for a motion as quick as a swing."""

import numpy as np

from sim_bridge.filters import make_filter

PULSE_WIDTH_S = 0.09
"""Standard deviation of a Gaussian bend [s]: a knee swings about so quickly in walking."""
_SHIFT_STEP_S = 5e-4


def lateness_s(name: str, rate_hz: float) -> float:
    """Shift of the second derivative of a Gaussian pulse beyond the declared delay [s].

    Parameters
    ----------
    name : str
        Filter, as :func:`sim_bridge.filters.make_filter` takes it.
    rate_hz : float
        Frame rate [Hz].

    Returns
    -------
    float
        The shift at which the exact second derivative, scaled freely, fits best, to 0.5 ms.
    """
    tested = make_filter(name, 1, rate_hz)
    t = np.arange(int(2.5 * rate_hz)) / rate_hz
    estimate = np.empty_like(t)
    for k, now in enumerate(t):
        tested.step(float(now), np.array([_pulse(now, 0.0)[0]]))
        estimate[k] = tested.qdd[0]
    settled = int(0.4 * rate_hz)
    shifts = np.arange(-0.05, 0.15, _SHIFT_STEP_S)
    errors = [_misfit(t[settled:], estimate[settled:], tested.delay_s + s) for s in shifts]
    return float(shifts[int(np.argmin(errors))])


def _pulse(t: float, delay: float) -> tuple[float, float]:
    """A bend and its second derivative, ``delay`` late; its middle lies between frames."""
    u = (t - delay - 1.0123) / PULSE_WIDTH_S
    bend = float(np.exp(-0.5 * u * u))
    return bend, (u * u - 1.0) / PULSE_WIDTH_S**2 * bend


def _misfit(t: np.ndarray, estimate: np.ndarray, delay: float) -> float:
    """Squares left when the delayed second derivative is scaled to fit."""
    shape = np.array([_pulse(float(now), delay)[1] for now in t])
    gain = float(shape @ estimate) / float(shape @ shape)
    return float(np.sum((estimate - gain * shape) ** 2))
