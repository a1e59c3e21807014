"""Frames within frames, bodies in any order, markers anywhere: against OpenSim's positions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import opensim
import pytest

from sim_bridge import ModelFileError, UnsupportedComponent
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.poses import Kinematics
from tests.sim_bridge.small_models import add_body, custom, line, places, standard, two_limbs
from tests.sim_bridge.test_joints import assert_matches_opensim


def offset(name: str, base: Any, seed: int) -> Any:
    """A frame fixed anywhere on another."""
    rng = np.random.default_rng(seed)
    placement = opensim.Transform(
        opensim.Rotation(0.7 * rng.uniform(), opensim.CoordinateAxis(seed % 3)),
        opensim.Vec3(*map(float, rng.uniform(-0.3, 0.3, 3))),
    )
    return opensim.PhysicalOffsetFrame(name, base, placement)


def nested(body: Any, depth: int) -> Any:
    """The innermost of frames that sit on each other, the first on a body."""
    frame = body
    for k in range(depth):
        outer, frame = frame, offset(f"{body.getName()}_frame{k}", frame, seed=k + depth)
        (body if outer is body else outer).addComponent(frame)
    return frame


def pin_between(name: str, parent: Any, child: Any) -> Any:
    joint = opensim.PinJoint(name, parent, child)
    joint.updCoordinate().setName(f"{name}_angle")
    return joint


def test_joint_between_nested_offset_frames(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("UniversalJoint"))
    end = add_body(model, "end", 1.0)
    limb = model.updBodySet().get("limb0")
    joint = pin_between("deep", nested(limb, 3), nested(end, 2))
    model.addJoint(joint)
    assert_matches_opensim(small_case(model))


def test_marker_on_nested_offset_frame(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("GimbalJoint"))
    frame = nested(model.updBodySet().get("limb0"), 3)
    model.addMarker(opensim.Marker("deep", frame, opensim.Vec3(0.1, 0.2, -0.3)))
    case = small_case(model)
    assert "deep" in case.compiled.marker_names
    assert_matches_opensim(case)


def test_marker_on_ground_stays(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("PinJoint"))
    model.addMarker(opensim.Marker("floor", model.getGround(), opensim.Vec3(1.0, 0.0, 2.0)))
    case = small_case(model)
    assert_matches_opensim(case)
    kinematics = Kinematics(case.compiled)
    floor = case.compiled.marker_names.index("floor")
    for free in np.zeros(2), np.ones(2):
        np.testing.assert_array_equal(kinematics.markers(free)[floor], [1.0, 0.0, 2.0])


def test_joints_out_of_order_in_the_file(small_case: Callable[[Any], Case]) -> None:
    """The last limb's joint comes first, its parent's later."""
    model = opensim.Model()
    names = ("trunk", "thigh", "shank", "foot")
    bodies = [add_body(model, name, 3.0) for name in names]
    links = list(zip([model.getGround(), *bodies[:-1]], bodies, strict=True))
    for k in (3, 1, 2, 0):
        parent, child = links[k]
        location, turn, location_in_child, turn_in_child = places()
        joint = opensim.PinJoint(
            f"pin{k}", parent, location, turn, child, location_in_child, turn_in_child
        )
        joint.updCoordinate().setName(f"angle{k}")
        model.addJoint(joint)
    assert_matches_opensim(small_case(model))


def test_two_limbs_on_one_body(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("GimbalJoint"))
    side = add_body(model, "side", 1.5)
    model.addJoint(
        custom({0: ("side_turn", line()), 4: ("side_slide", line())})(
            model.updBodySet().get("base"), side
        )
    )
    assert_matches_opensim(small_case(model))


def test_welds_in_a_row_carry_their_bodies(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("WeldJoint"), standard("PinJoint"), standard("WeldJoint"))
    case = small_case(model)
    assert len(case.compiled.chain.parent) == 2
    assert case.compiled.chain.mass.sum() == pytest.approx(4.0 + 2.0 + 1.7 + 1.4)
    assert_matches_opensim(case)


def test_body_welded_to_ground(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("PinJoint"))
    plate = add_body(model, "plate", 9.0)
    model.addJoint(opensim.WeldJoint("bolts", model.getGround(), plate))
    case = small_case(model)
    assert case.compiled.bodies.link[case.compiled.bodies.names.index("plate")] == -1
    assert_matches_opensim(case)


def test_kinematic_loop_is_refused_by_name(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("PinJoint"), standard("PinJoint"))
    model.addJoint(pin_between("closing", model.getGround(), model.updBodySet().get("limb1")))
    with pytest.raises(UnsupportedComponent, match=r"'(closing|tested1)'.*loop"):
        small_case(model)


def test_model_without_markers_is_refused(small_case: Callable[[Any], Case]) -> None:
    model = two_limbs(standard("PinJoint"))
    model.updMarkerSet().clearAndDestroy()
    with pytest.raises(ModelFileError, match="no markers"):
        small_case(model)
