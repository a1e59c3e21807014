from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from inference.channels import CHANNELS, MEASURED
from inference.data.strides import phase
from inference.evaluation.coverage import (
    FEWEST_PEOPLE,
    RelativeErrors,
    coverage,
    gains_of_others,
    half_widths,
    relative_errors,
    spread_gain,
)
from inference.evaluation.estimates import Estimates
from tests.inference.evaluation.people import people


def doubtful(n_people: int, said: float, true: float) -> tuple[list, Estimates]:
    """Errors of a known spread beside a sigma that says another."""
    rng = np.random.default_rng(4)
    sequences = people(n_people, strides=10)
    y = [(s.y + true * rng.standard_normal(s.y.shape)).astype(np.float32) for s in sequences]
    return sequences, Estimates(y, [np.full_like(each, said) for each in y])


def test_gain_makes_intervals_hold_what_they_promise() -> None:
    errors = relative_errors(*doubtful(6, said=0.1, true=0.2))
    gain = spread_gain(errors)
    assert gain.shape == (len(CHANNELS),)
    np.testing.assert_allclose(gain[[CHANNELS.index(c) for c in ("TA", "SOL")]], 2.0, rtol=0.05)
    raw = {c.channel: c.shares for c in coverage(errors)}
    # a Gaussian's share within 0.67 / 2 and 1.64 / 2 standard deviations; 6000 frames
    assert raw["all"] == pytest.approx((0.264, 0.589), abs=0.02)
    fitted = {c.channel: c for c in coverage(errors, gains_of_others(errors))}
    assert fitted["all"].shares == pytest.approx((0.5, 0.9), abs=0.02)
    assert fitted["SOL"].people == 6
    assert "GMED" not in fitted


def test_only_complete_strides_are_judged() -> None:
    sequences, estimates = doubtful(1, said=0.1, true=0.1)
    values = relative_errors(sequences, estimates)["made/p0"].values
    inside = np.isfinite(phase(sequences[0]))
    assert 0 < inside.sum() < len(inside)
    np.testing.assert_array_equal(np.isfinite(values[:, MEASURED.index("SOL")]), inside)


def test_others_may_be_judged_by_a_gain_that_was_fitted_without_them() -> None:
    errors = relative_errors(*doubtful(6, said=0.1, true=0.2))
    judged = relative_errors(*doubtful(6, said=0.2, true=0.2))
    found = {c.channel: c.shares for c in coverage(judged, gains_of_others(errors))}
    # the gain is 2 and the sigma right: intervals are twice as wide as they should be
    expected = [2.0 * ndtr(2.0 * ndtri(0.5 + 0.5 * share)) - 1.0 for share in (0.5, 0.9)]
    assert found["all"] == pytest.approx(expected, abs=0.02)


def test_half_widths_hold_what_intervals_promise_whatever_the_tails() -> None:
    sequences, estimates = doubtful(6, said=0.1, true=0.1)
    errors = relative_errors(sequences, estimates)
    gaussian = [ndtri(0.5 + 0.5 * share) for share in (0.5, 0.9)]
    assert half_widths(errors, gains_of_others(errors)) == pytest.approx(gaussian, rel=0.05)
    # |error| of an exponential's tails is as wide at 80 % and longer beyond it
    rng = np.random.default_rng(5)
    for person, own in errors.items():
        shape = np.where(np.isfinite(own.values), rng.exponential(size=own.values.shape), np.nan)
        errors[person] = own._replace(values=shape)
    at = np.array([-np.log(1.0 - share) for share in (0.5, 0.8, 0.9)])
    expected = at[[0, 2]] / at[1] * ndtri(0.9)
    assert half_widths(errors, gains_of_others(errors)) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    ("people_of_it", "expected"), [(FEWEST_PEOPLE - 1, 1.0), (FEWEST_PEOPLE, 2.0)]
)
def test_a_channel_that_few_people_have_takes_the_gain_of_all(
    people_of_it: int, expected: float
) -> None:
    """Its errors are twice as large; among those of all channels they count little."""
    sequences, estimates = doubtful(8, said=0.1, true=0.1)
    rare = MEASURED.index("SOL")
    assert estimates.sigma is not None
    for k, (s, sigma) in enumerate(zip(sequences, estimates.sigma, strict=True)):
        sigma[:, rare] /= 2.0
        s.measured[:, rare] &= k < people_of_it
    gain = spread_gain(relative_errors(sequences, estimates))
    # all: one in eight values is twice as large, which moves the quantile by some percent
    assert gain[CHANNELS.index("SOL")] == pytest.approx(expected, rel=0.15)


