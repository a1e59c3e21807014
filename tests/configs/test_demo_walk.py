"""The demo walk is a walk: it loops, obeys Newton, and keeps within what people do."""

from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest

from configs.demo.anthropometry import BALL_X, BODY_HEIGHT, BODY_MASS, GRAVITY, HEEL_X
from configs.demo.build import SUBJECT
from configs.demo.markers import CAMERA_RMS, SOFT_TISSUE_RMS, recording_error
from configs.demo.moments import leg_moments
from configs.demo.motion import BELT_SPEED, COORDINATES, DURATION, PERIOD, TOE_OFF, Gait
from configs.demo.reaction import foot_reactions
from configs.demo.skeleton import leg_pose, rotate
from streamer.config.session import load_config
from streamer.formats import read_trial
from tests.configs.opensim_tools import Table, inverse_dynamics, static_optimization, write_storage

F64 = npt.NDArray[np.float64]

WEIGHT = BODY_MASS * GRAVITY
SPAN = (1.0, 1.0 + 1.2 * PERIOD)  # of the OpenSim runs: one stride and a bit, away from the ends
SIDES = ("r", "l")


@pytest.fixture(scope="module")
def gait() -> Gait:
    return Gait.load()


@pytest.fixture(scope="module")
def stride() -> F64:
    """Times of one stride, 500 instants [s]."""
    return np.arange(500) / 500 * PERIOD


