"""Rotations that are filtered as such, against scipy's and against the same person turned."""

from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sim_bridge import Bridge, BridgeSettings, CompiledModel, compile_model
from sim_bridge.filters import BallFilter, DerivativeFilter, make_filter
from sim_bridge.filters.balls import to_angles, to_quaternions
from tests.data_sets import trial_dir
from tests.sim_bridge.signals import EVERY_KIND, RATE_HZ
from tests.sim_bridge.small_models import save, standard, two_limbs
from tests.sim_bridge.trials import RecordedTrial

F64 = NDArray[np.float64]
TRIAL = "gait1992/subject01/walk"
ONE = np.array([[0, 1, 2]])
STEP_S = 1e-4


def angles(p: F64) -> F64:
    """Body-fixed turns about x, y and z of quaternions, real part first; scipy's account."""
    found: F64 = Rotation.from_quat(np.roll(p, -1, axis=-1)).as_euler("XYZ")
    return found


@pytest.mark.parametrize("seed", range(20))
def test_angles_and_their_derivatives_are_those_of_the_quaternion(seed: int) -> None:
    """Against difference quotients, of quaternions whose length changes, too."""
    rng = np.random.default_rng(seed)
    p, pd, pdd = rng.normal(size=(3, 4))
    behind, at, ahead = (angles(p + t * pd + 0.5 * t * t * pdd) for t in (-STEP_S, 0.0, STEP_S))
    q, qd, qdd = np.zeros((3, 3))
    to_angles(p, pd, pdd, ONE, at, q, qd, qdd)
    np.testing.assert_allclose(q, at, rtol=0, atol=1e-12)
    cosine = np.cos(at[1])  # the quotients' error grows as the angles rush: h^2 and 1e-16 / h^2
    np.testing.assert_allclose(qd, (ahead - behind) / (2 * STEP_S), atol=1e-4 / cosine**4)
    second = (ahead - 2 * at + behind) / STEP_S**2
    np.testing.assert_allclose(qdd, second, atol=1e-2 / cosine**5)


@pytest.mark.parametrize("middle", [0.3, 0.5 * np.pi, -0.5 * np.pi, 0.5 * np.pi + 1e-9, 2.0, -3.0])
def test_every_turn_comes_back(middle: float) -> None:
    """Nearest to what the person did, also in gimbal lock and after whole turns."""
    q = np.array([7.0, middle, -9.0])
    p, (out, rest, still) = np.array([1.0, 0, 0, 0]), np.zeros((3, 3))
    to_quaternions(q, ONE, p)
    to_angles(p, np.zeros(4), np.zeros(4), ONE, q, out, rest, still)
    # of an angle within 1e-6 of a right one, the other two are known to 1e-9 / 1e-6
    np.testing.assert_allclose(out, q, rtol=0, atol=1e-8)
    assert not rest.any()
    assert not still.any()


def filtered(made: DerivativeFilter, path: F64) -> tuple[F64, F64, F64]:
    for k, q in enumerate(path):
        made.step(k / RATE_HZ, q)
    return made.q, made.qd, made.qdd


@pytest.mark.parametrize("name", EVERY_KIND)
def test_small_turns_are_filtered_as_angles_are(name: str) -> None:
    """For turns of a hundredth of a radian both are the same, to the square of that."""
    t = np.arange(300) / RATE_HZ
    path = 0.01 * np.stack([np.sin(6 * t), np.cos(5 * t), np.sin(4 * t + 1), np.sin(7 * t)], axis=1)
    ball, plain = make_filter(name, 4, RATE_HZ, ONE), make_filter(name, 4, RATE_HZ)
    assert isinstance(ball, BallFilter)
    assert ball.delay_s == plain.delay_s
    for ours, theirs in zip(filtered(ball, path), filtered(plain, path), strict=True):
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours[:3], theirs[:3], rtol=0, atol=0.02 * scale)
        np.testing.assert_array_equal(ours[3], theirs[3])
    assert ball.warming_up == plain.warming_up
    ball.reset()
    assert ball.warming_up


