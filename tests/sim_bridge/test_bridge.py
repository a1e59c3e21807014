"""The whole step: stages, status bits, independence of instances, no memory per frame."""

import gc
import sys
import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from configs.demo.build import SUBJECT
from sim_bridge import (
    STAGES,
    Bridge,
    BridgeSettings,
    BridgeStatus,
    ExternalForce,
    MarkerMismatch,
    SettingsError,
    UnknownBody,
)
from tests.data_sets import trial_dir
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial

FIELDS = ("ik_q", "q", "qd", "qdd", "tau", "activation", "control", "reserve")
START, FRAMES = 60, 60
"""Part of the walks with both feet on plates."""


@pytest.fixture(params=PARITY_TRIALS)
def trial(
    request: pytest.FixtureRequest, recorded: Callable[[str], RecordedTrial]
) -> RecordedTrial:
    return recorded(request.param)


@pytest.fixture
def walk(recorded: Callable[[str], RecordedTrial]) -> RecordedTrial:
    return recorded(PARITY_TRIALS[0])


def feed(bridge: Bridge, trial: RecordedTrial, count: int = FRAMES) -> dict[str, np.ndarray]:
    """Everything that comes out of some frames, a row a frame."""
    kept: dict[str, list[np.ndarray]] = {name: [] for name in (*FIELDS, "status", "marker_rms")}
    for i in range(START, START + count):
        out = bridge.step(float(trial.time[i]), trial.markers[i], trial.forces[i])
        assert out.t == trial.time[i]
        for name, rows in kept.items():
            rows.append(np.copy(getattr(out, name)))
    return {name: np.array(rows) for name, rows in kept.items()}


def assert_same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_outputs_are_finite_and_within_bounds(trial: RecordedTrial) -> None:
    out = feed(trial.bridge(), trial)
    for name in FIELDS:
        assert np.isfinite(out[name]).all(), name
    assert np.all((out["activation"] >= 0.0) & (out["activation"] <= 1.0))
    assert out["marker_rms"].max() < 0.03


def test_first_frames_are_flagged_as_warming_up_and_later_ones_not(trial: RecordedTrial) -> None:
    status = feed(trial.bridge(), trial)["status"]
    warming = (status & int(BridgeStatus.WARMING_UP)) > 0
    assert warming[0]
    assert not warming[-1]
    assert np.all(np.diff(warming.astype(int)) <= 0)  # it ends once


def test_labels_that_are_exchanged_midway_are_never_called_good(walk: RecordedTrial) -> None:
    bridge, labels = walk.bridge(), np.random.default_rng(2).permutation(len(walk.marker_names))
    told = BridgeStatus.HOLD | BridgeStatus.IK_UNCONVERGED | BridgeStatus.WARMING_UP
    told |= BridgeStatus.GAP  # as long as enough markers are where they were
    for i in range(START, START + 120):
        exchanged = i >= START + 40
        markers = walk.markers[i][labels] if exchanged else walk.markers[i]
        status = bridge.step(float(walk.time[i]), markers, walk.forces[i]).status
        assert not exchanged or status & told


def test_warm_up_leaves_no_trace(trial: RecordedTrial) -> None:
    warmed, fresh = trial.bridge(), trial.bridge()
    warmed.warm_up()
    assert_same(feed(warmed, trial), feed(fresh, trial))


@pytest.mark.parametrize("before", [11, 25])
def test_reset_forgets_everything(trial: RecordedTrial, before: int) -> None:
    """Also when it was that every eighth frame is looked at: later forces are predicted."""
    used, fresh = trial.bridge(), trial.bridge()
    forces = trial.forces.copy()
    forces[START + 40 :] = np.nan
    trial = replace(trial, forces=forces)
    feed(used, trial, count=before)
    used.reset()
    seen = feed(fresh, trial, count=90)
    assert (seen["status"] & BridgeStatus.GRF_PREDICTED).any()
    assert_same(feed(used, trial, count=90), seen)


def test_four_bridges_in_threads_give_what_one_alone_gives(walk: RecordedTrial) -> None:
    alone = feed(walk.bridge(), walk)
    results: list[dict[str, np.ndarray]] = [{} for _ in range(4)]
    barrier = threading.Barrier(4)

    def work(k: int) -> None:
        bridge = walk.bridge()
        barrier.wait()
        results[k] = feed(bridge, walk)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        assert_same(result, alone)


def test_step_is_track_filter_and_solve(walk: RecordedTrial) -> None:
    """The stages one by one, as offline use drives them, give the same."""
    stepped, staged = walk.bridge(), walk.bridge()
    for i in range(START, START + 30):
        out = stepped.step(float(walk.time[i]), walk.markers[i], walk.forces[i])
        kept = {name: np.copy(getattr(out, name)) for name in FIELDS}
        staged.track(walk.markers[i])
        again = staged.solve(out.q.copy(), out.qd.copy(), out.qdd.copy(), delayed(stepped))
        for name, values in kept.items():
            np.testing.assert_array_equal(values, getattr(again, name), err_msg=name)


def delayed(bridge: Bridge) -> np.ndarray:
    """Forces that the last step used."""
    return bridge.output.forces.copy()


