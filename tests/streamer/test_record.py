"""The recording of a session: its inputs and its estimates in one XDF file."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pylsl
import pytest
import pyxdf

from configs.demo.build import SUBJECT
from streamer.commands.record import follow, run
from streamer.config.streams import MarkerStream
from streamer.exceptions import ConfigError, StreamerError
from streamer.formats import read_xdf
from streamer.lsl.outlets import Outlet, marker_channels
from streamer.messaging.messages import Act, Dyn, Emg, Health, Kin, Message, Meta
from streamer.messaging.publisher import Publisher
from tests.streamer.stand_ins import HandClock

META = Meta(
    session="a",
    channel_names=("SOL_r", "TA_r"),
    muscle_names=("soleus_r",),
    coordinate_names=("pelvis_tx", "knee_angle_r"),
    force_names=("plate",),
    units={
        "emg": "1",
        "q": ["m", "rad"],
        "qd": ["m/s", "rad/s"],
        "tau": ["N", "N m"],
        "forces": ["N"] * 3 + ["m"] * 3 + ["N m"] * 3,
    },
    filter_delay_ms=30.0,
    software="test",
)


LAB = f"lab-{os.getpid()}"
ISOLATED = Path(__file__).parents[1] / "lsl_api.cfg"


def packed(*numbers: float) -> bytes:
    return np.array(numbers, "<f4").tobytes()


class Session:
    """Markers and what is published of them, frame by frame; every number tells of its frame."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._markers = Outlet(LAB, "MoCap", marker_channels(["heel"], "mm"), 0.0, LAB)
        self._over = threading.Event()

    def run(self) -> None:
        seq = 0
        while not self._over.wait(0.01):
            t = pylsl.local_clock()
            head: dict[str, Any] = {"session": "a", "seq": seq, "t": t, "sent": t, "status": 16}
            level = float(seq)
            self._markers.push(np.array([[level, 1.0, 2.0]], np.float32), np.array([t]))
            if seq % 20 == 0:
                self._publisher.send(msgspec.structs.replace(META, **head))
            for message in (
                Emg(
                    emg=packed(level, 0.5), sigma=packed(0.1, 0.2), age_ms=38.0, lead_ms=25.0,
                    filter_delay_ms=30.0, **head,
                ),
                Act(activation=packed(level), **head),
                Kin(q=packed(1.0, level), qd=packed(2.0, 3.0), marker_rms=0.004, **head),
                Dyn(tau=packed(4.0, level), forces=packed(*range(9)), **head),
            ):  # fmt: skip
                self._publisher.send(message)
            seq += 1

    def end(self) -> None:
        self._over.set()


def record(endpoint: str, out: Path, *options: str) -> "subprocess.Popen[str]":
    """The command, for the streams of `Session` alone: other tests may send beside this one."""
    config = out.with_suffix(".yaml")
    out.with_suffix(".osim").touch()  # named, never read
    config.write_text(
        f"model: {out.stem}.osim\nmarkers: {{type: MoCap, name: {LAB}}}\nemg: {{name: {LAB}}}\n"
    )
    # the recorder's own liblsl is older and asks on another address of the machine
    lsl = out.with_suffix(".cfg")
    lsl.write_text(ISOLATED.read_text() + "[lab]\nKnownPeers = {127.0.0.1}\n")
    command = [sys.executable, "-m", "streamer.cli", "record", endpoint, "--out", str(out)]
    return subprocess.Popen(
        [*command, "--config", str(config), *options],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"LSLAPICFG": str(lsl)},
    )


