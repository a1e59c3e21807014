from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.channels import (
    CHANNELS,
    COORDINATES,
    MEASURED,
    N_INPUT,
    SLICE_ACTIVATION,
    SLICE_ANGLE,
    legs,
)
from inference.data.dataset import build_sequences, measured_matrix, people_by_channel
from inference.exceptions import EmgError, FeatureError, InferenceError
from inference.inputs.schedule import LONGEST_GAP_S
from inference.record import FeatureRecord
from tests.inference.synthetic import synthetic_record

SOL = MEASURED.index("SOL")


def test_only_limbs_with_emg_and_measured_channels_count() -> None:
    (sequence,) = build_sequences([synthetic_record()], 100.0)
    assert sequence.side == "r"
    measured = {MEASURED[c] for c in np.flatnonzero(sequence.measured.any(0))}
    assert measured == {"SOL", "TA", "VM", "GAS"}


@pytest.mark.parametrize("lead_s", [0.0, 0.02])
def test_target_is_the_emg_of_the_instant_that_the_inputs_describe_or_ahead(lead_s: float) -> None:
    record = synthetic_record(delay_s=0.05)
    (sequence,) = build_sequences([record], 100.0, lead_s=lead_s)
    peak = np.percentile(record.emg[:, 0], 99)
    at = sequence.t - 0.05 + lead_s
    expected = np.interp(at, record.emg_t, record.emg[:, 0]) / peak
    where = sequence.measured[:, SOL]
    np.testing.assert_allclose(sequence.y[where, SOL], expected[where], atol=1e-6)  # float32
    assert not where[at < -1e-9].any()  # content older than the recording


@pytest.mark.parametrize(("side", "limb"), [("r", 0), ("l", 1)])
def test_the_force_is_that_under_the_limbs_own_foot(side: str, limb: int) -> None:
    """Strides are cut by it."""
    record = synthetic_record()
    names = tuple(f"{name[:-2]}_{side}" for name in record.emg_names)
    (sequence,) = build_sequences([replace(record, emg_names=names)], 100.0)
    assert sequence.side == side
    expected = np.interp(sequence.t, record.t, record.foot_force[:, limb])
    np.testing.assert_array_equal(sequence.foot_force, expected)


def test_known_lag_is_taken_out() -> None:
    punctual = build_sequences([synthetic_record()], 100.0)[0]
    late = build_sequences([synthetic_record(lag_s=0.06)], 100.0, {"made": 0.06})[0]
    both = punctual.measured & late.measured
    # Interpolation at 200 Hz of a squared 1 Hz half wave.
    np.testing.assert_allclose(late.y[both], punctual.y[both], atol=2e-3)


def test_all_trials_of_a_person_are_in_units_of_comfortable_walking() -> None:
    records = [
        synthetic_record(trial="run", motion="run", gain=4.0),
        synthetic_record(trial="slow", speed_mps=0.8, gain=0.5),
        synthetic_record(trial="walk", speed_mps=1.2),
        synthetic_record(subject="other", speed_mps=2.0, gain=3.0),
    ]
    largest = [sequence.y[:, SOL].max() for sequence in build_sequences(records, 100.0)]
    assert largest == pytest.approx([4.0, 0.5, 1.0, 1.0], rel=0.02)  # 99th percentile


def test_slow_recordings_are_brought_to_the_networks_rate() -> None:
    (native,) = build_sequences([synthetic_record(rate_hz=100.0)], 100.0)
    (slow,) = build_sequences([synthetic_record(rate_hz=50.0)], 100.0)
    n = min(len(native.t), len(slow.t))
    np.testing.assert_allclose(slow.t[:n], native.t[:n], atol=1e-9)
    angles = slice(SLICE_ANGLE.start, SLICE_ANGLE.stop)
    # Linear interpolation over 20 ms of 0.5 sin(2 pi t): 0.5 (2 pi 0.01)^2 / 2 = 0.001.
    np.testing.assert_allclose(slow.x[:n, angles], native.x[:n, angles], atol=2e-3)


def test_frames_without_forces_keep_the_motion_and_lose_the_dynamics() -> None:
    record = synthetic_record()
    valid = record.forces_told.copy()
    valid[100:200] = False
    (sequence,) = build_sequences([replace(record, forces_told=valid)], 100.0)
    present = sequence.x[:, N_INPUT:]
    for leg in legs(present):
        assert not leg[100:200, SLICE_ACTIVATION].any()
        assert leg[100:200, SLICE_ANGLE].all()
        assert leg[200:, SLICE_ACTIVATION].all()


def test_between_frames_of_which_one_lacks_forces_there_are_none() -> None:
    record = synthetic_record(rate_hz=50.0)
    without = (record.t > 0.99) & (record.t < 1.19)
    changed = replace(record, forces_told=~without, forces_measured=~without)
    (sequence,) = build_sequences([changed], 100.0)
    value, present = np.split(sequence.x, 2, axis=1)
    near = (sequence.t > 0.985) & (sequence.t < 1.195)  # from one step before to one after
    for leg in legs(present):
        np.testing.assert_array_equal(leg[:, SLICE_ACTIVATION].any(1), ~near)
        assert leg[:, SLICE_ANGLE].all()
    assert not value[present == 0.0].any()
    assert not sequence.forces_measured[near].any()
    assert sequence.forces_measured[(sequence.t < 0.985) | (sequence.t > 1.205)].all()


