"""Plates that send what they measure: their forces in ground, live and from a recording."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pylsl
import pytest
from numpy.typing import NDArray

from streamer.channels import Channel
from streamer.clock import LslClock
from streamer.commands.replay import open_source
from streamer.config.session import load_config
from streamer.config.streams import ForceStream, PlateGeometry, Stream
from streamer.exceptions import ConfigError, FormatError, StreamLayoutError
from streamer.formats import ExternalForceColumns, corners_by_force, read_c3d, read_xdf
from streamer.formats.described_plates import described_plates
from streamer.formats.plates import plate_columns
from streamer.formats.transducers import Transducers, open_transducers
from streamer.lsl.finding import find
from streamer.lsl.force_inlet import ForceInlet
from tests.streamer.c3d_writing import write_c3d
from tests.streamer.test_formats_c3d import eight_channels, plate_file
from tests.streamer.test_formats_xdf import mocap
from tests.streamer.test_lsl import WAIT_S
from tests.streamer.xdf_writing import XdfStream, write_xdf

F64 = NDArray[np.float64]

SIX = ("Fx", "Fy", "Fz", "Mx", "My", "Mz")
LEFT, RIGHT = [f"{c}1" for c in SIX], [f"{c}2" for c in SIX]
DEPTH = 0.04
# a treadmill's two plates, 0.4 by 1.2 m: the left one's axes are x to the right, y back, z down,
# the right one's x forward, y to the left, z up
GEOMETRY = [
    PlateGeometry(
        corners=((-0.6, 0, 0.0), (-0.6, 0, -0.4), (0.6, 0, -0.4), (0.6, 0, 0.0)),
        origin=(0.0, 0.0, -DEPTH),
    ),
    PlateGeometry(
        corners=((0.6, 0, 0.0), (-0.6, 0, 0.0), (-0.6, 0, 0.4), (0.6, 0, 0.4)),
        origin=(0.0, 0.0, DEPTH),
    ),
]
CENTRES = np.array([[0.0, 0.0, -0.2], [0.0, 0.0, 0.2]])
AXES = [  # plate axes as columns, ground: x forward, y up, z to the right
    np.column_stack(([0, 0, 1.0], [-1.0, 0, 0], [0, -1.0, 0])),
    np.column_stack(([1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0])),
]
ON_PLATE = -1.0
SETTINGS = ForceStream(transducers=GEOMETRY, channels=[LEFT, RIGHT])


def steps(n: int = 200) -> F64:
    """Force, centre of pressure and free torque of both plates (n, 2, 9), as walking has them."""
    t = np.linspace(0.0, 2.0 * np.pi, n)
    rows = np.zeros((n, 2, 9))
    for k, phase in enumerate((0.0, np.pi)):
        load = 800.0 * np.maximum(np.sin(t - phase), 0.0)
        rows[:, k, :3] = load[:, None] * [0.1, 1.0, 0.05]
        rows[:, k, 3:6] = CENTRES[k] + np.column_stack((0.3 * np.cos(t), 0.0 * t, 0.05 * np.sin(t)))
        rows[:, k, 7] = 5.0 * np.sin(t) * (load > 0.0)
    return rows


def measured(rows: F64, sign: float = ON_PLATE) -> F64:
    """What both plates measure at points `DEPTH` below their surfaces (n, 12)."""
    found = []
    for k, axes in enumerate(AXES):
        force, point, torque = rows[:, k, :3], rows[:, k, 3:6], rows[:, k, 6:]
        below = CENTRES[k] - [0.0, DEPTH, 0.0]
        moment = torque + np.cross(point - below, force)
        found += [sign * force @ axes, sign * moment @ axes]
    return np.hstack(found)


def channels(labels: list[str], unit_of_moments: str = "") -> list[Channel]:
    return [Channel(label, unit=unit_of_moments * (label[0] == "M")) for label in labels]


def opened(settings: ForceStream = SETTINGS, unit: str = "") -> Transducers:
    found = open_transducers(settings, channels([*LEFT, "Trig", *RIGHT], unit))
    assert found is not None
    return found


def sent(rows: F64, sign: float = ON_PLATE) -> F64:
    """Samples of the stream of `opened`, a trigger between the plates."""
    six = measured(rows, sign)
    return np.insert(six, 6, 1.0, axis=1)


def assert_same_wrench(found: F64, rows: F64) -> None:
    """Points count where somebody stands; below, the plate's centre and the whole moment do."""
    found = found.reshape(rows.shape)
    loaded = rows[..., 1] >= 10.0
    np.testing.assert_allclose(found[loaded], rows[loaded], atol=1e-10)
    assert loaded.any(axis=0).all()
    np.testing.assert_allclose(found[..., :3], rows[..., :3], atol=1e-10)
    moment = found[..., 6:] + np.cross(found[..., 3:6], found[..., :3])
    truth = rows[..., 6:] + np.cross(rows[..., 3:6], rows[..., :3])
    np.testing.assert_allclose(moment, truth, atol=1e-10)


