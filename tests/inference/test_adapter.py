"""The linear correction of one person against slow twins and known answers."""

from __future__ import annotations

import numpy as np
import pytest

from inference.adapter import (
    LEAST_FRAMES,
    PENALTY,
    Adapter,
    crossed_estimate,
    fit_adapter,
    fold_of,
)
from inference.channels import CHANNELS, MEASURED, N_CHANNEL
from inference.data.dataset import measured_matrix

WIDTH = 7
SOL, GM, GL = (CHANNELS.index(name) for name in ("SOL", "GM", "GL"))
GAS = MEASURED.index("GAS")


class Frames:
    """States of a cyclic motion, and a target that a linear map of them turns `y` into."""

    def __init__(self, n: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        phase = 2.0 * np.pi * np.arange(n) / 110.0
        waves = [np.sin(k * phase + s) for k in (1, 2, 3) for s in (0.0, 1.5)]
        self.state = np.stack([*waves, np.ones(n)], axis=1).astype(np.float32)
        self.y = (0.5 + 0.3 * np.sin(phase[:, None] + np.arange(N_CHANNEL))).astype(np.float32)
        self.true = rng.normal(scale=0.05, size=(WIDTH, N_CHANNEL))
        self.target = ((self.y + self.state @ self.true) @ measured_matrix().T).astype(np.float32)
        self.measured = np.ones(self.target.shape, dtype=np.bool_)

    def fit(self) -> Adapter:
        return fit_adapter(self.y, self.state, self.target, self.measured)

    def only(self, *channels: int) -> Frames:
        self.measured[:, [c for c in range(len(MEASURED)) if c not in channels]] = False
        return self


def ridge(state: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, float]:
    """The same regression as ordinary least squares with one more row per weight, no algebra."""
    centre = state.mean(0)
    scale = state.std(0) + 1e-3
    n, width = state.shape
    rows = np.zeros((n + width, width + 1))
    rows[:n, :width], rows[:n, width] = (state - centre) / scale, 1.0
    rows[n:, :width] = np.sqrt(PENALTY) * np.eye(width)
    solved = np.linalg.lstsq(rows, np.concatenate([error, np.zeros(width)]), rcond=None)[0]
    weights = solved[:width] / scale
    return weights, float(solved[width] - centre @ weights)


def test_weights_are_those_of_a_slow_twin() -> None:
    frames = Frames(600).only(SOL)
    adapter = frames.fit()
    weights, offset = ridge(
        frames.state.astype(float), (frames.target[:, SOL] - frames.y[:, SOL]).astype(float)
    )
    # float32 keeps 7 digits of numbers around 0.1
    np.testing.assert_allclose(adapter.weights[:, SOL], weights, atol=1e-6)
    assert adapter.offset[SOL] == pytest.approx(offset, abs=1e-6)


def test_applying_is_a_sum_clipped_at_zero(rng: np.random.Generator) -> None:
    numbers = (rng.normal(size=shape).astype(np.float32) for shape in ((WIDTH, N_CHANNEL), 12, 12))
    adapter = Adapter(*numbers)
    y, state = (rng.normal(size=(2, n)).astype(np.float32) for n in (N_CHANNEL, WIDTH))
    out = np.empty_like(y)
    assert adapter.apply(y, state, out=out) is out
    for limb in range(2):
        for c in range(N_CHANNEL):
            total = y[limb, c] + adapter.offset[c]
            for k in range(WIDTH):
                total += state[limb, k] * adapter.weights[k, c]
            assert out[limb, c] == pytest.approx(max(0.0, total), abs=1e-5)
    np.testing.assert_array_equal(adapter.apply(y, state), out)


def test_a_minute_teaches_amplitude_and_timing() -> None:
    frames = Frames(6000)
    estimates = frames.y, frames.fit().apply(frames.y, frames.state)
    error = [frames.target[:, :N_CHANNEL] - estimate for estimate in estimates]
    before, left = (np.sqrt(np.mean(e**2)) for e in error)
    # the penalty of 400 frames leaves 400 / (6000 + 400) of a weight unlearned
    assert left < 0.1 * before


def test_little_data_moves_the_estimate_little() -> None:
    moved = [np.abs(Frames(n).fit().weights).sum() for n in (55, 550, 5500)]
    assert moved[0] < moved[1] < moved[2]
    assert moved[0] < 0.25 * moved[2]


def test_channels_without_enough_measurement_stay() -> None:
    frames = Frames(600).only(SOL, GM)
    frames.measured[LEAST_FRAMES - 1 :, GM] = False
    adapter = frames.fit()
    others = np.arange(N_CHANNEL) != SOL
    assert not adapter.weights[:, others].any()
    assert not adapter.offset[others].any()
    np.testing.assert_array_equal(adapter.spread[others], 1.0)
    assert adapter.spread[SOL] < 1.0


def test_a_composite_corrects_the_parts_that_were_not_measured_themselves() -> None:
    alone = Frames(600).only(GAS).fit()
    np.testing.assert_array_equal(alone.weights[:, GM], alone.weights[:, GL])
    assert alone.weights[:, GM].any()
    both = Frames(600).only(GAS, GM).fit()
    np.testing.assert_array_equal(both.weights[:, GM], Frames(600).only(GM).fit().weights[:, GM])
    np.testing.assert_array_equal(both.weights[:, GL], alone.weights[:, GL])


def test_a_channel_that_is_only_shifted_is_corrected() -> None:
    offset = np.zeros(N_CHANNEL, dtype=np.float32)
    offset[SOL] = 0.1
    adapter = Adapter(np.zeros((WIDTH, N_CHANNEL), np.float32), offset, np.ones_like(offset))
    assert np.flatnonzero(adapter.corrected).tolist() == [SOL]


def test_folds_are_alternate_blocks() -> None:
    assert fold_of(np.ones((8, 2), bool)).tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    assert fold_of(np.zeros((0, 2), bool)).tolist() == []


def test_both_folds_have_frames_in_which_something_was_measured() -> None:
    measured = np.zeros((20, 2), dtype=bool)
    measured[10:14, 0] = measured[15:19, 1] = True
    assert fold_of(measured)[10:].tolist() == [0, 0, 1, 1, 1, 0, 0, 1, 1, 1]
    assert fold_of(np.zeros((8, 2), bool)).tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


def test_no_frame_is_estimated_by_a_correction_that_saw_it() -> None:
    frames = Frames(800).only(SOL)
    frames.y -= 0.4
    frames.target -= 0.4  # below zero now and then, where no estimate is
    crossed = crossed_estimate(frames.y, frames.state, frames.target, frames.measured)
    assert crossed.min() == 0.0
    fold = fold_of(frames.measured)
    error = (frames.target[:, SOL] - frames.y[:, SOL]).astype(float)
    for here in (fold == 0, fold == 1):
        weights, offset = ridge(frames.state[~here].astype(float), error[~here])
        expected = np.maximum(frames.y[here, SOL] + frames.state[here] @ weights + offset, 0.0)
        np.testing.assert_allclose(crossed[here, SOL], expected, atol=1e-6)


def test_spread_is_what_remains_in_frames_that_were_not_fitted() -> None:
    frames = Frames(800).only(SOL)
    crossed = crossed_estimate(frames.y, frames.state, frames.target, frames.measured)
    error = [frames.target[:, SOL] - estimate[:, SOL] for estimate in (frames.y, crossed)]
    before, after = (np.sqrt(np.mean(e**2)) for e in error)
    assert frames.fit().spread[SOL] == pytest.approx(after / before, rel=1e-5)


def test_a_part_that_was_measured_itself_errs_as_itself_and_not_as_its_composite() -> None:
    both, alone = Frames(800).only(GAS, GM), Frames(800).only(GM)
    spread, own = both.fit().spread, alone.fit().spread
    assert spread[GM] == pytest.approx(own[GM], rel=1e-5)  # float32
    assert spread[GL] != pytest.approx(spread[GM], rel=0.01)  # that of GAS


def test_a_part_that_was_measured_too_shortly_errs_as_its_composite() -> None:
    frames = Frames(800).only(GAS, GM)
    frames.measured[LEAST_FRAMES - 1 :, GM] = False
    spread = frames.fit().spread
    assert spread[GM] == spread[GL] != 1.0


def test_where_there_was_no_error_all_of_it_remains() -> None:
    frames = Frames(800).only(SOL)
    frames.target[:, SOL] = frames.y[:, SOL]
    np.testing.assert_array_equal(frames.fit().spread, 1.0)


def test_noise_leaves_all_of_the_error(rng: np.random.Generator) -> None:
    frames = Frames(6000).only(SOL)
    frames.target[:, SOL] = rng.uniform(size=6000)
    wide = rng.normal(size=(6000, 50)).astype(np.float32)  # states without any meaning
    adapter = fit_adapter(frames.y, wide, frames.target, frames.measured)
    # y is an unrelated wave: its mean is corrected, its noise is not
    assert 0.9 < adapter.spread[SOL] < 1.05
