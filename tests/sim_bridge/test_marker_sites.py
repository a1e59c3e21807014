"""Names of one place in the marker sets of several laboratories."""

import pytest
import yaml

from sim_bridge import MarkerMismatch
from sim_bridge.pose.marker_match import match_markers
from sim_bridge.pose.marker_sites import alike

PLUG_IN_GAIT = ("LASI", "RASI", "LPSI", "RPSI", "LTHI", "LKNE", "LTIB", "LANK", "LHEE", "LTOE")
RAJAGOPAL = ("LASI", "LPSI", "LTH1", "LLFC", "LMFC", "LLMAL", "LMMAL", "LCAL", "LTOE", "LMT5")
GAIT2392 = ("L.ASIS", "R.ASIS", "V.Sacral", "L.Knee.Lat", "L.Knee.Med", "L.Ankle.Lat", "L.Heel")
ISB = ("L_IAS", "L_IPS", "L_FLE", "L_FME", "L_FAL", "L_TAM", "L_FCC", "L_FM1", "L_FM5", "L_SAE")


def test_sets_of_other_laboratories_are_paired_by_place() -> None:
    assert alike(GAIT2392, PLUG_IN_GAIT) == {
        "L.ASIS": "LASI", "R.ASIS": "RASI", "L.Knee.Lat": "LKNE", "L.Ankle.Lat": "LANK",
        "L.Heel": "LHEE",
    }  # fmt: skip
    assert alike(RAJAGOPAL, ISB) == {
        "LASI": "L_IAS", "LPSI": "L_IPS", "LLFC": "L_FLE", "LMFC": "L_FME", "LLMAL": "L_FAL",
        "LMMAL": "L_TAM", "LCAL": "L_FCC", "LMT5": "L_FM5",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("marker", "label"),
    [("V.Sacral", "v_sacral"), ("R.Knee", "right knee"), ("RKNE", "Knee_R"), ("C7", "Ann:c7")],
)
def test_spelling_does_not_count(marker: str, label: str) -> None:
    assert alike([marker], [label]) == {marker: label.rpartition(":")[2]}


def test_nothing_is_guessed_across_sides_or_where_two_are_alike() -> None:
    assert alike(["LKNE"], ["RKNE"]) == {}
    assert alike(["LKNE"], ["L_FLE", "L.Knee.Lat"]) == {}
    assert alike(["LKNE", "LLFC"], ["L_FLE"]) == {}
    assert alike(["RTH1"], ["RTH2"]) == {}


def test_what_may_be_the_same_can_be_pasted_into_a_session_s_file() -> None:
    model = ("C7", "V.Sacral", "T10", "L.ASIS", "1MT.R")
    line = match_markers(["C7", "V.Sacral", "T10", "LASI", "R fm1"], model).left_over()[-1]
    said = line.removeprefix("perhaps these are the same under other names: ")
    assert yaml.safe_load(said) == {"names": {"L.ASIS": "LASI", "1MT.R": "R fm1"}}
    assert len(match_markers([*model[:3], "ghost"], model).left_over()) == 2  # nothing to guess


def test_the_refusal_has_them_too() -> None:
    with pytest.raises(MarkerMismatch, match=r"pair them \(names: \{LASI: L_IAS, LPSI: "):
        match_markers(ISB, RAJAGOPAL)
