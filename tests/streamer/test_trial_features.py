"""A trial's record tells of forces and missing frames what a session of it would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from inference import Refiner
from inference.exceptions import EmgError
from inference.record import FeatureRecord
from sim_bridge import BridgeStatus, compile_model
from streamer.config.features import FeatureSettings
from streamer.exceptions import FormatError
from streamer.features.trial_features import trial_features
from streamer.formats import MarkerTable, Storage, Trial, read_trial
from streamer.frames.forces import FORCE_TRUST_S
from tests.data_sets import trial_dir
from tests.streamer.test_offline_live import (
    EDGES,
    F64,
    WITH_FEET,
    WITHOUT_FEET,
    again,
    broken,
    recording,
    refiner_of,
    walk,
    whole,
)

PELVIS = ("R.ASIS", "L.ASIS", "R.PSIS", "L.PSIS")


def as_trial(name: str, kept: np.ndarray | None = None, *, holed: bool = False) -> Trial:
    """The trial of `recording`, with forces or frames missing."""
    trial, _ = walk(name)
    assert trial.forces is not None
    table = recording(name, whole).markers
    sent = broken(trial.forces.time - table.time[0]) if holed else slice(None)
    forces = Storage(trial.forces.time[sent], trial.forces.names, trial.forces.data[sent])
    kept = np.ones(len(table.time), dtype=np.bool_) if kept is None else kept
    markers = MarkerTable(table.time[kept], table.names, table.positions[kept], table.rate_hz)
    return replace(trial, markers=markers, forces=forces, valid=[(-1.0, 100.0)])


def estimates(record: FeatureRecord, refiner: Refiner) -> F64:
    """What a network makes of a record, frame by frame."""
    steps = [
        refiner.step(
            t, record.activation[i], record.q[i], record.qd[i], record.tau[i],
            forces_valid=bool(record.forces_told[i]), seen=bool(record.usable[i]),
        ).copy()
        for i, t in enumerate(record.t.tolist())
    ]  # fmt: skip
    return np.array(steps)


@pytest.mark.parametrize("name", [WITH_FEET, WITHOUT_FEET])
def test_forces_are_held_and_given_up_as_offline(name: str) -> None:
    trial, model = as_trial(name, holed=True), walk(name)[1]
    record, results = (
        trial_features(trial, model, with_emg=False),
        again(name, recording(name, broken)),
    )
    np.testing.assert_array_equal(record.tau, results.tau)
    about = record.t - record.filter_delay_s - record.t[0]
    np.testing.assert_array_equal(record.forces_measured & ~broken(about), False)
    known = np.isfinite(record.foot_force).any(axis=1)
    held = (about > EDGES[1]) & (about < EDGES[1] + FORCE_TRUST_S)
    assert known[held].all()
    given_up = about > EDGES[3] + FORCE_TRUST_S
    assert given_up.sum() > 20
    for of_frame in (known, record.forces_told):
        assert (of_frame[given_up] == (name == WITH_FEET)).all()  # predicted, or not known
    assert not record.forces_told[~known].any()


@pytest.mark.parametrize("name", [WITH_FEET, WITHOUT_FEET])
@pytest.mark.parametrize("holed", [False, True])
def test_the_network_learns_from_the_frames_that_it_is_given_live(name: str, holed: bool) -> None:
    record = trial_features(as_trial(name, holed=holed), walk(name)[1], with_emg=False)
    session = again(name, recording(name, broken if holed else whole))
    learnt = estimates(record, refiner_of(name))
    np.testing.assert_array_equal(learnt, session.emg)
    record = replace(record, forces_told=~record.forces_told)
    assert np.abs(estimates(record, refiner_of(name)) - session.emg).max() > 0.01


def test_moments_of_a_foot_on_the_other_belt_are_not_learnt_from() -> None:
    whole_run = read_trial(trial_dir("ceinms/subject06/run81"))
    table = whole_run.markers
    trial = replace(
        whole_run, markers=replace(table, time=table.time[:400], positions=table.positions[:400])
    )
    record = trial_features(trial, compile_model(trial.model), with_emg=False)
    withheld = ~record.forces_told
    assert 0.02 < withheld[50:].mean() < 0.3
    # such strides are scored all the same
    assert np.isfinite(record.foot_force[withheld][20:]).all()


def test_forces_are_believed_in_valid_time_and_moments_a_little_later() -> None:
    trial, model = as_trial(WITHOUT_FEET), walk(WITHOUT_FEET)[1]
    record = trial_features(replace(trial, valid=[(0.6, 1.2)]), model, with_emg=False)
    about = record.t - record.filter_delay_s
    inside = (about >= 0.6) & (about <= 1.2)
    assert inside.any()
    warm = record.usable
    assert (warm & inside).sum() > 40
    np.testing.assert_array_equal(record.forces_told[warm], inside[warm])
    since = about - about[inside][0] - 0.05
    sure = np.abs(since) > 1e-6  # one frame is just that long after
    np.testing.assert_array_equal(record.forces_measured[sure], (inside & (since > 0.0))[sure])
    whole = trial_features(trial, model, with_emg=False)
    loaded = whole.foot_force.max(axis=1) > 0.5
    assert (loaded & ~inside).sum() > 20
    changed = np.abs(record.tau - whole.tau).max(axis=1) > 10.0  # N m, N
    np.testing.assert_array_equal(changed[loaded], ~inside[loaded])


def test_a_measured_force_that_counts_as_none_is_not_known() -> None:
    trial, model = as_trial(WITHOUT_FEET), walk(WITHOUT_FEET)[1]
    assert trial.forces is not None
    data = trial.forces.data.copy()
    silent = (trial.forces.time > 0.7) & (trial.forces.time < 1.1)
    data[silent] = np.nan  # samples come, and say nothing
    spoilt = replace(trial, forces=replace(trial.forces, data=data))
    record = trial_features(spoilt, model, with_emg=False)
    about = record.t - record.filter_delay_s
    within = (about > 0.71) & (about < 1.09)
    assert within.sum() > 20
    assert not record.forces_told[within].any()
    assert not record.forces_measured[within].any()
    assert record.forces_told[about > 1.11].all()


@pytest.mark.parametrize("name", [WITH_FEET, WITHOUT_FEET])
def test_without_plates_no_force_is_measured(name: str) -> None:
    trial = replace(as_trial(name), forces=None, loads=None)
    record = trial_features(trial, walk(name)[1], with_emg=False)
    assert not record.forces_measured.any()
    assert record.forces_told[record.usable].any() == (name == WITH_FEET)  # predicted, or not known


def test_missing_frames_are_missing_as_offline() -> None:
    trial, model = as_trial(WITH_FEET), walk(WITH_FEET)[1]
    kept = np.ones(len(trial.markers.time), dtype=np.bool_)
    kept[15:18] = kept[25:135] = False  # of 10 ms each: the latter starts anew
    holed = as_trial(WITH_FEET, kept)
    recorded = replace(recording(WITH_FEET, whole), markers=holed.markers)
    record, results = trial_features(holed, model, with_emg=False), again(WITH_FEET, recorded)
    np.testing.assert_array_equal(record.q, results.q)
    np.testing.assert_array_equal(record.tau, results.tau)
    anew = int(kept[:135].sum())
    assert record.usable[anew - 1]
    assert not record.usable[anew]
    warming_up = (results.status & BridgeStatus.WARMING_UP) != 0
    assert warming_up[anew]


def test_a_pose_that_is_guessed_tells_nothing() -> None:
    trial, model = as_trial(WITH_FEET), walk(WITH_FEET)[1]
    positions = trial.markers.positions.copy()
    pelvis = [i for i, name in enumerate(trial.markers.names) if name in PELVIS]
    positions[60:90, pelvis] = np.nan
    hidden = replace(trial, markers=replace(trial.markers, positions=positions))
    record = trial_features(hidden, model, with_emg=False)
    assert record.usable[20:60].all()
    assert not record.usable[60:90].any()
    assert record.usable[90:].all()


def test_every_trial_has_noise_of_its_own_and_the_same_each_time() -> None:
    trial, model = as_trial(WITHOUT_FEET), walk(WITHOUT_FEET)[1]
    noisy = FeatureSettings.of_variant("noise-1")
    first, again, other, plain = (
        trial_features(of, model, settings, with_emg=False).q
        for of, settings in (
            (trial, noisy), (trial, noisy), (replace(trial, name="other"), noisy), (trial, None),
        )
    )  # fmt: skip
    np.testing.assert_array_equal(first, again)
    assert (first != plain).any(axis=1).all()
    assert (first != other).any(axis=1).all()


@pytest.mark.parametrize("name", [WITH_FEET, WITHOUT_FEET])
def test_the_force_under_a_foot_is_told_in_weights_of_the_models_body(name: str) -> None:
    trial, model = as_trial(name), walk(name)[1]
    assert trial.forces is not None
    assert trial.loads is not None
    record = trial_features(trial, model, with_emg=False)
    measured = record.forces_measured
    at = (record.t - record.filter_delay_s)[measured]
    for foot, side in enumerate("rl"):
        assert trial.loads.forces[foot].body == f"calcn_{side}"
        vertical = trial.loads.select(trial.forces)[:, foot, 1]
        expected = np.interp(at, trial.forces.time, vertical) / (9.80665 * model.mass)
        stands = expected > 0.1
        assert stands.sum() > 20
        np.testing.assert_allclose(
            record.foot_force[measured, foot][stands], expected[stands], rtol=1e-6
        )


def test_a_trial_without_emg_is_refused_where_it_is_asked_for() -> None:
    trial, model = as_trial(WITHOUT_FEET), walk(WITHOUT_FEET)[1]
    with pytest.raises(EmgError, match="walk: no EMG; leave this trial out"):
        trial_features(trial, model)


@pytest.mark.parametrize("step_s", [0.001, 0.02])
def test_emg_with_a_hole_is_refused_with_its_place(step_s: float) -> None:
    trial, model = as_trial(WITHOUT_FEET), walk(WITHOUT_FEET)[1]
    time = np.arange(0.0, 2.0, step_s)
    time = time[(time < 0.5) | (time >= 0.8)]
    emg = Storage(time, ("SOL_r",), np.abs(np.sin(5.0 * time))[:, None])
    holed = replace(trial, emg=emg, emg_kind="envelope", emg_muscles={"SOL_r": ("SOL_r",)})
    with pytest.raises(
        EmgError, match=r"walk: emg\.csv has a gap of 0\.3\d? s after 0\.\d+ s; cut"
    ):
        trial_features(holed, model)


def test_slow_emg_has_no_holes() -> None:
    trial, model = as_trial(WITHOUT_FEET), walk(WITHOUT_FEET)[1]
    time = np.delete(np.arange(0.0, 3.0, 0.05), 10)  # one sample lost
    emg = Storage(time, ("SOL_r",), np.abs(np.sin(5.0 * time))[:, None])
    slow = replace(trial, emg=emg, emg_kind="envelope", emg_muscles={"SOL_r": ("SOL_r",)})
    assert trial_features(slow, model).emg_names == ("SOL_r",)


def raw_burst(time: np.ndarray) -> np.ndarray:
    """Noise that swells and fades: raw EMG."""
    swell = 0.1 + np.sin(5.0 * time) ** 2
    return swell * np.random.default_rng(5).standard_normal(len(time))


def smooth_burst(time: np.ndarray) -> np.ndarray:
    return np.sin(5.0 * time) ** 2


def spoilt(where: np.ndarray, value: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda column: np.where(where, value, column)


TIME = np.arange(0.0, 3.0, 0.001)


@pytest.mark.parametrize(
    ("signal", "kind", "spoil", "says"),
    [
        (raw_burst, "envelope", np.copy, r"is negative [45]\d % of the time: raw EMG"),
        (smooth_burst, "raw", np.copy, "hardly crosses its median: an envelope"),
        (raw_burst, "raw", spoilt(TIME > 1.5, 0.0), r"is stuck at 0 for 1\.5 s"),
        (smooth_burst, "envelope", lambda x: np.minimum(x, 0.7), r"clipped: \d+ % .* at 0\.7"),
        (raw_burst, "raw", spoilt(TIME[700] == TIME, 1e3), "a spike of 1000, where 99 %"),
        (smooth_burst, "envelope", spoilt(TIME[700] == TIME, 1e3), "a spike of 1000, where 99 %"),
    ],
)
def test_emg_that_is_none_is_refused_by_its_channel(
    signal: Callable[[np.ndarray], np.ndarray],
    kind: str,
    spoil: Callable[[np.ndarray], np.ndarray],
    says: str,
) -> None:
    trial, model = as_trial(WITHOUT_FEET), walk(WITHOUT_FEET)[1]
    good = signal(TIME)
    emg = Storage(TIME, ("SOL_r", "TA_r"), np.column_stack((good, spoil(good))))
    right = "raw" if signal is raw_burst else "envelope"
    named = {"TA_r": ("TA_r",)} if kind != right else {"SOL_r": ("SOL_r",), "TA_r": ("TA_r",)}
    bad = replace(trial, emg=emg, emg_kind=kind, emg_muscles=named)
    with pytest.raises(EmgError, match=f"walk: EMG channel TA_r .*{says}.*; correct the kind in"):
        trial_features(bad, model)


@pytest.mark.parametrize(
    ("muscles", "says"),
    [
        (("soleus_r",), r"names soleus_r, which the model lacks; correct the name \(.*SOL_r"),
        (("SOL_r", "TA_l"), "names TA_l, which is on the other leg; correct the side"),
    ],
)
def test_muscles_under_an_electrode_are_the_models(muscles: tuple[str, ...], says: str) -> None:
    trial, model = as_trial(WITHOUT_FEET), walk(WITHOUT_FEET)[1]
    with pytest.raises(FormatError, match=rf"trial\.toml: emg\.muscles\.SOL_r {says}"):
        trial_features(replace(trial, emg_muscles={"SOL_r": muscles}), model, with_emg=False)


def test_emg_that_cannot_be_filtered_is_refused_with_its_trial() -> None:
    trial, model = as_trial(WITHOUT_FEET), walk(WITHOUT_FEET)[1]
    time = TIME[:300]
    emg = Storage(time, ("SOL_r",), raw_burst(time)[:, None])
    short = replace(trial, emg=emg, emg_kind="raw", emg_muscles={"SOL_r": ("SOL_r",)})
    with pytest.raises(EmgError, match="walk: raw EMG of 300 samples at 1000 Hz is too short"):
        trial_features(short, model)


@pytest.mark.parametrize("n", [0, 1])
def test_emg_of_no_two_samples_is_refused_with_its_trial(n: int) -> None:
    trial, model = as_trial(WITHOUT_FEET), walk(WITHOUT_FEET)[1]
    emg = Storage(TIME[:n], ("SOL_r",), np.ones((n, 1)))
    empty = replace(trial, emg=emg, emg_kind="envelope", emg_muscles={"SOL_r": ("SOL_r",)})
    with pytest.raises(EmgError, match="walk: "):
        trial_features(empty, model)
