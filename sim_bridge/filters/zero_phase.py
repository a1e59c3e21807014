"""What OpenSim's tools do to coordinates before inverse dynamics; for parity offline alone.

Pad by half the length (odd reflection), a third-order Butterworth low-pass forwards and backwards,
then the derivatives of quintic splines through every frame. The two ends of the splines are
natural, as those of OpenSim's GCVSpline without smoothing. Where frames are missing it is done at
even times that splines through those that are there give, and apart on both sides of a long gap.
"""

import numpy as np

from sim_bridge._jit import F64
from sim_bridge.exceptions import SettingsError

_LONGEST_GAP_S = 0.25
"""Over a longer gap [s] nothing is known of the motion."""
_EVEN = 0.5
"""Steps that differ by less than this share of one are even; files round times to milliseconds."""


def zero_phase_derivatives(time: F64, q: F64, cutoff_hz: float) -> tuple[F64, F64, F64]:
    """Filtered coordinates, speeds and accelerations of a whole recording.

    Parameters
    ----------
    time : ndarray of shape (n_frame,), float64 [s]
        Capture times, rising; see above where they are not even.
    q : ndarray of shape (n_frame, n_coordinate), float64 [rad] or [m]
        Inverse kinematics.
    cutoff_hz : float
        Cutoff [Hz].

    Returns
    -------
    tuple of three ndarrays of shape (n_frame, n_coordinate), float64
        Values, first and second derivatives.

    Raises
    ------
    SettingsError
        If there are fewer than two frames.
    """
    if len(time) < 2:
        raise SettingsError(f"a zero-phase filter over {len(time)} frame; give it 2 or more")
    cuts = np.flatnonzero(np.diff(time) > _LONGEST_GAP_S) + 1
    parts = [
        _part(t, x, cutoff_hz) for t, x in zip(*(np.split(a, cuts) for a in (time, q)), strict=True)
    ]
    value, speed, acceleration = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return value, speed, acceleration


def _part(time: F64, q: F64, cutoff_hz: float) -> tuple[F64, F64, F64]:
    """Filter frames without a long gap; a single one stands still."""
    from scipy import interpolate, signal

    if len(time) < 2:
        return q, np.zeros_like(q), np.zeros_like(q)
    q, dt = _at_even_times(time, q)
    pad = len(q) // 2
    front = 2.0 * q[0] - q[pad:0:-1]
    back = 2.0 * q[-1] - q[-2 : -pad - 2 : -1]
    padded = np.concatenate([front, q, back])
    cutoff = min(cutoff_hz, 0.49 / dt)
    b, a = signal.butter(3, cutoff, fs=1.0 / dt)
    smooth = _one_pass(b, a, _one_pass(b, a, padded)[::-1])[::-1]
    padded_time = time[0] + dt * (np.arange(len(padded)) - len(front))
    natural = [(3, 0.0), (4, 0.0)]
    ends = ([(k, np.zeros(q.shape[1])) for k, _ in natural],) * 2
    spline = interpolate.make_interp_spline(padded_time, smooth, k=5, bc_type=ends)
    values = tuple(np.asarray(spline(time, nu)) for nu in range(3))
    return values[0], values[1], values[2]


def _at_even_times(time: F64, q: F64) -> tuple[F64, float]:
    """Frames from the first time on, so far apart [s]; those of even times are as they were."""
    from scipy import interpolate

    steps = np.diff(time)
    single = steps < (1.0 + _EVEN) * np.median(steps)
    usual = float(steps[single].mean())
    if np.ptp(steps) < _EVEN * usual:
        return q, float(time[-1] - time[0]) / (len(time) - 1)
    even = time[0] + usual * np.arange(round((time[-1] - time[0]) / usual) + 1)
    spline = interpolate.make_interp_spline(time, q, k=min(5, len(time) - 1))
    return np.asarray(spline(even)), usual


def _one_pass(b: F64, a: F64, x: F64) -> F64:
    """One direction of the low-pass; OpenSim copies the first three samples through."""
    from scipy import signal  # a live session starts without it

    order = len(a) - 1
    out = np.empty_like(x)
    out[:order] = x[:order]
    for column in range(x.shape[1]):
        y0, x0 = out[order - 1 :: -1, column][:order], x[order - 1 :: -1, column][:order]
        initial = signal.lfiltic(b, a, y0, x0)
        out[order:, column] = signal.lfilter(b, a, x[order:, column], zi=initial)[0]
    return out