def test_forces_in_step_are_those_held_back_by_the_filters_delay(walk: RecordedTrial) -> None:
    settings = BridgeSettings(walk.rate_hz, filter="wiener:20:8")  # two whole frames
    held = Bridge(walk.model, walk.marker_names, walk.loads, settings)
    in_step = Bridge(
        walk.model, walk.marker_names, walk.loads, replace(settings, forces_in_step=True)
    )
    for i in range(60, 120):
        t, markers = float(walk.time[i]), walk.markers[i]
        one = held.step(t, markers, walk.forces[i])
        two = in_step.step(t, markers, walk.forces[max(i - 2, 60)])
        # rounding where the delay is made of two frames' times
        np.testing.assert_allclose(two.tau, one.tau, rtol=0, atol=1e-6)


def test_forces_come_out_as_they_were_used(walk: RecordedTrial) -> None:
    """A row that is not known is no force where none are predicted, and no NaN leaves."""
    settings = BridgeSettings(walk.rate_hz, ground_reaction="measured")
    bridge = Bridge(walk.model, walk.marker_names, walk.loads, settings)
    rest = np.zeros(len(walk.model.coordinate_names))
    forces = walk.forces[START].copy()
    forces[0, 4] = np.nan
    out = bridge.solve(rest, rest, rest, forces)
    np.testing.assert_array_equal(out.forces[0], np.zeros(9))
    np.testing.assert_array_equal(out.forces[1:], forces[1:])


def test_a_step_takes_and_keeps_no_arrays(walk: RecordedTrial) -> None:
    bridge = walk.bridge()
    bridge.warm_up()
    feed(bridge, walk)
    gc.collect()
    inputs = [(float(walk.time[i]), walk.markers[i], walk.forces[i]) for i in range(100, 200)]
    tracemalloc.start()
    try:
        for frame in inputs:  # what the interpreter keeps for reuse is new to the tracer at first
            bridge.step(*frame)
        first = arrays_held()
        peaks = [traced_peak(bridge, t + 10.0, markers, forces) for t, markers, forces in inputs]
        grown = arrays_held() - first
    finally:
        tracemalloc.stop()
    assert grown == 0
    # [bytes] within a step: views and boxed numbers of the calls; a matrix would be 8.7 kB
    assert max(peaks) < 8_000


def traced_peak(bridge: Bridge, t: float, markers: np.ndarray, forces: np.ndarray) -> int:
    """Most memory that a step took for itself at a time [bytes]."""
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    bridge.step(t, markers, forces)
    return tracemalloc.get_traced_memory()[1] - before


def arrays_held() -> int:
    """Memory of all arrays [bytes]; interpreter and numba keep small objects for reuse."""
    arrays = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    return sum(s.size for s in tracemalloc.take_snapshot().filter_traces([arrays]).traces)


def test_output_is_one_object_whose_arrays_stay(walk: RecordedTrial) -> None:
    bridge = walk.bridge()
    first = bridge.step(float(walk.time[0]), walk.markers[0], walk.forces[0])
    held = {name: getattr(first, name) for name in FIELDS}
    second = bridge.step(float(walk.time[1]), walk.markers[1], walk.forces[1])
    assert second is first is bridge.output
    for name, array in held.items():
        assert np.shares_memory(array, getattr(second, name)), name


def test_inputs_are_left_as_they_were(walk: RecordedTrial) -> None:
    markers, forces = walk.markers[0].copy(), walk.forces[0].copy()
    walk.bridge().step(0.0, markers, forces)
    np.testing.assert_array_equal(markers, walk.markers[0])
    np.testing.assert_array_equal(forces, walk.forces[0])


def test_stages_are_told_in_their_order(walk: RecordedTrial) -> None:
    bridge, told = walk.bridge(), []
    bridge.on_stage = told.append
    bridge.step(0.0, walk.markers[0], walk.forces[0])
    assert tuple(told) == STAGES


def test_missing_markers_are_flagged_and_bridged(walk: RecordedTrial) -> None:
    clean, gappy = feed(walk.bridge(), walk), walk.bridge()
    feed(gappy, walk, count=30)
    i = START + 30
    markers = walk.markers[i].copy()
    markers[[2, 9, 20]] = np.nan
    out = gappy.step(float(walk.time[i]), markers, walk.forces[i])
    assert out.status & BridgeStatus.GAP
    assert not out.status & BridgeStatus.HOLD
    assert np.abs(out.ik_q - clean["ik_q"][30]).max() < 0.1


def test_without_markers_the_last_pose_is_held_and_flagged(walk: RecordedTrial) -> None:
    bridge = walk.bridge()
    feed(bridge, walk, count=40)
    held = bridge.output.ik_q.copy()
    for k in range(40, 48):
        i = START + k
        nothing = np.full_like(walk.markers[i], np.nan)
        out = bridge.step(float(walk.time[i]), nothing, walk.forces[i])
        assert out.status & BridgeStatus.GAP
        assert out.status & BridgeStatus.HOLD
        np.testing.assert_array_equal(out.ik_q, held)
        for name in FIELDS:
            assert np.isfinite(getattr(out, name)).all(), name
    again = bridge.step(float(walk.time[i + 1]), walk.markers[i + 1], walk.forces[i + 1])
    assert not again.status & BridgeStatus.HOLD
    assert again.marker_rms < 0.03


