"""Calibration of a made-up walker: what is recovered, and what is refused with which words."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from inference.calibration.calibrate import Calibration, Take, calibrate
from inference.channels import CHANNELS
from inference.emg.recording import EmgRecording, covered
from inference.exceptions import CalibrationError, EmgError, InferenceError
from inference.live.state_log import StateLog
from tests.inference.walker import (
    DELAY_S,
    DISTANCE,
    LEAD_S,
    NAMES,
    level,
    phase,
    recording,
    states,
    take,
)

DIGEST = "cd" * 32


def run(*takes: Take) -> Calibration:
    return calibrate(takes, DIGEST, LEAD_S)


def test_a_lag_and_a_gain_are_recovered() -> None:
    found = run(take(recording(40.0, lag_s=0.08, gain=0.2)))
    facts = found.subject.facts
    assert found.warnings == ()
    assert facts.lag_s == pytest.approx(0.08, abs=0.011)  # to a step of the network
    assert facts.known == pytest.approx(0.99 * DISTANCE, abs=0.01)
    assert facts.seconds == pytest.approx(40.0, abs=0.1)
    assert (facts.checkpoint, facts.filter_delay_s, facts.lead_s) == (DIGEST, DELAY_S, LEAD_S)
    assert [fit.name for fit in facts.channels] == list(NAMES)
    for fit in facts.channels:
        assert fit.maximum == pytest.approx(0.2, rel=0.01)  # the 99th percentile of a rounded top
        assert fit.r_after > 0.98 > fit.r_before
        assert fit.rmse_after < 0.5 * fit.rmse_before


def test_a_live_estimate_becomes_the_measurement() -> None:
    adapter = run(take(recording(40.0, lag_s=0.08))).subject.adapter
    later = states(20.0, start=60.0)
    at = phase(later.t - DELAY_S - 0.08)
    corrected = adapter.apply(later.y, later.state)
    for name in NAMES:
        channel = CHANNELS.index(name[:-2])
        for limb, turn in enumerate((0.0, np.pi)):  # fitted on the right leg, it serves the left
            true = level(name[:-2], at + turn)
            assert np.corrcoef(corrected[:, limb, channel], true)[0, 1] > 0.98
            assert np.corrcoef(later.y[:, limb, channel], true)[0, 1] < 0.95


def test_trials_of_a_person_add_up() -> None:
    parts = [Take(states(3.0, s), recording(3.0, s, gain=g), DELAY_S) for s, g in
             ((0.0, 0.1), (5.0, 0.2), (9.0, 0.15))]  # fmt: skip
    facts = run(*parts).subject.facts
    assert facts.seconds == pytest.approx(9.0, abs=0.2)
    assert len(facts.sources) == 3
    assert facts.channels[0].maximum == pytest.approx(0.2, rel=0.05)  # the largest of all


def test_maximum_is_that_of_comfortable_walking_where_trials_tell_it() -> None:
    of = (("walk", 1.2, 0.2), ("walk", 2.0, 0.3), ("run", 2.5, 0.8))
    parts = [
        Take(states(9.0, s), recording(9.0, s, gain=gain), DELAY_S, motion, speed)
        for s, (motion, speed, gain) in zip((0.0, 10.0, 20.0), of, strict=True)
    ]
    facts = run(*parts).subject.facts
    assert facts.channels[0].maximum == pytest.approx(0.2, rel=0.05)


def test_both_legs_are_told_apart() -> None:
    names = ("SOL_l", "SOL_r")
    found = run(take(recording(40.0, names=names)))
    assert sorted(fit.name for fit in found.subject.facts.channels) == list(names)
    swapped = replace(recording(40.0, names=names), names=names[::-1])
    with pytest.raises(CalibrationError, match="not as these muscles do"):
        run(take(swapped))


@pytest.mark.parametrize(("before", "level"), [(30.0, 1.0), (60.0, 0.003)])
def test_maximum_is_that_of_the_motion_whatever_came_before(before: float, level: float) -> None:
    """A test of strength, or rest, in the same EMG file."""
    made = recording(40.0)
    t = np.arange(-before, -0.5, 0.005)
    more = level * (1.0 + 0.5 * np.sin(7.0 * t))[:, None] * np.ones(made.data.shape[1])
    longer = replace(
        made, time=np.concatenate([t, made.time]), data=np.concatenate([more, made.data])
    )
    plain, found = (run(take(emg)).subject.facts for emg in (made, longer))
    for fit, own in zip(found.channels, plain.channels, strict=True):
        assert fit.maximum == pytest.approx(own.maximum, rel=1e-3)  # the line over 0.5 s without


def test_what_is_wrong_long_before_the_motion_is_no_fault() -> None:
    made = recording(40.0)
    t = np.arange(-20.0, -2.0, 0.005)
    cut_off = np.full((len(t), made.data.shape[1]), 3.0)  # and clipped, a third of the file
    longer = replace(
        made, time=np.concatenate([t, made.time]), data=np.concatenate([cut_off, made.data])
    )
    assert run(take(longer)).warnings == ()


def test_maximum_is_that_of_sound_frames() -> None:
    made = take(recording(40.0))
    made.emg.data[2000:3000] *= 5.0  # from 10 to 15 s, in which the bridge held
    made.states.usable[950:1550] = False
    assert run(made).subject.facts.channels[0].maximum == pytest.approx(0.2, rel=0.01)


@pytest.mark.parametrize("part", [slice(4000, None), slice(6000, None), slice(2500, 5000)])
@pytest.mark.parametrize("noise", [0.0, 0.002])
def test_an_electrode_that_comes_off_is_left_out(
    part: slice, noise: float, rng: np.random.Generator
) -> None:
    def off(data: np.ndarray) -> None:
        data[part, 1] = noise * rng.uniform(size=len(data[part]))

    found = run(take(recording(40.0, spoil=off)))
    (line,) = found.warnings
    assert line.startswith("left out: SOL_r is silent for ")
    assert [fit.name for fit in found.subject.facts.channels] == ["TA_r", "VM_r", "GMED_r"]


def test_all_electrodes_off_is_a_refusal() -> None:
    def off(data: np.ndarray) -> None:
        data[4000:] = 0.0

    with pytest.raises(CalibrationError, match="no EMG channel can be used: TA_r is silent for"):
        run(take(recording(40.0, spoil=off)))


def test_who_stands_before_walking_has_no_electrode_off() -> None:
    def rest(data: np.ndarray) -> None:
        data[:1200] = 0.0

    made = take(recording(40.0, spoil=rest))
    made.states.y[:600] = 0.05
    assert run(made).warnings == ()


def test_one_bad_channel_is_left_out_with_a_warning() -> None:
    def flatten(data: np.ndarray) -> None:
        data[:, 1] = 0.3

    found = run(take(recording(40.0, spoil=flatten)))
    assert found.warnings == ("made/one/walk: left out: SOL_r is flat at 0.3",)
    adapter = found.subject.adapter
    assert not adapter.weights[:, CHANNELS.index("SOL")].any()
    assert adapter.weights[:, CHANNELS.index("TA")].any()


def test_a_channel_of_noise_is_left_out_with_a_warning(rng: np.random.Generator) -> None:
    def noise(data: np.ndarray) -> None:
        data[:, 2] = np.repeat(rng.uniform(size=len(data) // 20), 20)

    found = run(take(recording(40.0, spoil=noise)))
    assert len(found.warnings) == 1
    assert "left out: VM_r does not follow the motion (r " in found.warnings[0]
    assert [fit.name for fit in found.subject.facts.channels] == ["TA_r", "SOL_r", "GMED_r"]


@pytest.mark.parametrize("ours", [("GMED_r",), ("GMED_r", "GMED_l")])
def test_a_channel_that_is_right_already_stays_as_it_is(ours: tuple[str, ...]) -> None:
    def unstable(data: np.ndarray) -> None:  # what one fold teaches is wrong in the other
        for part, gain in zip(np.split(data, 4), (1.3, 0.7, 1.3, 0.7), strict=True):
            part[:, 3:] *= gain

    made = take(recording(40.0, spoil=unstable, names=(*NAMES[:3], *ours)))
    gmed = made.states.y[:, :, CHANNELS.index("GMED")]
    gmed -= 0.1
    gmed /= 0.6 * 1.3  # the mean of both gains, of the larger
    found = run(made)
    assert found.warnings == tuple(
        f"{name} stays as it is: the network's own estimate is as good as a corrected one"
        for name in ours
    )
    assert not found.subject.adapter.weights[:, CHANNELS.index("GMED")].any()
    rows = {fit.name: fit for fit in found.subject.facts.channels}
    for name in ours:
        assert rows[name].r_after == rows[name].r_before
        assert rows[name].rmse_after == rows[name].rmse_before


def right_already(made: Take, column: int, name: str) -> None:
    """Have a channel measured exactly as the network estimates it on the right."""
    y = made.states.y[:, :, CHANNELS.index(name)]
    y /= np.percentile(y[:, 0], 99)
    at = made.states.t - DELAY_S + LEAD_S
    made.emg.data[:, column] = np.interp(made.emg.time, at, y[:, 0])


def test_what_is_said_of_two_legs_is_what_the_one_correction_of_both_does() -> None:
    made = take(recording(40.0, gain=1.0, names=("TA_r", "SOL_r", "TA_l", "SOL_l")))
    right_already(made, 0, "TA")
    found = run(made)
    assert found.warnings == ()  # the left leg gains more than the right one loses
    own, other = (
        next(fit for fit in found.subject.facts.channels if fit.name == name)
        for name in ("TA_r", "TA_l")
    )
    assert own.rmse_after > 0.05 > own.rmse_before
    assert other.rmse_after < 0.6 * other.rmse_before
    ta, at = CHANNELS.index("TA"), made.states.t - DELAY_S + LEAD_S
    corrected = found.subject.adapter.apply(made.states.y, made.states.state)
    for limb, column, fit in ((0, 0, own), (1, 2, other)):
        measured = np.interp(at, made.emg.time, made.emg.data[:, column]) / fit.maximum
        rmse = np.sqrt(np.mean((corrected[:, limb, ta] - measured) ** 2))
        # told of frames that were not fitted, here of those that were
        assert rmse == pytest.approx(fit.rmse_after, rel=0.05)


def test_only_motion_with_emg_becomes_known() -> None:
    made = take(recording(20.0))  # the rest of the 40 s is farther from the usual
    made.states.distance[:, 1] = 9.0  # the left leg has no electrodes
    known = run(made).subject.facts.known
    assert known == pytest.approx(0.5 * DISTANCE, abs=0.05)  # a percentile, and the ends' delays


def flat(data: np.ndarray) -> None:
    data[:] = 0.1


def clipped(data: np.ndarray) -> None:
    np.minimum(data, 0.12, out=data)


def lost(data: np.ndarray) -> None:
    data[100:1100] = np.nan


def like_raw(data: np.ndarray) -> None:
    data *= np.where(np.arange(len(data)) % 2, 1.0, -1.0)[:, None]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (flat, "no EMG channel can be used: TA_r is flat at 0.1; SOL_r is flat"),
        (clipped, "TA_r is clipped: .* % of its samples are at 0.12"),
        (lost, "TA_r lacks 12 % of its samples"),
        (like_raw, "TA_r is negative .* % of the time: .*; if so, the kind is raw: write"),
    ],
)
def test_a_recording_without_a_sound_channel_is_refused(spoil: object, words: str) -> None:
    with pytest.raises(CalibrationError, match=words):
        run(take(recording(40.0, spoil=spoil)))  # type: ignore[arg-type]


def test_an_envelope_is_no_raw_emg() -> None:
    says = "TA_r hardly crosses its median: an envelope, .*; if so, the kind is envelope: write it"
    with pytest.raises(CalibrationError, match=says):
        run(take(replace(recording(40.0, rate_hz=1000.0), kind="raw")))


def noise_of(smooth: EmgRecording, rng: np.random.Generator) -> np.ndarray:
    """Raw EMG with these envelopes; an amplifier's own noise is there at rest, too."""
    return (smooth.data + 1e-3) * rng.normal(size=smooth.data.shape)


