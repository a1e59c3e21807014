"""What models that were made for other purposes bring along: left out, or named all at once."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import opensim
import pytest

from sim_bridge import ModelFileError, UnsupportedComponent, compile_model
from sim_bridge.compile.paths import LengthOracle
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.small_models import save
from tests.sim_bridge.small_muscles import add_function_path, add_muscle, joint_of_two_turns


def ball(model: Any, name: str, body: str) -> Any:
    frame = model.updBodySet().get(body) if body != "ground" else model.getGround()
    made = opensim.ContactSphere(0.05, opensim.Vec3(0.0), frame, name)
    model.addContactGeometry(made)
    return made


def by_name(kind: str) -> Callable[[Any, str], None]:
    """Contact of a class whose parameters name its geometries."""

    def add(model: Any, other: str) -> None:
        force = getattr(opensim, kind)()
        force.setName("contact")
        for name, body in (("foot", "limb0"), ("other", other)):
            ball(model, name, body)
            force.addGeometry(name)
        model.addForce(force)

    return add


def smooth_sphere(model: Any, other: str) -> None:
    sphere = ball(model, "foot", "limb0")
    frame = model.getGround() if other == "ground" else model.updBodySet().get(other)
    plane = opensim.ContactHalfSpace(opensim.Vec3(0.0), opensim.Vec3(0.0), frame, "plane")
    model.addContactGeometry(plane)
    model.addForce(opensim.SmoothSphereHalfSpaceForce("contact", sphere, plane))


@pytest.mark.parametrize(
    "add", [by_name("HuntCrossleyForce"), by_name("ElasticFoundationForce"), smooth_sphere]
)
def test_contact_with_ground_is_left_out_and_said_and_between_bodies_is_refused(
    small_case: Callable[[Any], Case],
    add: Callable[[Any, str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = joint_of_two_turns()
    add(model, "ground")
    small_case(model)
    assert re.search(r"contact with ground is left out.*Force 'contact'", caplog.text)
    model = joint_of_two_turns()
    add(model, "base")
    with pytest.raises(UnsupportedComponent, match=r"Force 'contact'.*appliesForce to false$"):
        small_case(model)


def test_a_plane_in_a_frame_of_ground_is_ground(
    small_case: Callable[[Any], Case], caplog: pytest.LogCaptureFixture
) -> None:
    """A treadmill's, say, that is placed by an offset."""
    model = joint_of_two_turns()
    sphere, lifted = ball(model, "foot", "limb0"), opensim.Transform(opensim.Vec3(0.0, 0.1, 0.0))
    belt = opensim.PhysicalOffsetFrame("belt", model.getGround(), lifted)
    model.addComponent(belt)
    belt.this.disown()
    plane = opensim.ContactHalfSpace(opensim.Vec3(0.0), opensim.Vec3(0.0), belt, "plane")
    model.addContactGeometry(plane)
    model.addForce(opensim.SmoothSphereHalfSpaceForce("contact", sphere, plane))
    small_case(model)
    assert "contact with ground is left out" in caplog.text


def test_all_constraints_that_are_no_couplers_are_named(small_case: Callable[[Any], Case]) -> None:
    model = joint_of_two_turns()
    for name in ("first", "second"):
        limb = model.updBodySet().get("limb0")
        weld = opensim.WeldConstraint(
            name, model.getGround(), opensim.Transform(), limb, opensim.Transform()
        )
        model.addConstraint(weld)
        weld.this.disown()
    with pytest.raises(
        UnsupportedComponent, match=r"'first'.*the same holds for WeldConstraint 'second'"
    ):
        small_case(model)


def test_a_muscle_of_opensim_3_is_called_as_in_its_file(tmp_path: Path) -> None:
    model = joint_of_two_turns()
    add_muscle(model, "old", kind="Thelen2003Muscle")
    path = save(model, tmp_path / "old.osim")
    path.write_text(path.read_text().replace("Thelen2003Muscle", "Schutte1993Muscle_Deprecated"))
    told = r"'old'.*write Thelen2003Muscle for Schutte1993Muscle;"
    with pytest.raises(UnsupportedComponent, match=told):
        compile_model(path, cache_dir=tmp_path)


def test_a_class_of_a_plugin_is_named(tmp_path: Path) -> None:
    path = save(joint_of_two_turns(), tmp_path / "plugged.osim")
    empty, head = "<objects />", '<ForceSet name="forceset">'
    before, after = path.read_text().split(head)
    after = after.replace(empty, '<objects><SpringOfMyOwn name="s"/></objects>', 1)
    path.write_text(before + head + after)
    with pytest.raises(ModelFileError, match=r"plugged\.osim has a SpringOfMyOwn, .* plugin"):
        compile_model(path, cache_dir=tmp_path)


def test_that_markers_are_missing_is_said_after_what_is_worse(
    small_case: Callable[[Any], Case],
) -> None:
    model = joint_of_two_turns()
    model.set_MarkerSet(opensim.MarkerSet())
    bodies = (model.updBodySet().get(name) for name in ("base", "limb0"))
    model.addForce(opensim.TorqueActuator(*bodies, opensim.Vec3(1.0, 0.0, 0.0)))
    with pytest.raises(UnsupportedComponent, match="TorqueActuator"):
        small_case(model)


class FailingPath:
    """Of a muscle that has no length in some poses."""

    def __init__(self, every: int, failing_m: float) -> None:
        self._every, self._failing_m, self._calls = every, failing_m, 0

    def getLength(self, _: Any) -> float:
        self._calls += 1
        return self._failing_m if self._calls % self._every == 0 else 0.3


@pytest.mark.parametrize("failing_m", [float("nan"), -50.0])
@pytest.mark.parametrize("every", [60, 40])
def test_a_path_may_fail_in_one_pose_of_sixty_but_not_of_forty(
    small_case: Callable[[Any], Case],
    every: int,
    failing_m: float,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As OpenSim's do that wrap around a torus; each fits the poses that are left."""
    begin = LengthOracle.__init__

    def fragile(oracle: LengthOracle, *given: Any) -> None:
        begin(oracle, *given)
        oracle._paths = [FailingPath(every, failing_m)]

    monkeypatch.setattr(LengthOracle, "__init__", fragile)
    model = joint_of_two_turns()
    add_function_path(model, "m", (0.4, 0.05, 0.01))
    if every == 40:
        with pytest.raises(
            UnsupportedComponent, match=rf"'m'.*2\.5 % of the poses it is {failing_m:g} m"
        ):
            small_case(model)
        return
    compiled = small_case(model).compiled
    assert re.search(rf"'m': in 1\.7 % of the poses it is {failing_m:g} m long", caplog.text)
    assert compiled.paths.length_error[0].max() < 1e-9


def test_a_coordinate_of_hardly_any_range_is_spanned_all_the_same(
    small_case: Callable[[Any], Case],
) -> None:
    model = joint_of_two_turns()
    add_muscle(model, "m")
    free = small_case(model).compiled.paths
    held = model.updCoordinateSet().get("bend")
    held.setRangeMin(-1e-8)
    held.setRangeMax(1e-8)
    tight = small_case(model).compiled.paths
    np.testing.assert_array_equal(tight.n_spanned, free.n_spanned)
