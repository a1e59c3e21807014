"""The page: what a browser is told, and the command that tells it."""

import asyncio
import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streamer.exceptions import StreamerError
from streamer.messaging.latest import Latest
from streamer.messaging.messages import Emg, Health, Meta
from streamer.messaging.publisher import Publisher
from streamer.page import listen
from streamer.page.events import STILL_HERE_EVERY, Told, events
from streamer.status import Status

META = Meta(
    session="a", channel_names=("SOL_r", "TA_r"), model_name="walker", subject="me.subject",
    budget_ms=10.0,
)  # fmt: skip
EMG = Emg(
    session="a",
    t=5.0,
    status=Status.GAP | Status.GRF_PREDICTED,
    emg=np.array([0.5, 0.25], "<f4").tobytes(),
    sigma=np.array([0.125, 0.0625], "<f4").tobytes(),
    age_ms=31.5,
    lead_ms=25.0,
)


@pytest.fixture
def latest() -> Latest:
    return Latest(SimpleNamespace())  # type: ignore[arg-type]


def read(events: bytes) -> list[tuple[str, Any]]:
    """Kind and fields of every event."""
    *whole, rest = events.decode().split("\n\n")
    assert rest == ""
    parts = [re.fullmatch(r"(?:event: (\w+)\n)?data: (.*)", event) for event in whole]
    return [(part[1] or "message", json.loads(part[2])) for part in parts if part]


def test_a_browser_is_told_the_names_first_then_health_and_the_estimate(latest: Latest) -> None:
    told = Told(latest)
    latest.meta, latest.emg = META, EMG
    latest.health = Health(
        session="a", rate_in_hz=99.5, rate_out_hz=98.5, frames_in=200, on_time=150,
        latency_ms={"p50": 2.5, "p99": 4.5}, doubts=["the model is another's"],
        plate_faults={"left": "gives no load"},
    )  # fmt: skip
    session, health, estimate = read(told.news())
    assert session[0] == "session"
    assert session[1]["channels"] == ["SOL_r", "TA_r"]
    assert (session[1]["model"], session[1]["subject"]) == ("walker", "me.subject")
    assert health[0] == "health"
    assert (health[1]["rate_in_hz"], health[1]["rate_out_hz"]) == (99.5, 98.5)
    assert health[1]["p99_ms"] == 4.5
    assert health[1]["on_time_percent"] == 75.0
    assert health[1]["doubts"] == ["the model is another's", "force plate left: gives no load"]
    assert estimate == (
        "message",
        {
            "t": 5.0,
            "emg": [0.5, 0.25],
            "sigma": [0.125, 0.0625],
            "activity_age_ms": 6.5,  # the motion's age less how far ahead of it the estimate is
            "flags": ["GAP", "GRF_PREDICTED"],
        },
    )


def test_nothing_is_told_twice_and_another_session_is_told(latest: Latest) -> None:
    told = Told(latest)
    assert told.news() == b""  # no session yet
    latest.meta, latest.emg, latest.health = META, EMG, Health(session="a")
    assert [kind for kind, _ in read(told.news())] == ["session", "health", "message"]
    assert told.news() == b""
    latest.meta = Meta(session="b", channel_names=("VM_l",), model_name="other")
    assert [(kind, fields["channels"]) for kind, fields in read(told.news())] == [
        ("session", ["VM_l"])
    ]
    latest.emg = Emg(session="b", emg=EMG.emg)
    assert [kind for kind, _ in read(told.news())] == ["message"]


def test_what_came_before_the_browser_is_not_shown_as_new(latest: Latest) -> None:
    latest.meta, latest.emg, latest.health = META, EMG, Health(session="a")
    assert [kind for kind, _ in read(Told(latest).news())] == ["session"]


