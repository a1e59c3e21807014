"""Filters by their written name."""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

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
8 Hz rather than 6 makes moments 6 to 16 % worse in walking and 27 to 30 % better in running.
"""
_CUTOFF_HZ = 8.0
_DEGREE = 3.0
_LONGEST_DELAY_MS = 200.0
"""The filter's window has to reach beyond the instant that it estimates."""
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
    made = None
    if kind in KINDS and values and all(math.isfinite(x) for x in values):
        made = KINDS[kind].make(name, values, n + 4 * len(balls), rate_hz)
    if made is None:
        raise SettingsError(f"filter '{name}' is not valid; write {_FORMS}")
    return BallFilter(made, balls) if len(balls) else made


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


# Each makes a filter, or None if that many numbers have no meaning to it.


def _wiener(name: str, values: list[float], n: int, rate_hz: float) -> DerivativeFilter | None:
    if len(values) > 2 or not 0.0 <= values[0] <= _LONGEST_DELAY_MS:
        return None
    cutoff_hz = _checked(name, (*values, _CUTOFF_HZ)[1], rate_hz)
    return WienerFilter(n, rate_hz, 1e-3 * values[0], cutoff_hz)


def _kalman(name: str, values: list[float], n: int, rate_hz: float) -> DerivativeFilter | None:
    if len(values) > 2 or values[0] < 0.0 or not values[0].is_integer():
        return None
    cutoff_hz = _checked(name, (*values, _CUTOFF_HZ)[1], rate_hz)
    return KalmanFilter(n, rate_hz, int(values[0]), cutoff_hz)


def _butterworth(name: str, values: list[float], n: int, rate_hz: float) -> DerivativeFilter | None:
    if len(values) > 1:
        return None
    return ButterworthFilter(n, rate_hz, _checked(name, values[0], rate_hz))


def _savgol(name: str, values: list[float], n: int, rate_hz: float) -> DerivativeFilter | None:
    if len(values) > 3 or not all(x.is_integer() for x in values):
        return None
    window, degree, lag = (*values, *(_DEGREE, 0.0)[len(values) - 1 :])
    if not 2 <= degree < window <= _MOST_FRAMES or not 0 <= lag < window:
        return None
    if degree == 2 and 2 * lag != window - 1:
        raise SettingsError(
            f"filter '{name}': the accelerations of a parabola belong to the middle of its"
            f" frames, later than declared; use a degree of 3 or more"
        )
    return SavitzkyGolayFilter(n, rate_hz, int(window), int(degree), int(lag))


class Kind(NamedTuple):
    """A kind of filter: how it is written, and what makes it."""

    form: str
    make: Callable[[str, list[float], int, float], DerivativeFilter | None]


KINDS: Final = {
    "wiener": Kind("wiener:DELAY_MS[:CUTOFF_HZ]", _wiener),
    "kalman": Kind("kalman:LAG_FRAMES[:CUTOFF_HZ]", _kalman),
    "butterworth": Kind("butterworth:CUTOFF_HZ", _butterworth),
    "savgol": Kind("savgol:FRAMES[:DEGREE[:LAG_FRAMES]]", _savgol),
}
"""Filters that can run live; whoever adds one also adds its name to a session's `filter`."""
_FORMS: Final = (
    f"{', '.join(kind.form for kind in KINDS.values())} or (offline) zero-phase:CUTOFF_HZ"
)
