"""The demo subject's model says what its sources say."""

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from configs.demo.build import SUBJECT
from configs.demo.markers import MARKERS
from configs.demo.motion import COORDINATES, PERIOD, Gait
from configs.demo.muscles import MUSCLES
from configs.demo.skeleton import segment_motions

# Geyer and Herr 2010 as printed in Geyer's parameter file: r0 [m], phi_max, phi_ref [deg] (None:
# constant arm), rho, and whether phi falls by 1 (from 180 or 90 deg) as the muscle lengthens.
PUBLISHED_ARMS = {
    ("SOL", "ankle_angle"): (0.05, 110.0, 80.0, 0.5, +1),
    ("TA", "ankle_angle"): (0.04, 80.0, 110.0, 0.7, -1),
    ("GAS", "ankle_angle"): (0.05, 110.0, 80.0, 0.7, +1),
    ("GAS", "knee_angle"): (0.05, 140.0, 165.0, 0.7, -1),
    ("VAS", "knee_angle"): (0.06, 165.0, 125.0, 0.7, +1),
    ("HAM", "knee_angle"): (0.05, 180.0, 180.0, 0.7, -1),
    ("HAM", "hip_flexion"): (0.08, None, 155.0, 0.7, +1),
    ("GLU", "hip_flexion"): (0.10, None, 150.0, 0.5, +1),
    ("HFL", "hip_flexion"): (0.10, None, 180.0, 0.5, -1),
}
# F_max [N], l_opt [m], l_slack [m], v_max [l_opt/s]
PUBLISHED_MUSCLES = {
    "SOL": (4000.0, 0.04, 0.26, 6.0),
    "TA": (800.0, 0.06, 0.24, 12.0),
    "GAS": (1500.0, 0.05, 0.40, 12.0),
    "VAS": (6000.0, 0.08, 0.23, 12.0),
    "HAM": (3000.0, 0.10, 0.31, 12.0),
    "GLU": (1500.0, 0.11, 0.13, 12.0),
    "HFL": (2000.0, 0.11, 0.10, 12.0),
}
LENGTH_TOLERANCE = 2e-7  # m; polynomials of order 6 over 105 deg of knee are off by 9e-8 m
ARM_TOLERANCE = 1e-5  # m; the same polynomials' slopes, 5e-6 m at the end of the range


@pytest.fixture(scope="module")
def model(opensim: ModuleType) -> Any:
    loaded = opensim.Model(str(SUBJECT / "model.osim"))
    loaded.initSystem()
    return loaded


def phi(coordinate: str, angle: float) -> float:
    """Geyer and Herr's joint angle [rad]: 180 deg in a straight hip and knee, 90 deg at ankle."""
    return math.radians(90.0 if coordinate == "ankle_angle" else 180.0) - angle


def published_arm(muscle: str, coordinate: str, angle: float) -> float:
    """Moment arm [m], positive where the muscle pulls the coordinate up."""
    radius, peak, _, _, lengthens = PUBLISHED_ARMS[muscle, coordinate]
    turn = 1.0 if peak is None else np.cos(phi(coordinate, angle) - np.deg2rad(peak))
    return -lengthens * radius * float(turn)


def published_stretch(muscle: str, coordinate: str, angle: float) -> float:
    """Published change of muscle length [m] from its reference angle, rho included."""
    radius, peak, reference, rho, lengthens = PUBLISHED_ARMS[muscle, coordinate]
    now, rest = phi(coordinate, angle), np.deg2rad(reference)
    if peak is None:
        return lengthens * rho * radius * float(rest - now)
    top = np.deg2rad(peak)
    return lengthens * rho * radius * float(np.sin(rest - top) - np.sin(now - top))


def crossed(muscle: str) -> list[str]:
    return [coordinate for name, coordinate in PUBLISHED_ARMS if name == muscle]


def test_mass_is_the_body_mass(model: Any) -> None:
    bodies = [model.getBodySet().get(i) for i in range(model.getBodySet().getSize())]
    # 1e-9 kg: sums of the table's fractions, which add up to 1
    assert sum(body.getMass() for body in bodies) == pytest.approx(80.0, abs=1e-9)


def test_segments_carry_winters_fractions(model: Any) -> None:
    masses = {name: model.getBodySet().get(name).getMass() for name in ("femur_r", "tibia_l")}
    assert masses == pytest.approx({"femur_r": 8.0, "tibia_l": 3.72})
    trunk = sum(model.getBodySet().get(name).getMass() for name in ("pelvis", "torso"))
    assert trunk == pytest.approx(54.24)