@pytest.mark.parametrize("every", [1000, STILL_HERE_EVERY - 1])
def test_only_silence_of_a_second_is_a_reason_for_a_sign_of_life(
    every: int, latest: Latest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many looks an estimate comes."""
    looks, told = 0, []

    async def wait(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks % every == 0:
            latest.emg = Emg(emg=EMG.emg)

    async def listen_for_ten_seconds() -> None:
        async for event in events(latest):
            told.append(event)
            if looks >= 10 * STILL_HERE_EVERY - 1:
                return

    monkeypatch.setattr("streamer.page.events.asyncio", SimpleNamespace(sleep=wait))
    asyncio.run(listen_for_ten_seconds())
    signs = [event.startswith(b"event: here\n") for event in told]
    assert len(signs) >= 10
    assert all(signs) if every == 1000 else not any(signs)


def test_every_flag_has_words_on_the_page() -> None:
    script = (files("streamer.page") / "static" / "page.js").read_text(encoding="utf-8")
    (table,) = re.findall(r"const FLAGS = \{(.*?)\};", script, re.DOTALL)
    assert set(re.findall(r"^  (\w+):", table, re.MULTILINE)) == {flag.name for flag in Status}


SILENT = """
let now = 0, draw;
const elements = {}, on = {};
const element = () => new Proxy({}, { get: (o, k) => k === "classList" ? { toggle() {} }
  : k === "valueOf" ? o : o[k] ?? (() => {}), set: (o, k, v) => ((o[k] = v), true) });
globalThis.document = { getElementById: (id) => (elements[id] ??= element()), body: element() };
globalThis.location = { hash: "" };
globalThis.window = { history: { replaceState() {} } };
Object.defineProperty(globalThis, "performance", { value: { now: () => now } });
globalThis.requestAnimationFrame = (next) => (draw = next);
globalThis.EventSource = class {
  static OPEN = 1;
  readyState = 1;
  constructor() { console.log("connecting"); }
  addEventListener(kind, take) { on[kind] = take; }
  close() { console.log("closing"); }
};
await import("./page.js");
const look = () => { now += 1500; draw(); console.log(elements.state.textContent); };
const health = (rate) => on.health({ data: JSON.stringify(
  { rate_in_hz: rate, rate_out_hz: 0, p99_ms: 3, on_time_percent: 100, doubts: ["one", "two"] }) });
look();
for (let i = 0; i < 4; i++) { now += 1500; on.here({ data: "{}" }); draw(); }
for (const rate of [100, 0]) { health(rate); look(); }
now += 3000;
look();
console.log(elements.doubts.textContent);
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js to run the page's script")
def test_in_silence_the_page_says_what_is_amiss_and_looks_for_its_server(tmp_path: Path) -> None:
    shutil.copytree(Path(str(files("streamer.page"))) / "static", tmp_path, dirs_exist_ok=True)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "silent.js").write_text(SILENT)
    done = subprocess.run(
        ["node", tmp_path / "silent.js"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "connecting",
        "no estimates: is `nem2e run` running?",
        "the session runs, no estimates come",
        "the session runs, no markers come",
        "closing",  # nothing from its own server either
        "connecting",
        "no estimates: is `nem2e run` running?",
        "one",
        "two",
    ]


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [
        ("127.0.0.1", 70000, "--port is 70000; give 1 to 65535"),
        ("127.0.0.1", -1, "--port is -1"),
        ("no host at all", 0, r"no page at no host at all:0 \((?!Unknown error).+\); give"),
        ("ä" * 70, 0, r"\(.*label (empty or )?too long\)"),
        # an address for documentation, RFC 5737
        ("192.0.2.1", 0, r"\(Cannot assign requested address\)"),
    ],
)
def test_an_address_that_is_none_of_this_machine_is_one_clear_line(
    host: str, port: int, says: str
) -> None:
    with pytest.raises(StreamerError, match=says) as refusal:
        listen(host, port)
    assert "\n" not in str(refusal.value)


@contextmanager
def page(*options: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The command while it runs, and its first line."""
    command = [sys.executable, "-m", "streamer.cli", "page", *options]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    try:
        yield running, running.stderr.readline()
    finally:
        running.kill()
        running.communicate()


def test_the_command_serves_what_a_session_publishes() -> None:
    with (
        closing(Publisher("tcp://127.0.0.1:*")) as publisher,
        page(publisher.endpoint, "--port", "0") as (running, line),
    ):
        address = line.split(" is shown at ")[1].split(";")[0]
        with urllib.request.urlopen(f"{address}/", timeout=30) as answer:
            names = re.findall(r'(?:href|src)="([\w.]+)"', answer.read().decode())
        assert names == ["page.css", "page.js"]
        for name in (*names, "bars.js", "history.js", "target.js", "trace.js"):
            with urllib.request.urlopen(f"{address}/{name}", timeout=30) as answer:
                assert answer.headers["Content-Type"].startswith(("text/css", "text/javascript"))
        port = address.rpartition(":")[2]
        with page(publisher.endpoint, "--port", port) as (other, refusal):
            assert other.wait(30) == 1
        assert refusal.startswith(f"nem2e: no page at 127.0.0.1:{port}")
        with urllib.request.urlopen(f"{address}/events", timeout=30) as stream:
            until_subscribed = next(stream)  # a sign of life, a second after the beginning
            assert until_subscribed == b"event: here\n"
            assert next(stream) == b"data: {}\n"
            for message in (META, EMG):
                publisher.send(message)
            kinds = [line for line in (next(stream) for _ in range(6)) if b"{" in line]
            assert [b"walker" in kind for kind in kinds] == [True, False]
            running.send_signal(signal.SIGINT)
            assert running.wait(30) == 130
