"""Network and simulation as one estimate: when, how much, and how sure."""

from __future__ import annotations

import numpy as np
import pytest

from inference.adapter import Adapter
from inference.channels import N_CHANNEL, N_INPUT, SLICE_ACTIVATION
from inference.opinion.foresight import Foresight
from inference.opinion.second_opinion import (
    LARGEST_SHARE,
    UNUSUAL,
    SecondOpinion,
    known_by_channel,
    known_distance,
    share,
)
from inference.opinion.usual import COLUMNS, Usual
from tests.inference.opinion.test_foresight import strides

RATE_HZ, LEAD_S = 100.0, 0.025
MAXIMUM = np.linspace(0.1, 1.0, N_CHANNEL, dtype=np.float32)
USUAL = Usual(
    np.zeros(len(COLUMNS), np.float32),
    np.ones(len(COLUMNS), np.float32),
    np.eye(len(COLUMNS), dtype=np.float32),
    MAXIMUM,
)
Y = np.linspace(0.0, 1.1, 2 * N_CHANNEL, dtype=np.float32).reshape(2, N_CHANNEL)
SIGMA = np.full_like(Y, 0.2)


def frame(far: float, activation: float = 0.3) -> np.ndarray:
    """Both legs so far from what is usual, in root mean square."""
    x = np.zeros((2, 2 * N_INPUT), np.float32)
    x[:, N_INPUT:] = 1.0
    x[:, COLUMNS] = far
    x[:, SLICE_ACTIVATION] = activation
    return x


