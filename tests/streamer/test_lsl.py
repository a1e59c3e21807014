"""Real liblsl, outlet to inlet; every stream has a source id of its own."""

import threading
from collections.abc import Callable, Sequence

import numpy as np
import pylsl
import pytest

from streamer.channels import Channel
from streamer.config.streams import ForceStream, MarkerStream, Stream
from streamer.exceptions import StreamAmbiguous, StreamLayoutError, StreamNotFound
from streamer.frames.dejitter import Dejitter
from streamer.lsl.finding import find, visible_streams
from streamer.lsl.marker_inlet import MarkerInlet
from streamer.lsl.outlets import Outlet, force_channels, marker_channels

WAIT_S = 20.0
LABELS = [
    *(f"ground_force_r_v{a}" for a in "xyz"),
    *(f"ground_force_r_p{a}" for a in "xyz"),
    *(f"ground_torque_r_{a}" for a in "xyz"),
]


def marker_pair(
    source_id: str, *, unit: str = "mm", rate_hz: float = 100.0, names: tuple[str, ...] = ("A", "B")
) -> tuple[Outlet, Callable[[], MarkerInlet]]:
    outlet = Outlet("rig", "MoCap", marker_channels(names, unit), rate_hz, source_id)
    return outlet, lambda: MarkerInlet(
        find(Stream(source_id=source_id, timeout_s=WAIT_S)), MarkerStream()
    )


def push(outlet: Outlet, samples: list[list[float]], stamps: list[float]) -> None:
    outlet.push(np.array(samples, np.float32), np.array(stamps))


def pull(inlet: MarkerInlet, wanted: int) -> int:
    """Pull until so many frames have come; returns how many were skipped."""
    came = skipped = 0
    while came < wanted:
        count = inlet.pull(WAIT_S)
        assert count, "no frame came"
        came += count
        skipped += count - 1
    return skipped


def test_a_frame_arrives_in_metres_with_its_capture_time(source_id: str) -> None:
    outlet, connect = marker_pair(source_id)
    inlet = connect()
    assert inlet.names == ("A", "B")
    assert inlet.rate_hz == 100.0
    t = pylsl.local_clock()
    push(outlet, [[1000, 2000, 3000, 4, 5, 6]], [t])
    pull(inlet, 1)
    # 1e-6: float32 on the wire
    np.testing.assert_allclose(inlet.markers, [[1, 2, 3], [0.004, 0.005, 0.006]], rtol=1e-6)
    # 1 ms: liblsl's estimate of the offset between two clocks, here of one and the same
    assert inlet.t == pytest.approx(t, abs=1e-3)
    assert t - 1e-3 <= inlet.received <= pylsl.local_clock()


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf"), 1e300])
def test_a_stamp_that_is_no_time_is_of_no_time_and_bends_no_other(
    source_id: str, broken: float
) -> None:
    """A session takes such a frame for one of when it came, and flags it: it is ahead of all."""
    outlet, connect = marker_pair(source_id)
    inlet = connect()
    start = pylsl.local_clock() - 0.2
    for k in range(20):
        late = 0.004 * (k % 2)
        push(outlet, [[float(k + 1)] * 6], [broken if k == 10 else start + k / 100 + late])
        pull(inlet, 1)
        # 1 ms: liblsl's estimate of the offset between two clocks, here of one and the same;
        # 0.4 ms: what is left of 2 ms of jitter after so many frames, unless it began anew
        if k >= 6:
            smooth = pytest.approx(start + k / 100 + 0.002, abs=1.4e-3)
            assert inlet.t == (np.inf if k == 10 else smooth)


def test_times_are_those_of_the_stream_if_smoothing_is_off(source_id: str) -> None:
    outlet, _ = marker_pair(source_id)
    info = find(Stream(source_id=source_id, timeout_s=WAIT_S))
    inlet = MarkerInlet(info, MarkerStream(dejitter=False))
    start = pylsl.local_clock() - 0.2
    for k in range(10):
        sent = start + k / 100 + 0.004 * (k % 2)
        push(outlet, [[float(k + 1)] * 6], [sent])
        pull(inlet, 1)
        # 1 ms: liblsl's estimate of the offset between two clocks, here of one and the same
        assert inlet.t == pytest.approx(sent, abs=1e-3)


