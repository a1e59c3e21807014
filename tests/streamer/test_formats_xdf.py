"""XDF: streams of a recorded session, told apart by type, in one frame and on one clock."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from streamer.config.streams import EmgStream, ForceStream, MarkerStream
from streamer.exceptions import FormatError
from streamer.formats import read_recording, read_xdf
from tests.streamer.xdf_writing import XdfStream, write_xdf

F64 = NDArray[np.float64]
N = 200
T0 = 5321.5  # seconds since the machine started: LSL's local clock


def described(names: list[str], unit: str) -> list[dict[str, str]]:
    return [
        {"label": f"{name}_{axis}", "marker": name, "type": f"Position{axis}", "unit": unit}
        for name in names
        for axis in "XYZ"
    ]


def mocap(unit: str = "millimeters", **changes: object) -> XdfStream:
    data = np.random.default_rng(3).uniform(-2000, 2000, (N, 6))
    time = T0 + np.arange(N) / 100
    stream = XdfStream("walker", "MoCap", time, data, 100.0, described(["RKNE", "LKNE"], unit))
    for name, value in changes.items():
        setattr(stream, name, value)
    return stream


def force(unit_of_point: str = "m", **changes: object) -> XdfStream:
    labels = [f"ground_force_r_{p}{a}" for p in "vp" for a in "xyz"]
    labels += [f"ground_torque_r_{a}" for a in "xyz"]
    units = ["N"] * 3 + [unit_of_point] * 3 + ["Nm"] * 3
    channels = [{"label": la, "unit": u} for la, u in zip(labels, units, strict=True)]
    data = np.random.default_rng(4).normal(0, 100, (N * 10, 9))
    stream = XdfStream("plates", "Force", T0 + np.arange(N * 10) / 1000, data, 1000.0, channels)
    for name, value in changes.items():
        setattr(stream, name, value)
    return stream


def test_streams_are_found_by_type_and_brought_to_si(tmp_path: Path) -> None:
    emg = XdfStream("Trigno", "EMG", T0 + np.arange(N) / 100, np.ones((N, 1)), 100.0)
    emg.channels = [{"label": "SOL_r", "type": "EMG", "unit": "mV"}]
    events = XdfStream("events", "Markers", np.array([T0]), np.ones((1, 1)), 0.0)
    streams = [events, force("mm"), emg, mocap()]
    recording = read_xdf(write_xdf(tmp_path / "s.xdf", streams))

    expected = mocap().data.reshape(N, 2, 3) * 1e-3
    # one multiplication by the unit
    np.testing.assert_allclose(recording.markers.positions, expected, rtol=1e-15)
    assert recording.markers.names == ("RKNE", "LKNE")
    assert recording.markers.rate_hz == 100.0
    assert recording.forces is not None
    assert recording.forces.names[0] == "ground_force_r_vx"
    si = force().data * np.repeat([1.0, 1e-3, 1.0], 3)
    np.testing.assert_allclose(recording.forces.data, si, rtol=1e-15)
    assert recording.analogs is not None
    assert recording.analogs.names == ("SOL_r",)


def test_labels_are_read_as_from_the_live_stream(tmp_path: Path) -> None:
    """With what XML escapes, and of a channel that says nothing."""
    emg = XdfStream("Trigno", "EMG", T0 + np.arange(N) / 100, np.ones((N, 2)), 100.0)
    emg.channels = [{"label": " SOL &lt;r&gt; &amp; more "}, {}]
    analogs = read_xdf(write_xdf(tmp_path / "s.xdf", [mocap(), emg])).analogs
    assert analogs is not None
    assert analogs.names == ("SOL <r> & more", "channel_2")


def test_times_come_on_the_recorders_clock(tmp_path: Path) -> None:
    shifted = mocap(clock_offset_s=12.25)
    recording = read_xdf(write_xdf(tmp_path / "s.xdf", [shifted, force()]))
    # pyxdf fits a line through the clock offsets: exact but for rounding of numbers of 5e3 s
    np.testing.assert_allclose(recording.markers.time, shifted.time + 12.25, atol=1e-9)
    assert recording.forces is not None
    np.testing.assert_allclose(recording.forces.time, force().time, atol=1e-9)


@pytest.mark.parametrize("axis", [str.lower, str.upper])
def test_z_up_is_turned_for_markers_and_forces_alike(
    tmp_path: Path, axis: Callable[[str], str]
) -> None:
    plates = force()
    for channel in plates.channels:
        channel["label"] = channel["label"][:-1] + axis(channel["label"][-1])
    path = write_xdf(tmp_path / "s.xdf", [mocap("m"), plates])
    recording = read_xdf(path, markers=MarkerStream(up="z"), forces=ForceStream(up="z"))
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    np.testing.assert_array_equal(
        recording.markers.positions, mocap().data.reshape(N, 2, 3) @ turn.T
    )
    assert recording.forces is not None
    turned = (force().data.reshape(-1, 3, 3) @ turn.T).reshape(-1, 9)
    np.testing.assert_array_equal(recording.forces.data, turned)


@pytest.mark.parametrize(
    ("said", "compensated_ms", "taken_ms"),
    [(12.0, "", 12.0), (12.0, "0.004", 8.0), (12.0, "0.020", 0.0), (12.0, "soon", 12.0)],
)
def test_a_known_lag_is_taken_off_once(
    tmp_path: Path, said: float, compensated_ms: str, taken_ms: float
) -> None:
    section = f"<acquisition><compensated_lag>{compensated_ms}</compensated_lag></acquisition>"
    stream = mocap(description=section if compensated_ms else "")
    emg = XdfStream("Trigno", "EMG", T0 + np.arange(N) / 100, np.ones((N, 1)), 100.0)
    emg.channels = [{"label": "SOL_r", "type": "EMG", "unit": "mV"}]
    path = write_xdf(tmp_path / "s.xdf", [stream, force(), emg])
    recording = read_xdf(
        path, markers=MarkerStream(lag_ms=said), forces=ForceStream(lag_ms=5.0),
        emg=EmgStream(lag_ms=48.0),
    )  # fmt: skip
    # exact but for rounding of numbers of 5e3 s
    np.testing.assert_allclose(recording.markers.time, stream.time - 1e-3 * taken_ms, atol=1e-9)
    assert recording.forces is not None
    np.testing.assert_allclose(recording.forces.time, force().time - 0.005, atol=1e-9)
    assert recording.analogs is not None
    np.testing.assert_allclose(recording.analogs.time, T0 + np.arange(N) / 100 - 0.048, atol=1e-9)


def test_forces_and_torques_in_other_units_become_newtons_and_newton_metres(
    tmp_path: Path,
) -> None:
    units = ["kN"] * 3 + ["cm"] * 3 + ["N mm"] * 3
    channels = [c | {"unit": u} for c, u in zip(force().channels, units, strict=True)]
    path = write_xdf(tmp_path / "s.xdf", [mocap("m"), force(channels=channels)])
    recording = read_xdf(path)
    assert recording.forces is not None
    si = force().data * np.repeat([1e3, 1e-2, 1e-3], 3)
    np.testing.assert_allclose(recording.forces.data, si, rtol=1e-15)


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_points_of_forces_have_the_unit_that_is_said_where_they_name_none(
    tmp_path: Path, spelling: Callable[[str], str]
) -> None:
    plain = [{"label": spelling(channel["label"])} for channel in force().channels]
    path = write_xdf(tmp_path / "s.xdf", [mocap("m"), force(channels=plain)])
    recording = read_xdf(path, forces=ForceStream(unit="mm"))
    assert recording.forces is not None
    si = force().data * np.repeat([1.0, 1e-3, 1.0], 3)
    np.testing.assert_allclose(recording.forces.data, si, rtol=1e-15)
    path = write_xdf(tmp_path / "named.xdf", [mocap("m"), force("m")])
    named = read_xdf(path, forces=ForceStream(unit="mm")).forces
    assert named is not None
    np.testing.assert_array_equal(named.data, force().data)


def test_plain_labels_and_a_unit_that_is_said(tmp_path: Path) -> None:
    channels = [{"label": f"{n}_{a}"} for n in ("RKNE", "LKNE") for a in "XYZ"]
    path = write_xdf(tmp_path / "s.xdf", [mocap(channels=channels, type="Mocap")])
    recording = read_xdf(path, markers=MarkerStream(unit="mm"))
    expected = mocap().data.reshape(N, 2, 3) * 1e-3
    np.testing.assert_allclose(recording.markers.positions, expected, rtol=1e-15)
    with pytest.raises(FormatError, match="no unit"):
        read_xdf(path)


def test_irregular_stream_gets_its_rate_from_its_times(tmp_path: Path) -> None:
    recording = read_xdf(write_xdf(tmp_path / "s.xdf", [mocap(rate_hz=0.0)]))
    # stamps are multiples of 0.01 s on top of 5e3 s: 1e-12 s rounding over 0.01 s
    assert recording.markers.rate_hz == pytest.approx(100.0, rel=1e-9)


@pytest.mark.parametrize("rate_hz", [0.0, 100.0])
def test_a_clock_that_was_set_back_is_refused(tmp_path: Path, rate_hz: float) -> None:
    stream = mocap(rate_hz=rate_hz)
    stream.time[100:] -= 0.26
    with pytest.raises(FormatError, match=r"clock of stream 'walker' was set back by 0.25 s; rec"):
        read_xdf(write_xdf(tmp_path / "s.xdf", [stream]))


@pytest.mark.parametrize("rate_hz", [0.0, 100.0])
def test_a_frame_that_comes_again_or_late_is_left_out(tmp_path: Path, rate_hz: float) -> None:
    stream = mocap(rate_hz=rate_hz)
    stream.time[100] = stream.time[99]
    stream.time[150] = stream.time[149] - 0.018
    kept = np.delete(np.arange(N), [100, 150])
    for dejitter in (True, False):
        settings = MarkerStream(dejitter=dejitter)
        markers = read_xdf(write_xdf(tmp_path / "s.xdf", [stream]), markers=settings).markers
        # a frame that comes too early pulls the smoothed times along, by a twentieth
        np.testing.assert_allclose(markers.time, stream.time[kept], atol=1e-3 * dejitter)
        np.testing.assert_array_equal(markers.positions[:, 0, 0], 1e-3 * stream.data[kept, 0])


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning:pyxdf")  # 0 times infinity
@pytest.mark.parametrize("stamp", [np.nan, np.inf, -np.inf])
def test_a_sample_whose_time_is_no_number_is_left_out_and_no_other(
    tmp_path: Path, stamp: float
) -> None:
    """One of them ended all reading of markers, and took all later forces away unsaid."""
    markers, plates = mocap(), force()
    markers.time[[1, 150]] = plates.time[[1, 300]] = stamp
    recording = read_xdf(write_xdf(tmp_path / "s.xdf", [markers, plates]))
    kept = np.delete(np.arange(N), [1, 150])
    # rounding of sums of 0.01, taken from times of 5000 s
    np.testing.assert_allclose(recording.markers.time, markers.time[kept], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(
        recording.markers.positions[:, 0, 0], 1e-3 * markers.data[kept, 0]
    )
    assert recording.forces is not None
    kept = np.delete(np.arange(N * 10), [1, 300])
    np.testing.assert_array_equal(recording.forces.time, plates.time[kept])
    np.testing.assert_array_equal(recording.forces.data[:, 0], plates.data[kept, 0])


@pytest.mark.parametrize("rate_hz", [0.0, 100.0])
def test_a_pause_and_lost_frames_leave_the_others_where_they_are(
    tmp_path: Path, rate_hz: float
) -> None:
    """pyxdf's own smoothing put markers up to 0.3 s off the forces, and the pause was gone."""
    rng, stream = np.random.default_rng(3), mocap(rate_hz=rate_hz)
    kept = ((np.arange(N) < 80) | (np.arange(N) >= 140)) & (rng.random(N) > 0.03)
    true = stream.time[kept]
    stream.time, stream.data = true + np.abs(rng.normal(0.0, 1e-3, len(true))), stream.data[kept]
    markers = read_xdf(write_xdf(tmp_path / "s.xdf", [stream, force()])).markers
    # jitter of up to 3 ms; a rate that is taken from 40 frames, of which some were lost, is wrong
    np.testing.assert_allclose(markers.time, true, atol=3e-3 if rate_hz else 6e-3)
    assert np.diff(markers.time).max() > 0.6