def test_bad_numbers_never_come_out(walk: RecordedTrial) -> None:
    bridge = walk.bridge()
    feed(bridge, walk, count=30)
    i = START + 30
    for spoil in (np.nan, np.inf, 1e200):
        markers, forces = walk.markers[i].copy(), walk.forces[i].copy()
        markers[4, 1] = spoil
        forces[0, 2] = np.nan
        out = bridge.step(float(walk.time[i]), markers, forces)
        for name in FIELDS:
            assert np.isfinite(getattr(out, name)).all(), (spoil, name)


@pytest.mark.parametrize("stamp", [np.nan, np.inf])
def test_a_stamp_without_meaning_counts_as_the_next_frames(
    walk: RecordedTrial, stamp: float
) -> None:
    plain, spoilt = walk.bridge(), walk.bridge()
    feed(plain, walk, count=30)
    feed(spoilt, walk, count=30)
    i = START + 30
    expected = plain.step(float(walk.time[i]), walk.markers[i], walk.forces[i])
    out = spoilt.step(stamp, walk.markers[i], walk.forces[i])
    # forces are interpolated at stamps that differ by rounding
    np.testing.assert_allclose(out.tau, expected.tau, rtol=0, atol=1e-6)
    for k in range(1, 4):  # also where poses are held, which are older
        out = spoilt.step(stamp if k > 1 else float(walk.time[i + k]), np.full_like(
            walk.markers[i], np.nan), walk.forces[i])  # fmt: skip
        assert out.status & BridgeStatus.HOLD
        assert out.t == pytest.approx(walk.time[i + k], abs=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rate_hz": 0.0}, "frame rate"),
        ({"rate_hz": 100.0, "filter": "kalman"}, "'kalman' is not valid"),
        ({"rate_hz": 100.0, "filter": "zero-phase:6"}, "looks ahead"),
        ({"rate_hz": 100.0, "reserve": 0.0}, "positive"),
        ({"rate_hz": 100.0, "residual": -1.0}, "positive"),
    ],
)
def test_settings_without_meaning_are_refused(
    walk: RecordedTrial, settings: dict[str, float], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        Bridge(walk.model, walk.marker_names, walk.loads, BridgeSettings(**settings))


def test_strange_markers_and_bodies_are_refused(walk: RecordedTrial) -> None:
    settings = BridgeSettings(100.0)
    with pytest.raises(MarkerMismatch, match="0 of 2"):
        Bridge(walk.model, ["head", "hat"], walk.loads, settings)
    with pytest.raises(UnknownBody, match="hoof"):
        Bridge(walk.model, walk.marker_names, [ExternalForce("fourth", "hoof")], settings)
    weightless = BridgeSettings(100.0, marker_weights=dict.fromkeys(walk.marker_names, 0.0))
    with pytest.raises(MarkerMismatch, match="weight"):
        Bridge(walk.model, walk.marker_names, walk.loads, weightless)


@pytest.mark.parametrize("name", ["the demo", PARITY_TRIALS[0]])
def test_no_kernel_is_compiled_after_the_warm_up(name: str) -> None:
    """In a process of its own, since others have loaded kernels that nothing warms up here."""
    directory = SUBJECT / "walk" if name == "the demo" else trial_dir(name)
    with get_context("spawn").Pool(1) as alone:
        before, after = alone.apply(kernels_before_and_after, (directory,))
    assert after == before


def kernels_before_and_after(directory: Path) -> tuple[int, int]:
    """How many there are when a bridge is warm, and after faults, leaps and odd memory."""
    walk = RecordedTrial.load(directory)
    bridge = walk.bridge()
    bridge.warm_up()
    before, t = compiled_kernels(), 0.0
    for i in (
        *range(START, START + FRAMES),
        *range(START, START + FRAMES),
    ):  # as a loop starts anew
        markers, forces = walk.markers[i].copy(), walk.forces[i].copy()
        if i % 7 == 0:
            markers[i % len(markers)] += 0.5
        elif i % 7 == 3:
            markers[i % len(markers)] = np.nan
        elif i == START + 40:
            markers[:] = np.nan
        elif START + 20 < i < START + 24:
            markers += [1.0, 0.0, -0.5]
        forces[i % 2, 1] *= 0.0 if i % 5 else 1.0
        markers.setflags(write=bool(i % 2))
        t += 1.0 / walk.rate_hz
        bridge.step(t, np.asfortranarray(markers), forces)
    return before, compiled_kernels()


def compiled_kernels() -> int:
    """Signatures of all kernels of the package that this process has."""
    kernels = [
        thing
        for name, module in sys.modules.items()
        if name.startswith("sim_bridge.")
        for thing in vars(module).values()
        if isinstance(thing, Dispatcher)
    ]
    assert kernels
    return sum(len(kernel.signatures) for kernel in set(kernels))