def settled(
    x: np.ndarray, usual: Usual = USUAL, known: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate and sigma once the motion has gone on for long."""
    opinion = SecondOpinion(usual, RATE_HZ, LEAD_S, known)
    for _ in range(1500):
        opinion.step(x)
    y, sigma = Y.copy(), SIGMA.copy()
    opinion.join(y, sigma)
    return y, sigma


@pytest.mark.parametrize("far", [0.0, 1.0, 1.41])
def test_in_what_is_usual_the_network_is_alone(far: float) -> None:
    y, sigma = settled(frame(far))
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_allclose(sigma, SIGMA, rtol=1e-6)


@pytest.mark.parametrize("far", [1.6, 3.0, 6.0])
def test_far_from_it_the_simulation_counts_by_the_distance(far: float) -> None:
    y, sigma = settled(frame(far))
    part = LARGEST_SHARE * (1.0 - UNUSUAL / far**2)
    said = 0.3 / MAXIMUM  # the same in every frame, so also a little later
    np.testing.assert_allclose(y, (1.0 - part) * Y + part * said, rtol=1e-3)
    variance = SIGMA**2 + part * (1.0 - part) * (said - Y) ** 2
    np.testing.assert_allclose(sigma, np.sqrt(variance), rtol=1e-3)


@pytest.mark.parametrize("leg", [0, 1])
def test_unlikeness_is_that_of_the_leg_farther_from_what_was_taught(leg: int) -> None:
    x = frame(1.0)
    x[leg] = frame(3.0)[leg]
    opinion = SecondOpinion(USUAL, RATE_HZ, LEAD_S)
    known = np.full(N_CHANNEL, UNUSUAL, np.float32)
    known[0] = 2.0 * UNUSUAL  # of a channel that was corrected on such motion
    corrected = SecondOpinion(USUAL, RATE_HZ, LEAD_S, known)
    assert opinion.unlikeness == corrected.unlikeness == 0.0
    for _ in range(1500):
        opinion.step(x)
        corrected.step(x)
    # what is left of the start after 15 s of a memory of 1.2 s
    assert opinion.unlikeness == pytest.approx(3.0**2 / UNUSUAL, rel=1e-4)
    assert corrected.unlikeness == pytest.approx(0.5 * 3.0**2 / UNUSUAL, rel=1e-4)


@pytest.mark.parametrize("leg", [0, 1])
def test_a_leg_alone_that_moves_unlike_others_has_a_second_opinion(leg: int) -> None:
    x = frame(0.0)
    x[leg] = frame(6.0)[leg]
    y, _ = settled(x)
    assert not np.allclose(y[leg], Y[leg], rtol=1e-3)


def test_sigma_is_that_of_a_mixture_of_both() -> None:
    """Drawn: one opinion with the network's error, one with the same error elsewhere."""
    y, sigma = settled(frame(6.0))
    part, said = LARGEST_SHARE * (1.0 - UNUSUAL / 36.0), 0.3 / MAXIMUM[0]
    rng = np.random.default_rng(0)
    centre = np.where(rng.uniform(size=400_000) < part, said, Y[0, 0])
    drawn = centre + SIGMA[0, 0] * rng.standard_normal(400_000)
    assert y[0, 0] == pytest.approx(drawn.mean(), rel=0.01)
    assert sigma[0, 0] == pytest.approx(drawn.std(), rel=0.01)


def test_no_more_than_half_is_the_simulations() -> None:
    far = np.array([1e9], np.float32)
    assert share(far, known_by_channel()).max() == LARGEST_SHARE


def test_what_the_simulation_does_not_know_is_left_to_the_network() -> None:
    x = frame(6.0)
    x[0, N_INPUT + 2] = x[0, 2] = 0.0  # the model lacks this muscle
    maximum = MAXIMUM.copy()
    maximum[5] = 0.0  # nobody had this one
    y, sigma = settled(x, USUAL._replace(activation_maximum=maximum))
    alone = np.zeros((2, N_CHANNEL), np.bool_)
    alone[0, 2] = alone[:, 5] = True
    np.testing.assert_array_equal(y == Y, alone)
    assert np.isfinite(y).all()
    assert np.isfinite(sigma).all()


def test_one_leg_may_move_strangely_alone() -> None:
    x = frame(6.0)
    x[1, COLUMNS] = 0.0
    y, _ = settled(x)
    assert (y[0] != Y[0]).all()
    np.testing.assert_array_equal(y[1], Y[1])


def test_it_is_ahead_by_the_lead_and_by_the_50_ms_of_a_muscle() -> None:
    opinion = SecondOpinion(USUAL, RATE_HZ, LEAD_S, known=np.zeros(N_CHANNEL, np.float32))
    foresight = Foresight(USUAL, LEAD_S + 0.05, RATE_HZ)
    for row in strides(300):
        x = np.stack([row, row])
        opinion.step(x)
        foresight.step(x)
    foresight.look_ahead(x)
    y = np.zeros_like(Y)  # of a network that knows no motion at all
    opinion.join(y, SIGMA.copy())
    expected = LARGEST_SHARE * foresight.activation / MAXIMUM
    np.testing.assert_allclose(y, expected, rtol=1e-6)  # float32


def test_without_forces_there_is_no_second_opinion() -> None:
    x = frame(6.0)
    x[:, N_INPUT:][:, SLICE_ACTIVATION] = 0.0
    np.testing.assert_array_equal(settled(x)[0], Y)


def test_what_a_calibration_went_through_is_known() -> None:
    adapter = Adapter(
        np.zeros((5, N_CHANNEL), np.float32),
        np.zeros(N_CHANNEL, np.float32),
        np.ones(N_CHANNEL, np.float32),
    )
    adapter.weights[2, 1] = adapter.offset[4] = 0.1
    distance = np.linspace(0.0, 40.0, 1001, dtype=np.float32)
    assert known_distance(distance) == pytest.approx(39.6, rel=1e-3)
    known = known_by_channel(39.6, adapter)
    assert known[[1, 4]].tolist() == pytest.approx([39.6, 39.6])
    assert set(np.delete(known, [1, 4])) == {UNUSUAL}
    assert (known_by_channel(0.3, adapter) == UNUSUAL).all()
    y, _ = settled(frame(6.0), known=known)
    np.testing.assert_array_equal((y == Y).all(0), known > 36.0)


def test_the_gain_is_that_of_the_whole_sigma() -> None:
    """It was fitted to the sigma of both: the network's part comes with it, the rest gets it."""
    gain = np.linspace(0.5, 1.5, N_CHANNEL, dtype=np.float32)
    opinion = SecondOpinion(USUAL, RATE_HZ, LEAD_S, gain=gain)
    for _ in range(1500):
        opinion.step(frame(6.0))
    y, sigma = Y.copy(), gain * SIGMA
    opinion.join(y, sigma)
    without_y, without = settled(frame(6.0))
    np.testing.assert_array_equal(y, without_y)
    np.testing.assert_allclose(sigma, gain * without, rtol=1e-5)  # rounding of float32
    assert (without > 1.05 * SIGMA).any(axis=0).all()


def test_motion_is_usual_by_what_was_seen_of_it() -> None:
    opinion = SecondOpinion(USUAL, RATE_HZ, 0.0)
    assert not opinion.usual  # nothing was seen
    for far, usual in ((0.9, True), (1.1, False)):
        opinion.reset()
        opinion.step(frame(far * UNUSUAL**0.5))
        assert opinion.usual == usual


def test_a_new_stream_begins_anew() -> None:
    opinion = SecondOpinion(USUAL, RATE_HZ, LEAD_S)
    for _ in range(500):
        opinion.step(frame(6.0))
    opinion.reset()
    opinion.step(frame(6.0))
    y = Y.copy()
    opinion.join(y, SIGMA.copy())
    np.testing.assert_array_equal(y, Y)  # one frame is no motion yet


def test_a_new_stream_is_not_foretold_by_the_one_before() -> None:
    after, anew = SecondOpinion(USUAL, RATE_HZ, LEAD_S), SecondOpinion(USUAL, RATE_HZ, LEAD_S)
    for _ in range(500):
        after.step(frame(6.0, activation=0.9))  # the same pose, from which other muscles worked
    after.reset()
    found = []
    for opinion in (after, anew):
        for _ in range(100):
            opinion.step(frame(6.0, activation=0.3))
        y = Y.copy()
        opinion.join(y, SIGMA.copy())
        found.append(y)
    assert (found[1] != Y).any()
    np.testing.assert_array_equal(*found)
