"""Coordinates to coordinates, speeds and accelerations, causally and with a declared delay."""

from .balls import BallFilter
from .base import DerivativeFilter
from .butterworth import ButterworthFilter
from .kalman import KalmanFilter
from .parse import CAUSAL_DEFAULT, make_filter, zero_phase_cutoff
from .savgol import SavitzkyGolayFilter
from .wiener import WienerFilter
from .zero_phase import zero_phase_derivatives

__all__ = [
    "CAUSAL_DEFAULT",
    "BallFilter",
    "ButterworthFilter",
    "DerivativeFilter",
    "KalmanFilter",
    "SavitzkyGolayFilter",
    "WienerFilter",
    "make_filter",
    "zero_phase_cutoff",
    "zero_phase_derivatives",
]