@pytest.mark.parametrize("sign", [ON_PLATE, 1.0], ids=["on the plate", "on the person"])
def test_they_tell_what_acts_on_the_person(sign: float) -> None:
    rows = steps()
    plates = opened()
    assert_same_wrench(plates.wrenches(sent(rows, sign)), rows)
    assert [c.label for c in plates.described] == [*plate_columns(1), *plate_columns(2)]
    np.testing.assert_allclose(plates.corners.mean(axis=1), CENTRES)


def test_samples_may_come_in_any_pieces() -> None:
    """So long as a plate's first load is weak, each sample is taken as one that points up."""
    rows = steps()
    whole, plates = opened().wrenches(sent(rows)), opened()
    pieces = [plates.wrenches(part) for part in np.split(sent(rows), [1, 2, 3, 5, 50, 51])]
    np.testing.assert_allclose(np.vstack(pieces), whole, atol=1e-12)


def test_an_offset_after_the_first_load_is_no_load() -> None:
    """A plate that drifts the other way when nobody is on it is not turned over for it."""
    rows, plates = steps(), opened()
    plates.wrenches(sent(rows))
    empty = np.zeros((5, 2, 9))
    empty[:, :, 1] = -60.0
    np.testing.assert_allclose(
        plates.wrenches(sent(empty)).reshape(5, 2, 9)[..., 1], -60.0, atol=1e-9
    )


def test_a_spike_or_a_plate_that_was_not_zeroed_does_not_turn_it_over() -> None:
    rows, plates = steps(), opened()
    empty = np.zeros((30_000, 2, 9))
    empty[:, :, 1] = -60.0
    empty[7, :, 1] = -2000.0
    plates.wrenches(sent(empty))  # half a minute
    later = [plates.wrenches(part) for part in np.split(sent(np.vstack([rows] * 4)), 80)]
    assert_same_wrench(np.vstack(later[-20:]), rows)


def test_a_plate_that_was_not_zeroed_for_minutes_is_turned_over_by_the_first_strides() -> None:
    rows, plates = steps(), opened()
    empty = np.zeros((30_000, 2, 9))
    empty[:, :, 1] = -60.0
    for _ in range(10):
        plates.wrenches(sent(empty))
    later = [plates.wrenches(part) for part in np.split(sent(np.vstack([rows] * 6)), 120)]
    assert_same_wrench(np.vstack(later[-20:]), rows)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_broken_channel_leaves_the_plate_beside_it_known(broken: float) -> None:
    rows = steps()
    samples = sent(rows)
    samples[:, 3] = broken
    found = opened().wrenches(samples).reshape(rows.shape)
    assert np.isnan(found[:, 0, 3:]).any(axis=1).all()
    assert not np.isinf(found).any()
    assert_same_wrench(found[:, 1:], rows[:, 1:])


@pytest.mark.parametrize(
    ("unit", "said"), [("N mm", ""), ("N.mm", "m"), ("N-mm", "m"), ("Nmm", "m"), ("", "mm")]
)
def test_moments_may_be_in_newton_millimetres(unit: str, said: str) -> None:
    rows = steps()
    samples = sent(rows)
    samples[:, [3, 4, 5, 10, 11, 12]] *= 1e3
    settings = ForceStream(transducers=GEOMETRY, channels=[LEFT, RIGHT], unit=said)
    assert_same_wrench(opened(settings, unit).wrenches(samples), rows)


