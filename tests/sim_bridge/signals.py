"""Filters, signals to feed to them, and what a sine has become behind one."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim_bridge.filters import DerivativeFilter

F64 = NDArray[np.float64]
RATE_HZ = 100.0
EVERY_KIND = ("wiener:25:8", "kalman:3:8", "butterworth:12", "savgol:9:3:2", "savgol:11:3")
"""Of each kind one or two, for what holds for all."""


class Filtered(NamedTuple):
    """Estimates of one signal, a row a frame."""

    q: F64
    qd: F64
    qdd: F64


def run(tested: DerivativeFilter, t: F64, signal: F64) -> Filtered:
    """Feed every frame; `signal` is (n,) or (n, n_coordinate)."""
    columns, rows = signal.reshape(len(t), -1), []
    for moment, q in zip(t, columns, strict=True):
        tested.step(float(moment), q)
        rows.append((tested.q.copy(), tested.qd.copy(), tested.qdd.copy()))
    return Filtered(*(np.array([row[k] for row in rows]).squeeze() for k in range(3)))


def frames(seconds: float, rate_hz: float = RATE_HZ) -> F64:
    """Times of frames from 0 [s]."""
    return np.arange(round(seconds * rate_hz)) / rate_hz


def swing(t: F64) -> F64:
    """A knee that swings once a second [rad]."""
    return 0.5 * np.sin(2.0 * np.pi * t)


def warm_flags(tested: DerivativeFilter, t: F64) -> list[bool]:
    """Whether each frame's estimate of the swing is flagged."""
    flags = []
    for moment in t:
        tested.step(float(moment), swing(np.array([moment])))
        flags.append(tested.warming_up)
    return flags


def response(t: F64, signal: F64, frequency_hz: float) -> complex:
    """Complex amplitude of a sine in a signal, over its last second."""
    last = t > t[-1] - 1.0
    angle = 2.0 * np.pi * frequency_hz * t[last]
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    sine, cosine = np.linalg.lstsq(basis, signal[last], rcond=None)[0]
    return complex(sine, cosine)


def measured_delay_s(t: F64, signal: F64, frequency_hz: float) -> float:
    """How late sin(2 pi f t) is."""
    return float(-np.angle(response(t, signal, frequency_hz)) / (2.0 * np.pi * frequency_hz))
