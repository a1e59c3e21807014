"""Where a calibration begins to refuse, to leave out and to warn."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

from inference.calibration.calibrate import Take
from inference.channels import CHANNELS
from inference.exceptions import CalibrationError, EmgError
from inference.live.state_log import States
from tests.inference.test_calibration import off_by, run, take
from tests.inference.walker import DELAY_S, LEAD_S, NAMES, level, phase, recording, states


def test_noise_in_half_of_the_channels_is_refused(rng: np.random.Generator) -> None:
    def noise(data: np.ndarray) -> None:
        data[:, 2:] = np.repeat(rng.uniform(size=(len(data) // 20, 2)), 20, axis=0)

    with pytest.raises(CalibrationError, match=r"does not belong to this motion: .* 2 of 4"):
        run(take(recording(40.0, spoil=noise)))


@pytest.mark.parametrize(("noise", "names"), [(0.45, NAMES), (0.8, NAMES[:1] + NAMES[2:])])
def test_a_channel_that_follows_the_motion_a_little_is_used(
    noise: float, names: tuple[str, ...], rng: np.random.Generator
) -> None:
    """Explained with an r of 0.4, not of 0.2: by 16 % or 4 % of its variance."""

    def spoil(data: np.ndarray) -> None:
        data[:, 1] += noise * np.repeat(rng.uniform(size=len(data) // 20), 20)

    found = run(take(recording(40.0, spoil=spoil)))
    assert tuple(fit.name for fit in found.subject.facts.channels) == names


def test_seconds_are_those_of_the_networks_steps_whatever_their_rate() -> None:
    whole = states(40.0)
    every_other = {name: getattr(whole, name)[::2] for name in vars(whole)}
    facts = run(Take(States(**every_other), recording(40.0), DELAY_S)).subject.facts
    assert facts.seconds == pytest.approx(40.0, abs=0.1)
    for fit in facts.channels:
        assert fit.seconds == pytest.approx(40.0, abs=0.1)


def test_steps_that_alternate_count_as_their_mean() -> None:
    """Of frames at 250 Hz the network steps on every second or third: 8 or 12 ms, 10 on average."""
    made = states(40.0)
    frame = np.ceil(made.t * 250.0 - 1e-6) / 250.0
    on_frames = Take(replace(made, t=frame), recording(40.0), DELAY_S)
    facts = run(on_frames).subject.facts
    assert facts.seconds == pytest.approx(40.0, abs=0.1)
    assert facts.lag_s == pytest.approx(run(take(recording(40.0))).subject.facts.lag_s, abs=0.005)


def test_a_pause_of_the_motion_is_no_longer_step() -> None:
    """Markers that were gone for ten seconds of forty."""
    made = states(40.0)
    kept = (made.t < 15.0) | (made.t > 25.0)
    parts = {name: getattr(made, name)[kept] for name in vars(made)}
    facts = run(Take(States(**parts), recording(40.0), DELAY_S)).subject.facts
    assert facts.seconds == pytest.approx(30.0, abs=0.1)


def test_a_leg_counts_by_how_long_it_was_measured() -> None:
    """A short trial in which the network was too large already does not keep it from a long one."""
    short = Take(states(6.0, 50.0), recording(6.0, 50.0, names=("TA_l", "SOL_l")), DELAY_S)
    own = level("TA", phase(short.states.t - DELAY_S) + np.pi)
    short.states.y[:, 1, CHANNELS.index("TA")] = 1.3 * own
    found = run(take(recording(40.0)), short)
    long, other = (
        next(fit for fit in found.subject.facts.channels if fit.name == name)
        for name in ("TA_r", "TA_l")
    )
    lost = other.rmse_after**2 - other.rmse_before**2
    assert lost > long.rmse_before**2 - long.rmse_after**2 > 0.0
    assert found.subject.adapter.weights[:, CHANNELS.index("TA")].any()


def test_a_channel_says_how_long_it_was_measured_and_errs_where_it_was() -> None:
    """Half of the motion had EMG; what the network does in the other half is no error of it."""
    plain = run(take(recording(20.0), 20.0)).subject.facts
    found = run(take(recording(20.0), 40.0)).subject.facts
    for fit, own in zip(found.channels, plain.channels, strict=True):
        assert fit.seconds == pytest.approx(20.0, abs=0.1)
        # before any correction, of the same frames
        assert fit.rmse_before == pytest.approx(own.rmse_before, rel=0.01)


def test_a_take_whose_poses_were_all_held_adds_nothing_and_ends_nothing() -> None:
    held = Take(states(9.0, 50.0), recording(9.0, 50.0, gain=0.5), DELAY_S)
    held.states.usable[:] = False
    alone, beside = (
        run(*takes).subject.facts
        for takes in ([take(recording(40.0))], [take(recording(40.0)), held])
    )
    assert beside.seconds == alone.seconds
    assert [(fit.name, fit.maximum, fit.seconds) for fit in beside.channels] == [
        (fit.name, fit.maximum, fit.seconds) for fit in alone.channels
    ]


def test_a_channel_that_is_left_out_takes_none_of_the_other_leg_with_it(
    rng: np.random.Generator,
) -> None:
    def noise(data: np.ndarray) -> None:
        data[:, 0] = np.repeat(rng.uniform(size=len(data) // 20), 20)

    names = ("SOL_r", "TA_r", "SOL_l", "TA_l")
    found = run(take(recording(40.0, names=names, spoil=noise))).subject.facts.channels
    assert sorted(fit.name for fit in found) == sorted(names[1:])


def test_each_channel_has_a_maximum_of_its_own() -> None:
    def louder(data: np.ndarray) -> None:
        data *= [1.0, 2.0, 3.0, 4.0]

    channels = run(take(recording(40.0, spoil=louder))).subject.facts.channels
    # the 99th percentile of a rounded top
    assert [fit.maximum for fit in channels] == pytest.approx([0.2, 0.4, 0.6, 0.8], rel=0.01)


def test_a_channel_that_runs_against_the_estimate_is_told_of() -> None:
    """The correction explains it all the same: it learns any phase."""
    made = recording(40.0)
    made.data[:, 3] = 0.2 * level("GMED", phase(made.time - LEAD_S) + 2.1)  # a third of a stride on
    found = run(take(made))
    (line,) = found.warnings
    assert line.startswith("GMED_r runs against the network's estimate (r -")
    (fit,) = (fit for fit in found.subject.facts.channels if fit.name == "GMED_r")
    assert -0.5 < fit.r_before < 0.0
    assert fit.r_after > 0.9


@pytest.mark.parametrize(("later_s", "refused"), [(0.004, False), (0.006, True)])
def test_takes_behind_filters_of_nearly_the_same_delay_are_of_one(
    later_s: float, refused: bool
) -> None:
    parts = [
        Take(states(9.0, start), recording(9.0, start), DELAY_S + late)
        for start, late in ((0.0, later_s), (20.0, 0.0))
    ]
    with pytest.raises(CalibrationError, match="differ") if refused else nullcontext():
        run(*parts)


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


def test_trials_in_different_units_are_refused() -> None:
    parts = [
        Take(states(9.0, start), replace(recording(9.0, start, gain=gain), source=name), DELAY_S)
        for name, start, gain in (("volts", 0.0, 2e-4), ("microvolts", 20.0, 2e2))
    ]
    with pytest.raises(EmgError, match="times as large in microvolts as in volts; write all"):
        run(*parts)


def test_a_clock_that_runs_away_is_told_or_refused() -> None:
    words = (
        r"made/one/walk: the EMG is \+(.*) ms .* at the start and \+(.*) ms at the end: its clock"
    )
    (line,) = run(take(off_by(0.002, recording(40.0)))).warnings
    assert (said := re.match(words, line))
    in_the_middle = [1e3 * 0.002 * s for s in (5.0, 35.0)]  # of the first and the last quarter
    assert [float(ms) for ms in said.groups()] == pytest.approx(in_the_middle, abs=10.0)
    with pytest.raises(CalibrationError, match=words):
        run(take(off_by(0.006, recording(40.0))))


def test_a_clock_that_runs_too_slowly_by_much_is_refused_too() -> None:
    with pytest.raises(CalibrationError, match="at the end: its clock drifts"):
        run(take(off_by(-0.006, recording(40.0))))


def test_each_trial_has_a_clock_of_its_own() -> None:
    """Two of different lags do not drift; of two the one that does is told."""

    def trial(start: float, lag_s: float, drift: float = 0.0) -> Take:
        made = recording(24.0, start, lag_s=lag_s)
        at = start + (made.time - start) * (1.0 + drift)
        emg = replace(made, time=at, source=f"made/one/from {start:g}")
        return Take(states(24.0, start), emg, DELAY_S)

    found = run(trial(0.0, 0.02), trial(30.0, 0.09))
    assert not any("its clock drifts" in line for line in found.warnings)
    found = run(trial(0.0, 0.02), trial(30.0, 0.02, drift=0.003))
    (line,) = (line for line in found.warnings if "its clock drifts" in line)
    assert line.startswith("made/one/from 30: the EMG is")


@pytest.mark.parametrize("other_s", [3.0, 24.0])
@pytest.mark.parametrize("side", ["r", "l"])
def test_a_trial_of_one_leg_has_a_clock_although_another_has_the_other_leg(
    side: str, other_s: float
) -> None:
    """Each with its electrodes on one leg: the leg without any hid the drift of the other's."""
    names, others = ([f"{name[:-2]}_{leg}" for name in NAMES] for leg in (side, "rl"[side == "r"]))
    drifting = take(off_by(0.004, recording(24.0, names=names)), 24.0)
    rest = Take(states(other_s, 30.0), recording(other_s, 30.0, names=others), DELAY_S)
    assert any("its clock drifts" in line for line in run(drifting, rest).warnings)


