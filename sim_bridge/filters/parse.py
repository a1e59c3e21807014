"""Filters by their written name."""

import math
from typing import Final

import numpy as np

from sim_bridge._jit import I64
from sim_bridge.exceptions import SettingsError

from .balls import BallFilter
from .base import DerivativeFilter
from .butterworth import ButterworthFilter
from .kalman import KalmanFilter
from .savgol import SavitzkyGolayFilter
from .wiener import WienerFilter

CAUSAL_DEFAULT = "wiener:25:8"
"""25 ms late, estimating what an 8 Hz zero-phase low-pass would give.

With less delay its accelerations would come more than half a frame later than declared; of filters
that keep to that with as little delay, no other has a lower error in walking (docs/filters.md).
8 Hz rather than 6 makes moments 6 to 16 % worse in walking and 26 to 29 % better in running.
"""
_FORMS = (
    "wiener:DELAY_MS[:CUTOFF_HZ], kalman:LAG_FRAMES[:CUTOFF_HZ], butterworth:CUTOFF_HZ,"
    " savgol:FRAMES[:DEGREE[:LAG_FRAMES]] or (offline) zero-phase:CUTOFF_HZ"
)
_CUTOFF_HZ = 8.0
_DEGREE = 3.0
_LONGEST_DELAY_MS = 500.0
_MOST_FRAMES = 1000
_NO_BALLS: Final = np.zeros((0, 3), dtype=np.int64)


def make_filter(name: str, n: int, rate_hz: float, balls: I64 = _NO_BALLS) -> DerivativeFilter:
    """A causal filter for ``n`` coordinates at ``rate_hz``.

    Parameters
    ----------
    name : str
        ``causal`` (the default filter), ``wiener:20``, ``wiener:20:8``, ``kalman:3``,
        ``kalman:3:8``, ``butterworth:6`` or ``savgol:9:3:2``.
    n : int
        Number of coordinates.
    rate_hz : float
        Nominal frame rate [Hz].
    balls : ndarray of shape (n_ball, 3), int64
        Coordinates that are one rotation, see :class:`BallFilter`.

    Raises
    ------
    SettingsError
        If the name or a number in it has no meaning at this rate.
    """
    if not (rate_hz > 0.0 and math.isfinite(rate_hz)):
        raise SettingsError(f"a frame rate of {rate_hz} Hz is not valid; give a positive one")
    kind, *numbers = (CAUSAL_DEFAULT if name == "causal" else name).split(":")
    if kind == "zero-phase":
        raise SettingsError(f"filter '{name}' looks ahead and cannot run live; write {_FORMS}")
    try:
        values = [float(x) for x in numbers]
    except ValueError:
        values = []
    if not values or not all(math.isfinite(x) for x in values):
        raise SettingsError(f"filter '{name}' is not valid; write {_FORMS}")
    made = _made(name, kind, values, n + 4 * len(balls), rate_hz)
    if made is None:
        raise SettingsError(f"filter '{name}' is not valid; write {_FORMS}")
    return BallFilter(made, balls) if len(balls) else made


def _made(
    name: str, kind: str, values: list[float], n: int, rate_hz: float
) -> DerivativeFilter | None:
    """The filter, or None if that many numbers of that kind have no meaning."""
    first, whole = values[0], all(x.is_integer() for x in values)
    if kind == "butterworth" and len(values) == 1:
        return ButterworthFilter(n, rate_hz, _checked(name, first, rate_hz))
    if kind == "savgol" and len(values) <= 3 and whole:
        window, degree, lag = (*values, *(_DEGREE, 0.0)[len(values) - 1 :])
        if not 2 <= degree < window <= _MOST_FRAMES or not 0 <= lag < window:
            return None
        if degree == 2 and 2 * lag != window - 1:
            raise SettingsError(
                f"filter '{name}': the accelerations of a parabola belong to the middle of its"
                f" frames, later than declared; use a degree of 3 or more"
            )
        return SavitzkyGolayFilter(n, rate_hz, int(window), int(degree), int(lag))
    if len(values) > 2 or first < 0.0:
        return None
    if kind == "kalman" and first.is_integer():
        cutoff = _checked(name, (*values, _CUTOFF_HZ)[1], rate_hz)
        return KalmanFilter(n, rate_hz, int(first), cutoff)
    if kind == "wiener" and first <= _LONGEST_DELAY_MS:
        cutoff = _checked(name, (*values, _CUTOFF_HZ)[1], rate_hz)
        return WienerFilter(n, rate_hz, 1e-3 * first, cutoff)
    return None


def zero_phase_cutoff(name: str) -> float | None:
    """Cutoff [Hz] of ``zero-phase:CUTOFF``, or None for any other filter."""
    kind, _, number = name.partition(":")
    if kind != "zero-phase":
        return None
    try:
        cutoff = float(number)
    except ValueError:
        raise SettingsError(f"filter '{name}' is not valid; write {_FORMS}") from None
    if not cutoff > 0.0:
        raise SettingsError(f"filter '{name}' needs a positive cutoff in Hz")
    return cutoff


def _checked(name: str, cutoff_hz: float, rate_hz: float) -> float:
    if not 0.0 < cutoff_hz < 0.5 * rate_hz:
        raise SettingsError(
            f"filter '{name}': the cutoff must lie between 0 and half the rate of {rate_hz:g} Hz"
        )
    return cutoff_hz
