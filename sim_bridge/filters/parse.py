"""Filters by their written name."""

from sim_bridge.exceptions import SettingsError

from .base import DerivativeFilter
from .butterworth import ButterworthFilter
from .kalman import KalmanFilter

CAUSAL_DEFAULT = "kalman:3:8"
_FORMS = "kalman:LAG_FRAMES[:CUTOFF_HZ], butterworth:CUTOFF_HZ or (offline) zero-phase:CUTOFF_HZ"
_KALMAN_CUTOFF_HZ = 8.0


def make_filter(name: str, n: int, rate_hz: float) -> DerivativeFilter:
    """A causal filter for ``n`` coordinates at ``rate_hz``.

    Parameters
    ----------
    name : str
        ``causal`` (the default filter), ``kalman:3``, ``kalman:3:8`` or ``butterworth:6``.
    n : int
        Number of coordinates.
    rate_hz : float
        Nominal frame rate [Hz].

    Raises
    ------
    SettingsError
        If the name or a number in it has no meaning at this rate.
    """
    if not rate_hz > 0.0:
        raise SettingsError(f"a frame rate of {rate_hz} Hz has no meaning; give a positive one")
    kind, *numbers = (CAUSAL_DEFAULT if name == "causal" else name).split(":")
    try:
        values = [float(x) for x in numbers]
    except ValueError:
        raise SettingsError(f"filter '{name}' has no meaning; write {_FORMS}") from None
    if kind == "kalman" and 1 <= len(values) <= 2 and values[0] >= 0 and values[0].is_integer():
        cutoff = values[1] if len(values) == 2 else _KALMAN_CUTOFF_HZ
        return KalmanFilter(n, rate_hz, int(values[0]), _checked(name, cutoff, rate_hz))
    if kind == "butterworth" and len(values) == 1:
        return ButterworthFilter(n, rate_hz, _checked(name, values[0], rate_hz))
    if kind == "zero-phase":
        raise SettingsError(f"filter '{name}' looks ahead and cannot run live; write {_FORMS}")
    raise SettingsError(f"filter '{name}' has no meaning; write {_FORMS}")


def zero_phase_cutoff(name: str) -> float | None:
    """Cutoff [Hz] of ``zero-phase:CUTOFF``, or None for any other filter."""
    kind, _, number = name.partition(":")
    if kind != "zero-phase":
        return None
    try:
        cutoff = float(number)
    except ValueError:
        raise SettingsError(f"filter '{name}' has no meaning; write {_FORMS}") from None
    if not cutoff > 0.0:
        raise SettingsError(f"filter '{name}' needs a positive cutoff in Hz")
    return cutoff


def _checked(name: str, cutoff_hz: float, rate_hz: float) -> float:
    if not 0.0 < cutoff_hz < 0.5 * rate_hz:
        raise SettingsError(
            f"filter '{name}': the cutoff must lie between 0 and half the rate of {rate_hz:g} Hz"
        )
    return cutoff_hz
