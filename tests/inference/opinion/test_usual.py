"""What is usual, against plain sums over frames and against what was put in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.channels import N_CHANNEL, N_INPUT, SLICE_ACTIVATION
from inference.data.dataset import LimbSequence
from inference.exceptions import FeatureError
from inference.opinion.usual import COLUMNS, FLOOR, fit_usual
from tests.inference.evaluation.people import walker


def mover(
    person: str, frames: int = 4000, *, turn: np.ndarray | None = None, seed: int = 0
) -> LimbSequence:
    """Somebody whose inputs are noise that goes together in a known way."""
    rng = np.random.default_rng(seed)
    x = np.ones((frames, 2 * N_INPUT), dtype=np.float32)
    noise = rng.standard_normal((frames, len(COLUMNS)))
    x[:, COLUMNS] = noise if turn is None else noise @ turn.T
    x[:, SLICE_ACTIVATION] = rng.uniform(0.0, 0.5, (frames, N_CHANNEL))
    return replace(walker(person), x=x)


def test_whitened_frames_of_the_training_people_have_a_variance_of_one() -> None:
    rng = np.random.default_rng(3)
    turn = 0.1 * rng.standard_normal((len(COLUMNS), len(COLUMNS))) + np.eye(len(COLUMNS))
    usual = fit_usual([mover("a/one", turn=turn, seed=1), mover("a/two", turn=turn, seed=2)])
    white = (mover("a/three", turn=turn, seed=4).x[:, COLUMNS] - usual.centre) @ usual.whitening.T
    covariance = np.cov(white.T)
    # the floor takes away up to a tenth; 8000 frames know a variance to 2 %, a covariance to 0.01
    np.testing.assert_allclose(np.diag(covariance), 1.0, atol=0.15)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.1
    np.testing.assert_allclose(usual.scale, np.sqrt((turn**2).sum(1)), rtol=0.05)


def test_people_count_equally_however_long_they_were_recorded() -> None:
    long, short = mover("a/one", 3000, seed=1), mover("a/two", 30, seed=2)
    short.x[:, COLUMNS] += 10.0
    usual = fit_usual([long, short])
    expected = np.mean([s.x[:, COLUMNS].astype(float).mean(0) for s in (long, short)], axis=0)
    np.testing.assert_allclose(usual.centre, expected, atol=1e-5)
    rest = [s.x[:, COLUMNS] - expected for s in (long, short)]
    covariance = np.mean([r.T @ r / len(r) for r in rest], axis=0)
    covariance += FLOOR * np.diag(np.diag(covariance))
    whitening = usual.whitening.astype(float)
    np.testing.assert_allclose(whitening @ covariance @ whitening.T, np.eye(25), atol=1e-4)


def test_several_trials_of_one_person_are_one_person() -> None:
    whole, other = mover("a/one", 2000, seed=1), mover("a/two", 500, seed=2)
    halves = [replace(whole, x=part) for part in np.split(whole.x, 2)]
    for a, b in zip(fit_usual([whole, other]), fit_usual([*halves, other]), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_what_is_missing_teaches_nothing() -> None:
    plain, gappy = mover("a/one", seed=1), mover("a/one", seed=1)
    column = COLUMNS[7]
    gappy.x[:2000, N_INPUT + column] = 0.0
    gappy.x[:2000, column] = 99.0  # of no meaning
    usual = fit_usual([gappy])
    assert usual.centre[7] == pytest.approx(plain.x[2000:, column].mean(), abs=1e-5)
    assert usual.scale[7] == pytest.approx(plain.x[2000:, column].std(), rel=1e-3)
    for s in (plain, gappy):
        s.x[:, N_INPUT + column] = s.x[:, column] = 0.0
    nobody = fit_usual([gappy])
    assert (nobody.centre[7], nobody.scale[7]) == (0.0, 1.0)
    assert all(np.isfinite(part).all() for part in nobody)


def test_inputs_that_are_missing_in_turn_can_be_whitened() -> None:
    """Two by two they contradict each other: pairwise products are no covariance."""
    gappy = mover("a/one", 900, seed=1)
    one, two, three = COLUMNS[:3]
    pairs = ((one, two, 1.0), (two, three, 1.0), (three, one, -1.0))
    for part, (a, b, sign), missing in zip(
        np.split(gappy.x, 3), pairs, (three, one, two), strict=True
    ):
        part[:, b] = sign * part[:, a]
        part[:, N_INPUT + missing] = 0.0
    assert all(np.isfinite(part).all() for part in fit_usual([gappy]))


def test_activation_maximum_is_that_of_walking_and_of_the_middle_person() -> None:
    walks = [mover(f"a/p{k}", seed=k) for k in range(3)]
    for gain, walk in zip((0.2, 1.0, 1.9), walks, strict=True):
        walk.x[:, SLICE_ACTIVATION] *= gain
    run = replace(mover("a/p1", seed=9), motion="run")
    run.x[:, SLICE_ACTIVATION] = 5.0
    usual = fit_usual([*walks, run])
    expected = np.percentile(walks[1].x[:, SLICE_ACTIVATION], 99.0, axis=0)
    np.testing.assert_allclose(usual.activation_maximum, expected, rtol=1e-5)


def test_a_muscle_that_nobody_has_has_no_maximum() -> None:
    walk = mover("a/one")
    walk.x[:, N_INPUT] = 0.0
    usual = fit_usual([walk])
    assert usual.activation_maximum[0] == 0.0
    assert (usual.activation_maximum[1:] > 0.4).all()
    runner = replace(walk, motion="run")  # nobody walks: what there is serves
    np.testing.assert_array_equal(fit_usual([runner]).activation_maximum, usual.activation_maximum)


def test_nobody_teaches_nothing() -> None:
    with pytest.raises(FeatureError, match="nothing to learn from"):
        fit_usual([])