def test_unusable_frames_are_no_targets() -> None:
    record = synthetic_record()
    usable = record.usable.copy()
    usable[:50] = False
    usable[100:110] = False
    (sequence,) = build_sequences([replace(record, usable=usable)], 100.0)
    assert not sequence.measured[:50].any()
    assert not sequence.measured[100:110].any()
    assert sequence.measured[50:100, SOL].all()
    assert sequence.measured[110:, SOL].all()


def test_after_poses_that_were_held_for_long_the_network_starts_anew_as_live() -> None:
    record = synthetic_record()
    usable = record.usable.copy()
    usable[200:230] = False
    (whole,) = build_sequences([record], 100.0)
    before, after = build_sequences([replace(record, usable=usable)], 100.0)
    np.testing.assert_array_equal(before.x, whole.x[:230])
    assert not before.measured[200:].any()
    np.testing.assert_array_equal(after.t, whole.t[230:])
    np.testing.assert_array_equal(after.x, whole.x[230:])


def without_frames(record: FeatureRecord, start: float, end: float) -> FeatureRecord:
    """The record as if no frame had come between two times."""
    kept = (record.t < start) | (record.t >= end)
    names = ("t", "activation", "q", "qd", "tau", "foot_force", "usable")
    flags = ("forces_told", "forces_measured")
    return replace(record, **{name: getattr(record, name)[kept] for name in (*names, *flags)})


def test_after_a_hole_the_network_starts_anew_as_live() -> None:
    record = synthetic_record()
    (whole,) = build_sequences([record], 100.0)
    before, after = build_sequences([without_frames(record, 2.0, 4.0)], 100.0)
    for part, end, frames in ((before, 2.0, slice(0, 200)), (after, 6.0, slice(400, 600))):
        assert part.t[-1] == pytest.approx(end - 0.01)
        np.testing.assert_array_equal(part.x, whole.x[frames])
        np.testing.assert_array_equal(part.y, whole.y[frames])
        np.testing.assert_array_equal(part.measured, whole.measured[frames])
        np.testing.assert_array_equal(part.foot_force, whole.foot_force[frames])


def test_a_short_hole_is_bridged() -> None:
    hole = without_frames(synthetic_record(), 2.0, 2.0 + LONGEST_GAP_S - 0.02)
    (sequence,) = build_sequences([hole], 100.0)
    assert np.diff(sequence.t).max() < 0.02  # stepped all through it


def test_a_channel_at_rest_has_no_unit_and_is_named() -> None:
    record = synthetic_record()
    emg = record.emg.copy()
    emg[:, 1] = 0.0
    emg[5, 1] = 1e-3  # not flat, but within the artefacts that the percentile leaves out
    with pytest.raises(EmgError, match=r"made/one: EMG channel TA_r is at rest in 99 %"):
        build_sequences([replace(record, emg=emg)], 100.0)


def test_a_model_of_unknown_muscles_is_told_with_its_trial() -> None:
    record = synthetic_record()
    strange = replace(record, muscle_names=tuple(f"m{k}" for k in range(len(record.muscle_names))))
    with pytest.raises(InferenceError, match=r"^made/one/walk: .*m0"):
        build_sequences([strange], 100.0)


def test_emg_of_another_time_is_refused() -> None:
    record = synthetic_record()
    with pytest.raises(EmgError, match=r"made/one/walk.*do not overlap"):
        build_sequences([replace(record, emg_t=record.emg_t + 1000.0)], 100.0)


def test_unknown_channels_are_refused() -> None:
    record = replace(synthetic_record(), emg_names=("a", "b", "c", "d"))
    with pytest.raises(EmgError, match="no EMG channel is known: a, b, c, d"):
        build_sequences([record], 100.0)


def test_no_emg_at_all_is_refused() -> None:
    with pytest.raises(FeatureError, match="none of the 0 trials"):
        build_sequences([], 100.0)


def test_composites_are_means_of_their_parts() -> None:
    y = np.arange(float(len(CHANNELS)))
    seen = dict(zip(MEASURED, measured_matrix() @ y, strict=True))
    assert seen["GAS"] == (CHANNELS.index("GM") + CHANNELS.index("GL")) / 2
    assert seen["MH"] == (CHANNELS.index("SM") + CHANNELS.index("ST")) / 2
    assert [seen[c] for c in CHANNELS] == list(y)


def test_people_are_counted_by_channel_and_a_composite_by_its_rarest_part() -> None:
    records = [synthetic_record(subject=f"p{k}") for k in range(4)]
    heads = replace(records[0], emg_names=("GM_r", "GL_r", "SM_r", "TA_r"))
    hamstrings = replace(records[3], emg_names=("SM_r", "ST_r", "VM_r", "VL_r"))
    counts = people_by_channel(build_sequences([heads, *records[1:3], hamstrings], 100.0))
    assert counts["TA"] == 3
    assert counts["SOL"] == 2
    assert counts["GM"] == 1
    assert counts["GAS"] == 2  # measured as such
    assert counts["MH"] == 1  # as such by nobody, SM by two, ST by one


@pytest.mark.parametrize(("told", "sign"), [(0.0, 1.0), (1.0, 1.0), (-1.0, -1.0)])
def test_a_knee_bends_as_the_models_geometry_says(told: float, sign: float) -> None:
    """As in a session; where that says nothing, as models with muscles of such names do."""
    record = replace(synthetic_record(), knee_flexion=told)
    (sequence,) = build_sequences([record], 100.0)
    knee = sequence.x[:, SLICE_ANGLE][:, COORDINATES.index("knee_angle")]
    column = record.coordinate_names.index("knee_angle_r")
    np.testing.assert_allclose(knee, sign * record.q[:, column], atol=1e-6)  # float32