def test_times_stay_as_they_were_stamped_where_a_session_does_not_smooth_them(
    tmp_path: Path,
) -> None:
    """Those of forces always, for each is at its own place among the frames."""
    markers, plates, rng = mocap(), force(), np.random.default_rng(3)
    for stream, apart in ((markers, 0.01), (plates, 0.001)):
        stream.time += rng.uniform(0.0, 0.4 * apart, len(stream.time))
    path = write_xdf(tmp_path / "s.xdf", [markers, plates])
    recording = read_xdf(path, markers=MarkerStream(dejitter=False))
    # pyxdf fits a line through the clock offsets: exact but for rounding of numbers of 5e3 s
    np.testing.assert_allclose(recording.markers.time, markers.time, rtol=0, atol=1e-9)
    assert recording.forces is not None
    np.testing.assert_allclose(recording.forces.time, plates.time, rtol=0, atol=1e-9)


def test_lost_packets_of_emg_leave_the_others_where_they_are(tmp_path: Path) -> None:
    true = np.delete(np.arange(3000), np.arange(200, 1400, 150)[:, None] + np.arange(14)) / 1e3
    emg = XdfStream("Trigno", "EMG", T0 + true, np.ones((len(true), 1)), 1000.0)
    emg.channels = [{"label": "SOL_r", "type": "EMG", "unit": "mV"}]
    analogs = read_xdf(write_xdf(tmp_path / "s.xdf", [mocap(), emg])).analogs
    assert analogs is not None
    # half a second has three lost packets of 14 ms: the mean follows them by and by
    np.testing.assert_allclose(analogs.time, emg.time, atol=0.02)


