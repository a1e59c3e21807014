"""What `nem2e subscribe` makes of messages."""

import json
import socket
from types import SimpleNamespace

import pytest

from streamer.commands import behind, silence, subscribe
from streamer.exceptions import ConfigError
from streamer.messaging.messages import Emg, Message, Meta, decode, encode
from tests.streamer.stand_ins import HandClock


class Heard:
    """A subscriber that hears one message over and over."""

    endpoint = "ipc://here"

    def __init__(self, message: Message) -> None:
        self._message = message

    def __enter__(self) -> "Heard":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def receive(self, timeout_s: float) -> tuple[str, Message]:  # noqa: ARG002
        return "meta", self._message


def printed(
    message: Message,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    as_json: bool,
) -> str:
    monkeypatch.setattr(subscribe, "Subscriber", lambda *_, **__: Heard(message))
    subscribe.run("ipc://here", ["meta"], as_json=as_json, count=1)
    return capsys.readouterr().out


class Timed:
    """A subscriber that hears each message at its time, then one estimate that ends the command."""

    endpoint = "ipc://here"

    def __init__(self, clock: HandClock, messages: list[tuple[float, Message]]) -> None:
        self._clock, self._messages = clock, messages

    __enter__, __exit__ = Heard.__enter__, Heard.__exit__

    def receive(self, timeout_s: float) -> tuple[str, Message] | None:
        t, message = self._messages[0]
        if t > self._clock.t + timeout_s:
            self._clock.t += timeout_s
            return None
        self._clock.t = t
        del self._messages[0]
        return decode(encode(message))


NAMES = Meta(session="s", channel_names=("SOL_r",))
ESTIMATE = Emg(session="s", emg=b"\0\0\0?")


@pytest.mark.parametrize(
    ("messages", "end", "said"),
    [
        (
            [(t, NAMES) for t in (0.0, 2.0, 4.0)],
            4.5,
            ["no emg on ipc://here for 2.5 s, but a session"],
        ),
        ([], 30.0, ["nothing on ipc://here for 2.5 s; is `nem2e run` running?"]),
        ([(t, NAMES) for t in (3.0, 4.0)], 5.5, ["nothing on ipc://here", "no emg on ipc://here"]),
        ([(3.0, ESTIMATE)], 9.0, ["nothing on ipc://here", "nothing on ipc://here"]),
        ([(t / 2, m) for t in range(9) for m in (NAMES, ESTIMATE)], 4.5, []),
    ],
)
def test_it_is_said_when_what_is_waited_for_does_not_come(
    messages: list[tuple[float, Message]],
    end: float,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = HandClock(0.0)
    timed = Timed(clock, [*messages, (end, ESTIMATE)])
    monkeypatch.setattr(subscribe, "Subscriber", lambda *_, **__: timed)
    monkeypatch.setattr(silence, "time", SimpleNamespace(monotonic=clock.now))
    wanted = sum(isinstance(m, Emg) for _, m in messages) + 1
    subscribe.run("ipc://here", ["emg"], as_json=True, count=wanted)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == len(said)
    assert all(part in line for part, line in zip(said, told, strict=True))


def test_a_reader_that_is_too_slow_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each second's message takes it two; what is told is no line of those that it prints."""
    clock = HandClock(0.0)
    messages = [(2.0 * k, Emg(session="s", sent=float(k), emg=b"\0\0\0?")) for k in range(3)]
    monkeypatch.setattr(subscribe, "Subscriber", lambda *_, **__: Timed(clock, [*messages]))
    monkeypatch.setattr(behind, "time", SimpleNamespace(monotonic=clock.now))
    subscribe.run("ipc://here", ["emg"], as_json=True, count=3)
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 3
    assert "reading 2 s behind the session" in shown.err


def test_a_host_that_nobody_knows_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def resolved(host: str, _: object) -> list[object]:
        if host == "lab":
            raise socket.gaierror("Name or service not known")
        return []

    monkeypatch.setattr(silence, "socket", SimpleNamespace(getaddrinfo=resolved))
    for endpoint, said in (
        ("tcp://lab:5556", "this machine does not know the host 'lab'; correct the name, or give"),
        ("tcp://127.0.0.1:5556", "is `nem2e run` running?"),
    ):
        clock = HandClock(0.0)
        timed = Timed(clock, [(4.5, ESTIMATE)])
        timed.endpoint = endpoint
        monkeypatch.setattr(subscribe, "Subscriber", lambda *_, timed=timed, **__: timed)
        monkeypatch.setattr(silence, "time", SimpleNamespace(monotonic=clock.now))
        subscribe.run(endpoint, ["emg"], as_json=True, count=1)
        told = capsys.readouterr().err.splitlines()
        assert len(told) == 1
        assert said in told[0]


@pytest.mark.parametrize("count", [0, -2])
def test_as_many_messages_as_none_are_refused(count: int) -> None:
    with pytest.raises(ConfigError, match=f"--count is {count}; give 1 or more"):
        subscribe.run("ipc://here", ["emg"], count=count)


@pytest.mark.parametrize(("subject", "shown"), [("me", "subject=me"), ("", "subject=(none)")])
def test_meta_says_whom_the_estimate_is_calibrated_to(
    subject: str,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    meta = Meta(subject=subject, model_name="walker")
    text = printed(meta, monkeypatch, capsys, as_json=False)
    assert {shown, "model_name=walker"} <= set(text.split())
    assert json.loads(printed(meta, monkeypatch, capsys, as_json=True))["subject"] == subject
