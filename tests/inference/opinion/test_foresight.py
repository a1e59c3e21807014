"""The forecast of activations: known futures, and a loop over the past."""

from __future__ import annotations

import numpy as np
import pytest

from inference.channels import INPUT_NAMES, N_CHANNEL, N_INPUT, SLICE_ACTIVATION, hide_dynamics
from inference.opinion.foresight import KEYS, LEAST_ALIKE, PAST_S, TAU, Foresight
from inference.opinion.usual import COLUMNS, Usual

RATE_HZ = 100.0
AHEAD = 8
USUAL = Usual(
    np.zeros(len(COLUMNS), np.float32),
    np.linspace(0.5, 2.0, len(COLUMNS), dtype=np.float32),
    np.eye(len(COLUMNS), dtype=np.float32),
    np.ones(N_CHANNEL, np.float32),
)


def strides(frames: int, period: int = 110, phase: float = 0.0) -> np.ndarray:
    """A leg that repeats itself (n, 2 N_INPUT); no two of its activations are alike."""
    through = 2.0 * np.pi * np.arange(frames)[:, None] / period + phase
    x = np.ones((frames, 2 * N_INPUT))
    x[:, :N_INPUT] = 1.5 * np.sin(through + 0.9 * np.arange(N_INPUT))
    x[:, SLICE_ACTIVATION] = 0.5 + 0.5 * np.sin(through + 0.4 * np.arange(N_CHANNEL))
    return x.astype(np.float32)


def forecasts(right: np.ndarray, left: np.ndarray | None = None) -> np.ndarray:
    foresight = Foresight(USUAL, AHEAD / RATE_HZ, RATE_HZ)
    found = []
    for x in np.stack([right, right if left is None else left], axis=1):
        foresight.step(x := np.ascontiguousarray(x))
        foresight.look_ahead(x)
        found.append(foresight.activation.copy())
    return np.array(found)


def naive(x: np.ndarray) -> np.ndarray:
    scale = USUAL.scale[[list(COLUMNS).index(k) for k in KEYS]]
    out = []
    for t in range(len(x)):
        total, mixed = np.zeros(N_CHANNEL), np.zeros(N_CHANNEL)
        past = range(max(0, t + 1 - AHEAD - round(PAST_S * RATE_HZ)), t + 1 - AHEAD)
        apart = {j: (((x[t, KEYS] - x[j, KEYS]) / scale) ** 2).mean() for j in past}
        for distance, at in [(float(LEAST_ALIKE), t), *((d, j + AHEAD) for j, d in apart.items())]:
            weight = np.exp(-distance / TAU) * x[at, N_INPUT:][SLICE_ACTIVATION]
            total, mixed = total + weight, mixed + weight * x[at, SLICE_ACTIVATION]
        out.append(mixed / np.maximum(total, 1e-300))
    return np.array(out)


def test_it_is_what_a_loop_over_the_past_gives() -> None:
    rng = np.random.default_rng(1)
    right, left = strides(500, 70), strides(500, 130, 1.0)
    for x in (right, left):
        x[:, :N_INPUT] += 0.3 * rng.standard_normal((500, N_INPUT)).astype(np.float32)
    hide_dynamics(left[150:260, N_INPUT:])
    left[:, :N_INPUT] *= left[:, N_INPUT:]
    found = forecasts(right, left)
    for limb, x in enumerate((right, left)):
        now = x[:, N_INPUT:][:, SLICE_ACTIVATION] > 0.0
        expected = naive(x.astype(float))
        np.testing.assert_allclose(found[:, limb][now], expected[now], atol=2e-4)


@pytest.mark.parametrize("period", [110, 200])
def test_a_motion_that_repeats_itself_is_known_beforehand(period: int) -> None:
    x = strides(500, period)
    found = forecasts(x)[:, 0]
    later = x[AHEAD:, SLICE_ACTIVATION]
    settled = slice(period + AHEAD, 500 - AHEAD)
    error = np.abs(found[:-AHEAD] - later)[settled]
    without = np.abs(x[:-AHEAD, SLICE_ACTIVATION] - later)[settled]
    # what is near the moment is averaged with it, which rounds peaks off
    assert error.max() < 0.05
    assert without.max() > 0.1


def test_what_the_other_leg_does_tells_moments_apart() -> None:
    x = strides(500, 100)  # the muscles, and the other leg
    every_half = strides(500, 50)  # this leg comes by each place twice
    own = [k for k in KEYS if not INPUT_NAMES[k].startswith("other_")]
    x[:, own] = every_half[:, own]
    found = forecasts(x)[:, 0]
    later = x[AHEAD:, SLICE_ACTIVATION]
    error = np.abs(found[:-AHEAD] - later)[110:]
    # by the leg alone two moments half a cycle apart would be averaged, to 0.5 throughout
    assert error.max() < 0.1


def test_in_the_first_frames_and_without_likeness_it_is_the_present() -> None:
    x = strides(300)
    x[:, KEYS] = 50.0 * np.arange(300, dtype=np.float32)[:, None]  # never the same place again
    found = forecasts(x)
    np.testing.assert_array_equal(found[:, 0], x[:, SLICE_ACTIVATION])


def test_a_stream_that_is_over_is_forgotten() -> None:
    foresight = Foresight(USUAL, AHEAD / RATE_HZ, RATE_HZ)
    first, second = strides(300), strides(40, 90, 2.0)
    for x in first:
        foresight.step(np.stack([x, x]))
    foresight.reset()
    found = []
    for row in second:
        foresight.step(x := np.stack([row, row]))
        foresight.look_ahead(x)
        found.append(foresight.activation[0].copy())
    np.testing.assert_array_equal(found, forecasts(second)[:, 0])


def test_garbage_is_like_nothing() -> None:
    x = strides(400)
    spoilt = x.copy()
    spoilt[200:203, KEYS] = 1e30
    plain, found = forecasts(x)[:, 0], forecasts(spoilt)[:, 0]
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[:200], plain[:200])
    np.testing.assert_allclose(found[330:], plain[330:], atol=1e-3)  # but for those three moments
