"""How people and strides are drawn."""

import numpy as np
import pytest

from inference.evaluation.bootstrap import FEWEST_STRIDES, Bootstrap, interval

DRAWS = 400
BOOTSTRAP = Bootstrap(draws=DRAWS)
WHOLE = 1e6


def values(people: int) -> np.ndarray:
    """Row 0 is all strides as they are, the others are numbered draws of them."""
    return np.tile(np.r_[WHOLE, np.arange(1.0, DRAWS + 1)], (people, 1))


def test_the_first_row_is_the_mean_of_everybody_as_measured() -> None:
    people = values(3) * np.array([[1.0], [2.0], [6.0]])
    assert BOOTSTRAP.people(people)[0] == pytest.approx(3.0 * WHOLE)


def test_the_others_are_of_drawn_strides_and_each_person_has_a_draw_of_its_own() -> None:
    drawn = BOOTSTRAP.people(values(2))[1:]
    assert drawn.max() <= DRAWS  # never of the strides as they are
    halves = np.mean(drawn % 1.0 == 0.5)
    assert halves == pytest.approx(0.5, abs=0.1)  # of two independent numbers, every other time
    assert len(np.unique(drawn)) > DRAWS / 2


def test_people_are_drawn_with_repeats() -> None:
    people = np.zeros((4, DRAWS + 1))
    people[0] = 1.0
    share, count = np.unique(BOOTSTRAP.people(people)[1:], return_counts=True)
    assert set(share) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert count[share == 0.0] / DRAWS == pytest.approx(0.75**4, abs=0.07)


@pytest.mark.parametrize("count", [FEWEST_STRIDES - 1, FEWEST_STRIDES])
def test_few_strides_are_taken_whole_and_more_are_drawn(count: int) -> None:
    weights = BOOTSTRAP.strides("somebody", count)
    np.testing.assert_array_equal(weights[0], 1.0)
    np.testing.assert_array_equal(weights.sum(1), count)
    assert (weights[1:] != 1.0).any() == (count >= FEWEST_STRIDES)


def test_an_interval_holds_95_in_a_hundred() -> None:
    found = interval(np.r_[50.0, np.arange(1001.0)])
    assert found == pytest.approx((50.0, 25.0, 975.0))
