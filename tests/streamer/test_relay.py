"""What a session publishes, as LSL streams for programs that know LSL alone."""

import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pylsl
import pytest

from streamer.clock import boot_id
from streamer.commands import behind, silence
from streamer.commands.relay import relay
from streamer.config.streams import Stream
from streamer.exceptions import StreamerError
from streamer.lsl.estimate_outlets import EstimateOutlets
from streamer.lsl.finding import find
from streamer.messaging.messages import Act, Emg, Meta
from streamer.messaging.publisher import Publisher
from streamer.messaging.subscriber import Subscriber
from tests.streamer.stand_ins import HandClock
from tests.streamer.test_lsl import WAIT_S
from tests.streamer.test_record import META, packed


class Lab:
    """A session that publishes, frame by frame; sessions may follow each other."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._over = threading.Event()
        self.meta = msgspec.structs.replace(META, session=uuid.uuid4().hex)
        self.clock_off_s = 0.0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        seq = 0
        while not self._over.wait(0.01):
            t, meta = pylsl.local_clock() + self.clock_off_s, self.meta
            head = {"session": meta.session, "seq": seq, "t": t, "sent": t}
            self._publisher.send(msgspec.structs.replace(meta, sent=t))
            emg = packed(*([float(seq)] * len(meta.channel_names)))
            self._publisher.send(Emg(emg=emg, sigma=emg, age_ms=38.0, lead_ms=25.0, **head))
            self._publisher.send(Act(activation=packed(1.0), **head))
            seq += 1

    def end(self) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with closing(Publisher("tcp://127.0.0.1:*")) as made:
        yield made


@pytest.fixture
def lab(publisher: Publisher) -> Iterator[Lab]:
    made = Lab(publisher)
    yield made
    made.end()


class Relay(threading.Thread):
    """`relay` in a thread of its own; how it ended is kept."""

    def __init__(self, endpoint: str, meta: Meta) -> None:
        super().__init__()
        self._endpoint, self._meta = endpoint, meta
        self.stop, self.sent, self.fault = threading.Event(), 0, ""
        self.start()

    def run(self) -> None:
        with Subscriber(self._endpoint, ("meta", "emg", "act")) as subscriber:
            try:
                self.sent = relay(subscriber, self._meta, self.stop)
            except StreamerError as error:
                self.fault = str(error)


@pytest.fixture
def relaying(publisher: Publisher, lab: Lab) -> Iterator[Relay]:
    thread = Relay(publisher.endpoint, lab.meta)
    yield thread
    thread.stop.set()
    thread.join()


def inlet(session: str, topic: str) -> pylsl.StreamInlet:
    found = find(Stream(source_id=f"{session}-{topic}", timeout_s=WAIT_S))
    return pylsl.StreamInlet(found, processing_flags=pylsl.proc_clocksync)


def test_estimates_come_as_lsl_streams(lab: Lab, relaying: Relay) -> None:
    emg, act = inlet(lab.meta.session, "emg"), inlet(lab.meta.session, "act")
    assert emg.info().type() == "EMGEstimate"
    sample, stamp = emg.pull_sample(WAIT_S)
    assert sample[0] == sample[1] == sample[2]  # SOL_r, TA_r, SOL_r_sigma
    assert sample[4:] == [38.0, 0.0]  # age, status
    assert act.pull_sample(WAIT_S)[0] == [1.0, 0.0]
    for _ in range(5):
        sample, stamp = emg.pull_sample(WAIT_S)
        # 38 ms old, 25 ms ahead; 10 s for a machine that is busy
        assert 0.012 < pylsl.local_clock() - stamp < 10.0
    relaying.stop.set()
    relaying.join()
    assert relaying.sent > 10


def test_a_session_of_the_same_names_goes_on_in_the_same_streams(lab: Lab, relaying: Relay) -> None:
    emg = inlet(lab.meta.session, "emg")
    assert emg.pull_sample(WAIT_S)[0] is not None
    lab.meta = msgspec.structs.replace(lab.meta, session=uuid.uuid4().hex, rate_hz=50.0)
    before = emg.pull_sample(WAIT_S)[1]
    for _ in range(100):
        sample, stamp = emg.pull_sample(WAIT_S)
        assert sample is not None
        assert stamp > before
        before = stamp
    assert relaying.is_alive()


def test_a_session_of_other_names_gets_streams_of_its_own(lab: Lab, relaying: Relay) -> None:
    first = lab.meta.session
    assert inlet(first, "emg").pull_sample(WAIT_S)[0] is not None
    names = ("SOL_r", "TA_r", "GM_r")
    lab.meta = msgspec.structs.replace(lab.meta, session=uuid.uuid4().hex, channel_names=names)
    sample, _ = inlet(lab.meta.session, "emg").pull_sample(WAIT_S)
    assert len(sample) == 3 + 3 + 2
    assert relaying.is_alive()


@pytest.mark.parametrize(
    ("changed", "fits"),
    [
        ({"rate_hz": 50.0}, True),
        ({"filter_delay_ms": META.filter_delay_ms + 5.0}, False),  # its stamps would be off by that
        ({"units": META.units | {"emg": "mV"}}, False),
    ],
)
def test_streams_go_on_for_sessions_of_the_same_delay_and_units(
    changed: dict[str, Any], fits: bool
) -> None:
    later = msgspec.structs.replace(META, session=uuid.uuid4().hex, **changed)
    assert EstimateOutlets(META).fit(later) == fits


def test_a_session_of_another_clock_ends_it(lab: Lab, relaying: Relay) -> None:
    lab.clock_off_s = 1e4
    lab.meta = msgspec.structs.replace(lab.meta, session=uuid.uuid4().hex)
    relaying.join(WAIT_S)
    assert "has a different clock from this machine; relay on the machine it" in relaying.fault


def test_a_machine_that_was_switched_on_at_the_same_time_is_another(
    lab: Lab, relaying: Relay
) -> None:
    """Its clock is off by a second or two, too little to tell it by."""
    lab.meta = msgspec.structs.replace(lab.meta, session=uuid.uuid4().hex, boot_id=boot_id())
    relaying.join(0.5)
    assert relaying.is_alive()
    lab.meta = msgspec.structs.replace(lab.meta, session=uuid.uuid4().hex, boot_id="its own")
    relaying.join(WAIT_S)
    assert "has a different clock from this machine; relay on the machine it" in relaying.fault


def test_a_session_that_sends_names_alone_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, stop = HandClock(0.0), threading.Event()
    meta = msgspec.structs.replace(META, session=uuid.uuid4().hex)

    def receive(timeout_s: float) -> tuple[str, Meta]:
        clock.t += timeout_s
        if clock.t > 4.0:
            stop.set()
        return "meta", meta

    subscriber: Any = SimpleNamespace(endpoint="ipc://here", receive=receive)
    monkeypatch.setattr(silence, "time", SimpleNamespace(monotonic=clock.now))
    assert relay(subscriber, meta, stop) == 0
    _, told = capsys.readouterr().err.splitlines()  # after the streams' names
    assert told.startswith(
        "no emg, act, kin, dyn on ipc://here for 2.5 s, but a session is running"
    )


def test_a_relay_that_is_too_slow_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each second's message takes it two."""
    clock, stop = HandClock(0.0), threading.Event()
    meta = msgspec.structs.replace(META, session=uuid.uuid4().hex)

    def receive(timeout_s: float) -> tuple[str, Meta]:  # noqa: ARG001
        clock.t += 2.0
        if clock.t > 5.0:
            stop.set()
        return "meta", msgspec.structs.replace(meta, sent=0.5 * clock.t)

    subscriber: Any = SimpleNamespace(endpoint="ipc://here", receive=receive)
    monkeypatch.setattr(behind, "time", SimpleNamespace(monotonic=clock.now))
    relay(subscriber, meta, stop)
    assert "reading 2 s behind the session" in capsys.readouterr().err


def test_the_command_ends_with_ctrl_c_and_says_what_it_sent(publisher: Publisher, lab: Lab) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "streamer.cli", "relay", publisher.endpoint],
        stderr=subprocess.PIPE, text=True,
    ) as command:  # fmt: skip
        assert command.stderr is not None
        said = command.stderr.readline()
        emg = inlet(lab.meta.session, "emg")
        assert np.isfinite(emg.pull_sample(WAIT_S)[0]).all()
        command.send_signal(signal.SIGINT)
        said += command.stderr.read()
    assert "LSL streams: nem2e-emg, nem2e-act, nem2e-kin, nem2e-dyn" in said
    assert "samples sent" in said
    assert command.returncode == 0
