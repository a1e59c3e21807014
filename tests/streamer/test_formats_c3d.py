"""C3D: markers and plates against the loads they were made from, and against ezc3d's own."""

from pathlib import Path

import ezc3d
import numpy as np
import pytest
from numpy.typing import NDArray

from streamer.config.streams import ForceStream
from streamer.exceptions import FormatError
from streamer.formats import read_c3d
from streamer.formats.described_plates import described_plates
from streamer.formats.plates import on_the_person
from tests.streamer.c3d_writing import C3dContent, write_c3d

F64 = NDArray[np.float64]

FLOAT32 = 1e-6  # C3D keeps four-byte floats: 6e-8 relative, a few operations on top
N = 20
PER_FRAME = 10
# a plate 400 x 600 mm whose z points down, as most do; corners +x+y, -x+y, -x-y, +x-y
CENTRE = np.array([300.0, 1200.0, 0.0])
X, Y, Z = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, -1.0])
CORNERS = np.array(
    [CENTRE + sx * 300 * X + sy * 200 * Y for sx, sy in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
)
TO_Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def markers() -> F64:
    return np.random.default_rng(0).uniform(-2000, 2000, (N, 3, 3))


def wrench() -> tuple[F64, F64, F64]:
    """Force [N], point [mm] and free torque about the vertical [N mm] on a person, Z up."""
    rng = np.random.default_rng(1)
    n = N * PER_FRAME
    force = np.column_stack((rng.normal(0, 80, (n, 2)), rng.uniform(200, 900, n)))
    point = CENTRE + np.column_stack((rng.uniform(-150, 150, (n, 2)), np.zeros(n)))
    torque = np.column_stack((np.zeros((n, 2)), rng.normal(0, 5000, n)))
    return force, point, torque


def transducer(force: F64, point: F64, torque: F64, origin: F64) -> tuple[F64, F64]:
    """What a plate under that load measures at its own origin, plate axes, as reaction."""
    axes = np.column_stack((X, Y, Z))
    below = CENTRE - axes @ origin  # origin: from the transducer to the surface, plate axes
    moment = torque + np.cross(point - below, force)
    return force @ axes, moment @ axes


def content(kind: int, channels: F64, origin: F64, **plate: object) -> C3dContent:
    units = {1: ["N"] * 3 + ["mm"] * 2 + ["Nmm"], 3: ["N"] * 8, 4: ["V"] * 6}
    n = channels.shape[1]
    return C3dContent(
        ["A", "B", "C"],
        markers(),
        channels=np.hstack((channels, np.arange(N * PER_FRAME)[:, None] * 1e-3)),
        channel_labels=[f"P{i}" for i in range(n)] + ["EMG SOL"],
        channel_units=[*units.get(kind, ["N"] * 3 + ["Nmm"] * 3), "V"],
        plates=[
            {"type": kind, "corners": CORNERS, "origin": origin, "channel": list(range(1, n + 1))}
            | plate
        ],
    )


def plate_file(kind: int, sign: float = 1.0) -> C3dContent:
    """One plate of the given type, loaded with `wrench`."""
    force, point, torque = wrench()
    if kind == 1:
        axes = np.column_stack((X, Y, Z))
        local = (point - CENTRE) @ axes
        free = (torque @ axes)[:, 2:]
        return content(1, np.hstack((sign * force @ axes, local[:, :2], sign * free)), np.zeros(3))
    if kind == 3:
        return content(3, sign * eight_channels(), np.array([120.0, 200.0, -50.0]))
    origin = np.array([2.0, -3.0, -40.0])
    six = sign * np.hstack(transducer(force, point, torque, origin))
    if kind == 2:
        return content(2, six, origin)
    gains = np.diag([50.0, 50.0, 200.0, 2e4, 2e4, 1e4])
    gains += np.random.default_rng(2).normal(0, 1, (6, 6))
    return content(4, six @ np.linalg.inv(gains).T, origin, cal_matrix=gains)


def eight_channels() -> F64:
    """Four three-axis sensors at (+-120, +-200, 50 below) mm that balance `wrench`."""
    force, point, torque = wrench()
    a, b, depth = 120.0, 200.0, 50.0
    f, m = transducer(force, point, torque, np.array([0.0, 0.0, -depth]))
    # sensors 1 (+a, +b), 2 (-a, +b), 3 (-a, -b), 4 (+a, -b); the vertical parts share
    # f_z, m_x = sum y f_z and m_y = -sum x f_z, the horizontal ones carry m_z by y14 - y23
    z = f[:, 2] / 4
    roll, pitch = m[:, 0] / (4 * b), -m[:, 1] / (4 * a)
    verticals = (z + roll + pitch, z + roll - pitch, z - roll - pitch, z - roll + pitch)
    yaw = m[:, 2] / (2 * a)
    horizontals = (f[:, 0] / 2, f[:, 0] / 2, f[:, 1] / 2 + yaw, f[:, 1] / 2 - yaw)
    return np.column_stack((*horizontals, *verticals))


@pytest.mark.parametrize("unit", ["mm", "m", "cm"])
def test_markers_become_metres_with_y_up(tmp_path: Path, unit: str) -> None:
    path = write_c3d(tmp_path / "t.c3d", C3dContent(["A", "B", "C"], markers(), unit))
    recording = read_c3d(path)
    metres = markers() * {"mm": 1e-3, "cm": 1e-2, "m": 1.0}[unit]
    expected = np.stack((metres[..., 0], metres[..., 2], -metres[..., 1]), axis=-1)
    np.testing.assert_allclose(recording.markers.positions, expected, rtol=FLOAT32)
    np.testing.assert_allclose(recording.markers.time, np.arange(N) / 100, rtol=1e-15)
    assert recording.markers.names == ("A", "B", "C")
    assert recording.markers.rate_hz == 100.0
    assert recording.forces is None
    assert recording.analogs is None


@pytest.mark.parametrize(
    ("screen", "expected"),
    [
        ("+Y", lambda p: p),
        ("+Z", lambda p: np.stack((p[..., 0], p[..., 2], -p[..., 1]), -1)),
        ("-Z", lambda p: np.stack((p[..., 0], -p[..., 2], p[..., 1]), -1)),
        ("+X", lambda p: np.stack((p[..., 2], p[..., 0], p[..., 1]), -1)),
    ],
)
def test_the_file_says_which_axis_is_up(tmp_path: Path, screen: str, expected: object) -> None:
    assert callable(expected)
    path = write_c3d(tmp_path / "t.c3d", C3dContent(["A", "B", "C"], markers(), screen=screen))
    read = read_c3d(path).markers.positions
    np.testing.assert_allclose(read, expected(markers() * 1e-3), rtol=FLOAT32)


def test_a_minus_that_puts_people_under_the_floor_is_not_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As Qualisys writes it of a laboratory with z up."""
    points = np.abs(markers()) + np.array([0.0, 0.0, 10.0])
    unseen = np.where(np.arange(3)[:, None] == 1, 0.0, points)  # as many systems write it
    above = C3dContent(["A", "B", "C"], unseen, screen="-Z")
    read = read_c3d(write_c3d(tmp_path / "a.c3d", above)).markers.positions
    points[:, 1] = np.nan
    np.testing.assert_allclose(read, points * 1e-3 @ TO_Y_UP.T, rtol=FLOAT32)
    assert "a.c3d says that -Z is up, but its markers lie on the other side" in caplog.text
    below = C3dContent(["A", "B", "C"], -points, screen="-Z")
    read = read_c3d(write_c3d(tmp_path / "b.c3d", below)).markers.positions
    np.testing.assert_allclose(read[..., 1], points[..., 2] * 1e-3, rtol=FLOAT32)
    assert np.isnan(read[:, 1]).all()


def test_plates_tell_where_the_floor_is(tmp_path: Path) -> None:
    raised = plate_file(2)
    raised.screen = "-Z"
    raised.points = np.abs(markers()) - np.array([0.0, 0.0, 2500.0])
    raised.plates[0]["corners"] = CORNERS - np.array([0.0, 0.0, 3000.0])
    read = read_c3d(write_c3d(tmp_path / "a.c3d", raised)).markers.positions
    np.testing.assert_allclose(read, raised.points * 1e-3 @ TO_Y_UP.T, rtol=1e-5)


def test_up_can_be_said_where_the_file_does_not(tmp_path: Path) -> None:
    path = write_c3d(tmp_path / "t.c3d", C3dContent(["A", "B", "C"], markers(), screen=""))
    with pytest.raises(FormatError, match="does not say which axis is up"):
        read_c3d(path)
    read = read_c3d(path, up="z").markers.positions
    np.testing.assert_allclose(read, markers() * 1e-3 @ TO_Y_UP.T, rtol=FLOAT32)


def test_a_file_that_says_which_axis_is_up_is_believed(tmp_path: Path) -> None:
    path = write_c3d(tmp_path / "t.c3d", C3dContent(["A", "B", "C"], markers(), screen="+Z"))
    read = read_c3d(path, up="y").markers.positions
    np.testing.assert_array_equal(read, read_c3d(path).markers.positions)
    path = write_c3d(tmp_path / "t.c3d", C3dContent(["A", "B", "C"], markers(), screen="+W"))
    with pytest.raises(FormatError, match=r"axis up is '\+w'; export it with POINT:Y_SCREEN \+X"):
        read_c3d(path, up="y")


def test_plates_tell_what_is_up_where_the_screen_does_not(tmp_path: Path) -> None:
    described = plate_file(2)
    described.screen = ""
    read = read_c3d(write_c3d(tmp_path / "t.c3d", described)).markers.positions
    np.testing.assert_allclose(read, markers() * 1e-3 @ TO_Y_UP.T, rtol=FLOAT32)


def test_a_plate_that_is_far_from_level_does_not_tell_what_is_up(tmp_path: Path) -> None:
    steep = plate_file(2)
    steep.screen = ""
    steep.plates[0]["corners"] = CORNERS + np.outer(CORNERS[:, 1], [0.0, 0.0, 0.7])  # 35 degrees
    with pytest.raises(FormatError, match="does not say which axis is up"):
        read_c3d(write_c3d(tmp_path / "t.c3d", steep))


def test_unseen_markers_are_nan(tmp_path: Path) -> None:
    points = markers()
    points[3, 1] = np.nan
    points[5, 2] = 0.0
    points[6, 0, 1] = np.nan
    points[7, 0, 2] = np.inf
    read = read_c3d(write_c3d(tmp_path / "t.c3d", C3dContent(["A", "B", "C"], points)))
    unseen = np.isnan(read.markers.positions).all(axis=2)
    assert [tuple(index) for index in np.argwhere(unseen)] == [(3, 1), (5, 2), (6, 0), (7, 0)]
    assert np.isfinite(read.markers.positions[~unseen]).all()


@pytest.mark.parametrize(
    ("labels", "computed", "names"),
    [
        (["W:LASI", "W:RASI", "W:SACR"], {}, ("LASI", "RASI", "SACR")),
        (["W:LASI", "W:RASI", "V:SACR"], {}, ("W:LASI", "W:RASI", "V:SACR")),
        (["LASI", "*12", "SACR"], {}, ("LASI", "SACR")),
        (["LASI", "RHJC", "SACR"], {"MODELED_MARKERS": ["RHJC"]}, ("LASI", "SACR")),
        (["LASI", "LKneeAngles", "GRF"], {"ANGLES": ["LKneeAngles"], "FORCES": ["GRF"]}, ("LASI",)),
    ],
)
def test_only_labelled_markers_are_kept(
    tmp_path: Path, labels: list[str], computed: dict[str, list[str]], names: tuple[str, ...]
) -> None:
    content = C3dContent(labels, markers(), computed=computed)
    read = read_c3d(write_c3d(tmp_path / "t.c3d", content)).markers
    assert read.names == names
    kept = [i for i, label in enumerate(labels) if any(label.endswith(n) for n in names)]
    np.testing.assert_allclose(read.positions, markers()[:, kept] * 1e-3 @ TO_Y_UP.T, rtol=FLOAT32)


@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["reaction", "action"])
@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_plate_gives_the_load_it_was_made_from(tmp_path: Path, kind: int, sign: float) -> None:
    forces = read_c3d(write_c3d(tmp_path / "t.c3d", plate_file(kind, sign))).forces
    assert forces is not None
    assert forces.names[:3] == ("ground_force_1_vx", "ground_force_1_vy", "ground_force_1_vz")
    assert forces.names[3:6] == ("ground_force_1_px", "ground_force_1_py", "ground_force_1_pz")
    assert forces.names[6:] == ("ground_torque_1_x", "ground_torque_1_y", "ground_torque_1_z")
    np.testing.assert_allclose(forces.time, np.arange(N * PER_FRAME) / 1000, rtol=1e-14)
    force, point, torque = wrench()
    # float32 moments of some 1e5 N mm over forces of at least 200 N: some 1e-4 N m and 1e-6 m
    np.testing.assert_allclose(forces.data[:, :3], force @ TO_Y_UP.T, atol=2e-4)
    np.testing.assert_allclose(forces.data[:, 3:6], point * 1e-3 @ TO_Y_UP.T, atol=2e-6)
    np.testing.assert_allclose(forces.data[:, 6:], torque * 1e-3 @ TO_Y_UP.T, atol=5e-4)


@pytest.mark.parametrize("kind", [2, 3, 4])
def test_an_origin_of_either_sign_is_below_the_surface(tmp_path: Path, kind: int) -> None:
    """Some files have the vector from the surface to the transducer."""
    reference = read_c3d(write_c3d(tmp_path / "r.c3d", plate_file(kind))).forces
    turned = plate_file(kind)
    turned.plates[0]["origin"] *= np.array([1.0, 1.0, -1.0]) if kind == 3 else -1.0
    path = write_c3d(tmp_path / "t.c3d", turned)
    forces = read_c3d(path).forces
    assert reference is not None
    assert forces is not None
    np.testing.assert_array_equal(forces.data, reference.data)
    assert len(described_plates(ForceStream(transducers=str(path)))) == 1  # live, too


@pytest.mark.parametrize("kind", [2, 3, 4])
def test_plate_agrees_with_ezc3d(tmp_path: Path, kind: int) -> None:
    path = write_c3d(tmp_path / "t.c3d", plate_file(kind))
    forces = read_c3d(path).forces
    assert forces is not None
    (oracle,) = ezc3d.c3d(str(path), extract_forceplat_data=True)["data"]["platform"]
    # ezc3d has double throughout, like us: the same numbers in another order of operations
    np.testing.assert_allclose(forces.data[:, :3] @ TO_Y_UP, oracle["force"].T, atol=1e-9)
    point = oracle["center_of_pressure"].T * 1e-3
    np.testing.assert_allclose(forces.data[:, 3:6] @ TO_Y_UP, point, atol=1e-12)
    np.testing.assert_allclose(forces.data[:, 6:] @ TO_Y_UP, oracle["Tz"].T * 1e-3, atol=1e-9)


def test_unloaded_plate_keeps_its_wrench_and_stays_finite(tmp_path: Path) -> None:
    described = plate_file(2)
    described.channels[:100, :6] = 0.0
    described.channels[50, :6] = (1.0, 0.0, 2.0, 30.0, 40.0, 50.0)
    forces = read_c3d(write_c3d(tmp_path / "t.c3d", described)).forces
    assert forces is not None
    assert np.isfinite(forces.data).all()
    centre = TO_Y_UP @ (CENTRE * 1e-3)
    np.testing.assert_allclose(forces.data[:100, 3:6], np.tile(centre, (100, 1)), rtol=FLOAT32)
    # moment about the surface centre: M + F x (vector from the transducer to the centre)
    moment = np.array([30.0, 40.0, 50.0]) + np.cross([1.0, 0.0, 2.0], [2.0, -3.0, -40.0])
    lab = np.column_stack((X, Y, Z)) @ moment * 1e-3
    np.testing.assert_allclose(forces.data[50, 6:], TO_Y_UP @ lab, rtol=1e-5)


def test_moments_in_newton_metres_are_understood(tmp_path: Path) -> None:
    described = plate_file(2)
    described.channels[:, 3:6] *= 1e-3
    described.channel_units[3:6] = ["N.m"] * 3
    forces = read_c3d(write_c3d(tmp_path / "t.c3d", described)).forces
    reference = read_c3d(write_c3d(tmp_path / "r.c3d", plate_file(2))).forces
    assert forces is not None
    assert reference is not None
    np.testing.assert_allclose(forces.data, reference.data, rtol=1e-5, atol=1e-4)


def test_other_channels_are_kept_as_they_are(tmp_path: Path) -> None:
    analogs = read_c3d(write_c3d(tmp_path / "t.c3d", plate_file(2))).analogs
    assert analogs is not None
    assert analogs.names == ("EMG SOL",)
    np.testing.assert_allclose(analogs.data[:, 0], np.arange(N * PER_FRAME) * 1e-3, rtol=FLOAT32)


def test_channels_without_a_name_of_their_own_are_numbered(tmp_path: Path) -> None:
    content = C3dContent(
        ["A", "B", "C"],
        markers(),
        channels=np.zeros((N * 2, 3)),
        channel_labels=["SOL", "SOL", ""],
        channel_units=["V"] * 3,
    )
    analogs = read_c3d(write_c3d(tmp_path / "t.c3d", content)).analogs
    assert analogs is not None
    assert analogs.names == ("SOL", "SOL_2", "analog_3")


def test_unknown_units_and_plates_are_refused(tmp_path: Path) -> None:
    path = write_c3d(tmp_path / "u.c3d", C3dContent(["A", "B", "C"], markers(), "furlong"))
    with pytest.raises(FormatError, match="POINT:UNITS is 'furlong'"):
        read_c3d(path)
    described = plate_file(2)
    described.channel_units[2] = "V"
    with pytest.raises(FormatError, match="the unit of analog channel 3 is 'V'"):
        read_c3d(write_c3d(tmp_path / "v.c3d", described))
    described = plate_file(2)
    described.plates[0]["type"] = 7
    with pytest.raises(FormatError, match="force plate 1 is of type 7"):
        read_c3d(write_c3d(tmp_path / "k.c3d", described))


def test_a_plate_whose_channels_are_not_in_the_file_is_refused(tmp_path: Path) -> None:
    described = plate_file(2)  # and a channel of EMG
    described.plates[0]["channel"] = [1, 2, 3, 4, 5, 8]
    with pytest.raises(FormatError, match="force plate 1 wants analog channel 8; export the trial"):
        read_c3d(write_c3d(tmp_path / "t.c3d", described))


def test_file_without_markers_is_refused(tmp_path: Path) -> None:
    path = write_c3d(tmp_path / "t.c3d", C3dContent(["*1", "*2", "*3"], markers()))
    with pytest.raises(FormatError, match="no markers"):
        read_c3d(path)


def test_what_is_no_c3d_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = write_c3d(tmp_path / "t.c3d", plate_file(2)).read_bytes()
    for broken in (b"", b"hello" * 500, whole[:600], whole[:700], whole[: len(whole) // 2]):
        path = tmp_path / "broken.c3d"
        path.write_bytes(broken)
        with pytest.raises(FormatError) as refusal:
            read_c3d(path)
        assert "broken.c3d" in str(refusal.value)
        assert "\n" not in str(refusal.value)
    with pytest.raises(FormatError, match="no such file"):
        read_c3d(tmp_path / "absent.c3d")


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_plate_that_drifts_while_it_is_empty_is_not_turned_over(sign: float) -> None:
    """One step of 0.65 s in ten seconds, and -50 N all the time: its mean is below zero."""
    wrench = np.zeros((1000, 9))
    wrench[:, 1] = -50.0
    wrench[200:265, 1] += 700.0
    found = on_the_person(sign * wrench)
    assert found[:, 1].max() == 650.0
