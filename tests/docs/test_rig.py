"""Every key of a session's file stands in rig.md, and every flag where its command is described."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
import typer

from sim_bridge import ON_FEET, ExternalForce
from sim_bridge.exceptions import SettingsError
from sim_bridge.plates import all_on_feet
from streamer.cli import app
from streamer.commands.keys import run as make_keys
from streamer.config.session import RunConfig, load_config
from streamer.config.streams import EmgStream, ForceStream, MarkerStream
from streamer.exceptions import ConfigError
from streamer.formats.described_plates import described_plates
from streamer.formats.external_loads import external_forces, read_external_loads
from streamer.messaging.messages import Emg, Meta
from streamer.messaging.publisher import Publisher
from streamer.status import Status
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
    streams = (MarkerStream, ForceStream, EmgStream)
    assert set(keys_of(STREAMS)) == {key for stream in streams for key in get_type_hints(stream)}


@pytest.mark.parametrize(
    ("head", "kind"), [(SESSION, RunConfig), (STREAMS, MarkerStream), (STREAMS, EmgStream)]
)
def test_the_tables_give_the_defaults(
    head: str, kind: type[RunConfig] | type[MarkerStream] | type[EmgStream]
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
    for name in ("me.osim", "static.c3d"):
        (tmp_path / name).touch()
    from_file, in_numbers, z_up = re.findall(r"```yaml\n(.*?)```", RIG, re.DOTALL)
    read = []
    for example in (from_file, in_numbers, z_up.replace("model: me.osim\n", "")):
        (tmp_path / "me.yaml").write_text(f"{example}model: me.osim\n", encoding="utf-8")
        read.append(load_config(tmp_path / "me.yaml"))
    assert read[0].forces.transducers == str(tmp_path / "static.c3d")
    ((plate, labels),) = described_plates(read[1].forces)
    # x to the right, y backwards, z down, as the page says; in ground x is forward, z to the right
    np.testing.assert_array_equal(plate.axes.T, [[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    assert labels == ("Fx", "Fy", "Fz", "Mx", "My", "Mz")
    assert (read[2].markers.up, read[2].forces.up) == ("z", "z")
    (tmp_path / "me.yaml").write_text(f"{z_up}model: me.osim\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="model"):  # a key twice, as the page says
        load_config(tmp_path / "me.yaml")


def test_the_loads_of_a_device_are_read_and_kept_apart_from_plates(tmp_path: Path) -> None:
    (example,) = re.findall(r"```xml\n(.*?)```", RIG, re.DOTALL)
    document = f"<OpenSimDocument><ExternalLoads><objects>{example}</objects></ExternalLoads>"
    (tmp_path / "loads.xml").write_text(f"{document}</OpenSimDocument>", encoding="utf-8")
    (device,) = external_forces(read_external_loads(tmp_path / "loads.xml").forces, on_feet=True)
    assert (device.body, device.pure_torque) == ("calcn_r", True)
    with pytest.raises(SettingsError, match=r"foot on bodies; give .* without devices"):
        all_on_feet([ExternalForce("belt", ON_FEET), device])


def words_of_the_code() -> list[str]:
    """Every text of the programs, with ".." for what is filled in."""
    found = []
    for package in ("sim_bridge", "streamer", "inference"):
        for module in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
                parts = node.values if isinstance(node, ast.JoinedStr) else [node]
                if all(isinstance(part, ast.Constant | ast.FormattedValue) for part in parts):
                    words = (getattr(part, "value", "") for part in parts)
                    found.append("..".join(w if isinstance(w, str) else "" for w in words))
    return found


@pytest.mark.parametrize("page", ["docs/rig.md", "docs/calibration.md"])
def test_what_a_page_says_that_a_command_says_is_in_the_code(page: str) -> None:
    rows = text(page).partition("\n| it says |")[2].partition("\n\n")[0].splitlines()[2:]
    said = [words for row in rows for words in re.findall(r"`([^`]+)`", row.split("|")[1])]
    texts = words_of_the_code()
    assert len(said) > 20
    for words in said:
        pattern = ".+".join(map(re.escape, words.split("..")))
        assert any(re.search(pattern, text) for text in texts), words


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


def test_the_client_of_the_page_hears_sessions_with_keys(tmp_path: Path) -> None:
    """The second has other names, and the clock of a machine that started later."""
    make_keys(tmp_path / "keys", ["me"])
    with closing(Publisher("tcp://127.0.0.1:*", keys=tmp_path / "keys")) as publisher:
        code = re.findall(r"```python\n(.*?)```", RIG, re.DOTALL)[-1]
        code = code.replace("tcp://lab:5556", publisher.endpoint)
        with subprocess.Popen(
            [sys.executable, "-u", "-c", code], cwd=tmp_path / "keys", text=True,
            stdout=subprocess.PIPE,
        ) as client:  # fmt: skip
            stopped, heard = threading.Event(), threading.Event()
            sender = threading.Thread(target=publish, args=(publisher, heard, stopped))
            sender.start()
            try:
                assert client.stdout is not None
                assert any("SOL_r 0.50, 3 ms" in line for line in client.stdout)
                heard.set()
                later = (line for line in client.stdout if "0.50" not in line)
                estimate = next(line for line in later if line.startswith("SOL_r"))
                assert estimate == "SOL_r 0.75, 3 ms ago\n"
            finally:
                stopped.set()
                sender.join()
                client.kill()


def publish(publisher: Publisher, heard: threading.Event, stopped: threading.Event) -> None:
    """Send as two sessions do; activity is 3 ms old when it leaves, and no way is longer."""
    sessions = (
        ("first", ("TA_r", "SOL_r"), [0.25, 0.5], 0.0, heard),
        ("second", ("GM_r", "TA_r", "SOL_r"), [0.1, 0.25, 0.75], 1e3, stopped),
    )
    for session, names, emg, behind_s, over in sessions:
        row = np.array(emg, "<f4").tobytes()
        for k in count():
            if stopped.wait(0.01) or over.is_set():
                break
            if k > 5:  # the first estimates come before the names
                publisher.send(Meta(session=session, channel_names=names))
            sent = time.monotonic() - behind_s
            publisher.send(Emg(session=session, emg=row, age_ms=28.0, lead_ms=25.0, sent=sent))


def test_the_flags_of_the_readme_are_those_of_the_messages() -> None:
    """And a controller lets go at those whose EMG cannot be used, here and in rig.md."""
    rows = text("README.md").partition("\n| bit | flag |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert {flag: int(bit) for bit, flag, *_ in cells} == {
        str(flag.name): int(flag) for flag in Status
    }
    useless = sum(int(bit) for bit, _, _, emg in cells if not emg.startswith("can be used"))
    assert f"`status & {useless}`" in text("README.md")
    kin = Status.GAP | Status.HOLD | Status.LATE | Status.IK_UNCONVERGED | Status.WARMING_UP
    dyn = kin | Status.FORCE_STALE | Status.GRF_PREDICTED
    act = dyn | Status.SO_SATURATED | Status.PATH_EXTRAPOLATED
    for topic, flags in (("kin", kin), ("dyn", dyn), ("act", act)):
        assert f"`{topic}` at `status & {int(flags)}`" in text("README.md")
    assert f"`status & {useless & ~Status.FORCE_STALE}`" in RIG  # where there never are forces
    assert f'message["status"] & {useless}:' in RIG