@pytest.mark.parametrize("kind", [2, 3, 4])
def test_a_c3d_file_tells_where_they_are(tmp_path: Path, kind: int) -> None:
    """The same channels, sent live, are the forces that the file itself comes to."""
    path = write_c3d(tmp_path / "t.c3d", plate_file(kind, -1.0))
    truth = read_c3d(path).forces
    assert truth is not None
    content = plate_file(2 if kind == 4 else kind, -1.0)  # a live stream is calibrated already
    labels = [f"P{i}" for i in range(8 if kind == 3 else 6)]
    unit = "N" if kind == 3 else "Nmm"
    plates = open_transducers(
        ForceStream(transducers=str(path)),
        [Channel(label, unit=unit if i >= 3 else "N") for i, label in enumerate(labels)],
    )
    assert plates is not None
    live = plates.wrenches(content.channels[:, : len(labels)])
    # the file keeps four-byte floats, see test_formats_c3d
    np.testing.assert_allclose(live[:, :3], truth.data[:, :3], atol=2e-4)
    np.testing.assert_allclose(live[:, 3:6], truth.data[:, 3:6], atol=4e-6)
    np.testing.assert_allclose(live[:, 6:], truth.data[:, 6:], atol=1e-3)
    if kind == 3:
        assert eight_channels().shape[1] == len(labels)


def test_a_c3d_files_plates_may_have_other_names_in_the_stream(tmp_path: Path) -> None:
    path = str(write_c3d(tmp_path / "t.c3d", plate_file(2)))
    named = ForceStream(transducers=path, channels=[LEFT])
    assert [labels for _, labels in described_plates(named)] == [tuple(LEFT)]
    with pytest.raises(ConfigError, match=r"has 2 plates, .*t\.c3d has 1; give each"):
        described_plates(ForceStream(transducers=path, channels=[LEFT, RIGHT]))
    with pytest.raises(ConfigError, match="plate 1 has 5 labels; give its 6"):
        described_plates(ForceStream(transducers=path, channels=[LEFT[:5]]))
    with pytest.raises(ConfigError, match="of type 1, which has centres of pressure"):
        described_plates(ForceStream(transducers=str(write_c3d(tmp_path / "1.c3d", plate_file(1)))))


def test_channels_that_are_not_there_are_named() -> None:
    with pytest.raises(StreamLayoutError, match=r"no channel 'Mz2' \(.*Mz1.*`channels: \[\[Fx"):
        open_transducers(SETTINGS, channels([*LEFT, *RIGHT[:5]]))
    with pytest.raises(StreamLayoutError, match="two channels named 'Fx1'"):
        open_transducers(SETTINGS, channels([*LEFT, *RIGHT, "Fx1"]))
    with pytest.raises(StreamLayoutError, match="'Mx1' of the force stream has the unit 'V'"):
        opened(unit="V")


def test_a_stream_of_centres_of_pressure_is_taken_as_it_is() -> None:
    labels = [*plate_columns(1)[:6], *plate_columns(2)]
    assert open_transducers(SETTINGS, channels(labels)) is None
    assert open_transducers(SETTINGS, channels([*LEFT, *RIGHT, *plate_columns(1)])) is not None
    assert open_transducers(ForceStream(), channels([*LEFT])) is None


CONFIG = """model: me.osim
plates: auto
forces:
  transducers:
    - corners: [[-0.6, 0, 0], [-0.6, 0, -0.4], [0.6, 0, -0.4], [0.6, 0, 0]]
      origin: [0, 0, -0.04]
  channels: [[Fx, Fy, Fz, Mx, My, Mz]]
"""


