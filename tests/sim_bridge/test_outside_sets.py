"""Parts outside of the model's sets: OpenSim simulates them, so they are refused by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import opensim
import pytest

from sim_bridge import UnsupportedComponent
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.oracle import OpenSimModel
from tests.sim_bridge.small_models import save, standard, two_limbs
from tests.sim_bridge.test_joints import assert_matches_opensim


def limbs() -> Any:
    """Coordinates hinge_angle and tested0_0."""
    return two_limbs(standard("PinJoint"))


def hold(owner: Any, part: Any) -> Any:
    """Put a part among a component's own, outside of every set."""
    owner.addComponent(part)
    part.this.disown()
    return part


def spring(owner: Any) -> Any:
    made = opensim.SpringGeneralizedForce("tested0_0")
    made.setName("spring")
    made.setStiffness(200.0)
    made.setRestLength(0.3)
    return hold(owner, made)


def cuff(model: Any) -> None:
    """A body of 5 kg, welded to the limb."""
    body = hold(model, opensim.Body("cuff", 5.0, opensim.Vec3(0.0), opensim.Inertia(0.1)))
    hold(model, opensim.WeldJoint("cuff_weld", model.updBodySet().get("limb0"), body))


def weld(model: Any) -> None:
    """A joint alone, to a body of the BodySet."""
    body = opensim.Body("cuff", 5.0, opensim.Vec3(0.0), opensim.Inertia(0.1))
    model.addBody(body)
    hold(model, opensim.WeldJoint("cuff_weld", model.updBodySet().get("limb0"), body))


def coupler(model: Any) -> Any:
    made = opensim.CoordinateCouplerConstraint()
    made.setName("coupler")
    made.setIndependentCoordinateNames(opensim.ArrayStr("hinge_angle", 1))
    made.setDependentCoordinateName("tested0_0")
    made.setFunction(opensim.LinearFunction(0.5, 0.0))
    return hold(model, made)


def marker(model: Any) -> None:
    limb = model.updBodySet().get("limb0")
    hold(model, opensim.Marker("loose", limb, opensim.Vec3(0.1, 0.0, 0.0)))


@pytest.mark.parametrize(
    ("add", "told"),
    [
        (spring, r"SpringGeneralizedForce 'spring'.*ForceSet"),
        (lambda m: spring(m.updBodySet().get("limb0")), r"'spring'.*ForceSet"),
        (cuff, r"Body 'cuff'.*BodySet"),
        (weld, r"WeldJoint 'cuff_weld'.*JointSet"),
        (coupler, r"CoordinateCouplerConstraint 'coupler'.*ConstraintSet"),
        (marker, r"Marker 'loose'.*MarkerSet"),
    ],
    ids=["spring", "spring on a body", "body", "joint", "coupler", "marker"],
)
def test_is_refused_by_name(
    small_case: Callable[[Any], Case], add: Callable[[Any], Any], told: str
) -> None:
    model = limbs()
    add(model)
    with pytest.raises(UnsupportedComponent, match=rf"{told}; move it there"):
        small_case(model)


@pytest.mark.parametrize("add", [spring, cuff], ids=["spring", "body"])
def test_opensim_counts_it(tmp_path: Path, add: Callable[[Any], Any]) -> None:
    """Why they must not be overlooked: inverse dynamics is another."""
    plain, more = limbs(), limbs()
    add(more)
    pose, still = np.array([0.2, 0.4]), np.zeros(2)
    tau = [
        OpenSimModel(save(model, tmp_path / f"{k}.osim")).inverse_dynamics(pose, still, still)
        for k, model in enumerate((plain, more))
    ]
    assert np.abs(tau[1] - tau[0]).max() > 1.0  # N m; the spring alone makes 20


def test_what_is_switched_off_may_stay(small_case: Callable[[Any], Case]) -> None:
    model = limbs()
    spring(model).set_appliesForce(False)
    coupler(model).set_isEnforced(False)
    assert_matches_opensim(small_case(model))
