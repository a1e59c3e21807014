from __future__ import annotations

import pytest

from inference.channels import CHANNELS
from inference.exceptions import MuscleMapError
from inference.inputs.muscle_map import default_muscle_map, knee_sign_by_name, resolve_muscle_map

RAJAGOPAL = [
    "bflh", "bfsh", "gaslat", "gasmed", "glmax1", "glmax2", "glmax3", "glmed1", "glmed2", "glmed3",
    "recfem", "semimem", "semiten", "soleus", "tibant", "vasint", "vaslat", "vasmed",
]  # fmt: skip
GAIT2392 = [
    "glut_med1", "glut_med2", "glut_med3", "semimem", "semiten", "bifemlh", "bifemsh", "glut_max1",
    "glut_max2", "glut_max3", "rect_fem", "vas_med", "vas_int", "vas_lat", "med_gas", "lat_gas",
    "soleus", "tib_ant",
]  # fmt: skip
DEMO = ["SOL", "TA", "GAS", "VAS", "HAM", "GLU", "HFL"]


GAIT2354 = [
    "glut_med1", "glut_med2", "glut_med3", "bifemlh", "bifemsh", "glut_max1", "glut_max2",
    "glut_max3", "rect_fem", "vas_int", "med_gas", "soleus", "tib_ant",
]  # fmt: skip
LAI_ARNOLD = [
    {"bflh": "bflh140", "gaslat": "gaslat140", "vaslat": "vaslat140"}.get(name, name)
    for name in RAJAGOPAL
]
NINE = ["glmax2", "psoas", "semimem", "recfem", "bfsh", "vasint", "gasmed", "soleus", "tibant"]
F1534M = [
    *(f"glut_{part}{k}" for part in ("max", "med") for k in (1, 2, 3)),
    "hamstrings", "vasti", "gastroc", "soleus", "tib_ant",
]  # fmt: skip
GAIT10 = [
    "hamstrings", "bifemsh", "glut_max", "iliopsoas", "rect_fem", "vasti", "gastroc", "soleus",
    "tib_ant", "abd",
]  # fmt: skip
"""With the abductor of later models of its kind."""


def both(stems: list[str]) -> list[str]:
    return [f"{stem}_{side}" for side in "rl" for stem in stems]


@pytest.mark.parametrize("stems", [RAJAGOPAL, GAIT2392, GAIT2354, LAI_ARNOLD])
def test_full_families_feed_every_channel_of_both_legs(stems: list[str]) -> None:
    found = resolve_muscle_map(both(stems))
    assert list(found) == [f"{channel}_{side}" for side in "rl" for channel in CHANNELS]
    assert len(found["GMAX_l"]) == 3
    assert {name for names in found.values() for name in names} <= set(both(stems))


def test_a_muscle_stands_for_its_group_where_others_are_missing_and_nowhere_else() -> None:
    found = resolve_muscle_map(both(GAIT2354))
    assert found["VM_r"] == found["VL_r"] == ("vas_int_r",)
    assert found["GM_r"] == found["GL_r"] == ("med_gas_r",)
    assert found["BFLH_l"] == found["SM_l"] == found["ST_l"] == ("bifemlh_l",)
    assert resolve_muscle_map(both(GAIT2392))["VM_r"] == ("vas_med_r",)
    nine = resolve_muscle_map(both(NINE))
    assert nine["VM_r"] == ("vasint_r",)
    assert nine["BFLH_r"] == nine["ST_r"] == ("semimem_r",)
    lai_arnold = resolve_muscle_map(both(LAI_ARNOLD))  # whose vasint is but a part of its vasti
    assert lai_arnold["VL_r"] == ("vaslat140_r",)
    assert lai_arnold["BFLH_l"] == ("bflh140_l",)
    assert {f"{c}_r" for c in CHANNELS} - set(nine) == {"GMED_r"}


def test_names_of_several_families_may_stand_beside_each_other() -> None:
    found = resolve_muscle_map(both(F1534M))
    assert len(found["GMED_r"]) == 3
    assert found["GL_l"] == ("gastroc_l",)
    assert {f"{c}_r" for c in CHANNELS} - set(found) == {"RF_r"}


def test_demo_model_sends_lumped_muscles_to_their_parts_and_invents_none() -> None:
    found = resolve_muscle_map(both(DEMO))
    assert found["VM_r"] == found["VL_r"] == ("VAS_r",)
    assert found["GM_l"] == found["GL_l"] == ("GAS_l",)
    assert found["BFLH_r"] == found["SM_r"] == found["ST_r"] == ("HAM_r",)
    assert found["GMAX_r"] == ("GLU_r",)
    assert {f"{c}_{s}" for c in CHANNELS for s in "rl"} - set(found) == {
        "RF_r", "RF_l", "GMED_r", "GMED_l",
    }  # fmt: skip


def test_one_abductor_is_that_of_the_hip() -> None:
    found = resolve_muscle_map(both(GAIT10))
    assert found["GMED_l"] == ("abd_l",)
    assert len(found) == 2 * len(CHANNELS)


def test_knee_sign_follows_the_family() -> None:
    assert knee_sign_by_name(both(RAJAGOPAL)) == 1.0
    assert knee_sign_by_name(both(LAI_ARNOLD)) == 1.0
    assert knee_sign_by_name(both(NINE)) == 1.0
    assert knee_sign_by_name(both(GAIT2392)) == -1.0
    assert knee_sign_by_name(both(DEMO)) == 1.0
    assert knee_sign_by_name(both(GAIT2354)) == -1.0
    assert knee_sign_by_name(both(GAIT10)) == -1.0
    assert knee_sign_by_name(["biceps_brachii"]) == 0.0


def test_given_entries_win_and_an_empty_one_leaves_the_channel_out() -> None:
    found = resolve_muscle_map(both(RAJAGOPAL), {"VM_r": ["vasint_r"], "VL_r": []})
    assert found["VM_r"] == ("vasint_r",)
    assert "VL_r" not in found
    assert found["VM_l"] == ("vasmed_l",)


def test_unknown_muscle_is_named_with_the_nearest() -> None:
    with pytest.raises(MuscleMapError, match=r"'vasmed_R'.*vasmed_r") as caught:
        resolve_muscle_map(both(RAJAGOPAL), {"VM_r": ["vasmed_R"]})
    assert caught.value.unknown == ("vasmed_R",)


def test_unknown_channel_is_named_with_the_nearest() -> None:
    with pytest.raises(MuscleMapError, match=r"'SOLr'.*SOL_r"):
        resolve_muscle_map(both(RAJAGOPAL), {"SOLr": ["soleus_r"]})


def test_a_name_instead_of_a_list_is_refused() -> None:
    with pytest.raises(MuscleMapError, match="list"):
        resolve_muscle_map(both(RAJAGOPAL), {"SOL_r": "soleus_r"})


def test_model_without_any_known_muscle_says_how_to_map() -> None:
    assert default_muscle_map(["BIClong", "TRIlong"]) == {}
    with pytest.raises(MuscleMapError, match=r"2 muscles \(BIClong, TRIlong\).*muscle map"):
        resolve_muscle_map(["BIClong", "TRIlong"])
