"""What moves the whole model, against OpenSim's positions; and models that nothing moves whole."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import opensim
import pytest

from sim_bridge import CompiledModel
from sim_bridge.base_coordinates import base_coordinates, base_links, base_turns
from sim_bridge.muscles.static_optimization import StaticOptimization
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.small_models import add_body, custom, line

ROUNDING = 1e-12
"""[m] Both follow the same exact formulas."""
HALF = 0.5 * np.pi
STATION = (0.3, -0.2, 0.1)
"""A point of the pelvis off every axis [m]."""

Turn = tuple[float, float, float]


def attach(
    model: Any, kind: str, child: Any, parent: Any = None, turn: Turn = (0.0, 0.0, 0.0)
) -> Any:
    """A joint whose coordinates are named after its child; without a parent it stands on ground."""
    zero, name = opensim.Vec3(0.0), child.getName()
    joint = getattr(opensim, kind)(
        name, parent or model.getGround(), zero, opensim.Vec3(*turn), child, zero, zero
    )
    for k in range(joint.numCoordinates()):
        joint.upd_coordinates(k).setName(f"{name}_{k}")
    model.addJoint(joint)
    return joint


def add_person(model: Any, pelvis: Any) -> Any:
    """Two legs and a trunk on a pelvis; the trunk is more than half of what a weld lets move."""
    for name, mass in (("leg_r", 15.0), ("leg_l", 15.0), ("trunk", 35.0)):
        attach(model, "BallJoint", add_body(model, name, mass), pelvis)
    return model


def person(kind: str, turn: Turn = (0.0, 0.0, 0.0)) -> Any:
    """A person whose pelvis stands on a joint to ground."""
    model = opensim.Model()
    pelvis = add_body(model, "pelvis", 12.0)
    attach(model, kind, pelvis, turn=turn)
    return add_person(model, pelvis)


def residuals(compiled: CompiledModel) -> set[str]:
    """Coordinates whose reserve is a residual."""
    force = StaticOptimization(compiled, 1.0, 1000.0).reserve_force
    return {n for n, f in zip(compiled.coordinate_names, force, strict=True) if f == 1000.0}


def numbered(name: str, count: int) -> set[str]:
    return {f"{name}_{k}" for k in range(count)}


def assert_no_base(compiled: CompiledModel) -> None:
    assert base_links(compiled) == ()
    base = base_coordinates(compiled)
    assert base.translation == ()
    assert base.heading == -1
    assert residuals(compiled) == set()


def test_welded_pelvis_has_no_base(small_case: Callable[[Any], Case]) -> None:
    assert_no_base(small_case(person("WeldJoint")).compiled)


def test_limb_on_ground_has_no_base(small_case: Callable[[Any], Case]) -> None:
    """All that moves hangs on the shoulder, which muscles move all the same."""
    model = opensim.Model()
    arm = add_body(model, "arm", 2.0)
    attach(model, "BallJoint", arm)
    attach(model, "PinJoint", add_body(model, "forearm", 1.5), arm)
    assert_no_base(small_case(model).compiled)


def test_knee_that_slides_as_it_bends_does_not_let_go(small_case: Callable[[Any], Case]) -> None:
    """OpenSim calls a coordinate coupled, no rotation, that turns a joint by less than itself."""
    model = opensim.Model()
    motions = {0: ("bend", line(0.5)), 3: ("bend", line(0.01))}
    model.addJoint(custom(motions)(model.getGround(), add_body(model, "shank", 3.0)))
    compiled = small_case(model).compiled
    assert not compiled.coordinate_is_rotation.any()
    assert_no_base(compiled)


def test_what_is_welded_to_ground_weighs_nothing(small_case: Callable[[Any], Case]) -> None:
    """A treadmill in the model: plates are judged, and moments divided, by the person's mass."""
    model = person("FreeJoint")
    attach(model, "WeldJoint", add_body(model, "treadmill", 150.0))
    assert small_case(model).compiled.mass == pytest.approx(12.0 + 15.0 + 15.0 + 35.0)


def test_who_is_welded_to_ground_weighs_as_much(small_case: Callable[[Any], Case]) -> None:
    assert small_case(person("WeldJoint")).compiled.mass == pytest.approx(77.0)


@pytest.mark.parametrize(("kind", "count"), [("FreeJoint", 6), ("PlanarJoint", 3)])
def test_joint_that_lets_go_is_the_base(
    small_case: Callable[[Any], Case], kind: str, count: int
) -> None:
    assert residuals(small_case(person(kind)).compiled) == numbered("pelvis", count)


