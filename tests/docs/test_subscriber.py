"""The client in C++ of docs/messages.md, compiled as it says and run against a session's socket."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamer.commands.keys import run as make_keys
from streamer.messaging.messages import Emg, Meta
from streamer.messaging.publisher import Publisher
from streamer.status import Status
from tests.docs.pages import ROOT, table, text

SOURCE = text("docs/subscriber.cpp")
GOOD: dict[str, Any] = {
    "session": "first",
    "emg": (0.25, 0.5),
    "sigma": (0.1, 0.1),
    "age_ms": 28.0,
    "behind_s": 0.0,
}
USABLE = int(Status.GAP | Status.GRF_PREDICTED | Status.SO_SATURATED | Status.PATH_EXTRAPOLATED)
USELESS: list[dict[str, Any]] = [
    {"status": int(Status.HOLD)},
    {"status": 4096},  # a bit of a later version
    {"v": 2},
    {"age_ms": 500.0},
    {"age_ms": float("nan")},
    {"sigma": (0.1, 0.9)},
    {"emg": (0.25, float("nan"))},
    {"emg": (0.25,)},  # a row cut short
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile with the command at the head of the file, if the machine has what that needs."""
    needed = re.search(r"apt install (.*)", SOURCE)
    command = re.search(r"//   (g\+\+ .*)", SOURCE)
    assert needed is not None
    assert command is not None
    if shutil.which("g++") is None:
        pytest.skip("no g++ here")
    for header in re.findall(r"#include (<(?:msgpack|zmq)\.hpp>)", SOURCE):
        asked = f"#if !__has_include({header})\n#error\n#endif"
        found = subprocess.run(
            ["g++", "-E", "-x", "c++", "-"], input=asked, text=True, capture_output=True
        )
        if found.returncode:
            pytest.skip(f"g++ finds no {header}: apt install {needed[1]}")
    made = tmp_path_factory.mktemp("cpp") / "subscriber"
    paths = {"subscriber.cpp": str(ROOT / "docs/subscriber.cpp"), "subscriber": str(made)}
    words = [paths.get(word, word) for word in shlex.split(command[1])]
    subprocess.run(words, check=True)
    return made


class Session:
    """What a session sends every 10 ms; both may be changed meanwhile, None sends nothing."""

    def __init__(self, publisher: Publisher, emg: dict[str, Any]) -> None:
        self.emg: dict[str, Any] | None = emg
        self.meta: Meta | None = Meta(session="first", channel_names=("TA_r", "SOL_r"))
        self._publisher = publisher
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def _send(self) -> None:
        while not self._over.wait(0.01):
            if self.meta is not None:
                self._publisher.send(self.meta)
            if self.emg is not None:
                fields = dict(self.emg)
                rows = {row: np.array(fields.pop(row), "<f4").tobytes() for row in ("emg", "sigma")}
                sent = time.monotonic() - fields.pop("behind_s")
                self._publisher.send(Emg(sent=sent, lead_ms=25.0, **rows, **fields))

    def __enter__(self) -> Session:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@contextmanager
def running(*command: str | Path) -> Iterator[Iterator[str]]:
    """Lines that a client prints, ten a second."""
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        try:
            yield (line.strip() for line in client.stdout)
        finally:
            client.kill()


def says(lines: Iterator[str], wanted: str) -> bool:
    """Whether it comes to say this, three times in a row, in a hundred lines."""
    runs = groupby(islice(lines, 100))
    return any(line == wanted and len([*islice(same, 3)]) == 3 for line, same in runs)


def test_on_the_sessions_machine_it_follows_what_can_be_used_alone(program: Path) -> None:
    with (
        closing(Publisher("tcp://127.0.0.1:*")) as publisher,
        Session(publisher, {**GOOD, "behind_s": 1.0}) as session,  # all were held up on the way
        running(program, "SOL_r", publisher.endpoint) as lines,
    ):
        assert says(lines, "let go 0")
        session.emg = GOOD
        assert says(lines, "follows 0.5")
        for useless in (*USELESS, None):
            session.emg = useless and {**GOOD, **useless}
            assert says(lines, "let go 0"), useless
            session.emg = {**GOOD, "status": USABLE}
            assert says(lines, "follows 0.5"), useless


def test_on_another_it_needs_keys_and_takes_a_restart_with_other_names(
    program: Path, tmp_path: Path
) -> None:
    """The second session's clock is that of a machine that started later."""
    make_keys(tmp_path / "keys", ["me"])
    with (
        closing(Publisher("tcp://127.0.0.1:*", keys=tmp_path / "keys")) as publisher,
        Session(publisher, {**GOOD, "behind_s": -1e3}) as session,
        running(program, "SOL_r", publisher.endpoint, tmp_path / "keys/for-me") as lines,
    ):
        assert says(lines, "follows 0.5")
        session.emg = {**GOOD, "behind_s": -999.0}  # a second late
        assert says(lines, "let go 0")
        session.emg = {**GOOD, "session": "second", "emg": (0.75, 0.5), "behind_s": 1e3}
        session.meta = None
        assert says(lines, "let go 0")
        session.meta = Meta(session="second", channel_names=("SOL_r", "TA_r"))
        assert says(lines, "follows 0.75")


def test_what_it_takes_as_usable_is_what_the_readme_says() -> None:
    flags = table(text("README.md"), "### When to let go", head="| bit | flag |")
    emg = "the EMG of the frame"
    usable = [int(bit) for bit, row in flags.items() if row[emg].startswith("can be used")]
    assert f"constexpr int USABLE = {' | '.join(map(str, usable))};" in SOURCE
    assert sum(usable) == USABLE
    assert f"`status & ~{USABLE}`" in text("docs/messages.md")