def test_a_configuration_says_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "me.osim").touch()
    path = tmp_path / "me.yaml"
    path.write_text(CONFIG)
    forces = load_config(path).forces
    assert forces.transducers == GEOMETRY[:1]
    assert forces.channels == [list(SIX)]
    assert forces.type == "Force"


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        (
            "  channels: [[Fx, Fy, Fz, Mx, My, Mz]]\n",
            "",
            "there are 1 `transducers` but 0 `channels`; give each",
        ),
        (", [0.6, 0, 0]]", "]", "forces: transducers"),
        ("origin", "depth", "depth"),
        ("Fz", "Fx", "`channels` has 'Fx' twice"),
        ("plates: auto\n", "", "and there are none; add `plates: auto`, or `loads`"),
        ("  channels", "  up: z\n  channels", "`up` does not go with `transducers`"),
        (
            CONFIG[CONFIG.index("  transducers") : CONFIG.index("  channels")],
            "",
            "`channels` only go with `transducers`",
        ),
        (
            CONFIG[CONFIG.index("  transducers") : CONFIG.index("  channels")],
            "  transducers: none.c3d\n",
            r"`forces: transducers` names .*none\.c3d, which is not there",
        ),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, was: str, now: str, says: str) -> None:
    (tmp_path / "me.osim").touch()
    path = tmp_path / "me.yaml"
    assert was in CONFIG
    path.write_text(CONFIG.replace(was, now))
    with pytest.raises(ConfigError, match=says):
        load_config(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: 1e3 * c, "has sides of 400, 1200, 400, 1200 m; give the four `corners`"),
        (lambda c: 10.0 * c, "has sides of 4, 12, 4, 12 m"),
        (lambda c: 0.1 * c, "has sides of 0.04, 0.12, 0.04, 0.12 m"),
        (lambda c: 0.0 * c, "has sides of 0, 0, 0, 0 m"),
        (lambda c: np.nan * c, "has sides of nan"),
        (lambda c: c[[0, 1, 3, 2]], "is not a rectangle"),
        (lambda c: c + np.outer(c[:, 2], [0.5, 0.0, 0.0]), "is not a rectangle"),  # but oblique
        (lambda c: c + np.outer(c[:, 0] * c[:, 2], [0.5, 0.0, 0.0]), "is not a rectangle"),
        (lambda c: c[:, [0, 2, 1]], "stands upright; .* x, z, -y"),
        (lambda c: c * [1.0, 1.0, 0.5] - np.outer(c[:, 2], [0.0, 0.87, 0.0]), "stands upright"),
        (lambda c: c[::-1], "measures above its surface: the order of its `corners` or the sign"),
    ],
)
def test_what_no_plate_is_like_is_refused(change: Callable[[F64], F64], says: str) -> None:
    corners = change(np.array(GEOMETRY[0].corners))
    plate = PlateGeometry(corners=corners.tolist(), origin=(0.0, 0.0, -DEPTH))
    with pytest.raises(ConfigError, match=f"plate 1 {says}"):
        described_plates(ForceStream(transducers=[plate], channels=[LEFT]))
    for depth in (40.0, 0.6):
        deep = PlateGeometry(corners=GEOMETRY[0].corners, origin=(0.0, 0.0, -depth))
        says = f"plate 1 has its `origin` {depth:g} m away; give it in m"
        with pytest.raises(ConfigError, match=says):
            described_plates(ForceStream(transducers=[deep], channels=[LEFT]))


def test_live_they_are_forces_like_others() -> None:
    """Whose foot is on which plate may still be said in an ExternalLoads file."""
    source_id = "transducers"
    info = pylsl.StreamInfo("AMTI", "Force", 12, 1000.0, pylsl.cf_float32, source_id)
    described = info.desc().append_child("channels")
    for label in (*LEFT, *RIGHT):
        described.append_child("channel").append_child_value("label", label)
    outlet = pylsl.StreamOutlet(info)
    found, clock = find(Stream(source_id=source_id, timeout_s=WAIT_S)), LslClock()
    both = ForceInlet(found, SETTINGS, None)
    second = plate_columns(2)
    columns = ExternalForceColumns("left", "calcn_l", second[:3], second[3:6], second[6:])
    one = ForceInlet(found, SETTINGS, [columns])
    assert both.corners is not None
    assert one.corners is not None
    np.testing.assert_array_equal(one.corners, both.corners[1:])
    rows, start = steps(), clock.now() - 0.2
    # float32: 6e-8 of 800 N, and of moments over forces of 700 N
    for row, at in zip(measured(rows), start + np.arange(200) / 1000, strict=True):
        outlet.push_sample(row, at)
    for inlet in (both, one):
        come_by = clock.now() + WAIT_S
        while not inlet.align(start + 0.199, come_by):  # samples are under way
            assert clock.now() < come_by
    for at in (50, 150):
        # 0.3 ms of clock offset at 25 N and 9 mm per sample
        for inlet, plates in ((both, [0, 1]), (one, [1])):
            assert inlet.align(start + 1e-3 * at, clock.now() + WAIT_S)
            found, truth = inlet.forces, rows[at, plates]
            np.testing.assert_allclose(found[:, :3], truth[:, :3], atol=8.0)
            loaded = truth[:, 1] > 10.0
            np.testing.assert_allclose(found[loaded, 3:6], truth[loaded, 3:6], atol=3e-3)
            np.testing.assert_allclose(found[:, 6:], truth[:, 6:], atol=0.1)
    both.close()
    one.close()