def test_samples_of_emg_that_come_in_packets_are_put_where_they_belong(tmp_path: Path) -> None:
    """Stamped as they come, twenty at once, as over the air."""
    true = np.arange(3000) / 1e3
    emg = XdfStream("Trigno", "EMG", T0 + true[19::20].repeat(20), np.ones((3000, 1)), 1000.0)
    emg.time += 1e-6 * np.arange(3000)
    emg.channels = [{"label": "SOL_r", "type": "EMG", "unit": "mV"}]
    analogs = read_xdf(write_xdf(tmp_path / "s.xdf", [mocap(), emg])).analogs
    assert analogs is not None
    # 3 ms of 3 s by which the stamps are slow, and half a millisecond: means over 500 samples
    # hold 25 packets, so that none shows
    np.testing.assert_allclose(np.diff(analogs.time), 1e-3, rtol=0, atol=0.2e-3)
    # as late as half a packet on average, and by the 3 ms
    late = analogs.time - T0 - true
    assert late.min() > 0.005
    assert late.max() < 0.016


def test_a_stream_of_texts_is_refused(tmp_path: Path) -> None:
    events = XdfStream("events", "EMG", T0 + np.arange(3.0), np.zeros((3, 1)), 0.0, text="start")
    with pytest.raises(FormatError, match="stream 'events' has texts, not numbers; set `name` of"):
        read_xdf(write_xdf(tmp_path / "s.xdf", [mocap(), events]))


