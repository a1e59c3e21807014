"""Forces under nobody, and those between the feet: which total of all plates is believed."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize

from sim_bridge import Bridge, BridgeSettings, BridgeStatus, ExternalForce
from sim_bridge.dynamics.wrench import add_wrench
from sim_bridge.plates import ON_FEET, PlateMapper, Soles
from sim_bridge.plates.mapping import NOBODY, REACH, UNTOLD, off_both
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial

HEEL_R, TIP_R, HEEL_L, TIP_L = 0, 3, 4, 7
STRIDE = ((0.0, 0.1), (0.2, 0.1), (0.9, -0.1), (1.1, -0.1))
"""Heel and tip of the right foot, then of the left one, x and z: both soles are far apart."""


def soles(ends: np.ndarray) -> Soles:
    """Feet with the balls half-way from heel to tip, both on the floor."""
    place = np.zeros((3, 8))
    for heel, (a, b) in ((HEEL_R, ends[:2]), (HEEL_L, ends[2:])):
        place[0::2, heel : heel + 4] = np.transpose([a, (a + b) / 2, (a + b) / 2, b])
    return Soles(place, np.ones(8))


def row(x: float, z: float, vertical: float = 700.0) -> np.ndarray:
    """One force with its point on the floor."""
    return np.array([[4.0, vertical, -3.0, x, 0.0, z, 0.0, 2.0, 0.0]])


def naive_distance(ends: np.ndarray, point: np.ndarray) -> float:
    """From a point to the nearest mean of others, whatever weights it needs.

    The best weights u have a sum that is not one, which makes no difference to their ratios.
    """
    away = (ends - point).T
    u, _ = optimize.nnls(np.vstack((away, np.ones(len(ends)))), np.array([0.0, 0.0, 1.0]))
    return float(np.hypot(*(away @ u)) / u.sum())


def random_ends(rng: np.random.Generator, kind: str) -> np.ndarray:
    """Heels and tips (4, 2) [m], anywhere or where some triangles of them are none."""
    ends = rng.normal(scale=0.4, size=(4, 2))
    along = ends[1] - ends[0]
    if kind == "in a line":
        ends = ends[0] + rng.normal(size=(4, 1)) * along
    elif kind == "side by side":
        ends[3] = ends[2] + along
    elif kind == "one place":
        ends[2:] = ends[:2]
    elif kind == "no length":
        ends[:] = ends[0]
    return ends


@pytest.mark.parametrize(
    "kind", ["anywhere", "in a line", "side by side", "one place", "no length"]
)
def test_the_floor_between_the_soles_is_the_hull_of_their_ends(kind: str) -> None:
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(300):
        ends = random_ends(rng, kind)
        for point in (rng.normal(scale=0.6, size=2), rng.dirichlet(np.ones(4)) @ ends, ends[1]):
            known = naive_distance(ends, point)
            got = off_both(row(*point)[0], soles(ends))
            np.testing.assert_allclose(got, known, rtol=0.0, atol=1e-6)
            inside += got == 0.0
    assert inside or kind != "anywhere"


@pytest.mark.parametrize("point", [(3.0, 0.0), (-0.2, 0.1), (0.55, 0.4), (0.55, -0.4)])
def test_a_force_under_nobody_makes_no_total(point: tuple[float, float]) -> None:
    mapper, feet, plates = PlateMapper(1), soles(np.array(STRIDE)), row(*point)
    mapper.look(plates, feet)
    mapper.assign(plates, (400.0, 300.0))
    assert mapper.foot.tolist() == [UNTOLD]
    assert np.isnan(mapper.total).all()
    assert np.isnan(mapper.feet).all()
    assert not mapper.edge.any()
    mapper.look(back := row(0.1, 0.1), feet)  # nothing of it stays
    np.testing.assert_array_equal(mapper.total, back[0])


@pytest.mark.parametrize("point", [(0.55, 0.0), (0.4, 0.0), (0.7, -0.02)])
def test_a_force_between_the_feet_is_a_total(point: tuple[float, float]) -> None:
    mapper, plates = PlateMapper(1), row(*point)
    mapper.look(plates, soles(np.array(STRIDE)))
    mapper.assign(plates, (400.0, 300.0))
    assert mapper.foot.tolist() == [UNTOLD]  # far from both soles
    np.testing.assert_array_equal(mapper.total, plates[0])
    assert np.isnan(mapper.feet).all()


@pytest.mark.parametrize(("away", "known"), [(REACH - 0.001, True), (REACH + 0.001, False)])
def test_the_floor_between_the_feet_has_the_reach_of_a_sole(away: float, known: bool) -> None:
    ends = np.array(STRIDE)
    middle, along = ends[[0, 2]].mean(axis=0), ends[2] - ends[0]  # between the heels
    point = middle + away * np.array([along[1], -along[0]]) / np.hypot(*along)
    mapper = PlateMapper(1)
    mapper.look(row(*point), soles(ends))
    assert mapper.foot.tolist() == [UNTOLD]
    assert np.isfinite(mapper.total).all() == known


@pytest.mark.parametrize("stands", [0, 1])
def test_a_foot_that_swings_past_the_standing_one_does_not_get_its_force(stands: int) -> None:
    """Though the point is nearer to it: 6 cm from its middle line, not 8."""
    feet = soles(np.array(((0.0, 0.07), (0.2, 0.07), (0.0, -0.07), (0.2, -0.07))))
    swings = 1 - stands
    feet.contact[4 * swings : 4 * swings + 4] = 0.0
    mapper = PlateMapper(1)
    mapper.look(row(0.1, -0.01 if stands == 0 else 0.01), feet)
    assert mapper.foot.tolist() == [stands]


def test_one_plate_under_nobody_spoils_the_total_of_all_and_one_without_load_does_not() -> None:
    mapper, feet = PlateMapper(2), soles(np.array(STRIDE))
    under = row(0.1, 0.1, 400.0)
    mapper.look(np.concatenate([row(3.0, 0.0, 300.0), under]), feet)
    assert mapper.foot.tolist() == [UNTOLD, 0]
    assert np.isnan(mapper.total).all()
    mapper.look(np.concatenate([row(3.0, 0.0, 0.0), under]), feet)
    assert mapper.foot.tolist() == [NOBODY, 0]
    np.testing.assert_array_equal(mapper.total, under[0])


def test_a_point_that_is_not_known_makes_no_total() -> None:
    mapper, plates = PlateMapper(1), row(np.nan, np.nan)
    mapper.look(plates, soles(np.array(STRIDE)))
    assert mapper.foot.tolist() == [UNTOLD]
    assert np.isnan(mapper.total).all()


def test_a_belt_that_is_measured_elsewhere_does_no_harm(
    recorded: Callable[[str], RecordedTrial],
) -> None:
    """Its forces are whole and its points a metre beside the feet: predicted, as without it."""
    walk, frames = recorded(PARITY_TRIALS[0]), range(55, 185)
    belt = walk.forces[:, :1].copy()
    for i in range(len(belt)):
        add_wrench(walk.forces[i, 1], belt[i, 0])
    belt[..., 5] += 1.0
    found, motion = [], []
    for kept, loads, forces in (
        (found, (ExternalForce("1", ON_FEET),), belt),
        (motion, (), belt[:, :0]),
    ):
        bridge = Bridge(walk.model, walk.marker_names, loads, BridgeSettings(walk.rate_hz))
        for i in frames:
            out = bridge.step(float(walk.time[i]), walk.markers[i], forces[i])
            kept.append((*out.tau, out.status & BridgeStatus.GRF_PREDICTED))
    np.testing.assert_array_equal(np.array(found)[25:], np.array(motion)[25:])