def of_two_people() -> dict[str, RelativeErrors]:
    """One whose errors are as said, and one of a single channel in which they are twice that."""
    sequences, estimates = doubtful(2, said=0.1, true=0.1)
    sequences[1].measured[:, [c != MEASURED.index("SOL") for c in range(len(MEASURED))]] = False
    assert estimates.sigma is not None
    estimates.sigma[1] /= 2.0
    return relative_errors(sequences, estimates)


def test_nobody_is_judged_by_a_gain_that_was_fitted_on_them() -> None:
    errors = of_two_people()
    found = {c.channel: c for c in coverage(errors, gains_of_others(errors))}
    # one gets the gain of the other: intervals of twice and of half the right width
    expected = [
        np.mean([2.0 * ndtr(k * ndtri(0.5 + 0.5 * share)) - 1.0 for k in (0.5, 2.0)])
        for share in (0.5, 0.9)
    ]
    assert found["all"].shares == pytest.approx(expected, abs=0.02)


def test_half_widths_count_people_equally_whatever_was_measured() -> None:
    errors = of_two_people()
    found = half_widths(errors, gains_of_others(errors))
    for share, width in zip((0.5, 0.9), found, strict=True):
        within = [2.0 * ndtr(k * width) - 1.0 for k in (0.5, 2.0)]  # see above
        assert np.mean(within) == pytest.approx(share, abs=0.02)


def test_people_count_equally() -> None:
    sequences, estimates = doubtful(5, said=0.1, true=0.1)
    assert estimates.sigma is not None
    estimates.sigma[0] /= 3.0
    errors = relative_errors(sequences, estimates)
    own = errors["made/p0"]
    errors["made/p0"] = own._replace(values=np.tile(own.values, (20, 1)))
    repeated = spread_gain(errors)
    plain = spread_gain(relative_errors(sequences, estimates))
    np.testing.assert_allclose(repeated, plain, rtol=0.02)


def test_data_sets_count_equally() -> None:
    sequences, estimates = doubtful(5, said=0.1, true=0.1)
    errors = relative_errors(sequences, estimates)
    errors["made/p0"] = RelativeErrors("elsewhere", 2.0 * errors["made/p0"].values)
    # P(|z| < g) + P(|z| < g / 2) = 2 * 0.8, as many from elsewhere as from here
    found = spread_gain(errors)[CHANNELS.index("TA")] * ndtri(0.9)
    within = [2.0 * ndtr(found / k) - 1.0 for k in (1.0, 2.0)]
    assert np.mean(within) == pytest.approx(0.8, abs=0.01)


def test_rare_channels_take_the_gain_of_all_and_parts_that_of_their_whole() -> None:
    sequences, estimates = doubtful(5, said=0.1, true=0.2)
    gas, sol = MEASURED.index("GAS"), MEASURED.index("SOL")
    assert estimates.sigma is not None
    for sigma in estimates.sigma:
        sigma[:, gas] *= 0.25
    for s in sequences[:3]:
        s.measured[:, sol] = False  # two people left: too few
    gain = spread_gain(relative_errors(sequences, estimates))
    assert gain[CHANNELS.index("GM")] == gain[CHANNELS.index("GL")]
    assert gain[CHANNELS.index("GM")] == pytest.approx(8.0, rel=0.05)
    assert gain[CHANNELS.index("SOL")] == gain[CHANNELS.index("GMED")]  # of all together


def test_without_errors_nothing_is_scaled() -> None:
    nothing = {"made/p0": RelativeErrors("made", np.full((10, len(MEASURED)), np.nan))}
    np.testing.assert_array_equal(spread_gain(nothing), 1.0)
