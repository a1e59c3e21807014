"""Forces held back by the filter's delay."""

import numpy as np
import pytest

from sim_bridge.dynamics.force_delay import ForceDelay

RATE_HZ = 100.0


def run(delay: ForceDelay, times: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The delayed forces after each step."""
    out = []
    for t, row in zip(times, rows, strict=True):
        delay.step(float(t), row)
        out.append(delay.forces.copy())
    return np.array(out)


def ramp(times: np.ndarray, n_load: int = 2) -> np.ndarray:
    """Forces and torques that grow evenly, each entry at its own rate, about points at rest."""
    rate = np.arange(1.0, 9.0 * n_load + 1.0).reshape(n_load, 9)
    rate[:, 3:6] = 0.0
    return 0.5 + times[:, None, None] * rate


@pytest.mark.parametrize("delay_s", [0.0, 0.01, 0.03, 0.0237, 0.08])
def test_a_ramp_comes_late_by_exactly_the_delay(delay_s: float) -> None:
    times = 100.0 + np.arange(50) / RATE_HZ
    got = run(ForceDelay(2, RATE_HZ, delay_s), times, ramp(times))
    wanted = ramp(times - delay_s)
    known = times - delay_s >= times[0] - 1e-9
    np.testing.assert_allclose(got[known], wanted[known], rtol=0, atol=1e-9)


def test_before_anything_is_known_the_first_forces_count() -> None:
    times = np.arange(4) / RATE_HZ
    rows = ramp(1.0 + times)
    got = run(ForceDelay(2, RATE_HZ, 0.03), times, rows)
    for k in range(3):
        np.testing.assert_allclose(got[k], rows[0])


def test_uneven_frames_are_interpolated_by_their_times() -> None:
    rng = np.random.default_rng(38)
    times = np.cumsum(rng.uniform(0.6, 1.4, 60)) / RATE_HZ
    got = run(ForceDelay(1, RATE_HZ, 0.03), times, ramp(times, 1))
    np.testing.assert_allclose(got[10:], ramp(times - 0.03, 1)[10:], rtol=0, atol=1e-9)


def test_a_far_point_without_load_moves_no_force() -> None:
    """The moment is mixed, not the point: a foot lands beside a point that was anywhere."""
    delay = ForceDelay(1, RATE_HZ, 0.005)
    delay.step(0.0, np.array([[0.0, 0.0, 0.0, 331.7, 0.0, 92.4, 0.0, 0.0, 0.0]]))
    delay.step(0.01, np.array([[0.0, 600.0, 0.0, 0.2, 0.0, 0.1, 0.0, 3.0, 0.0]]))
    np.testing.assert_allclose(delay.forces[0], [0, 300, 0, 0.2, 0, 0.1, 0, 1.5, 0], atol=1e-12)


def test_a_gap_is_crossed_by_a_line() -> None:
    times = np.concatenate([np.arange(20), np.arange(30, 50)]) / RATE_HZ
    got = run(ForceDelay(1, RATE_HZ, 0.03), times, ramp(times, 1))
    np.testing.assert_allclose(got[5:], ramp(times - 0.03, 1)[5:], rtol=0, atol=1e-9)


def test_a_lost_force_comes_late_too_and_goes() -> None:
    """NaN, which inverse dynamics takes as no force, where the row's instant is interpolated."""
    times = np.arange(20) / RATE_HZ
    rows = ramp(times)
    rows[10, 1] = np.nan
    got = run(ForceDelay(2, RATE_HZ, 0.03), times, rows)
    lost = np.flatnonzero(np.isnan(got[:, 1, 0]))
    assert set(lost.tolist()) <= {12, 13, 14}
    assert 13 in lost
    assert np.isfinite(got[:, 0]).all()


def test_reset_forgets() -> None:
    times = np.arange(20) / RATE_HZ
    used, fresh = ForceDelay(1, RATE_HZ, 0.03), ForceDelay(1, RATE_HZ, 0.03)
    run(used, times + 50.0, 7.0 * ramp(times, 1))
    used.reset()
    np.testing.assert_array_equal(
        run(used, times, ramp(times, 1)), run(fresh, times, ramp(times, 1))
    )


def test_no_loads_at_all() -> None:
    delay = ForceDelay(0, RATE_HZ, 0.03)
    delay.step(0.0, np.zeros((0, 9)))
    assert delay.forces.shape == (0, 9)
