"""Every key of a session's file stands in rig.md, and every flag where its command is described."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
import typer

from streamer.cli import app
from streamer.commands.keys import run as make_keys
from streamer.config import EmgStream, RunConfig, Stream, load_config
from streamer.exceptions import ConfigError
from streamer.messages import Emg, Meta
from streamer.publisher import Publisher
from tests.docs.pages import ROOT, text

RIG = text("docs/rig.md")
PAGES = [
    path.read_text(encoding="utf-8")
    for pattern in ("README.md", "docs/*.md", "benchmarks/**/README.md")
    for path in ROOT.glob(pattern)
]
SESSION, STREAMS = "| key | default |", "| key there | default |"


def keys_of(head: str) -> dict[str, str]:
    """Return what the second column says of each key of the table that begins so."""
    rows = RIG.partition(f"\n{head}")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {key: default for first, default, *_ in cells for key in re.findall(r"`(\w+)`", first)}


def test_the_tables_have_every_key_and_no_other() -> None:
    assert set(keys_of(SESSION)) == set(get_type_hints(RunConfig))
    assert set(keys_of(STREAMS)) == set(get_type_hints(Stream)) | set(get_type_hints(EmgStream))


@pytest.mark.parametrize(
    ("head", "kind"), [(SESSION, RunConfig), (STREAMS, Stream), (STREAMS, EmgStream)]
)
def test_the_tables_give_the_defaults(
    head: str, kind: type[RunConfig] | type[Stream] | type[EmgStream]
) -> None:
    """Of those that are numbers or words; others are told in words of their own."""
    said = keys_of(head)
    for key, default in zip(kind.__struct_fields__[-len(kind.__struct_defaults__) :],
                            kind.__struct_defaults__, strict=True):  # fmt: skip
        if isinstance(default, bool):
            assert said[key] == f"`{default}`".lower()
        elif isinstance(default, int | float):
            assert said[key] == f"{default:g}"
        elif isinstance(default, str) and default and key != "type":
            assert said[key] == f"`{default}`"


def test_the_examples_of_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "me.osim").touch()
    examples = re.findall(r"```yaml\n(.*?)```", RIG, re.DOTALL)
    assert examples
    for example in examples:
        (tmp_path / "me.yaml").write_text(example, encoding="utf-8")
        config = load_config(tmp_path / "me.yaml")
        assert (config.markers.up, config.forces.up) == ("z", "z")
    (tmp_path / "me.yaml").write_text(f"{examples[0]}model: me.osim\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="model"):  # a key twice, as the page says
        load_config(tmp_path / "me.yaml")


def flags(command: Any, name: str = "nem2e") -> Iterator[tuple[str, list[str]]]:
    """Yield the spellings of every option, with the whole name of its command."""
    for word, inner in getattr(command, "commands", {}).items():
        yield from flags(inner, f"{name} {word}")
    for parameter in command.params:
        if parameter.param_type_name == "option" and parameter.name != "help":
            yield name, [*parameter.opts, *parameter.secondary_opts]


FLAGS = list(flags(typer.main.get_command(app)))


@pytest.mark.parametrize(("command", "spellings"), FLAGS)
def test_a_page_that_names_the_command_has_its_flag(command: str, spellings: list[str]) -> None:
    named = [page for page in PAGES if re.search(rf"{command}\b", page)]
    written = "|".join(map(re.escape, spellings))
    assert any(re.search(rf"(?<![\w-])({written})(?![\w-])", page) for page in named)


def test_there_are_flags() -> None:
    assert {"nem2e run", "nem2e bench bridge"} < {command for command, _ in FLAGS}


def test_the_client_of_the_page_hears_a_session_with_keys(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys", ["me"])
    emg = np.array([0.25, 0.5], "<f4").tobytes()
    with closing(Publisher("tcp://127.0.0.1:*", keys=tmp_path / "keys")) as publisher:
        code = re.findall(r"```python\n(.*?)```", RIG, re.DOTALL)[-1]
        code = code.replace("tcp://lab:5556", publisher.endpoint)
        with subprocess.Popen(
            [sys.executable, "-u", "-c", code], cwd=tmp_path / "keys", text=True,
            stdout=subprocess.PIPE,
        ) as client:  # fmt: skip
            stopped = threading.Event()
            sender = threading.Thread(target=publish, args=(publisher, emg, stopped))
            sender.start()
            try:
                assert client.stdout is not None
                assert any("SOL_r 0.50, 3 ms" in line for line in client.stdout)
            finally:
                stopped.set()
                sender.join()
                client.kill()


def publish(publisher: Publisher, emg: bytes, stopped: threading.Event) -> None:
    """Send as a session does; activity is 3 ms old when it leaves, and no way is longer."""
    while not stopped.wait(0.01):
        publisher.send(Meta(channel_names=("TA_r", "SOL_r")))
        publisher.send(Emg(emg=emg, age_ms=28.0, lead_ms=25.0, sent=time.monotonic()))
