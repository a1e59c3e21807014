from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from inference.channels import (
    N_INPUT,
    SLICE_ACTIVATION,
    SLICE_ANGLE,
    SLICE_MOMENT,
    SLICE_VELOCITY,
    legs,
)
from inference.training.augment import UNCHANGED, Augmentation, augment


def sequence(n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    t = np.arange(n)[:, None] / 100.0
    x = np.ones((n, 2 * N_INPUT), dtype=np.float32)
    x[:, :N_INPUT] = np.sin(2 * np.pi * t)
    for leg in legs(x[:, :N_INPUT]):
        leg[:, SLICE_VELOCITY] = 2 * np.pi * np.cos(2 * np.pi * t)
    y = np.repeat(np.sin(2 * np.pi * t) ** 2, 3, axis=1).astype(np.float32)
    weight = np.ones_like(y)
    weight[:50] = 0.0
    weight[50:100] = 0.5
    return x, y, weight


def test_zero_settings_change_nothing() -> None:
    before = sequence()
    for a, b in zip(augment(*before, UNCHANGED, np.random.default_rng(0)), before, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)  # interpolation onto the same frames


def test_velocity_stays_the_derivative_of_the_angle_at_another_tempo() -> None:
    another = replace(UNCHANGED, warp=0.3)
    x, _, _ = augment(*sequence(), another, np.random.default_rng(3))
    assert len(x) != 200
    slope = np.gradient(x[:, SLICE_ANGLE.start], 0.01)
    np.testing.assert_allclose(
        slope[2:-2], x[2:-2, SLICE_VELOCITY.start], atol=0.15  # differences of interpolated values
    )  # fmt: skip


def test_crops_are_slowed_as_far_as_asked_and_weaken_with_the_tempo() -> None:
    slowed = replace(UNCHANGED, slowed=1.0, slowest=0.4, effort=0.5)
    before, y_before, _ = sequence()
    longest = 0
    for seed in range(20):
        x, y, _ = augment(*sequence(), slowed, np.random.default_rng(seed))
        longest = max(longest, len(x))
        tempo = 200 / len(x)
        assert 0.39 < tempo <= 1.0
        effort = pytest.approx(np.sqrt(tempo), rel=0.02)  # the length is rounded to frames
        assert y.max() / y_before.max() == effort
        for leg, unchanged in zip(legs(x[:, :N_INPUT]), legs(before[:, :N_INPUT]), strict=True):
            for column, power in (
                (0, effort),
                (SLICE_VELOCITY.start, pytest.approx(tempo, rel=0.02)),
                (SLICE_ANGLE.start, pytest.approx(1.0, rel=0.02)),
                (SLICE_MOMENT.start, effort),
                (SLICE_MOMENT.stop - 1, pytest.approx(1.0, rel=0.02)),
            ):
                assert leg[:, column].max() / unchanged[:, column].max() == power
    assert longest > 400  # one of twenty is near the slowest


def test_a_gain_of_the_electrode_is_one_number_per_channel() -> None:
    x, y, weight = sequence()
    louder = replace(UNCHANGED, emg_gain=0.5)
    same_x, scaled, _ = augment(x, y, weight, louder, np.random.default_rng(1))
    gain = scaled[20:40] / y[20:40]
    np.testing.assert_allclose(gain, np.broadcast_to(gain[:1], gain.shape), rtol=1e-5)  # float32
    assert len(np.unique(gain[0])) == y.shape[1]
    np.testing.assert_allclose(same_x, x, atol=1e-6)


def test_weights_are_never_invented() -> None:
    for seed in range(5):
        _, y, weight = augment(*sequence(), Augmentation(), np.random.default_rng(seed))
        assert set(np.unique(weight)) <= {0.0, 0.5, 1.0}
        assert weight.shape == y.shape
        assert abs(np.mean(weight == 0.5) - 0.25) < 0.02  # a quarter of the frames, at any tempo


def test_the_other_leg_is_hidden_whole() -> None:
    x, _, _ = augment(*sequence(), replace(UNCHANGED, withhold_other=1.0), np.random.default_rng(0))
    own, other = legs(x[:, N_INPUT:])
    assert own.all()
    assert not other.any()
    assert not legs(x[:, :N_INPUT])[1].any()


def test_what_is_hidden_is_zero_and_marked() -> None:
    everything = Augmentation(withhold_dynamics=1.0, withhold_plane=1.0, withhold_other=0.0)
    x, _, _ = augment(*sequence(), everything, np.random.default_rng(0))
    present = x[:, N_INPUT:]
    for leg in legs(present):
        assert not leg[:, SLICE_ACTIVATION].any()
        assert not leg[:, SLICE_MOMENT].any()
        assert leg[:, SLICE_ANGLE.start].all()  # hip flexion
        assert not leg[:, SLICE_ANGLE.start + 1 : SLICE_ANGLE.start + 3].any()
    assert not x[:, :N_INPUT][present == 0].any()