class Recorded(NamedTuple):
    """A file, and what the command said while it was written."""

    file: Path
    status: int
    said: str
    refusal: str


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A session recorded for three seconds, and an attempt to record to the same file."""
    out = tmp_path_factory.mktemp("record") / "session.xdf"
    with closing(Publisher("tcp://127.0.0.1:*")) as publisher:
        session = Session(publisher)
        thread = threading.Thread(target=session.run)
        thread.start()
        with record(publisher.endpoint, out) as recording:
            assert recording.stderr is not None
            said = recording.stderr.readline()
            time.sleep(3.0)
            os.killpg(recording.pid, signal.SIGINT)  # as a terminal does, to the recorder too
            said += recording.stderr.read()
        session.end()
        thread.join()
    with record(publisher.endpoint, out) as again:
        assert again.stderr is not None
        refusal = again.stderr.read()
    assert again.returncode == 1
    return Recorded(out, recording.returncode, said, refusal)


def test_ctrl_c_ends_the_recording_and_nothing_is_overwritten(recorded: Recorded) -> None:
    assert recorded.status == 0, recorded.said
    assert "recording 1 streams and the session's 4" in recorded.said
    assert f"{recorded.file}: 1 streams" in recorded.said
    assert "exists and is not overwritten" in recorded.refusal


def test_a_file_holds_inputs_and_estimates_on_one_time_axis(recorded: Recorded) -> None:
    # what this session publishes is not freed from jitter
    markers = read_xdf(recorded.file, markers=MarkerStream(dejitter=False)).markers
    frame = 1e3 * markers.positions[:, 0, 0]  # sent in mm; its number, see `Session`
    assert len(frame) > 100
    np.testing.assert_allclose(np.diff(frame), 1.0, atol=1e-3)  # float32 of numbers below 1e4
    for topic, column, after_s in (
        ("emg", 0, -0.013),  # 30 ms of delay, held for 8 ms, 25 ms ahead
        ("act", 0, -0.030),
        ("kin", 1, -0.030),
        ("dyn", 1, -0.030),
    ):
        stream = streams(recorded.file)[f"nem2e-{topic}"]
        values, stamps = stream["time_series"], stream["time_stamps"]
        assert set(values[:, -1]) == {16}  # status
        _, ours, theirs = np.intersect1d(values[:, column], frame.round(), return_indices=True)
        assert len(ours) > 100
        # the reader corrects every stream by offsets that were measured for itself
        np.testing.assert_allclose(stamps[ours] - after_s, markers.time[theirs], atol=1e-3)


def test_channels_are_named_with_their_units(recorded: Recorded) -> None:
    named = {
        name: [
            (c["label"][0], c["unit"][0]) for c in s["info"]["desc"][0]["channels"][0]["channel"]
        ]
        for name, s in streams(recorded.file).items()
        if name.startswith("nem2e")
    }
    assert named["nem2e-emg"][:3] == [("SOL_r", "1"), ("TA_r", "1"), ("SOL_r_sigma", None)]
    assert named["nem2e-act"] == [("soleus_r", None), ("status", "bits")]
    assert named["nem2e-kin"][1:3] == [("knee_angle_r", "rad"), ("pelvis_tx_speed", "m/s")]
    dyn = named["nem2e-dyn"]
    assert dyn[:2] == [("pelvis_tx_force", "N"), ("knee_angle_r_moment", "N m")]
    assert dyn[2:5] == [("plate_vx", "N"), ("plate_vy", "N"), ("plate_vz", "N")]
    assert (dyn[5], dyn[10]) == (("plate_px", "m"), ("plate_torque_z", "N m"))
    (row, *_) = streams(recorded.file)["nem2e-dyn"]["time_series"]
    np.testing.assert_array_equal(row[2:], [*range(9), 16])


def streams(file: Path) -> dict[str, Any]:
    return {s["info"]["name"][0]: s for s in pyxdf.load_xdf(file)[0]}


class Endless:
    """A subscriber that hears the same message again and again."""

    endpoint = "tcp://127.0.0.1:5556"

    def __init__(self, message: Message) -> None:
        self._message = message

    def receive(self, timeout_s: float) -> tuple[str, Message]:  # noqa: ARG002
        time.sleep(0.001)
        return "emg", self._message


@pytest.mark.parametrize(
    ("session", "duration_s", "handed_on"), [("a", 0.1, True), ("b", 60.0, False)]
)
def test_a_recording_ends_after_its_duration_or_with_its_session(
    session: str, duration_s: float, handed_on: bool
) -> None:
    taken: list[str] = []
    outlets = SimpleNamespace(push=lambda topic, message: taken.append(topic))  # noqa: ARG005
    subscriber: Any = Endless(Emg(session=session))
    looks: list[int] = []
    follow(
        subscriber,
        META,
        outlets,
        threading.Event(),
        duration_s,
        lambda: looks.append(len(taken)),  # type: ignore[arg-type]
    )
    assert bool(taken) == handed_on
    assert looks == [0]  # at once, and then once a second


def test_a_session_that_speaks_all_along_was_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it is recorded for longer than a silence may be."""
    clock = HandClock()

    class Walk(Endless):
        def receive(self, timeout_s: float) -> tuple[str, Message]:
            clock.t += 0.1
            return super().receive(timeout_s)

    monkeypatch.setattr("streamer.commands.record.time", SimpleNamespace(monotonic=clock.now))
    taken: list[str] = []
    outlets: Any = SimpleNamespace(push=lambda topic, _: taken.append(topic))
    subscriber: Any = Walk(Emg(session="a"))
    follow(subscriber, META, outlets, threading.Event(), 10.0, lambda: None)
    assert len(taken) == pytest.approx(100, abs=1)  # one for the rounding of sums of 0.1