def test_thing_beside_a_person_is_not_the_base(small_case: Callable[[Any], Case]) -> None:
    """It comes first in the file, and a plate welded to ground counts for nothing."""
    model = opensim.Model()
    attach(model, "WeldJoint", add_body(model, "plate", 200.0))
    attach(model, "FreeJoint", add_body(model, "box", 10.0))
    pelvis = add_body(model, "pelvis", 12.0)
    attach(model, "FreeJoint", pelvis)
    compiled = small_case(add_person(model, pelvis)).compiled
    assert residuals(compiled) == numbered("pelvis", 6)
    names = {compiled.coordinates.free_names[i] for i, _ in base_coordinates(compiled).translation}
    assert names == {"pelvis_3", "pelvis_4", "pelvis_5"}


def test_auxiliary_body_ends_no_base(small_case: Callable[[Any], Case]) -> None:
    """Some models slide a body of a gram along ground, and turn the pelvis on it."""
    model = opensim.Model()
    carriage, pelvis = add_body(model, "carriage", 1e-3), add_body(model, "pelvis", 12.0)
    attach(model, "PlanarJoint", carriage)
    attach(model, "UniversalJoint", pelvis, carriage)
    compiled = small_case(add_person(model, pelvis)).compiled
    assert residuals(compiled) == numbered("carriage", 3) | numbered("pelvis", 2)


TURNS: list[Turn] = [
    (0.0, 0.0, 0.0),
    (HALF, 0.0, 0.0),
    (-HALF, 0.0, 0.0),
    (0.0, HALF, 0.0),
    (0.0, 0.0, HALF),
    (0.0, 0.0, -HALF),
]


@pytest.mark.parametrize("turn", TURNS)
def test_moves_and_turns_as_in_ground(small_case: Callable[[Any], Case], turn: Turn) -> None:
    """However the joint's frame on ground is turned."""
    case = small_case(person("FreeJoint", turn))
    base, coordinates = base_coordinates(case.compiled), case.compiled.coordinates
    free = np.zeros(len(coordinates.free_index))  # all coordinates of this model are free
    case.oracle.set(free)
    before = case.oracle.point("pelvis", STATION)
    offset = np.array([0.4, -0.1, 0.7])
    base.shift(free, offset)
    case.oracle.set(free)
    moved = case.oracle.point("pelvis", STATION)
    np.testing.assert_allclose(moved, before + offset, rtol=0, atol=ROUNDING)
    base.turn(free, 0.6)
    case.oracle.set(free)
    c, s = np.cos(0.6), np.sin(0.6)
    about_y = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    turned = case.oracle.point("pelvis", STATION)
    np.testing.assert_allclose(turned, about_y @ before + offset, rtol=0, atol=ROUNDING)


def on_a_custom_joint(
    axes: Sequence[tuple[float, float, float]], slope: float = 1.0, locked: int = -1
) -> Any:
    """A person whose pelvis slides along x, y, z and turns about these axes in turn."""
    model, transform = opensim.Model(), opensim.SpatialTransform()
    along = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
    names = [f"pelvis_{k}" for k in range(6)]
    for k, (axis, name) in enumerate(zip([*axes, *along], names, strict=True)):
        of = opensim.ArrayStr()
        of.append(name)
        made = transform.updTransformAxis(k)
        made.setCoordinateNames(of)
        made.setAxis(opensim.Vec3(*axis))
        made.set_function(opensim.LinearFunction(slope if k == 0 else 1.0, 0.0))
    pelvis, zero = add_body(model, "pelvis", 12.0), opensim.Vec3(0.0)
    joint = opensim.CustomJoint(
        "pelvis", model.getGround(), zero, zero, pelvis, zero, zero, transform
    )
    model.addJoint(joint)
    add_person(model, pelvis)
    model.finalizeFromProperties()
    if locked >= 0:
        model.updCoordinateSet().get(names[locked]).set_locked(True)
    return model


Z, X, Y = (0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)


def test_a_pelvis_turns_by_the_angles_of_its_custom_joint(
    small_case: Callable[[Any], Case],
) -> None:
    compiled = small_case(on_a_custom_joint((Z, X, Y))).compiled
    ((first, *others),) = base_turns(compiled).tolist()
    assert [compiled.coordinate_names[i] for i in (first, *others)] == [
        "pelvis_0", "pelvis_1", "pelvis_2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "made",
    [
        lambda: on_a_custom_joint((Z, Y, X)),  # left-handed: no turns about x, y and z
        lambda: on_a_custom_joint((Z, (0.6, 0.8, 0.0), Y)),  # askew
        lambda: on_a_custom_joint((Z, X, Y), slope=2.0),
        lambda: on_a_custom_joint((Z, X, Y), locked=1),
        lambda: person("FreeJoint"),  # one of the balls
        lambda: person("PlanarJoint"),
        lambda: person("WeldJoint"),
    ],
)
def test_what_does_not_turn_like_that_is_filtered_angle_by_angle(
    small_case: Callable[[Any], Case], made: Callable[[], Any]
) -> None:
    assert base_turns(small_case(made()).compiled).shape == (0, 3)
