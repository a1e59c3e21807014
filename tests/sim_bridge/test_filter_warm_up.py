"""What a filter says is trusted after a start in the middle of a motion."""

import numpy as np
import pytest

from sim_bridge.filters import make_filter

from .signals import frames

SHAKING = 1.5
"""[rad/s^2]; as much as 1 N m does to a shank with its foot (0.7 kg m^2 about the knee)."""


@pytest.mark.parametrize("rate_hz", [100.0, 200.0])
@pytest.mark.parametrize(
    "name", ["butterworth:6", "butterworth:12", "kalman:3:8", "kalman:6:6", "savgol:9:3:2"]
)
def test_what_is_trusted_is_what_an_older_filter_says(name: str, rate_hz: float) -> None:
    t = frames(3.0, rate_hz)
    # a knee's swing through 60 degrees, once a second, and half as much again at three times that
    q = (0.5 * np.sin(2.0 * np.pi * t) + 0.15 * np.sin(6.0 * np.pi * t + 1.0))[:, None]
    older, trusted = make_filter(name, 1, rate_hz), 0
    known = np.array([(older.step(m, x), older.qdd[0])[1] for m, x in zip(t, q, strict=True)])
    for start in range(round(1.5 * rate_hz), len(t) - 50, 7):
        young = make_filter(name, 1, rate_hz)
        for k in range(start, len(t)):
            young.step(t[k], q[k])
            if not young.warming_up:
                trusted += 1
                assert young.qdd[0] == pytest.approx(known[k], abs=SHAKING)
    assert trusted > 100
