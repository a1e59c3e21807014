"""Whether markers that are another person's are told of."""

import logging

import pytest

from sim_bridge.pose_solver import MISFIT_M
from streamer.misfit import MISFIT_S, Misfit

RATE_HZ = 100.0
ENOUGH = round(MISFIT_S * RATE_HZ)


@pytest.mark.parametrize(
    ("far", "near", "said"), [(ENOUGH, 0, 1), (ENOUGH - 1, 1, 0), (5 * ENOUGH, 0, 1), (0, 500, 0)]
)
def test_markers_that_stay_far_from_the_models_are_told_of_once(
    far: int, near: int, said: int, caplog: pytest.LogCaptureFixture
) -> None:
    misfit = Misfit(RATE_HZ)
    with caplog.at_level(logging.WARNING):
        for _ in range(2 if near else 1):
            for rms in [2.0 * MISFIT_M] * far + [0.02] * near:
                misfit.step(rms)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == said
    assert all(line.startswith("markers lie 120 mm from the model's") for line in lines)
