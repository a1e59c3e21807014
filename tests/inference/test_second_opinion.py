"""Network and simulation as one estimate: when, how much, and how sure."""

from __future__ import annotations

import numpy as np
import pytest

from inference.channels import N_CHANNEL, N_INPUT, SLICE_ACTIVATION
from inference.second_opinion import LARGEST_SHARE, UNUSUAL, SecondOpinion
from inference.usual import COLUMNS, Usual

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


def settled(x: np.ndarray, usual: Usual = USUAL) -> SecondOpinion:
    opinion = SecondOpinion(usual, RATE_HZ, LEAD_S)
    for _ in range(1500):
        opinion.step(x, Y, SIGMA)
    return opinion


@pytest.mark.parametrize("far", [0.0, 1.0, 1.41])
def test_in_what_is_usual_the_network_is_alone(far: float) -> None:
    opinion = settled(frame(far))
    np.testing.assert_array_equal(opinion.y, Y)
    np.testing.assert_allclose(opinion.sigma, SIGMA, rtol=1e-6)
    assert not opinion.share.any()


@pytest.mark.parametrize("far", [1.6, 3.0, 6.0])
def test_far_from_it_the_simulation_counts_by_the_distance(far: float) -> None:
    opinion = settled(frame(far))
    share = LARGEST_SHARE * (1.0 - UNUSUAL / far**2)
    said = 0.3 / MAXIMUM  # the same in every frame, so also a little later
    np.testing.assert_allclose(opinion.share, share, rtol=1e-3)
    np.testing.assert_allclose(opinion.y, (1.0 - share) * Y + share * said, rtol=1e-3)
    variance = SIGMA**2 + share * (1.0 - share) * (said - Y) ** 2
    np.testing.assert_allclose(opinion.sigma, np.sqrt(variance), rtol=1e-3)


def test_sigma_is_that_of_a_mixture_of_both() -> None:
    """Drawn: one opinion with the network's error, one with the same error elsewhere."""
    opinion = settled(frame(6.0))
    share, said = opinion.share[0, 0], 0.3 / MAXIMUM[0]
    rng = np.random.default_rng(0)
    centre = np.where(rng.uniform(size=400_000) < share, said, Y[0, 0])
    drawn = centre + SIGMA[0, 0] * rng.standard_normal(400_000)
    assert opinion.y[0, 0] == pytest.approx(drawn.mean(), rel=0.01)
    assert opinion.sigma[0, 0] == pytest.approx(drawn.std(), rel=0.01)


def test_no_more_than_half_is_the_simulations() -> None:
    x = frame(1e6)
    assert settled(x).share.max() < LARGEST_SHARE


def test_what_the_simulation_does_not_know_is_left_to_the_network() -> None:
    x = frame(6.0)
    x[0, N_INPUT + 2] = x[0, 2] = 0.0  # the model lacks this muscle
    nobody = USUAL._replace(activation_maximum=np.where(np.arange(N_CHANNEL) == 5, 0.0, MAXIMUM))
    opinion = settled(x, nobody._replace(activation_maximum=nobody.activation_maximum.astype("f4")))
    alone = np.zeros((2, N_CHANNEL), np.bool_)
    alone[0, 2] = alone[:, 5] = True
    np.testing.assert_array_equal(opinion.y == Y, alone)
    np.testing.assert_array_equal(opinion.share == 0.0, alone)
    assert np.isfinite(opinion.y).all()


def test_without_forces_there_is_no_second_opinion() -> None:
    x = frame(6.0)
    x[:, N_INPUT:][:, SLICE_ACTIVATION] = 0.0
    np.testing.assert_array_equal(settled(x).y, Y)


def test_the_network_keeps_its_own_and_a_new_stream_begins_anew() -> None:
    y, sigma = Y.copy(), SIGMA.copy()
    opinion = settled(frame(6.0))
    opinion.step(frame(6.0), y, sigma)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(sigma, SIGMA)
    opinion.reset()
    opinion.step(frame(6.0), y, sigma)
    np.testing.assert_array_equal(opinion.y, Y)  # one frame is no motion yet
