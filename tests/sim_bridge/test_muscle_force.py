"""Force at full activation along a rigid tendon, against OpenSim, class by class."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import opensim
import pytest

from sim_bridge import UnsupportedComponent
from sim_bridge.muscles.force import MuscleForce, table_value
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.small_models import add_body
from tests.sim_bridge.small_muscles import KINDS, add_muscle, joint_of_two_turns
from tests.sim_bridge.test_muscle_paths import near_walking, visit
from tests.sim_bridge.trials import SKELETON_TRIALS, RecordedTrial

SHARE = 5e-3
"""Of the maximum isometric force. Seen: 6e-4 on Thelen's curves, 1e-6 on Millard's."""


def own_class(muscle: Any) -> Any:
    return getattr(opensim, muscle.getConcreteClassName()).safeDownCast(muscle)


def opensim_forces(case: Case) -> np.ndarray:
    """At the present state of the oracle [N]."""
    muscles = case.oracle.model.getMuscles()
    return np.array(
        [
            own_class(muscles.get(i)).calcInextensibleTendonActiveFiberForce(case.oracle.state, 1.0)
            for i in range(muscles.getSize())
        ]
    )


@pytest.mark.parametrize("trial", SKELETON_TRIALS)
def test_real_muscles_near_walking(recorded: Callable[[str], RecordedTrial], trial: str) -> None:
    source = recorded(trial)
    case, ours = Case(source.osim, source.model), MuscleForce(source.model)
    for pose in visit(case, near_walking(source, 15)):
        ours.step(pose.geometry.length, pose.geometry.speed)
        error = np.abs(ours.force - opensim_forces(case)) / source.model.muscles.max_isometric_force
        assert error.max() < SHARE


def pulling_block(kind: str, **properties: float) -> Any:
    """A block on a rail, pulled by one muscle: the coordinate is its length [m]."""
    model = opensim.Model()
    block = add_body(model, "block", 1.0)
    rail = opensim.SliderJoint("rail", model.getGround(), block)
    rail.updCoordinate().setName("length")
    model.addJoint(rail)
    muscle = add_muscle(
        model, "m", [("ground", (0.0, 0.0, 0.0)), ("block", (0.0, 0.0, 0.0))], kind=kind
    )
    for name, value in properties.items():
        getattr(muscle, f"set_{name}")(value)
    return model


def assert_forces_agree(case: Case) -> None:
    """From short to long fibres, at up to 1.2 times the maximum speed; tendon slack is apart."""
    ours, forces = MuscleForce(case.compiled), []
    for length in np.linspace(0.26, 0.85, 60):
        for speed in (-3.5, -2.0, -0.6, -0.1, 0.0, 0.1, 0.8, 2.5):
            case.oracle.set(np.array([length]), np.array([speed]))
            ours.step(np.array([length]), np.array([speed]))
            theirs = opensim_forces(case)[0]
            forces.append(theirs)
            assert abs(ours.force[0] - theirs) < SHARE * 800.0, (length, speed)
    assert max(forces) > 800.0  # the sweep met the muscle's best


@pytest.mark.parametrize("kind", KINDS)
def test_every_length_and_speed(small_case: Callable[[Any], Case], kind: str) -> None:
    assert_forces_agree(small_case(pulling_block(kind)))


@pytest.mark.parametrize("kind", [k for k in KINDS if not k.startswith("DeGroote")])
def test_beyond_every_speed_of_a_muscle(small_case: Callable[[Any], Case], kind: str) -> None:
    """As far as six times the maximum speed; De Groote's curve is a logarithm, ours straight."""
    case = small_case(pulling_block(kind))
    ours = MuscleForce(case.compiled)
    for speed in (-20.0, -6.0, 4.6, 9.0, 20.0):
        case.oracle.set(np.array([0.55]), np.array([speed]))
        ours.step(np.array([0.55]), np.array([speed]))
        assert ours.force[0] == pytest.approx(opensim_forces(case)[0], abs=SHARE * 800.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pennation", [0.0, 0.5])
def test_pennation(small_case: Callable[[Any], Case], kind: str, pennation: float) -> None:
    assert_forces_agree(small_case(pulling_block(kind, pennation_angle_at_optimal=pennation)))


@pytest.mark.parametrize("kind", KINDS)
def test_other_maximum_speed(small_case: Callable[[Any], Case], kind: str) -> None:
    assert_forces_agree(small_case(pulling_block(kind, max_contraction_velocity=15.0)))


@pytest.mark.parametrize(
    "properties",
    [
        {"KshapeActive": 0.3},
        {"Af": 0.4, "Flen": 1.6},
        {"fv_linear_extrap_threshold": 0.8},
    ],
    ids=lambda p: " and ".join(p),
)
def test_thelen_shapes(small_case: Callable[[Any], Case], properties: dict[str, float]) -> None:
    assert_forces_agree(small_case(pulling_block("Thelen2003Muscle", **properties)))


def test_millard_with_curves_of_its_own(small_case: Callable[[Any], Case]) -> None:
    model = pulling_block("Millard2012EquilibriumMuscle")
    muscle = opensim.Millard2012EquilibriumMuscle.safeDownCast(model.updMuscles().get(0))
    curve = opensim.ActiveForceLengthCurve(0.5, 0.7, 1.7, 0.8, 0.1)
    muscle.setActiveForceLengthCurve(curve)
    assert_forces_agree(small_case(model))


@pytest.mark.parametrize("kind", KINDS)
def test_slack_tendon_carries_nothing(small_case: Callable[[Any], Case], kind: str) -> None:
    case = small_case(pulling_block(kind))
    ours = MuscleForce(case.compiled)
    for length in (0.0, 0.2, 0.25):  # OpenSim's De Groote muscle mirrors its force here
        ours.step(np.array([length]), np.zeros(1))
        assert ours.force[0] == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_fibres_beyond_every_length_never_push(
    small_case: Callable[[Any], Case], kind: str
) -> None:
    """Up to five optimal fibre lengths, as in a model whose muscles were not scaled."""
    case = small_case(pulling_block(kind))
    ours = MuscleForce(case.compiled)
    for length in (0.25 + 0.3 * np.array([2.4, 2.6, 3.0, 3.7, 5.0]))[:, None]:
        case.oracle.set(length, np.zeros(1))
        ours.step(length, np.zeros(1))
        assert ours.force[0] >= 0.0
        assert ours.force[0] == pytest.approx(opensim_forces(case)[0], abs=SHARE * 800.0)


def test_forces_are_finite_and_never_push(recorded: Callable[[str], RecordedTrial]) -> None:
    model = recorded(SKELETON_TRIALS[0]).model
    ours, rng = MuscleForce(model), np.random.default_rng(25)
    for _ in range(200):
        ours.step(rng.uniform(0.0, 1.5, 80), 5.0 * rng.normal(size=80))
        assert np.isfinite(ours.force).all()
        assert ours.force.min() > -1e-3  # [N] a cubic table between zeros may dip below


def test_unknown_muscle_class_is_refused_with_those_known(
    small_case: Callable[[Any], Case],
) -> None:
    model = joint_of_two_turns()
    add_muscle(model, "m", kind="RigidTendonMuscle")
    with pytest.raises(UnsupportedComponent, match=r"RigidTendonMuscle 'm'.*Thelen2003Muscle"):
        small_case(model)


def test_table_is_cubic_and_goes_straight_on_beyond_its_ends() -> None:
    x = np.linspace(-1.0, 2.0, 7)
    table = np.stack([x**3 - x, 3.0 * x**2 - 1.0], axis=1)
    interval = np.array([-1.0, 2.0])
    for at in (-0.93, 0.0, 0.31, 1.999):
        assert table_value(table, interval, at) == pytest.approx(at**3 - at, abs=1e-12)
    assert table_value(table, interval, -5.0) == pytest.approx(0.0 + 2.0 * -4.0)
    assert table_value(table, interval, 5.0) == pytest.approx(6.0 + 11.0 * 3.0)


def recruited_by_opensim(osim: Path, folder: Path) -> list[str]:
    """Columns of OpenSim's StaticOptimization in a model that stands still."""
    motion = opensim.TimeSeriesTable()
    motion.setColumnLabels(["/jointset/hinge/hinge_angle/value"])
    for k in range(11):
        motion.appendRow(0.01 * k, opensim.RowVector(1, 0.0))
    motion.addTableMetaDataString("inDegrees", "no")
    opensim.STOFileAdapter.write(motion, str(folder / "still.sto"))
    tool, analysis = opensim.AnalyzeTool(), opensim.StaticOptimization()
    tool.setName("still")
    tool.setModelFilename(str(osim))
    tool.setCoordinatesFileName(str(folder / "still.sto"))
    tool.setResultsDir(str(folder))
    tool.setInitialTime(0.02)
    tool.setFinalTime(0.03)
    analysis.setStartTime(0.02)
    analysis.setEndTime(0.03)
    tool.getAnalysisSet().cloneAndAppend(analysis)
    tool.printToXML(str(folder / "still.xml"))
    assert opensim.AnalyzeTool(str(folder / "still.xml")).run()
    table = opensim.TimeSeriesTable(str(folder / "still_StaticOptimization_activation.sto"))
    return list(table.getColumnLabels())


def test_muscle_that_is_switched_off_is_left_out(
    small_case: Callable[[Any], Case], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As OpenSim does, in names, parameters and paths; a class that is not known is no matter."""
    model = joint_of_two_turns()
    for k, name in enumerate(("off", "first", "off_too", "last")):
        spots = (("base", (0.05 + 0.01 * k, 0.1, 0.02)), ("limb0", (0.04, -0.25, 0.01)))
        muscle = add_muscle(model, name, spots, lengths=(0.3 + 0.01 * k, 0.25))
        muscle.set_appliesForce(not name.startswith("off"))
    off = opensim.RigidTendonMuscle()
    off.setName("off_unknown")
    for body, place in spots:
        off.addNewPathPoint(f"on_{body}", model.updBodySet().get(body), opensim.Vec3(*place))
    off.set_appliesForce(False)
    model.addForce(off)
    for name in ("hinge_angle", "twist", "bend"):
        kind = "ActivationCoordinateActuator" if name == "hinge_angle" else "CoordinateActuator"
        reserve = getattr(opensim, kind)()
        reserve.set_coordinate(name)
        reserve.setName(f"{name}_reserve")
        reserve.setOptimalForce(100.0)
        reserve.setMinControl(-10.0)
        reserve.setMaxControl(10.0)
        model.addForce(reserve)
    case = small_case(model)
    compiled = case.compiled
    expected = recruited_by_opensim(case.osim, tmp_path)
    assert [*compiled.muscle_names, *compiled.actuators.names] == expected
    np.testing.assert_allclose(compiled.muscles.optimal_fiber_length, [0.31, 0.33], rtol=1e-12)
    assert "off, off_too, off_unknown" in caplog.text
    for pose in visit(case, np.array([[0.1, 0.2, 0.3], [-0.2, 0.1, -0.5]])):
        theirs = case.oracle.muscle_lengths()[[1, 3]]
        np.testing.assert_allclose(pose.geometry.length, theirs, rtol=0, atol=1e-12)  # rounding
