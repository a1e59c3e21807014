"""Models that cannot be right, or that the compiler does not know: one line, by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import opensim
import pytest

from sim_bridge import ModelFileError, UnsupportedComponent, compile_model
from sim_bridge.compile.numbers import refuse_what_is_no_number
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.small_models import save
from tests.sim_bridge.small_muscles import (
    add_function_path,
    add_muscle,
    add_wrap,
    joint_of_two_turns,
)
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


@pytest.mark.parametrize("value", ["nan", "-inf", "Infinity", "1e300"])
@pytest.mark.parametrize(
    "element", ["mass", "inertia", "translation", "location", "max_isometric_force"]
)
def test_a_number_that_cannot_be_is_named_by_its_line(
    tmp_path: Path, element: str, value: str
) -> None:
    """OpenSim itself opens such a file, and every pose of it is nowhere."""
    model, _ = muscled()
    path = save(model, tmp_path / "odd.osim")
    lines = path.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if f"<{element}>" in line)
    begin, end = lines[at].index(">") + 1, lines[at].rindex("</")
    numbers = lines[at][begin:end].split()
    lines[at] = lines[at][:begin] + " ".join([*numbers[:-1], value]) + lines[at][end:]
    path.write_text("\n".join(lines))
    told = rf"odd\.osim, line {at + 1}: <{element}> holds '{value}'"
    with pytest.raises(ModelFileError, match=told):
        compile_model(path, cache_dir=tmp_path)


def test_endless_controls_and_remarks_are_no_mistakes(tmp_path: Path) -> None:
    """Ideal actuators are without limits, and OpenSim writes a spline's weights at random."""
    path = tmp_path / "fine.osim"
    path.write_text(
        "<!-- <mass>nan</mass>\n --><min_control>-Inf</min_control><max_x>1e30</max_x>"
        "<weights>2.1e+291 nan</weights>\n<!--fitted--> <coefficients>nan</coefficients>"
        "<publications>nan and inf are none</publications>"
    )
    refuse_what_is_no_number(path)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MaxIsometricForce", -1.0, "MaxIsometricForce is -1"),
        ("OptimalFiberLength", 0.0, "OptimalFiberLength is 0"),
        ("TendonSlackLength", -0.1, r"TendonSlackLength is -0\.1"),
        ("MaxContractionVelocity", 0.0, "MaxContractionVelocity is 0"),
        ("MinControl", -0.5, r"controls reach from -0\.5 to 1"),
        ("MaxControl", 0.0, "controls reach from 0 to 0"),
    ],
)
def test_a_muscle_s_numbers_are_of_a_muscle(
    small_case: Callable[[Any], Case], name: str, value: float, told: str
) -> None:
    """OpenSim's other classes of muscles refuse some of these themselves."""
    model = joint_of_two_turns()
    muscle = add_muscle(model, "m", kind="DeGrooteFregly2016Muscle")
    getattr(muscle, f"set{name}")(value)
    with pytest.raises(UnsupportedComponent, match=rf"'m'.*{told}"):
        small_case(model)


def test_a_muscle_has_a_length_of_a_muscle(small_case: Callable[[Any], Case]) -> None:
    model = joint_of_two_turns()
    add_function_path(model, "endless", (0.4, 0.05, 1e6))
    with pytest.raises(UnsupportedComponent, match=r"'endless'.* m long; correct its path"):
        small_case(model)


def test_a_path_of_points_has_a_length_of_a_muscle_too(
    small_case: Callable[[Any], Case],
) -> None:
    """Points in millimetres, say: such a path is followed exactly, and fitted nowhere."""
    model = joint_of_two_turns()
    add_muscle(model, "long", [("base", (50.0, 100.0, 20.0)), ("limb0", (40.0, -250.0, 10.0))])
    with pytest.raises(UnsupportedComponent, match=r"'long'.* m long; correct its path"):
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
