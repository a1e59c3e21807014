"""Channels that have each other's names are found by their shape, and put right by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.channels import MEASURED
from inference.data.dataset import LimbSequence
from inference.data.exchange import check_people, find_exchanged, put_right
from inference.exceptions import FeatureError
from tests.inference.evaluation.people import people
from tests.inference.synthetic import synthetic_record

SOL, VM = MEASURED.index("SOL"), MEASURED.index("VM")


def exchanged(sequence: LimbSequence, one: int = SOL, other: int = VM) -> LimbSequence:
    y = sequence.y.copy()
    y[:, [one, other]] = y[:, [other, one]]
    return replace(sequence, y=y)


def test_nobody_is_suspected_without_reason() -> None:
    assert find_exchanged(people(5, noise=0.1)) == []


def test_the_one_whose_channels_are_exchanged_is_told_with_both() -> None:
    first, *others = people(5, noise=0.1)
    (found,) = find_exchanged([exchanged(first), *others])
    assert (found.person, found.one, found.other) == (first.person, "SOL_r", "VM_r")
    assert max(found.with_own) < 0.0  # three radians apart in the stride
    assert min(found.with_other) > 0.9
    for word in (first.person, "SOL_r", "VM_r", "exchanged"):
        assert word in str(found)


def test_muscles_that_work_alike_cannot_be_told_apart_and_are_not_suspected() -> None:
    first, *others = people(5, noise=0.1)
    ta = MEASURED.index("TA")  # one radian before SOL: each resembles the other
    assert find_exchanged([exchanged(first, ta, SOL), *others]) == []


@pytest.mark.parametrize(("one", "other"), [(SOL, VM), (VM, SOL)])
def test_a_channel_that_was_not_measured_is_not_suspected(one: int, other: int) -> None:
    first, *others = people(5, noise=0.1)
    y, measured = first.y.copy(), first.measured.copy()
    y[:, one] = first.y[:, other]  # as if exchanged, but there is nothing on the other side
    measured[:, other] = False
    assert find_exchanged([replace(first, y=y, measured=measured), *others]) == []


def test_two_channels_that_are_both_wrong_in_other_ways_were_not_exchanged() -> None:
    """One electrode on the other's muscle, whose own is on a third."""
    first, *others = people(5, noise=0.1)
    y = first.y.copy()
    y[:, SOL] = first.y[:, VM]
    y[:, VM] = np.roll(first.y[:, VM], 25, axis=0)  # a quarter of a stride from both
    assert find_exchanged([replace(first, y=y), *others]) == []


def test_what_muscles_do_in_running_accuses_nobody() -> None:
    first, *others = people(5, noise=0.1)
    assert find_exchanged([replace(exchanged(first), motion="run"), *others]) == []


def test_it_takes_three_others_and_a_stride() -> None:
    first, *others = people(3, noise=0.1)
    assert find_exchanged([exchanged(first), *others]) == []
    first, *others = people(5, noise=0.1, strides=0)
    assert find_exchanged([exchanged(first), *others]) == []


def test_names_are_given_back_to_that_person_alone() -> None:
    one = synthetic_record()
    other = replace(one, subject="somebody")
    right, left_alone = put_right([one, other], {one.person: [("SOL_r", "VM_r")]})
    assert one.emg_names == ("SOL_r", "TA_r", "VM_r", "GAS_r")
    assert right.emg_names == ("VM_r", "TA_r", "SOL_r", "GAS_r")
    np.testing.assert_array_equal(right.emg, one.emg)
    assert left_alone is other


def test_a_channel_that_is_not_there_is_named() -> None:
    one = synthetic_record()
    with pytest.raises(FeatureError, match=r"SOL_r and VL_r .* SOL_r, TA_r, VM_r, GAS_r"):
        put_right([one], {one.person: [("SOL_r", "VL_r")]})


def test_a_person_of_whom_there_is_nothing_is_named() -> None:
    one = synthetic_record()
    check_people({one.person: [("SOL_r", "VM_r")]}, [one])
    for name, says in (("made/on", "did you mean made/one[?] correct"), ("x", "given; correct")):
        with pytest.raises(FeatureError, match=f"`exchanged` names {name}, .*{says} the name"):
            check_people({one.person: [], name: []}, [one])