@pytest.fixture(scope="module")
def coordinate_file(gait: Gait, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("walk") / "coordinates.mot"
    time = np.arange(0.0, 4.0, 0.005)
    write_storage(path, COORDINATES, time, gait.coordinates(time))
    return path


@pytest.fixture(scope="module")
def dynamics(opensim: ModuleType, coordinate_file: Path) -> Table:
    model, loads = SUBJECT / "model.osim", SUBJECT / "walk" / "external_loads.xml"
    return inverse_dynamics(opensim, model, loads, coordinate_file, SPAN, coordinate_file.parent)


@pytest.fixture(scope="module")
def activations(opensim: ModuleType, coordinate_file: Path) -> Table:
    return static_optimization(opensim, SUBJECT, coordinate_file, SPAN, coordinate_file.parent)


def force_columns(side: str) -> F64:
    """Forward, up [N] and centre of pressure [m] from the file, shape (n, 3)."""
    forces = read_trial(SUBJECT / "walk").forces
    assert forces is not None
    names = [f"ground_force_{side}_{axis}" for axis in ("vx", "vy", "px")]
    return forces.data[:, [forces.names.index(name) for name in names]]


def test_trial_reads_as_any_other() -> None:
    trial = read_trial(SUBJECT / "walk")
    assert trial.emg is None
    assert trial.emg_kind == "none"
    assert trial.mass_kg == BODY_MASS
    assert trial.markers.rate_hz == 100.0
    assert not np.isnan(trial.markers.positions).any()


def test_demo_configuration_names_files_that_exist() -> None:
    config = load_config(SUBJECT.parent / "demo.yaml")
    assert config.model == (SUBJECT / "model.osim").resolve()
    assert config.trial == (SUBJECT / "walk").resolve()
    assert config.mass_kg == BODY_MASS


def test_motion_has_the_period_of_the_loop(gait: Gait) -> None:
    for derivative in range(3):
        ends = gait.coordinates(np.array([0.0, DURATION]), derivative)
        # 1e-9: nine full turns of 16 harmonics in double precision
        np.testing.assert_allclose(ends[0], ends[1], atol=1e-9)


def test_recordings_loop_without_a_seam() -> None:
    """The step from the last sample to the first is no larger than any other step."""
    trial = read_trial(SUBJECT / "walk")
    assert trial.forces is not None
    markers = trial.markers.positions.reshape(len(trial.markers.time), -1)
    for table in (markers, np.concatenate([force_columns(side) for side in SIDES], axis=1)):
        seam = np.abs(table[0] - table[-1])
        steps = np.abs(np.diff(table, axis=0)).max(axis=0)
        assert (seam <= steps + 1e-9).all()
    assert trial.markers.time[-1] + 0.01 == pytest.approx(DURATION)
    assert trial.forces.time[-1] + 0.002 == pytest.approx(DURATION)


def test_marker_error_is_as_declared() -> None:
    error = recording_error(1000)
    declared = np.hypot(SOFT_TISSUE_RMS, CAMERA_RMS)
    # 576 random amplitudes: the RMS of so many is within 10 % of what they are drawn from
    assert np.sqrt(np.mean(error**2)) == pytest.approx(declared, rel=0.1)


def test_residuals_on_the_pelvis_vanish(dynamics: Table) -> None:
    """Motion and committed forces agree in OpenSim's inverse dynamics."""
    _, columns = dynamics
    # forces are printed to 0.01 N, pressure to 0.01 mm: 800 N x 0.01 mm = 0.008 N m
    for name in ("pelvis_tilt_moment", "pelvis_tx_force", "pelvis_ty_force"):
        assert np.abs(columns[name]).max() < 0.03


def test_moments_are_those_of_our_own_newton_euler(gait: Gait, dynamics: Table) -> None:
    time, columns = dynamics
    own = leg_moments(gait, time, foot_reactions(gait, time)["r"])
    for i, name in enumerate(COORDINATES[3:6]):
        # 0.03 N m: printed digits of forces and pressure, as above
        np.testing.assert_allclose(columns[f"{name}_moment"], own[:, i], atol=0.03)


def test_moments_are_in_the_range_of_normal_gait(dynamics: Table) -> None:
    time, columns = dynamics
    phase = np.mod(time / PERIOD, 1.0)
    ankle, knee, hip = (
        columns[f"{name}_r_moment"] / BODY_MASS
        for name in ("ankle_angle", "knee_angle", "hip_flexion")
    )
    assert 1.2 < -ankle.min() < 1.6
    assert 0.40 < phase[ankle.argmin()] < 0.55
    early = phase < 0.3
    assert 0.3 < -knee[early].min() < 0.8
    assert 0.4 < -hip[early].min() < 1.0
    assert 0.4 < hip.max() < 1.0
    assert 0.4 < phase[hip.argmax()] < 0.65


def test_angles_are_in_the_range_of_normal_gait(gait: Gait, stride: F64) -> None:
    phase = stride / PERIOD
    hip, knee, ankle = np.rad2deg(gait.coordinates(stride)[:, 3:6]).T
    loading = knee[phase < 0.3]
    assert 15.0 < loading.max() < 25.0
    assert 2.0 < knee.min() < 10.0
    assert 50.0 < knee.max() < 70.0
    assert 0.68 < phase[knee.argmax()] < 0.78
    assert -25.0 < ankle.min() < -12.0
    assert 0.6 < phase[ankle.argmin()] < 0.7
    assert 8.0 < ankle.max() < 16.0
    assert 20.0 < hip.max() < 35.0
    assert -22.0 < hip.min() < -8.0


@pytest.mark.parametrize("side", SIDES)
def test_feet_push_only_and_only_in_stance(side: str) -> None:
    forward, up, _ = force_columns(side).T
    phase = np.mod(np.arange(len(up)) * 0.002 / PERIOD + (0.5 if side == "l" else 0.0), 1.0)
    assert up.min() >= 0.0
    assert not up[(phase > TOE_OFF + 0.002) & (phase < 0.998)].any()
    pressing = up > 20.0
    assert (np.abs(forward[pressing]) < 0.5 * up[pressing]).all()  # shoes on a belt hold that


def test_vertical_force_has_two_humps(gait: Gait, stride: F64) -> None:
    phase = stride / PERIOD
    up = foot_reactions(gait, stride)["r"].force[:, 1] / WEIGHT
    first, last = up[phase < 0.25].max(), up[(phase > 0.35) & (phase < TOE_OFF)].max()
    between = up[(phase > 0.25) & (phase < 0.35)].min()
    assert 1.0 < first < 1.25
    assert 1.0 < last < 1.25
    assert 0.6 < between < 0.9


def test_force_brakes_then_drives(gait: Gait, stride: F64) -> None:
    forward = foot_reactions(gait, stride)["r"].force[:, 0] / WEIGHT
    phase = stride / PERIOD
    assert -0.25 < forward[phase < 0.25].min() < -0.08
    assert 0.08 < forward[(phase > 0.35) & (phase < TOE_OFF)].max() < 0.25


def test_feet_share_the_whole_reaction_smoothly(gait: Gait) -> None:
    """No jump in force or pressure where single and double support meet."""
    meet = np.array([0.12, 0.5, 0.62]) * PERIOD
    eps = 1e-6
    before, after = (foot_reactions(gait, meet + shift)["r"] for shift in (-eps, eps))
    # 1e-6 s at the steepest slope of the curves, about 2e4 N/s, is 0.02 N
    np.testing.assert_allclose(before.force, after.force, atol=0.05)
    np.testing.assert_allclose(before.centre[:2], after.centre[:2], atol=1e-5)


def test_pressure_stays_under_the_foot(gait: Gait, stride: F64) -> None:
    reaction = foot_reactions(gait, stride)["r"]
    along = reaction.centre - leg_pose(gait.coordinates(stride), "r").ankle[:, 0]
    loaded = reaction.force[:, 1] > 0.02 * WEIGHT
    assert along[loaded].min() > HEEL_X
    assert along[loaded].max() < HEEL_X + 0.152 * BODY_HEIGHT  # Winter's foot
    assert (np.diff(along[stride / PERIOD < 0.45]) > -0.001).all()  # rolls from heel to ball


def test_flat_foot_rides_on_the_belt(gait: Gait, stride: F64) -> None:
    """Heel and ball of the sole move with the belt while the foot is flat."""
    flat = (stride / PERIOD > 0.14) & (stride / PERIOD < 0.36)
    time = stride[flat]
    pose = leg_pose(gait.coordinates(time), "r")
    for x in (HEEL_X, BALL_X):
        point = pose.ankle + rotate(pose.foot_angle, x, -0.07)
        on_belt = point[:, 0] + BELT_SPEED * time
        assert np.ptp(on_belt) < 0.003
        assert np.abs(point[:, 1]).max() < 0.004


def test_feet_never_sink_into_the_belt(gait: Gait, stride: F64) -> None:
    pose = leg_pose(gait.coordinates(stride), "r")
    heel = pose.ankle + rotate(pose.foot_angle, HEEL_X, -0.045)  # centre of a round of 25 mm
    ball = pose.ankle + rotate(pose.foot_angle, BALL_X, -0.040)  # of 30 mm
    lowest = np.minimum(heel[:, 1] - 0.025, ball[:, 1] - 0.030)
    assert lowest.min() > -0.003
    swing = (stride / PERIOD > 0.72) & (stride / PERIOD < 0.9)
    assert lowest[swing].min() > 0.01


def test_activations_are_those_of_walking(activations: Table) -> None:
    """OpenSim's static optimization: who works when, and nobody at the limit."""
    time, columns = activations
    phase = np.mod(time / PERIOD, 1.0)

    def peak(name: str, first: float, last: float) -> float:
        window = np.mod(phase - first, 1.0) <= last - first
        return float(columns[f"{name}_r"][window].max())

    assert max(columns[f"{m}_r"].max() for m in ("SOL", "TA", "GAS", "VAS", "HAM", "HFL")) < 0.97
    assert peak("SOL", 0.40, 0.60) > 0.5
    assert peak("GAS", 0.35, 0.60) > 0.2
    assert peak("SOL", 0.65, 0.98) < 0.05
    assert peak("TA", 0.02, 0.10) > 0.2
    assert peak("TA", 0.65, 0.90) > 0.1
    assert peak("TA", 0.20, 0.55) < 0.05
    assert peak("VAS", 0.08, 0.25) > 0.1
    assert peak("GLU", 0.03, 0.20) > 0.1
    assert peak("HAM", 0.90, 1.02) > 0.1
    assert peak("HFL", 0.45, 0.65) > 0.2


def test_muscles_alone_make_the_moments(activations: Table) -> None:
    _, columns = activations
    # reserves cost as much as a muscle: 0.05 N m of 119 N m at the ankle
    for name, column in columns.items():
        if name.startswith("reserve_"):
            assert np.abs(column).max() < 0.05