def test_coordinates_are_named_and_ordered_as_stored(model: Any) -> None:
    found = [model.getCoordinateSet().get(i).getName() for i in range(len(COORDINATES))]
    assert sorted(found) == sorted(COORDINATES)
    assert model.getNumCoordinates() == len(COORDINATES)


def test_markers_surround_the_body_and_leave_the_plane(model: Any) -> None:
    assert model.getMarkerSet().getSize() == len(MARKERS) == 24
    lateral = [place[2] for _, _, place in MARKERS]
    assert np.std(lateral) > 0.05


def test_model_moves_as_the_planar_skeleton_does(model: Any) -> None:
    """Whole body's centre of mass, OpenSim against our own chain."""
    gait = Gait.load()
    time = np.linspace(0.0, PERIOD, 7)
    levels = [gait.coordinates(time, derivative) for derivative in range(3)]
    motions = segment_motions(*levels)
    masses = [motion.segment.mass for motion in motions]
    centre = np.average([motion.com for motion in motions], axis=0, weights=masses)
    state = model.initSystem()
    for i in range(len(time)):
        for name, value in zip(COORDINATES, levels[0][i], strict=True):
            model.getCoordinateSet().get(name).setValue(state, float(value), False)
        model.realizePosition(state)
        found = model.calcMassCenterPosition(state).to_numpy()
        # 1e-9 m: both are closed form, the file keeps 17 digits
        assert found[:2] == pytest.approx(centre[i], abs=1e-9)


@pytest.mark.parametrize("name", PUBLISHED_MUSCLES)
def test_muscle_parameters_are_the_published_ones_over_rho(model: Any, name: str) -> None:
    force, fibre, tendon, speed = PUBLISHED_MUSCLES[name]
    rho = PUBLISHED_ARMS[name, crossed(name)[0]][3]
    for side in ("r", "l"):
        muscle = model.getMuscles().get(f"{name}_{side}")
        assert muscle.getMaxIsometricForce() == force
        assert muscle.getMaxContractionVelocity() == speed
        assert muscle.getOptimalFiberLength() == pytest.approx(fibre / rho)
        assert muscle.getTendonSlackLength() == pytest.approx(tendon / rho)


@pytest.mark.parametrize("name", PUBLISHED_MUSCLES)
@pytest.mark.parametrize("share", np.linspace(0.0, 1.0, 13))
def test_paths_have_published_lengths_and_moment_arms(model: Any, name: str, share: float) -> None:
    """OpenSim's length and moment arm at poses across the range, against the closed form."""
    state = model.initSystem()
    _, fibre, tendon, _ = PUBLISHED_MUSCLES[name]
    stretch = 0.0
    for coordinate in crossed(name):
        handle = model.getCoordinateSet().get(f"{coordinate}_r")
        low, high = handle.getRangeMin(), handle.getRangeMax()
        angle = low + share * (high - low)
        handle.setValue(state, angle, False)
        stretch += published_stretch(name, coordinate, angle)
    model.realizePosition(state)
    muscle = model.getMuscles().get(f"{name}_r")
    rho = PUBLISHED_ARMS[name, crossed(name)[0]][3]
    expected = (fibre + tendon + stretch) / rho
    assert muscle.getLength(state) == pytest.approx(expected, abs=LENGTH_TOLERANCE)
    for coordinate in crossed(name):
        handle = model.getCoordinateSet().get(f"{coordinate}_r")
        found = muscle.getPath().computeMomentArm(state, handle)
        arm = published_arm(name, coordinate, handle.getValue(state))
        assert found == pytest.approx(arm, abs=ARM_TOLERANCE)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("SOL", 0.1, 0.6),
        ("GAS", 0.1, 0.55),
        ("TA", 0.0, 1.0),
        ("VAS", 0.0, 0.4),
        ("GLU", 0.0, 0.4),
        ("HFL", 0.3, 0.9),
        ("HAM", 0.7, 1.3),
    ],
)
def test_fibres_work_near_their_optimum_while_they_are_needed(
    name: str, first: float, last: float
) -> None:
    """Rigid-tendon fibre length over optimum, in the part of the stride that uses the muscle."""
    muscle = next(muscle for muscle in MUSCLES if muscle.name == name)
    q = Gait.load().coordinates(np.linspace(first, last, 50) * PERIOD)
    columns = [COORDINATES.index(f"{a.coordinate}_r") for a in muscle.attachments]
    stretch = sum(a.length(q[:, i]) for a, i in zip(muscle.attachments, columns, strict=True))
    fibre = muscle.optimal_fibre_length + stretch
    normalised = fibre / muscle.optimal_fibre_length
    # Millard's active force is above 0.25 of its maximum between these
    assert normalised.min() > 0.5
    assert normalised.max() < 1.4
