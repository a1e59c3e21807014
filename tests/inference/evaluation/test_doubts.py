from __future__ import annotations

from dataclasses import replace

import pytest

from inference.data.dataset import LimbSequence
from inference.evaluation.doubts import emg_doubts
from inference.evaluation.estimates import Estimates
from tests.inference.evaluation.people import walker


@pytest.mark.parametrize(("noise", "told"), [(0.6, False), (1.1, True)])
def test_emg_that_is_hardly_known_again_is_told(noise: float, told: bool) -> None:
    """A sine of amplitude 0.5 in such noise: r of 0.51 and 0.31, where 0.4 is asked for."""
    measured = walker("made/one", strides=20, noise=noise)
    estimates = Estimates([walker("made/one", strides=20).y])
    found = emg_doubts([measured], estimates, 100.0, {f"made/one, {measured.motion}": 1.0})
    assert [line.startswith("the EMG of made/one does not work") for line in found] == [True] * told


def test_in_motion_that_was_not_taught_no_emg_is_doubted() -> None:
    """A person's other motion is, by itself."""
    estimate = walker("made/one", strides=20).y
    walk = walker("made/one", strides=20, noise=1.1)
    crouch = replace(walker("made/one", strides=20), motion="crouch", y=-estimate)
    unlikeness = {f"made/one, {walk.motion}": 0.9, "made/one, crouch": 1.1}

    def doubts(*sequences: LimbSequence) -> list[str]:
        estimates = Estimates([estimate] * len(sequences))
        return emg_doubts(sequences, estimates, 100.0, unlikeness)

    assert doubts(crouch) == []
    assert len(doubts(walk, crouch)) == 1
    assert doubts(walker("made/one", strides=20, noise=0.6), crouch) == []
