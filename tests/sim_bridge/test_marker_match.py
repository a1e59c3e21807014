"""Pairing of incoming labels with the model's markers, and what is said when it fails."""

import pytest

from sim_bridge import MarkerMismatch
from sim_bridge.pose.marker_match import match_markers

MODEL = ("R.ASIS", "L.ASIS", "R.Knee.Lat", "R.Ankle.Lat", "R.Toe.Tip")


def test_pairs_by_name_and_lists_what_is_left_over() -> None:
    match = match_markers(["L.ASIS", "ghost", "R.ASIS", "R.Toe.Tip"], MODEL)
    assert match.names == ("L.ASIS", "R.ASIS", "R.Toe.Tip")
    assert match.column.tolist() == [0, 2, 3]
    assert match.marker.tolist() == [1, 0, 4]
    assert match.unknown == ("ghost",)
    assert match.absent == ("R.Knee.Lat", "R.Ankle.Lat")
    assert match.left_over() == [
        "1 of 4 incoming markers are not in the model: ghost",
        "2 of 5 markers of the model are not received: R.Knee.Lat, R.Ankle.Lat",
    ]


def test_nothing_is_left_over_where_all_match() -> None:
    assert match_markers(MODEL, MODEL).left_over() == []


def test_subject_prefix_is_ignored() -> None:
    match = match_markers(["Ann:R.ASIS", "Ann:L.ASIS", "Ann:R.Toe.Tip"], MODEL)
    assert match.marker.tolist() == [0, 1, 4]


def test_model_marker_with_a_colon_matches_itself() -> None:
    match = match_markers(["a:b", "c", "d"], ("a:b", "c", "d"))
    assert match.names == ("a:b", "c", "d")


def test_mismatch_says_which_matched_and_names_the_nearest() -> None:
    with pytest.raises(MarkerMismatch) as caught:
        match_markers(["R.ASIS", "Ann:L.ASIZ", "R.Toe.Top", "zzzz"], MODEL)
    message = str(caught.value)
    assert "1 of 4 incoming markers" in message
    assert "matched: R.ASIS" in message
    assert "Ann:L.ASIZ (nearest: L.ASIS)" in message
    assert "R.Toe.Top (nearest: R.Toe.Tip)" in message
    assert "zzzz" in message
    assert "zzzz (nearest" not in message


def test_long_lists_are_cut() -> None:
    with pytest.raises(MarkerMismatch, match="and 15 more"):
        match_markers([f"unknown{i}" for i in range(20)], MODEL)


def test_many_that_are_left_over_are_counted() -> None:
    incoming = [*MODEL, *(f"extra{i}" for i in range(20))]
    assert match_markers(incoming, MODEL).left_over() == [
        "20 of 25 incoming markers are not in the model:"
        " extra0, extra1, extra2, extra3, extra4 and 15 more"
    ]


@pytest.mark.parametrize("second", ["R.ASIS", "Bob:R.ASIS"])
def test_two_labels_of_one_marker_are_refused_by_name(second: str) -> None:
    """Two people in one stream must not be averaged."""
    with pytest.raises(MarkerMismatch, match=f"'Ann:R.ASIS' and '{second}'"):
        match_markers(["Ann:R.ASIS", "L.ASIS", second, "R.Toe.Tip"], MODEL)


def test_no_labels_at_all() -> None:
    with pytest.raises(MarkerMismatch, match="0 of 0"):
        match_markers([], MODEL)
