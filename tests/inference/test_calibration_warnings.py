"""What a calibration says of EMG that it uses all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.calibration.calibrate import Take
from inference.channels import CHANNELS
from inference.exceptions import CalibrationError
from inference.opinion.second_opinion import UNUSUAL
from tests.inference.test_calibration import recording, run, take


def unlike(made: Take, distance: float) -> Take:
    """The same motion, so far from what the network was taught."""
    far = np.full_like(made.states.distance, distance)
    return replace(made, states=replace(made.states, distance=far))


def test_emg_that_runs_against_the_estimate_is_named() -> None:
    """As that of another muscle does; the correction follows it."""
    made = take(recording(40.0))
    sol = made.states.y[:, :, CHANNELS.index("SOL")]
    sol[:] = sol.max() + 0.05 - sol
    found = run(made)
    (line,) = (line for line in found.warnings if "runs against" in line)
    assert line.startswith("SOL_r runs against the network's estimate (r -")
    (fit,) = (fit for fit in found.subject.facts.channels if fit.name == "SOL_r")
    assert fit.r_before < 0.0 < fit.r_after


@pytest.mark.parametrize("spoilt", ["exchanged", "late"])
def test_where_such_motion_was_not_taught_nothing_tells_whose_the_emg_is(spoilt: str) -> None:
    """Of a patient, say, whose muscles do not work as those of other people do."""
    emg = recording(40.0, names=("SOL_l", "SOL_r"), lag_s=0.0 if spoilt == "exchanged" else 0.25)
    if spoilt == "exchanged":
        emg = replace(emg, names=emg.names[::-1])
    with pytest.raises(CalibrationError):
        run(unlike(take(emg), 0.9 * UNUSUAL))
    found = run(unlike(take(emg), 1.1 * UNUSUAL))
    (line,) = found.warnings
    assert line.startswith(
        "the network was not taught such motion, and does not know the EMG again"
    )
    assert found.subject.facts.lag_s == 0.0
    for fit in found.subject.facts.channels:
        assert fit.r_after > 0.98  # a correction learns any phase


def test_emg_that_the_network_knows_again_is_in_no_doubt_in_any_motion() -> None:
    made = take(recording(40.0, lag_s=0.08))
    found = run(unlike(made, 3.0 * UNUSUAL))
    assert found.warnings == ()
    assert found.subject.facts.lag_s == run(made).subject.facts.lag_s


def test_noise_is_refused_in_any_motion(rng: np.random.Generator) -> None:
    made = recording(40.0)
    noise = replace(made, data=np.abs(rng.normal(0.3, 0.1, made.data.shape)))
    with pytest.raises(CalibrationError, match="does not belong to this motion"):
        run(unlike(take(noise), 3.0 * UNUSUAL))
