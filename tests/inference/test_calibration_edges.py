"""Where a calibration begins to refuse, to leave out and to warn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.calibration.calibrate import Take
from inference.exceptions import CalibrationError
from tests.inference.test_calibration import off_by, run, take
from tests.inference.walker import DELAY_S, recording, states


def test_noise_in_half_of_the_channels_is_refused(rng: np.random.Generator) -> None:
    def noise(data: np.ndarray) -> None:
        data[:, 2:] = np.repeat(rng.uniform(size=(len(data) // 20, 2)), 20, axis=0)

    with pytest.raises(CalibrationError, match=r"does not belong to this motion: .* 2 of 4"):
        run(take(recording(40.0, spoil=noise)))


def test_a_muscle_that_should_set_off_a_little_earlier_has_no_electrode_off() -> None:
    def rest(data: np.ndarray) -> None:
        data[:1200] = 0.0

    made = take(recording(40.0, spoil=rest))
    made.states.y[:590] = 0.05  # a tenth of a second before the EMG
    assert run(made).warnings == ()


def test_a_channel_that_worked_only_beside_the_motion_is_silent_in_it() -> None:
    made = recording(40.0)
    made.data[:, 1] = 0.0
    before = np.arange(-0.9, -0.3, 0.005)
    strong = 0.3 * np.ones((len(before), made.data.shape[1])) * np.sin(9.0 * before)[:, None] ** 2
    longer = replace(
        made, time=np.append(before, made.time), data=np.concatenate([strong, made.data])
    )
    found = run(take(longer))
    assert any(line.startswith("left out: SOL_r is silent for ") for line in found.warnings)
    assert [fit.name for fit in found.subject.facts.channels] == ["TA_r", "VM_r", "GMED_r"]


def test_a_leg_that_was_measured_shortly_does_not_shorten_the_other() -> None:
    short = Take(states(3.0, 50.0), recording(3.0, 50.0, names=("TA_l", "SOL_l")), DELAY_S)
    assert run(take(recording(40.0)), short).subject.facts.seconds == pytest.approx(40.0, abs=0.1)


@pytest.mark.parametrize(("seconds", "told"), [(18.0, False), (24.0, True)])
def test_a_clock_that_runs_away_is_told_of_twenty_seconds_or_more(
    seconds: float, told: bool
) -> None:
    found = run(take(off_by(0.004, recording(seconds))))
    assert any("its clock drifts" in line for line in found.warnings) == told
