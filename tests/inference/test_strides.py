"""Strides of a limb, told from the force under its foot."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from inference.data.dataset import LimbSequence
from inference.data.strides import cut_strides, phase
from tests.inference.evaluation.people import walker

STANCE = 30


def sequence(*lands: int, frames: int = 1000) -> LimbSequence:
    """A foot that lands at these frames of 10 ms and stands for `STANCE` of them."""
    force = np.zeros(frames)
    for frame in lands:
        force[frame : frame + STANCE] = 1.1
    return replace(walker("made/one"), t=0.01 * np.arange(frames), foot_force=force)


def test_a_stride_is_from_one_contact_to_the_next() -> None:
    limb = sequence(50, 150, 260)
    assert cut_strides(limb) == [(50, 150), (150, 260)]
    through = phase(limb)
    assert np.isnan(through[:50]).all()
    assert np.isnan(through[260:]).all()
    np.testing.assert_allclose(through[50:150], np.arange(100) / 100)
    np.testing.assert_allclose(through[150:260], np.arange(110) / 110)


def test_a_trial_that_begins_on_the_foot_does_not_begin_with_a_contact() -> None:
    assert cut_strides(sequence(0, 100, 200)) == [(100, 200)]


def test_force_that_trembles_is_one_contact() -> None:
    limb = sequence(50, 150, 250)
    limb.foot_force[152:160:2] = 0.06
    assert cut_strides(limb) == [(50, 150), (150, 250)]


def test_a_little_force_in_swing_is_no_contact_and_a_little_more_is_one() -> None:
    limb = sequence(50, 150, 250)
    limb.foot_force[110:120] = 0.09
    limb.foot_force[148:150] = 0.12
    assert cut_strides(limb) == [(50, 148), (148, 250)]


def test_a_contact_ends_below_less_force_than_it_begins_with() -> None:
    limb = sequence(50, 150, 250)
    limb.foot_force[80:150] = 0.07  # a plate with a little too much: nobody leaves it
    assert cut_strides(limb) == [(50, 250)]


@pytest.mark.parametrize("grows", [False, True])
def test_a_contact_has_the_largest_force_of_its_time(grows: bool) -> None:
    limb = sequence(50, 150, 250)
    limb.foot_force[150:180] = np.linspace(0.11, 1.1, 30) if grows else np.linspace(1.1, 0.11, 30)
    limb.foot_force[115:125] = 0.5  # the other foot's, more than this one's first sample
    assert cut_strides(limb) == [(50, 150), (150, 250)]


@pytest.mark.parametrize("lands", [95, 195])
def test_the_other_foot_on_this_ones_belt_is_no_contact(lands: int) -> None:
    limb = sequence(50, 125, 225)
    limb.foot_force[lands : lands + 20] = 0.8  # sooner after one, or before one, than a stride
    assert cut_strides(limb) == [(50, 125), (125, 225)]


def test_a_foot_that_scuffs_the_floor_has_not_landed_yet() -> None:
    limb = sequence(50, 150, 250)
    limb.foot_force[130:140] = 1.0
    assert cut_strides(limb) == [(50, 150), (150, 250)]


def test_two_contacts_of_which_either_may_be_this_foots_make_no_stride() -> None:
    assert cut_strides(sequence(*range(100, 800, 45))) == []
    limb = sequence(*range(100, 800, 77))
    for lands in range(140, 800, 77):
        limb.foot_force[lands : lands + STANCE] = 1.0  # about as much as this foot has
    assert cut_strides(limb) == []


def test_of_running_on_two_belts_every_stride_is_cut() -> None:
    own = [100 + 77 * k for k in range(12)]
    limb = sequence(*own)
    for k, lands in enumerate(own):
        limb.foot_force[lands : lands + STANCE] = 2.5
        limb.foot_force[lands + 40 : lands + 60] = 0.15 * k  # as much as the belt gets of it
    assert cut_strides(limb) == list(pairwise(own))


@pytest.mark.parametrize(("frames", "one"), [(45, False), (55, True), (345, True), (355, False)])
def test_a_stride_lasts_half_a_second_to_three_and_a_half(frames: int, one: bool) -> None:
    assert cut_strides(sequence(100, 100 + frames)) == [(100, 100 + frames)] * one


def test_strides_in_which_the_force_is_not_known_are_left_out() -> None:
    limb = sequence(50, 150, 250)
    limb.foot_force[200] = np.nan
    assert cut_strides(limb) == [(50, 150)]