def test_the_newest_frame_wins_and_the_backlog_is_counted(source_id: str) -> None:
    outlet, connect = marker_pair(source_id)
    inlet = connect()
    start = pylsl.local_clock()
    frames = [[float(k)] * 6 for k in range(1, 91)]  # more than one internal buffer
    push(outlet, frames, [start + k / 100 for k in range(90)])
    skipped = pull(inlet, 90)
    np.testing.assert_allclose(inlet.markers, 0.090, rtol=1e-6)
    assert inlet.t == pytest.approx(start + 0.89, abs=1e-3)
    assert skipped > 0
    assert inlet.pull(0.0) == 0


def test_the_smoothing_is_told_of_frames_that_were_skipped(
    source_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    outlet, connect = marker_pair(source_id)
    inlet = connect()
    monkeypatch.setattr(Dejitter, "step", lambda _, stamp, count, __: told.append(count) or stamp)
    start = pylsl.local_clock()
    push(outlet, [[1.0 + k] * 6 for k in range(90)], [start + k / 100 for k in range(90)])
    pull(inlet, 90)
    assert sum(told) == 90


def test_a_clock_that_is_set_back_is_seen_and_followed(source_id: str) -> None:
    outlet, connect = marker_pair(source_id)
    inlet = connect()
    start = pylsl.local_clock()
    times = [start + k / 100 for k in range(10)] + [start - 0.3 + k / 100 for k in range(10)]
    seen = []
    for k, t in enumerate(times):
        push(outlet, [[1.0 + k] * 6], [t])
        pull(inlet, 1)
        seen.append(inlet.t)
    # 1 ms: liblsl's estimate of the offset between two clocks, here of one and the same
    np.testing.assert_allclose(seen, times, rtol=0, atol=1e-3)


def test_missing_markers_are_nan_whether_sent_as_nan_or_as_zeros(source_id: str) -> None:
    outlet, connect = marker_pair(source_id, names=("A", "B", "C", "D"))
    inlet = connect()
    nan = float("nan")
    sample = [nan, nan, nan, 0, 0, 0, 5, 0, 0, 1, nan, 3]
    push(outlet, [sample], [pylsl.local_clock()])
    pull(inlet, 1)
    assert np.isnan(inlet.markers).all(axis=1).tolist() == [True, True, False, True]
    np.testing.assert_allclose(inlet.markers[2], [0.005, 0, 0])


def test_flush_drops_what_is_waiting(source_id: str) -> None:
    outlet, connect = marker_pair(source_id)
    inlet = connect()
    push(outlet, [[1.0] * 6], [pylsl.local_clock()])
    while not inlet.flush():
        pass
    assert inlet.pull(0.0) == 0


def test_an_irregular_stream_is_measured(source_id: str) -> None:
    outlet, connect = marker_pair(source_id, rate_hz=0.0)
    info = find(Stream(source_id=source_id, timeout_s=WAIT_S))
    assert info.nominal_srate() == 0.0
    stop = threading.Event()

    def send() -> None:
        t = pylsl.local_clock()
        while not stop.wait(0.004):  # stamped at 125 Hz, sent as fast as it goes
            t += 1 / 125
            push(outlet, [[1.0] * 6], [t])

    thread = threading.Thread(target=send)
    thread.start()
    inlet = connect()
    stop.set()
    thread.join()
    assert inlet.rate_hz == pytest.approx(125, rel=0.01)


def test_frames_that_come_twice_at_once_are_counted_once(source_id: str) -> None:
    outlet, connect = marker_pair(source_id)
    inlet = connect()
    start = pylsl.local_clock()
    push(outlet, [[1.0 + k // 2] * 6 for k in range(40)], [start + k // 2 / 100 for k in range(40)])
    counts = []
    while sum(counts) < 20 or inlet.t < start + 0.1899:
        counts.append(inlet.pull(WAIT_S))
        assert counts[-1], "no frame came"
    while count := inlet.pull(0.1):  # one that came again by itself
        counts.append(count)
    assert sum(counts) < 20 + len(counts)


def test_a_frame_that_comes_again_under_another_time_is_left_out(source_id: str) -> None:
    outlet, connect = marker_pair(source_id)
    inlet = connect()
    t = pylsl.local_clock()
    push(outlet, [[1.0] * 6], [t])
    assert pull(inlet, 1) == 0
    push(outlet, [[1.0] * 6], [t + 0.01])
    assert inlet.pull(WAIT_S) == 0
    assert inlet.t == pytest.approx(t, abs=1e-3)  # as when it was measured
    push(outlet, [[2.0] * 6], [t + 0.02])
    assert pull(inlet, 1) == 0
    np.testing.assert_allclose(inlet.markers, 0.002)


@pytest.mark.parametrize("at_once", [2, 5])
def test_an_irregular_stream_in_batches_is_measured(source_id: str, at_once: int) -> None:
    outlet, connect = marker_pair(source_id, rate_hz=0.0)
    stop = threading.Event()

    def send() -> None:
        t = pylsl.local_clock()
        while not stop.wait(0.004):  # sent as fast as it goes, stamped as they come
            t += at_once / 125
            push(outlet, [[1.0] * 6] * at_once, [t + 5e-5 * k for k in range(at_once)])

    thread = threading.Thread(target=send)
    thread.start()
    inlet = connect()
    stop.set()
    thread.join()
    # of 40 frames the last batch adds no time
    assert inlet.rate_hz == pytest.approx(125, rel=at_once / 40)


def test_a_stream_that_tells_no_rate_is_refused(source_id: str) -> None:
    outlet, connect = marker_pair(source_id, rate_hz=0.0)
    t = pylsl.local_clock()
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(0.004):
            push(outlet, [[1.0] * 6] * 20, [t] * 20)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        with pytest.raises(StreamLayoutError, match=r"all have the time .* set `rate_hz`"):
            connect()
    finally:
        stop.set()
        thread.join()


def test_a_known_lag_is_taken_off_but_not_twice(source_id: str) -> None:
    info = pylsl.StreamInfo("rig", "MoCap", 3, 100.0, pylsl.cf_float32, source_id)
    channels = info.desc().append_child("channels")
    for description in marker_channels(("A",), "m"):
        child = channels.append_child("channel")
        child.append_child_value("label", description.label)
        child.append_child_value("unit", "m")
    info.desc().append_child("acquisition").append_child_value("compensated_lag", "0.006")
    outlet = pylsl.StreamOutlet(info)
    inlet = MarkerInlet(
        find(Stream(source_id=source_id, timeout_s=WAIT_S)), MarkerStream(lag_ms=10.0, unit="m")
    )
    t = pylsl.local_clock()
    outlet.push_sample([1.0, 2.0, 3.0], t)
    pull(inlet, 1)
    assert inlet.t == pytest.approx(t - 0.004, abs=1e-3)


def test_markers_of_other_names_are_the_models(source_id: str) -> None:
    outlet = Outlet("rig", "MoCap", marker_channels(("A", "B"), "m"), 100.0, source_id)
    settings = MarkerStream(names={"LKNE": "A"})
    inlet = MarkerInlet(find(Stream(source_id=source_id, timeout_s=WAIT_S)), settings)
    push(outlet, [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], [pylsl.local_clock()])
    pull(inlet, 1)
    assert inlet.names == ("LKNE", "B")
    np.testing.assert_array_equal(inlet.markers, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_a_stream_is_found_by_its_type_whatever_the_case(source_id: str) -> None:
    # type and source id together, so that another session on this machine does not answer
    outlet = Outlet("rig", "Mocap", marker_channels(("A",), "m"), 100.0, source_id)
    found = find(Stream(type="MoCap", source_id=source_id, timeout_s=WAIT_S))
    assert found.type() == "Mocap"
    del outlet


def test_no_stream_says_what_was_wanted_how_long_and_what_there_is(source_id: str) -> None:
    outlet = Outlet(f"other-{source_id}", "Eyes", [Channel("x", type="x", unit="m")], 0, source_id)
    with pytest.raises(StreamNotFound) as error:
        find(Stream(type="MoCap", name=source_id, timeout_s=0.3))
    message = str(error.value)
    assert f"type MoCap, name {source_id} within 0.3 s" in message
    assert f"other-{source_id} (Eyes, 1 ch)" in message
    assert "(if it is one of these, set its `type` or `name`); start the sender" in message
    del outlet


def test_visible_streams_lists_names_types_and_channels(source_id: str) -> None:
    outlet = Outlet(source_id, "Eyes", [Channel("x", type="x", unit="m")], 0, source_id)
    assert f"{source_id} (Eyes, 1 ch)" in visible_streams()
    del outlet


def test_two_streams_that_answer_are_not_chosen_between(source_id: str) -> None:
    outlets = [
        Outlet(source_id, "MoCap", marker_channels(("A",), "m"), 100.0, f"{source_id}{k}")
        for k in range(2)
    ]
    with pytest.raises(StreamAmbiguous, match=r"^several LSL streams of .*; set `source_id`$"):
        find(Stream(name=source_id, timeout_s=WAIT_S))
    del outlets


@pytest.mark.parametrize(
    ("names", "ids", "advice"),
    [
        (("a", "a"), ("", "b"), "set `source_id`"),
        (("a", "b"), ("c", "c"), "set `name`"),
        (("a", "a"), ("c", "c"), "stop all but one"),
    ],
)
def test_of_several_streams_it_is_said_what_tells_them_apart(
    source_id: str, names: Sequence[str], ids: Sequence[str], advice: str
) -> None:
    kind = f"MoCap {source_id}"
    outlets = [
        Outlet(f"{source_id}{name}", kind, marker_channels(("A",), "m"), 100.0, f"{source_id}{i}")
        for name, i in zip(names, ids, strict=True)
    ]
    with pytest.raises(StreamAmbiguous, match=f"; {advice}$"):
        find(Stream(type=kind, timeout_s=WAIT_S))
    del outlets


def test_who_has_no_plates_is_told_how_to_do_without(source_id: str) -> None:
    with pytest.raises(StreamNotFound, match="if there are no force plates, leave out `plates`"):
        find(ForceStream(name=source_id, timeout_s=0.1))


@pytest.mark.parametrize(("unit", "lines"), [("m", 1), ("millimeters", 0), ("", 0)])
def test_a_unit_that_the_stream_says_otherwise_is_not_used(
    source_id: str, unit: str, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    outlet = Outlet(source_id, "MoCap", marker_channels(("A",), "mm"), 100.0, source_id)
    inlet = MarkerInlet(find(Stream(name=source_id, timeout_s=WAIT_S)), MarkerStream(unit=unit))
    assert caplog.text.count("`unit: m` under `markers` is not used: stream") == lines
    inlet.close()
    del outlet


def test_a_stream_of_text_is_refused(source_id: str) -> None:
    info = pylsl.StreamInfo("events", "Markers", 1, 0.0, pylsl.cf_string, source_id)
    outlet = pylsl.StreamOutlet(info)
    with pytest.raises(StreamLayoutError, match="carries text"):
        MarkerInlet(find(Stream(source_id=source_id, timeout_s=WAIT_S)), MarkerStream())
    del outlet


def test_a_stream_that_describes_more_channels_than_it_sends_is_refused(source_id: str) -> None:
    info = pylsl.StreamInfo("rig", "MoCap", 3, 100.0, pylsl.cf_float32, source_id)
    described = info.desc().append_child("channels")
    for channel in marker_channels(("A", "B"), "mm"):
        described.append_child("channel").append_child_value("label", channel.label)
    outlet = pylsl.StreamOutlet(info)
    with pytest.raises(StreamLayoutError, match="'rig' describes 6 channels and sends 3; correct"):
        MarkerInlet(find(Stream(source_id=source_id, timeout_s=WAIT_S)), MarkerStream())
    del outlet


def test_the_outlets_describe_their_channels_in_xdfs_words() -> None:
    first, *_, last = marker_channels(("R.ASIS",), "mm")
    assert first == Channel("R.ASIS_X", "R.ASIS", "PositionX", "millimeters")
    assert last.type == "PositionZ"
    kinds = [c.type for c in force_channels(LABELS)]
    units = [c.unit for c in force_channels(LABELS)]
    assert kinds == [f"{k}{a}" for k in ("Force", "CoP", "Torque") for a in "XYZ"]
    assert units == ["N"] * 3 + ["m"] * 3 + ["Nm"] * 3
