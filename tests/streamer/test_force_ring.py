import numpy as np
import pytest
from numpy.typing import NDArray

from sim_bridge.dynamics.wrench import mix_wrenches
from streamer.frames.force_ring import ForceRing, RecordedForces, longest_gap

F64 = NDArray[np.float64]


def random_rows(n: int, k: int = 2, seed: int = 0) -> F64:
    return np.random.default_rng(seed).normal(size=(n, k, 9)) * ([300] * 3 + [1] * 3 + [5] * 3)


def at_origin(row: F64) -> F64:
    """Force and moment about the ground origin, one force after the other: the slow twin."""
    return np.concatenate([row[:3], np.cross(row[3:6], row[:3]) + row[6:9]])


@pytest.mark.parametrize("weight", [0.0, 0.25, 0.5, 1.0])
def test_the_wrench_is_linear_in_time(weight: float) -> None:
    before, after = random_rows(2)
    out = np.empty_like(before)
    mix_wrenches(before, after, weight, out)
    for k in range(len(out)):
        linear = (1 - weight) * at_origin(before[k]) + weight * at_origin(after[k])
        np.testing.assert_allclose(at_origin(out[k]), linear, rtol=1e-12, atol=1e-9)


def test_parallel_forces_keep_their_free_torque_linear_and_their_point_between() -> None:
    before, after = np.zeros((1, 9)), np.zeros((1, 9))
    before[0, [1, 3, 7]] = 600.0, 0.10, 2.0
    after[0, [1, 3, 7]] = 200.0, 0.30, 4.0
    out = np.empty_like(before)
    mix_wrenches(before, after, 0.5, out)
    # centre of pressure of the mean load: (600 * 0.1 + 200 * 0.3) / 800
    np.testing.assert_allclose(out[0], [0, 400, 0, 0.15, 0, 0, 0, 3, 0], atol=1e-12)


def test_a_point_without_load_has_no_influence() -> None:
    before, after = np.zeros((1, 9)), np.zeros((1, 9))
    before[0, 3:6] = 331.7, 0.0, 92.4  # as real files have it while the foot is in the air
    after[0, [1, 3]] = 500.0, 0.2
    out = np.empty_like(before)
    mix_wrenches(before, after, 0.3, out)
    np.testing.assert_allclose(out[0], [0, 150, 0, 0.2, 0, 0, 0, 0, 0], atol=1e-12)


def test_two_unloaded_samples_give_no_force_and_no_nan() -> None:
    before, after = np.zeros((1, 9)), np.zeros((1, 9))
    before[0, 3], after[0, 3] = 300.0, 100.0
    out = np.empty_like(before)
    mix_wrenches(before, after, 0.5, out)
    assert out[0].tolist() == [0, 0, 0, 100, 0, 0, 0, 0, 0]


def test_a_sample_at_the_instant_is_returned_as_it_is() -> None:
    ring, rows, out = ForceRing(2), random_rows(5), np.empty((2, 9))
    ring.extend(np.arange(5) * 0.001, rows)
    for i in range(5):
        assert ring.at(i * 0.001, out)
        np.testing.assert_array_equal(out, rows[i])


def test_instants_between_samples_agree_with_interpolation_of_the_two() -> None:
    ring, rows, out, expected = ForceRing(2), random_rows(5), np.empty((2, 9)), np.empty((2, 9))
    ring.extend(np.arange(5) * 0.001, rows)
    assert ring.at(0.00225, out)
    mix_wrenches(rows[2], rows[3], 0.25, expected)
    np.testing.assert_allclose(out, expected, rtol=1e-9)  # 1e-9: the weight comes from times


def test_before_the_oldest_and_after_the_newest_is_held_and_said_so() -> None:
    ring, rows, out = ForceRing(2), random_rows(3), np.empty((2, 9))
    ring.extend(np.array([1.0, 1.001, 1.002]), rows)
    assert not ring.at(0.9, out)
    np.testing.assert_array_equal(out, rows[0])
    assert not ring.at(1.01, out)
    np.testing.assert_array_equal(out, rows[2])


def test_an_instant_within_the_tolerance_counts_as_covered() -> None:
    ring, rows, out = ForceRing(2, tolerance_s=0.001), random_rows(2), np.empty((2, 9))
    ring.extend(np.array([1.0, 1.001]), rows)
    assert ring.covers(1.0015)
    assert ring.at(1.0015, out)
    np.testing.assert_array_equal(out, rows[1])
    assert not ring.covers(1.0025)
    assert not ring.at(1.0025, out)


def test_without_samples_there_is_no_force() -> None:
    out = np.ones((2, 9))
    assert not ForceRing(2, tolerance_s=1.0).at(0.0, out)
    assert not out.any()


def test_a_hole_in_the_samples_is_bridged_but_flagged() -> None:
    ring, out = ForceRing(2), np.empty((2, 9))
    ring.extend(np.array([1.0, 1.1]), random_rows(2))
    assert not ring.at(1.05, out)
    assert np.isfinite(out).all()