def test_a_recording_of_them_reads_as_forces(tmp_path: Path) -> None:
    rows = steps()
    time = 100.0 + np.arange(200) / 1000
    described = [{"label": label} for label in (*LEFT, *RIGHT)]
    force = XdfStream("plates", "Force", time, measured(rows), 1000.0, described)
    path = write_xdf(tmp_path / "r.xdf", [mocap(), force])
    recording = read_xdf(path, forces=SETTINGS)
    assert recording.forces is not None
    assert recording.forces.names == (*plate_columns(1), *plate_columns(2))
    assert_same_wrench(recording.forces.data, rows)
    assert recording.corners is not None
    np.testing.assert_allclose(recording.corners.mean(axis=1), CENTRES)
    wrong = ForceStream(transducers=GEOMETRY, channels=[LEFT, ["a", *RIGHT[1:]]])
    with pytest.raises(FormatError, match=r"r\.xdf: the force stream has no channel 'a'"):
        read_xdf(path, forces=wrong)


def test_a_replay_sends_what_its_session_makes_of_them(tmp_path: Path) -> None:
    """Scaled once: the moments are in N mm, as the stream or the configuration says."""
    rows = steps()
    samples = measured(rows)
    samples[:, [3, 4, 5, 9, 10, 11]] *= 1e3
    (tmp_path / "me.osim").touch()
    config = tmp_path / "me.yaml"
    plates = [{"corners": g.corners, "origin": g.origin} for g in GEOMETRY]
    forces = {"transducers": plates, "channels": [LEFT, RIGHT], "unit": "mm"}
    session = {"model": "me.osim", "plates": "auto", "forces": forces}
    config.write_bytes(msgspec.json.encode(session))  # which is YAML, too
    time = 100.0 + np.arange(200) / 1000
    for unit in ("", "Nmm"):
        described = [{"label": c.label, "unit": c.unit} for c in channels([*LEFT, *RIGHT], unit)]
        force = XdfStream("plates", "Force", time, samples, 1000.0, described)
        path = write_xdf(tmp_path / "r.xdf", [mocap(), force])
        sent_on = open_source([path], config).forces
        assert sent_on is not None
        assert sent_on.names == (*plate_columns(1), *plate_columns(2))
        assert_same_wrench(sent_on.data, rows)


def test_corners_are_told_by_the_number_of_a_plate() -> None:
    corners = np.array([g.corners for g in GEOMETRY], float)
    second, strange = plate_columns(2), ("grf_vx", "grf_vy", "grf_vz")
    forces = [
        ExternalForceColumns("a", "calcn_r", second[:3], second[3:6], ()),
        ExternalForceColumns("b", "calcn_l", strange, strange, ()),
        ExternalForceColumns("torque", "calcn_l", (), (), second[6:]),
        ExternalForceColumns("c", "calcn_l", plate_columns(3)[:3], plate_columns(3)[3:6], ()),
    ]
    found = corners_by_force(forces, corners)
    assert found is not None
    np.testing.assert_array_equal(found[0], corners[1])
    assert np.isnan(found[1:]).all()
    assert corners_by_force(forces, None) is None