def test_unseen_markers_are_nan(tmp_path: Path) -> None:
    stream = mocap()
    stream.data[7, 2] = np.nan
    stream.data[9, 3:] = 0.0
    positions = read_xdf(write_xdf(tmp_path / "s.xdf", [stream])).markers.positions
    unseen = np.isnan(positions).all(axis=2)
    assert [tuple(index) for index in np.argwhere(unseen)] == [(7, 0), (9, 1)]


@pytest.mark.parametrize(
    ("streams", "says"),
    [
        ([force()], r"no stream of type MoCap in it \(streams: plates \(Force\)\)"),
        (
            [mocap(), mocap(name="second")],
            r"several streams of type MoCap \(walker, second\); set `name` under `markers`",
        ),
        (
            [mocap(), force(), force(name="b")],
            r"several streams of type Force \(plates, b\); set `name` under `forces`",
        ),
        ([mocap(channels=[])], "describe no marker"),
        ([mocap(channels=[{}] * 9)], "stream 'walker' describes 9 channels and has 6; correct"),
        ([mocap(), force(channels=[{}] * 12)], "stream 'plates' describes 12 channels and has 9"),
        ([mocap("furlong")], "furlong"),
        ([mocap(), force("furlong")], "'ground_force_r_px' is 'furlong'"),
    ],
)
def test_unusable_recording_is_refused(tmp_path: Path, streams: list[XdfStream], says: str) -> None:
    path = write_xdf(tmp_path / "s.xdf", streams)
    with pytest.raises(FormatError, match=says) as refusal:
        read_xdf(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_streams_of_another_type_or_source_can_be_named(tmp_path: Path) -> None:
    streams = [mocap(type="Positions", source_id="a"), mocap(type="Positions", source_id="b")]
    path = write_xdf(tmp_path / "s.xdf", [*streams, force(type="GRF")])
    wanted = MarkerStream(type="positions", source_id="b")
    recording = read_xdf(path, markers=wanted, emg=EmgStream(name="absent"))
    assert recording.markers.n_frames == N
    assert recording.forces is not None
    with pytest.raises(FormatError, match=r"no stream of type positions, source_id c in it"):
        read_xdf(path, markers=MarkerStream(type="positions", source_id="c"))


def test_a_stream_in_which_nothing_came_is_passed_over(tmp_path: Path) -> None:
    idle = force(name="idle", time=np.zeros(0), data=np.zeros((0, 9)))
    recording = read_xdf(write_xdf(tmp_path / "s.xdf", [mocap(), idle, force()]))
    assert recording.forces is not None
    assert recording.forces.name == "plates"
    assert read_xdf(write_xdf(tmp_path / "i.xdf", [mocap(), idle])).forces is None


def test_the_suffix_of_a_zipped_file_may_be_in_capitals(tmp_path: Path) -> None:
    content = write_xdf(tmp_path / "s.xdf", [mocap()]).read_bytes()
    for name in ("s.xdfz", "S.XDFZ"):
        (tmp_path / name).write_bytes(gzip.compress(content))
        assert read_recording(tmp_path / name).markers.n_frames == N


def test_one_of_several_marker_streams_can_be_named(tmp_path: Path) -> None:
    path = write_xdf(tmp_path / "s.xdf", [mocap(), mocap("m", name="second")])
    second = read_xdf(path, markers=MarkerStream(name="second"))
    assert abs(second.markers.positions).max() > 100.0


def test_what_is_no_xdf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.xdf"
    for content in (b"", b"hello" * 100):
        path.write_bytes(content)
        with pytest.raises(FormatError, match="not a readable XDF"):
            read_xdf(path)
    with pytest.raises(FormatError, match="no such file"):
        read_xdf(tmp_path / "absent.xdf")
