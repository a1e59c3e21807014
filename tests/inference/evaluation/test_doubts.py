from __future__ import annotations

import pytest

from inference.evaluation.doubts import emg_doubts
from inference.evaluation.estimates import Estimates
from tests.inference.evaluation.people import walker


@pytest.mark.parametrize(("noise", "told"), [(0.6, False), (1.1, True)])
def test_emg_that_is_hardly_known_again_is_told(noise: float, told: bool) -> None:
    """A sine of amplitude 0.5 in such noise: r of 0.51 and 0.31, where 0.4 is asked for."""
    measured = walker("made/one", strides=20, noise=noise)
    estimates = Estimates([walker("made/one", strides=20).y])
    found = emg_doubts([measured], estimates, 100.0)
    assert [line.startswith("the EMG of made/one does not work") for line in found] == [True] * told