class Ends(Endless):
    """One that hears nothing after the first message."""

    heard = False

    def receive(self, timeout_s: float) -> tuple[str, Message] | None:  # type: ignore[override]
        first, self.heard = not self.heard, True
        return super().receive(timeout_s) if first else None


class Idle(Endless):
    """A session without markers: its health goes on."""

    def receive(self, timeout_s: float) -> tuple[str, Message]:
        return "health", super().receive(timeout_s)[1]


def test_a_session_without_estimates_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamer.commands.record.WAIT_S", 0.1)
    subscriber: Any = Idle(Health(session="a"))
    outlets: Any = SimpleNamespace(push=lambda topic, message: None)  # noqa: ARG005
    silent = r"the session sent no estimates in the last 0 s of the recording; .*; find out why$"
    with pytest.raises(StreamerError, match=silent):
        follow(subscriber, META, outlets, threading.Event(), 0.4, lambda: None)


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_session_that_ended_before_the_recording_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, by_hand: bool
) -> None:
    monkeypatch.setattr("streamer.commands.record.WAIT_S", 0.1)
    monkeypatch.setattr("streamer.commands.silence.WAIT_S", 0.1)
    outlets: Any = SimpleNamespace(push=lambda *_: None)
    subscriber: Any = Ends(Emg(session="a"))
    stop = threading.Event()
    if by_hand:
        threading.Timer(0.4, stop.set).start()
        follow(subscriber, META, outlets, stop, None, lambda: None)
    else:  # by a script, which looks at the exit status
        with pytest.raises(StreamerError, match="the session sent no estimates in the last 0 s of"):
            follow(subscriber, META, outlets, stop, 0.4, lambda: None)
    said = capsys.readouterr().err
    assert "nothing on tcp://127.0.0.1:5556 for 0.1 s; is `nem2e run` running?" in said
    assert ("the session sent no estimates in the last" in said) == by_hand


@pytest.mark.parametrize(
    ("name", "duration_s", "wrong"),
    [("walk.trc", None, "ends in .xdf"), ("walk.xdf", 0.0, "--duration is 0")],
)
def test_what_cannot_be_recorded_is_refused_before_a_session_is_asked_for(
    tmp_path: Path, name: str, duration_s: float | None, wrong: str
) -> None:
    with pytest.raises(ConfigError, match=wrong):
        run(tmp_path / name, "tcp://127.0.0.1:1", None, duration_s, None)


@pytest.mark.parametrize("bound", ["tcp://127.0.0.1:5799", "tcp://0.0.0.0:5799", "tcp://*:5799"])
def test_a_session_is_looked_for_where_its_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    """Else it would be waited for, at the default endpoint, for ever."""
    asked: list[str] = []

    def subscriber(endpoint: str, *_: object, **__: object) -> None:
        asked.append(endpoint)
        raise StreamerError("enough")

    monkeypatch.setattr("streamer.commands.record.Subscriber", subscriber)
    config = tmp_path / "me.yaml"
    config.write_text(f"model: {SUBJECT / 'model.osim'}\nendpoint: '{bound}'\n")
    for given in (None, "tcp://127.0.0.1:1"):
        with pytest.raises(StreamerError, match="enough"):
            run(tmp_path / "a.xdf", given, config, None, None)
    assert asked == ["tcp://127.0.0.1:5799", "tcp://127.0.0.1:1"]


def children(pid: int) -> list[int]:
    """Processes that a process has started, on Linux."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the recorder in /proc")
def test_a_recorder_that_dies_ends_the_recording_and_what_was_kept_is_said(tmp_path: Path) -> None:
    out = tmp_path / "session.xdf"
    with closing(Publisher("tcp://127.0.0.1:*")) as publisher:
        session = Session(publisher)
        thread = threading.Thread(target=session.run)
        thread.start()
        try:
            with record(publisher.endpoint, out, "--duration", "60") as recording:
                assert recording.stderr is not None
                assert "recording 1 streams" in recording.stderr.readline()
                (recorder,) = children(recording.pid)
                os.kill(recorder, signal.SIGKILL)
                said = recording.stderr.read()
        finally:
            session.end()
            thread.join()
    assert recording.returncode == 1
    assert f"the recorder ended by itself (exit code -9); {out} holds" in said
    assert len(said.splitlines()) == 1


def test_a_session_of_another_machine_is_refused(tmp_path: Path) -> None:
    with (
        closing(Publisher("tcp://127.0.0.1:*")) as publisher,
        record(publisher.endpoint, tmp_path / "session.xdf") as recording,
    ):
        assert recording.stderr is not None
        assert "is `nem2e run` running?" in recording.stderr.readline()  # it waits for a session
        publisher.send(Meta(session="a", sent=pylsl.local_clock() - 3600.0))
        assert "a different clock" in recording.stderr.read()
    assert recording.returncode == 1
