"""The way in which a knee bends, told by geometry."""

from dataclasses import replace

import numpy as np
import pytest

from configs.demo.build import SUBJECT
from inference.inputs import muscle_map
from sim_bridge import compile_model, knee_flexion_sign
from tests.data_sets import data_root


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("rajagopal/walker", 1.0),
        ("schreiber/2014001", 1.0),
        ("gait1992/subject01", -1.0),
        ("ceinms/subject06", -1.0),
    ],
)
def test_geometry_and_names_agree(name: str, sign: float) -> None:
    file = data_root() / name / "model.osim"
    if not file.is_file():
        pytest.skip(f"no {file}")
    model = compile_model(file)
    assert knee_flexion_sign(model) == sign
    assert knee_flexion_sign(model) == muscle_map.knee_sign_by_name(model.muscle_names)


@pytest.mark.parametrize("turn_deg", [90.0, 180.0])
def test_a_pelvis_that_looks_elsewhere_changes_nothing(turn_deg: float) -> None:
    file = data_root() / "rajagopal" / "walker" / "model.osim"
    if not file.is_file():
        pytest.skip(f"no {file}")
    model = compile_model(file)
    default = model.coordinates.default.copy()
    default[model.coordinates.names.index("pelvis_rotation")] = np.radians(turn_deg)
    turned = replace(model, coordinates=replace(model.coordinates, default=default))
    assert knee_flexion_sign(turned) == 1.0


def test_the_demo_subject_is_planar_and_bends_too() -> None:
    assert knee_flexion_sign(compile_model(SUBJECT / "model.osim")) == 1.0