def test_locked_angle_is_not_filtered_away(tmp_path: Path) -> None:
    model = two_limbs(standard("BallJoint"))
    free = compile_model(save(model, tmp_path / "free.osim"), cache_dir=tmp_path)
    names = [free.coordinate_names[i] for i in free.balls[0]]
    assert names == ["tested0_0", "tested0_1", "tested0_2"]
    model.updCoordinateSet().get("tested0_1").set_locked(True)
    assert not len(compile_model(save(model, tmp_path / "locked.osim"), cache_dir=tmp_path).balls)


@cache
def walk() -> RecordedTrial:
    return RecordedTrial.load(trial_dir(TRIAL))


@pytest.fixture(scope="module")
def on_free_joint(tmp_path_factory: pytest.TempPathFactory) -> CompiledModel:
    """The trial's model without muscles, its pelvis on a FreeJoint."""
    folder = tmp_path_factory.mktemp("free")
    tree = ElementTree.parse(trial_dir(TRIAL).parent / "model.osim")
    joint = next(j for j in tree.iter("CustomJoint") if j.get("name") == "ground_pelvis")
    joint.tag = "FreeJoint"
    joint.remove(next(joint.iter("SpatialTransform")))
    coordinates = next(joint.iter("coordinates"))
    by_name = {str(c.get("name")).removeprefix("pelvis_"): c for c in list(coordinates)}
    for name in ("list", "rotation", "tilt", "tx", "ty", "tz"):  # turns about x, y, z
        coordinates.remove(by_name[name])
        coordinates.append(by_name[name])
    forces = next(tree.iter("ForceSet"))
    for objects in forces.iter("objects"):
        objects.clear()
    tree.write(folder / "model.osim")
    return compile_model(folder / "model.osim", cache_dir=folder)


def moments(model: CompiledModel, heading: float) -> F64:
    """Of the joints, while the person walks elsewhere."""
    c, s = np.cos(heading), np.sin(heading)
    about_y = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    trial = walk()
    bridge = Bridge(model, trial.marker_names, trial.loads, BridgeSettings(trial.rate_hz))
    found = []
    for t, markers, forces in zip(trial.time, trial.markers, trial.forces, strict=True):
        turned = (forces.reshape(-1, 3) @ about_y.T).reshape(-1, 9)
        out = bridge.step(t, markers @ about_y.T, turned)
        found.append(out.tau.copy() if out.status == 0 else np.full(len(out.tau), np.nan))
    joints = [not name.startswith("pelvis") for name in model.coordinate_names]
    return np.array(found)[:, joints]


@pytest.mark.parametrize("heading", [85.0, 88.0, 90.0, 92.0, -90.0])
def test_moments_do_not_depend_on_where_the_person_faces(
    on_free_joint: CompiledModel, heading: float
) -> None:
    ahead, turned = moments(on_free_joint, 0.0), moments(on_free_joint, np.deg2rad(heading))
    seen = np.isfinite(ahead[:, 0])
    assert seen.sum() > 150
    # inverse kinematics converges to 1e-8 rad, another way round from here; angle by angle
    # filtered, they differ by 50 to 280 N m
    np.testing.assert_allclose(turned[seen], ahead[seen], rtol=0, atol=1e-3)


def test_moments_on_a_free_joint_are_those_on_the_models_own(on_free_joint: CompiledModel) -> None:
    """Whose three angles are filtered one by one: a little else, as angles are not a rotation."""
    own, free = moments(walk().model, 0.0), moments(on_free_joint, 0.0)
    order = [n for n in on_free_joint.coordinate_names if not n.startswith("pelvis")]
    names = [n for n in walk().model.coordinate_names if not n.startswith("pelvis")]
    seen = np.isfinite(own[:, 0])
    at = [names.index(name) for name in order]
    np.testing.assert_allclose(free[seen], own[seen][:, at], rtol=0, atol=1.0)  # of 100 N m