def test_slow_samples_are_no_hole_unless_one_is_missing() -> None:
    ring, out = ForceRing(2), np.empty((2, 9))
    ring.extend(np.array([1.0, 1.021, 1.04, 1.08]), random_rows(4))
    assert ring.at(1.01, out)
    assert ring.at(1.03, out)
    assert not ring.at(1.06, out)


def test_a_stream_that_became_slow_has_no_holes() -> None:
    ring, out = ForceRing(2), np.empty((2, 9))
    t = np.append(1.0 + 0.001 * np.arange(500), 1.5 + 0.021 * np.arange(100))
    ring.extend(t, random_rows(len(t)))
    assert ring.at(3.0, out)


def test_a_quick_stream_s_hole_is_one_even_where_slow_samples_would_be_none() -> None:
    ring, out = ForceRing(2), np.empty((2, 9))
    t = np.append(1.0 + 0.001 * np.arange(20), 1.048)
    ring.extend(t, random_rows(len(t)))
    assert ring.at(1.0185, out)
    assert not ring.at(1.03, out)  # 29 ms, which a stream of 50 Hz may take


@pytest.mark.parametrize(
    ("period_s", "expected"), [(0.0, 0.02), (1 / 1000, 0.02), (1 / 60, 0.025), (1.0, 0.05)]
)
def test_how_far_apart_samples_may_be(period_s: float, expected: float) -> None:
    assert longest_gap(period_s) == pytest.approx(expected)


@pytest.mark.parametrize("chunk", [1, 3, 7, 40])
def test_the_ring_keeps_the_newest_samples_like_a_plain_list(chunk: int) -> None:
    capacity, n = 16, 100
    ring, rows, t = ForceRing(1, capacity=capacity), random_rows(n, 1), np.arange(n) * 0.001
    out = np.empty((1, 9))
    for start in range(0, n, chunk):
        ring.extend(t[start : start + chunk], rows[start : start + chunk])
        end = min(start + chunk, n)
        kept = range(max(0, end - capacity), end)
        assert len(ring) == len(kept)
        for i in kept:
            assert ring.at(t[i], out)
            np.testing.assert_array_equal(out, rows[i])


@pytest.mark.parametrize("again", [9.7, 10.015])
def test_a_clock_that_is_set_back_leaves_no_old_forces(again: float) -> None:
    ring, rows, out = ForceRing(2), random_rows(60), np.empty((2, 9))
    ring.extend(10.0 + 0.001 * np.arange(40), rows[:40])
    ring.extend(again + 0.001 * np.arange(20), rows[40:])
    assert ring.newest_s == pytest.approx(again + 0.019)
    assert len(ring) == 20
    assert ring.at(again + 0.005, out)
    np.testing.assert_array_equal(out, rows[45])


def test_a_clock_that_is_set_back_twice_leaves_what_came_last() -> None:
    ring, rows, out = ForceRing(2), random_rows(30), np.empty((2, 9))
    starts = np.repeat([10.0, 9.7, 9.4], 10)
    ring.extend(starts + 0.001 * np.tile(np.arange(10), 3), rows)
    assert ring.newest_s == pytest.approx(9.409)
    assert not ring.at(9.705, out)
    np.testing.assert_array_equal(out, rows[29])


@pytest.mark.parametrize("chunk", [1, 2, 4])
def test_a_small_step_back_is_clock_correction(chunk: int) -> None:
    ring, rows, out = ForceRing(2), random_rows(4), np.empty((2, 9))
    times = np.array([1.0, 1.001, 1.0008, 1.002])
    for first in range(0, 4, chunk):
        ring.extend(times[first : first + chunk], rows[first : first + chunk])
        assert ring.newest_s == times[: first + chunk].max()
    assert len(ring) == 4
    assert ring.at(1.0005, out)


def test_of_a_recording_only_what_was_measured_until_then_is_known() -> None:
    t, rows, expected = 1.0 + 0.001 * np.arange(1000), random_rows(1000), np.empty((2, 9))
    source = RecordedForces(t, rows)
    assert not source.align(0.9, 0.95)
    assert source.newest_s == -np.inf
    assert source.align(1.0105, 1.02)
    mix_wrenches(rows[10], rows[11], 0.5, expected)
    np.testing.assert_allclose(source.forces, expected, rtol=1e-9)  # the weight comes from times
    assert source.newest_s == pytest.approx(1.02)
    assert not source.align(1.03, 1.02)
    np.testing.assert_array_equal(source.forces, rows[20])


def test_beyond_a_recording_s_ends_and_in_its_holes_nothing_is_measured() -> None:
    t = 1.0 + 0.001 * np.arange(1000)
    kept = (t < 1.3) | (t > 1.8)
    source = RecordedForces(t[kept], random_rows(int(kept.sum())))
    for at, measured in ((0.9, False), (1.1, True), (1.5, False), (1.9, True), (11.0, False)):
        assert source.align(at, at + 0.5) == measured
