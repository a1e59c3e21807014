"""Models that cannot be right, or that the compiler does not know: one line, by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import opensim
import pytest

from sim_bridge import ModelFileError, UnsupportedComponent, compile_model
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.small_models import save
from tests.sim_bridge.small_muscles import add_muscle, add_wrap, joint_of_two_turns
from tests.sim_bridge.test_coordinates import coordinate, couple


def muscled() -> tuple[Any, Any]:
    model = joint_of_two_turns()
    return model, add_muscle(model, "m")


@pytest.mark.parametrize("quadrant", ["z", "-z", "+z"])
def test_a_quadrant_along_the_cylinder_is_refused(
    small_case: Callable[[Any], Case], quadrant: str
) -> None:
    model, muscle = muscled()
    add_wrap(
        model, muscle, "WrapCylinder", "base", (0.02, -0.1, 0.0), radius=0.04, length=0.2,
        quadrant=quadrant,
    )  # fmt: skip
    with pytest.raises(UnsupportedComponent, match=r"WrapCylinder 'm_WrapCylinder'.*quadrant"):
        small_case(model)


def test_one_coordinate_has_one_coupler(small_case: Callable[[Any], Case]) -> None:
    model, _ = muscled()
    for leader in ("hinge_angle", "twist"):
        couple(model, "bend", leader, opensim.LinearFunction(1.0, 0.0))
    with pytest.raises(UnsupportedComponent, match="couples bend as well"):
        small_case(model)


@pytest.mark.parametrize("locked", [("bend",), ("bend", "twist")])
def test_what_is_locked_follows_nobody(
    small_case: Callable[[Any], Case], locked: tuple[str, ...]
) -> None:
    """OpenSim keeps it locked, and its leader with it; or both where neither should be."""
    model, _ = muscled()
    couple(model, "bend", "twist", opensim.LinearFunction(1.0, 0.1))
    for name in locked:
        coordinate(model, name).setDefaultLocked(True)
    with pytest.raises(UnsupportedComponent, match=r"Coordinate 'bend'.*locked.*twist"):
        small_case(model)


def test_a_model_in_which_all_is_locked_is_refused(small_case: Callable[[Any], Case]) -> None:
    model, _ = muscled()
    for name in ("hinge_angle", "twist", "bend"):
        coordinate(model, name).setDefaultLocked(True)
    with pytest.raises(ModelFileError, match=r"nothing can move in .*small\.osim; unlock"):
        small_case(model)


def test_a_muscle_s_numbers_are_numbers(small_case: Callable[[Any], Case]) -> None:
    model, muscle = muscled()
    muscle.setMaxIsometricForce(float("nan"))
    with pytest.raises(UnsupportedComponent, match=r"'m'.*MaxIsometricForce is nan"):
        small_case(model)


def test_a_value_that_opensim_does_not_take_is_named(tmp_path: Path) -> None:
    """Files of OpenSim 2 let a muscle rest at no activation at all."""
    model = joint_of_two_turns()
    add_muscle(model, "m", kind="Thelen2003Muscle")
    path = save(model, tmp_path / "old.osim")
    tree = ElementTree.parse(path)
    (muscle,) = (m for m in tree.iter("Thelen2003Muscle") if m.get("name") == "m")
    for own in muscle.findall("minimum_activation"):
        muscle.remove(own)
    ElementTree.SubElement(muscle, "minimum_activation").text = "0"
    tree.write(path)
    with pytest.raises(ModelFileError, match=r"'minimum_activation'.*'/forceset/m'") as raised:
        compile_model(path, cache_dir=tmp_path)
    assert "\n" not in str(raised.value)


def test_what_opensim_finds_wrong_late_is_one_line(tmp_path: Path) -> None:
    """A wrap between points that the path does not have."""
    model, muscle = muscled()
    add_wrap(model, muscle, "WrapCylinder", "base", (0.02, -0.1, 0.0), radius=0.04, length=0.2)
    path = save(model, tmp_path / "late.osim")
    tree = ElementTree.parse(path)
    (wrap,) = tree.iter("PathWrap")
    for own in wrap.findall("range"):
        wrap.remove(own)
    ElementTree.SubElement(wrap, "range").text = "2 9"
    tree.write(path)
    with pytest.raises(ModelFileError, match=r"late\.osim: .*out of bounds") as raised:
        compile_model(path, cache_dir=tmp_path)
    assert "\n" not in str(raised.value)
