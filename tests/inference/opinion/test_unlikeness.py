"""The distance from what is usual, against a loop over frames."""

from __future__ import annotations

import numpy as np
import pytest

from inference.channels import N_INPUT, hide_dynamics
from inference.checkpoint import load_checkpoint
from inference.opinion.unlikeness import FARTHEST, MEMORY_S, Unlikeness
from inference.opinion.usual import COLUMNS, FLOOR, Usual, fit_usual
from tests.inference.opinion.test_usual import mover

RATE_HZ = 100.0
TURN = np.eye(25) + 0.1 * np.random.default_rng(3).standard_normal((25, 25))
KEEP = 1.0 - 1.0 / (MEMORY_S * RATE_HZ)


@pytest.fixture(scope="module")
def usual() -> Usual:
    return fit_usual([mover(f"a/p{k}", turn=TURN, seed=k) for k in range(3)])


def naive(usual: Usual, rows: np.ndarray) -> np.ndarray:
    """Solve for every frame, (n,): no whitening, no running buffer."""
    half = np.linalg.inv(usual.whitening.astype(float))
    covariance = half @ half.T
    mean, out = 0.0, []
    for row in rows.astype(float):
        present = row[N_INPUT + COLUMNS]
        rest = (row[COLUMNS] - usual.centre) * present
        distance = rest @ np.linalg.solve(covariance, rest) / max(present.sum(), 1.0)
        mean = KEEP * mean + (1.0 - KEEP) * min(distance, FARTHEST)
        out.append(mean)
    return np.array(out)


def run(unlikeness: Unlikeness, right: np.ndarray, left: np.ndarray) -> np.ndarray:
    found = []
    for x in np.stack([right, left], axis=1):
        unlikeness.step(np.ascontiguousarray(x))
        found.append(unlikeness.distance.copy())
    return np.array(found)


def test_distance_of_both_legs_is_that_of_a_loop(usual: Usual) -> None:
    right, left = mover("b/one", 400, seed=5).x, mover("b/two", 400, seed=6).x
    right[50:90, :N_INPUT] *= 3.0
    hide_dynamics(left[100:200, N_INPUT:])
    left[:, :N_INPUT] *= left[:, N_INPUT:]  # what is missing is 0
    found = run(Unlikeness(usual, RATE_HZ), right, left)
    for limb, rows in enumerate((right, left)):
        np.testing.assert_allclose(found[:, limb], naive(usual, rows), rtol=1e-3, atol=1e-5)


def test_what_was_seen_so_far_is_of_the_leg_that_is_farther(usual: Usual) -> None:
    near, far = mover("b/one", 50, seed=5).x, mover("b/two", 50, seed=6).x
    far[:, :N_INPUT] *= 4.0
    for right, left in ((near, far), (far, near)):
        unlikeness = Unlikeness(usual, RATE_HZ)
        found = run(unlikeness, right, left)
        assert unlikeness.so_far == pytest.approx(found[-1].max() / (1.0 - KEEP**50), rel=1e-4)


def test_what_was_seen_so_far_counts_as_if_it_had_always_been_so(usual: Usual) -> None:
    row = mover("b/one", 2, seed=5).x[0]
    unlikeness = Unlikeness(usual, RATE_HZ)
    assert np.isnan(unlikeness.so_far)
    found = []
    for _ in range(50):
        run(unlikeness, row[None], row[None])
        found.append(unlikeness.so_far)
    at_once = naive(usual, row[None])[0] / (1.0 - KEEP)
    np.testing.assert_allclose(found, at_once, rtol=1e-3)
    unlikeness.reset()
    assert np.isnan(unlikeness.so_far)


def test_motion_that_changes_is_most_of_the_mean_after_a_stride(usual: Usual) -> None:
    row = mover("b/one", 2, seed=5).x[:1]
    found = run(Unlikeness(usual, RATE_HZ), *[np.repeat(row, 1200, axis=0)] * 2)[:, 0]
    # 1 - 1/e of it after 1.2 s; in steps of a hundredth, instead of evenly, 0.002 more
    assert found[119] / found[-1] == pytest.approx(0.632, abs=0.005)


def mean_of_the_training_people(usual: Usual) -> float:
    """What they come to with every input there: 1, less what the floor adds to every variance."""
    half = np.linalg.inv(usual.whitening.astype(float) * usual.scale)
    widened = half @ half.T
    own = widened - FLOOR * np.eye(len(COLUMNS))
    return float(np.trace(np.linalg.solve(widened, own)) / len(COLUMNS))


def test_the_training_people_are_at_one_less_the_floor(usual: Usual) -> None:
    own = mover("a/p0", 2000, turn=TURN, seed=11).x
    found = run(Unlikeness(usual, RATE_HZ), own, own)
    expected = mean_of_the_training_people(usual)
    assert expected == pytest.approx(0.97, abs=0.005)  # inputs that hardly go together
    # 1400 frames of 25 numbers know a mean square to sqrt(2 / 35000); four of these
    assert found[600:].mean() == pytest.approx(expected, abs=0.03)


def test_the_shipped_network_s_training_people_are_where_the_docs_say() -> None:
    usual = load_checkpoint().usual()
    assert usual is not None
    assert mean_of_the_training_people(usual) == pytest.approx(0.92, abs=0.005)  # two digits


def test_it_forgets_a_stream_that_is_over_and_garbage(usual: Usual) -> None:
    unlikeness = Unlikeness(usual, RATE_HZ)
    calm = np.ones((1500, 2 * N_INPUT), dtype=np.float32)
    calm[:, COLUMNS] = usual.centre
    wild = calm.copy()
    wild[:10, :N_INPUT] = 3e38 * (-1.0) ** np.arange(N_INPUT)  # sums of these are no numbers
    found = run(unlikeness, wild, calm)
    assert np.isfinite(found).all()
    assert found[:, 0].max() == pytest.approx(FARTHEST * (1.0 - KEEP**10), rel=1e-4)
    assert found[-1, 0] < 1e-3
    run(unlikeness, wild[:20], calm[:20])
    unlikeness.reset()
    assert unlikeness.distance.tolist() == [0.0, 0.0]


def test_a_leg_that_the_model_lacks_is_not_strange(usual: Usual) -> None:
    nothing = np.zeros((300, 2 * N_INPUT), dtype=np.float32)
    assert not run(Unlikeness(usual, RATE_HZ), nothing, nothing).any()
