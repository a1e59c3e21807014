"""The look after the recorder: its process, its file and its disk."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from streamer.commands import xdf_recorder
from streamer.commands.xdf_recorder import LEAST_FREE, TRIES, UNSEEN_SAMPLES, XdfRecorder
from streamer.exceptions import StreamerError
from streamer.lsl.outlets import Outlet, emg_channels


class StandIn:
    """LabRecorder with a process that waits for its input to end, and a file that a test writes."""

    begun: ClassVar[list["subprocess.Popen[bytes]"]]
    ends_whole: ClassVar[bool]

    def start(self, out: Path, streams: list[dict[str, str]], timeout: float) -> None:  # noqa: ARG002
        self._out = out
        command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)
        self.begun.append(self._process)
        out.write_bytes(b"XDF:")

    def stop(self) -> None:
        self._process.communicate()
        if self.ends_whole:
            grow(self._out)


def grow(out: Path) -> None:
    with out.open("ab") as file:
        file.write(b"samples")


class Late(StandIn):
    """It finds the streams after some times of asking; until then it sits before a file's head."""

    finds_after: ClassVar[int]
    asked: ClassVar[list[list[str]]]

    def start(self, out: Path, streams: list[dict[str, str]], timeout: float) -> None:
        assert not out.exists()
        super().start(out, streams, timeout)
        self.asked.append([stream["uid"] for stream in streams])
        if len(self.begun) <= self.finds_after:
            raise TimeoutError("The recording did not start in time.")


@pytest.fixture(autouse=True)
def labrecorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(xdf_recorder, "LabRecorder", StandIn)
    monkeypatch.setattr(StandIn, "begun", [], raising=False)
    monkeypatch.setattr(StandIn, "ends_whole", True, raising=False)
    yield
    for process in StandIn.begun:
        process.kill()
        process.communicate()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "walk.xdf"


@pytest.fixture
def recorder(out: Path) -> XdfRecorder:
    return XdfRecorder(out, {})


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> type[Late]:
    monkeypatch.setattr(xdf_recorder, "LabRecorder", Late)
    monkeypatch.setattr(Late, "asked", [], raising=False)
    monkeypatch.setattr(xdf_recorder, "GONE_S", 0.5)
    return Late


def test_a_file_that_grows_is_left_alone_and_so_is_a_session_that_pauses(
    recorder: XdfRecorder, out: Path
) -> None:
    for k in range(5):
        grow(out)
        recorder.look(k * UNSEEN_SAMPLES)
    for _ in range(5):
        recorder.look(4 * UNSEEN_SAMPLES)
    recorder.stop()
    assert out.read_bytes().endswith(b"samples")


def test_a_file_that_does_not_grow_while_samples_are_sent_ends_the_recording(
    recorder: XdfRecorder,
) -> None:
    recorder.look(100)
    recorder.look(100 + UNSEEN_SAMPLES)
    with pytest.raises(StreamerError, match=r"stopped growing; .*walk\.xdf holds 0\.00 MB"):
        recorder.look(101 + UNSEEN_SAMPLES)


def test_a_file_that_was_taken_away_ends_the_recording(recorder: XdfRecorder, out: Path) -> None:
    recorder.look(100)
    out.unlink()
    with pytest.raises(StreamerError, match="stopped growing"):
        recorder.look(101 + UNSEEN_SAMPLES)


def test_a_recorder_that_ended_by_itself_is_told_of_at_a_look_and_at_the_end(
    recorder: XdfRecorder,
) -> None:
    (process,) = StandIn.begun
    process.kill()
    process.wait()
    for asked in (lambda: recorder.look(0), recorder.stop):
        with pytest.raises(StreamerError, match=r"ended by itself \(exit code .*walk\.xdf holds"):
            asked()


def test_a_disk_that_is_nearly_full_ends_the_recording_while_it_can_end_whole(
    recorder: XdfRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SimpleNamespace(total=10 * LEAST_FREE, free=LEAST_FREE - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)
    with pytest.raises(
        StreamerError, match=r"only 20\.0 MB of the disk are free; .*free some space"
    ):
        recorder.look(0)
    recorder.stop()


def test_a_network_disk_that_does_not_know_its_size_is_believed_to_have_room(
    recorder: XdfRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=0, free=0))
    recorder.look(0)


def test_an_end_that_is_not_written_is_no_success(
    recorder: XdfRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StandIn, "ends_whole", False)
    with pytest.raises(StreamerError, match="stopped growing"):
        recorder.stop()


def test_a_recorder_that_fails_at_the_end_is_no_success_though_its_file_grew(
    recorder: XdfRecorder, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: StandIn) -> None:
        grow(out)
        raise RuntimeError("it does not answer")

    monkeypatch.setattr(StandIn, "stop", stop)
    with pytest.raises(StreamerError, match=r"the recorder failed \(it does not answer\); .*holds"):
        recorder.stop()


def test_a_recorder_that_does_not_find_the_streams_is_started_anew(
    out: Path, late: type[Late]
) -> None:
    late.finds_after = TRIES - 1
    recorder = XdfRecorder(out, {})
    assert [process.poll() is None for process in late.begun] == [False] * (TRIES - 1) + [True]
    recorder.stop()
    assert out.read_bytes() == b"XDF:samples"


def test_streams_that_are_never_found_leave_neither_file_nor_process(
    out: Path, late: type[Late]
) -> None:
    late.finds_after = TRIES
    with pytest.raises(
        StreamerError, match=f"did not start in time. Tried {TRIES} times.*KnownPeers"
    ):
        XdfRecorder(out, {})
    assert all(process.poll() is not None for process in late.begun)
    assert not list(out.parent.iterdir())


def test_a_stream_that_is_gone_is_left_out_and_said(
    out: Path, late: type[Late], source_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    late.finds_after = 1
    outlet = Outlet("kept", "EMG", emg_channels(("SOL_r",), "mV"), 100.0, source_id)
    XdfRecorder(out, {outlet.uid: "kept", "no-such-uid": "passing"})
    assert late.asked == [[outlet.uid, "no-such-uid"], [outlet.uid]]
    assert "stream 'passing' is gone: recorded without it" in capsys.readouterr().err


class Searching(StandIn):
    """It goes on looking for streams, after it has begun a process."""

    over: ClassVar[threading.Event]

    def start(self, out: Path, streams: list[dict[str, str]], timeout: float) -> None:
        super().start(out, streams, timeout)
        os.kill(os.getpid(), signal.SIGINT)
        self.over.wait()


def test_ctrl_c_is_heard_while_the_recorder_looks_for_streams(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xdf_recorder, "LabRecorder", Searching)
    monkeypatch.setattr(Searching, "over", threading.Event(), raising=False)
    with pytest.raises(KeyboardInterrupt):
        XdfRecorder(out, {})
    Searching.over.set()
    assert [process.poll() is None for process in Searching.begun] == [False]
    assert not out.exists()


def test_ctrl_c_does_not_reach_the_recorders_process(recorder: XdfRecorder) -> None:
    (process,) = StandIn.begun
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    recorder.stop()
