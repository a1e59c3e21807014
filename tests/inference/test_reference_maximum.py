from __future__ import annotations

import math

import numpy as np
import pytest

from inference.emg.reference_maximum import OTHER_UNIT, MovedEmg, check_unit, reference_maximum
from inference.exceptions import EmgError


def trial(top: float, motion: str, speed_mps: float, name: str = "SOL_r") -> MovedEmg:
    """One channel that rises evenly from 0 to `top`: its 99th percentile is 0.99 of that."""
    return MovedEmg((name,), np.linspace(0.0, top, 1001)[:, None], motion, speed_mps)


def maximum(*trials: MovedEmg) -> float:
    """In units of a trial's top."""
    return reference_maximum(trials)["SOL_r"] / 0.99


def test_a_single_artefact_is_no_maximum() -> None:
    walk = trial(1.0, "walk", 1.25)
    walk.envelopes[500] = 100.0
    assert maximum(walk) == pytest.approx(1.0, abs=2e-3)  # one sample of 1001 moves it by its rank


def test_walking_nearest_to_the_comfortable_speed_is_the_reference() -> None:
    slow, near, fast = (trial(*of) for of in ((0.5, "walk", 0.9), (1, "walk", 1.3), (2, "walk", 2)))
    run = trial(5.0, "run", 1.25)
    assert maximum(fast, run, near, slow) == pytest.approx(1.0)
    assert maximum(fast, run, slow) == pytest.approx(0.5)  # 0.35 m/s off, the fast one 0.75


def test_trials_of_one_speed_count_together() -> None:
    assert maximum(trial(1.0, "walk", 1.2), trial(1.5, "walk", 1.2)) == pytest.approx(1.5)


def test_walking_of_unknown_speed_comes_after_that_of_a_known_one_and_before_running() -> None:
    unknown = [trial(top, "walk", math.nan) for top in (1.0, 3.0)]
    assert maximum(*unknown, trial(9.0, "run", 3.0)) == pytest.approx(3.0)
    assert maximum(*unknown, trial(0.4, "walk", 2.5)) == pytest.approx(0.4)


def test_who_never_walked_has_the_largest_of_all() -> None:
    assert maximum(trial(4.0, "run", 3.0), trial(2.0, "", math.nan)) == pytest.approx(4.0)


def test_every_channel_has_the_best_of_the_trials_that_have_it() -> None:
    maxima = reference_maximum(
        [trial(1.0, "walk", 1.25), trial(2.0, "walk", 1.5, "TA_r"), trial(8.0, "run", 3.0, "TA_r")]
    )
    assert maxima == pytest.approx({"SOL_r": 0.99, "TA_r": 1.98})


def test_trials_in_another_unit_are_refused_by_their_names() -> None:
    trials = {"fast": trial(1e-3, "walk", 1.6), "slow": trial(1.0, "walk", 0.9)}
    with pytest.raises(EmgError, match=r"^made/one: EMG is 1000 times as large in slow as in"):
        check_unit("made/one", trials)
    with pytest.raises(EmgError, match="1000 times as large in run as in fast"):
        check_unit("made/one", {"run": trial(1.0, "run", 3.0), "fast": trials["fast"]})
    with pytest.raises(EmgError, match="1000 times as large in two as in one"):
        check_unit("made/one", {n: trial(t, "squat", 0.0) for n, t in (("one", 1), ("two", 1e3))})


@pytest.mark.parametrize(
    "other",
    [
        trial(1.0, "stand", 0.0),  # at rest
        trial(0.9 * OTHER_UNIT * 1e-3, "run", 4.0),
        trial(1.0, "walk", 1.2, "VM_r"),  # nothing in common
        MovedEmg(("SOL_r",), np.zeros((0, 1)), "walk", 1.2),
        MovedEmg(("SOL_r",), np.zeros((9, 1)), "walk", 1.2),
    ],
)
def test_what_may_differ_is_no_other_unit(other: MovedEmg) -> None:
    check_unit("made/one", {"a": trial(1e-3, "walk", 1.2), "b": other})


def test_one_channel_makes_no_other_unit() -> None:
    names = ("SOL_r", "TA_r", "VM_r")
    one, other = (
        MovedEmg(names, np.linspace(0.0, [1.0, 1.0, top], 1001), "walk", 1.2) for top in (1, 100)
    )
    check_unit("made/one", {"a": one, "b": other})