def test_raw_emg_serves_as_its_envelope_does(rng: np.random.Generator) -> None:
    smooth = recording(40.0, rate_hz=1000.0)
    raw = replace(smooth, data=noise_of(smooth, rng), kind="raw")
    for fit in run(take(raw)).subject.facts.channels:
        assert fit.r_after > 0.9  # the envelope of noise is noisy itself


def test_unknown_channels_are_named_with_the_nearest() -> None:
    wrong = replace(recording(40.0), names=("SOLr", "left TA", "EMG 3", "TFL_r"))
    with pytest.raises(CalibrationError, match=r"SOLr is not a known channel \(did you mean SOL_r"):
        run(take(wrong))


def test_a_short_recording_is_refused() -> None:
    remedy = r"only 3.0 s .* 4 s \(three strides\) .*; add trials .*--trial.*, or record longer"
    with pytest.raises(CalibrationError, match=remedy):
        run(take(recording(3.0)))
    with pytest.raises(CalibrationError, match="no motion was recorded"):
        run(Take(StateLog(0, 8).states(), recording(40.0), DELAY_S))


def test_emg_of_another_time_is_refused() -> None:
    with pytest.raises(EmgError, match="do not overlap"):
        run(take(recording(40.0, start=1000.0)))


def test_noise_is_refused(rng: np.random.Generator) -> None:
    def noise(data: np.ndarray) -> None:
        data[:] = np.repeat(rng.uniform(size=(len(data) // 20, data.shape[1])), 20, axis=0)

    with pytest.raises(CalibrationError, match=r"does not belong to this motion: .* 4 of 4"):
        run(take(recording(40.0, spoil=noise)))


def test_emg_of_other_strides_is_refused() -> None:
    other = recording(40.0)
    with pytest.raises(CalibrationError, match="does not belong to this motion"):
        run(take(replace(other, time=1.13 * other.time)))


def test_emg_half_a_stride_late_is_refused() -> None:
    with pytest.raises(CalibrationError, match=r"but not as these muscles do.*clock"):
        run(take(recording(40.0, lag_s=0.55)))


@pytest.mark.parametrize("lag_s", [-0.3, -0.2, 0.2, 0.3])
def test_emg_out_of_time_is_refused_and_by_how_much_is_said(lag_s: float) -> None:
    words = re.escape(f"the EMG is {1e3 * lag_s:+.0f} ms ") + ".*`emg: lag_ms`"
    with pytest.raises(CalibrationError, match=words):
        run(take(recording(40.0, lag_s=lag_s)))


def off_by(share: float, made: EmgRecording) -> EmgRecording:
    """The same, by a clock that runs too fast."""
    return replace(made, time=made.time * (1.0 + share))


def test_a_lag_that_changes_to_and_fro_is_no_clock() -> None:
    made = recording(40.0)
    for quarter, lag_s in ((1, 0.08), (3, 0.06)):
        part = slice(quarter * len(made.time) // 4, (quarter + 1) * len(made.time) // 4)
        made.data[part] = recording(40.0, lag_s=lag_s).data[part]
    assert not any("clock" in warning for warning in run(take(made)).warnings)


def test_exchanged_channels_are_refused() -> None:
    made = recording(40.0)
    with pytest.raises(CalibrationError, match=r"but not as these muscles do.*names"):
        run(take(replace(made, names=NAMES[::-1])))


def test_frames_near_lost_samples_do_not_count() -> None:
    whole = recording(40.0)
    kept = (whole.time < 10.0) | (whole.time > 12.0)
    holed = replace(whole, time=whole.time[kept], data=whole.data[kept])
    facts = run(take(holed)).subject.facts
    assert facts.seconds == pytest.approx(40.0 - 2.3, abs=0.1)  # 0.15 s more on either side
    at = np.array([9.0, 9.84, 9.86, 11.0, 12.14, 12.17])
    assert covered(holed.time, at).tolist() == [True, True, False, False, False, True]


def test_frames_near_samples_that_are_not_a_number_do_not_count() -> None:
    made = recording(40.0)
    made.data[(made.time > 10.0) & (made.time < 11.5), 0] = np.nan  # less than a channel is lost by
    assert run(take(made)).subject.facts.seconds == pytest.approx(40.0 - 1.8, abs=0.1)


def test_frames_that_the_bridge_held_do_not_count() -> None:
    made = take(recording(40.0))
    made.states.usable[:1000] = False
    assert run(made).subject.facts.seconds == pytest.approx(30.0, abs=0.1)


def test_takes_of_different_filters_are_refused() -> None:
    one = take(recording(40.0))
    with pytest.raises(
        CalibrationError, match=f"filter delays differ .{1e3 * DELAY_S:.0f} to 60 ms"
    ):
        run(one, replace(one, filter_delay_s=0.06))


def test_every_refusal_is_one_of_the_packages_own() -> None:
    assert issubclass(CalibrationError, InferenceError)
    empty = EmgRecording("made", ("SOL_r",), np.zeros(0), np.zeros((0, 1)), "raw")
    with pytest.raises(CalibrationError, match="SOL_r lacks 100 % of its samples"):
        run(take(empty))


def test_a_full_log_keeps_what_it_has() -> None:
    log = StateLog(2, 3)
    for t in range(4):
        step = SimpleNamespace(
            alone=np.full((2, 12), t), state=np.ones((2, 3)), distance=np.array([t, 7.0])
        )
        log.add(float(t), step, t > 0)
    kept = log.states()
    assert len(log) == 2
    assert kept.t.tolist() == [0.0, 1.0]
    assert kept.usable.tolist() == [False, True]
    assert (kept.y[1] == 1.0).all()
    assert kept.distance.tolist() == [[0.0, 7.0], [1.0, 7.0]]