@pytest.mark.parametrize(("seconds", "off", "told"), [(18.0, 0.005, False), (24.0, 0.004, True)])
def test_a_clock_that_runs_away_is_told_of_twenty_seconds_or_more(
    seconds: float, off: float, told: bool
) -> None:
    found = run(take(off_by(off, recording(seconds))))
    assert any("its clock drifts" in line for line in found.warnings) == told


@pytest.mark.parametrize("start", [0.0, 20.0])
def test_emg_in_a_part_of_the_motion_is_fitted_and_judged_by_itself(start: float) -> None:
    """Frames without EMG made one of both folds empty: nothing was corrected."""
    part = run(Take(states(40.0), recording(10.0, start, lag_s=0.08), DELAY_S)).subject
    alone = run(Take(states(10.0, start), recording(10.0, start, lag_s=0.08), DELAY_S)).subject
    for ours, theirs in zip(part.facts.channels, alone.facts.channels, strict=True):
        assert ours.r_after > 0.95 > ours.r_before
        assert ours.r_after == pytest.approx(theirs.r_after, abs=0.02)  # half a second more of it
    np.testing.assert_allclose(part.adapter.spread, alone.adapter.spread, atol=0.1)


def test_a_channel_that_one_trial_of_several_has_is_corrected() -> None:
    takes = [
        Take(states(20.0, s), recording(20.0, s, lag_s=0.08, names=names), DELAY_S)
        for s, names in ((0.0, NAMES), (30.0, NAMES[:3]), (60.0, NAMES[:3]), (90.0, NAMES[:3]))
    ]
    found = run(*takes)
    assert not any("stays as it is" in line for line in found.warnings)
    rare = found.subject.facts.channels[-1]
    assert rare.name == NAMES[3]
    assert rare.r_after > 0.95
