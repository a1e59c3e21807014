"""The command line as a user meets it: in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from rich.text import Text
from typer.main import get_command
from typer.testing import CliRunner

from configs.demo.build import SUBJECT
from streamer.cli import app
from streamer.commands import compare
from streamer.commands.run import run as run_session
from streamer.config.training import OURS, TrainConfig
from streamer.exceptions import PortBusy
from streamer.messaging.messages import Emg
from streamer.messaging.publisher import Publisher

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1", "COLUMNS": "100"}


def start(*arguments: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "streamer.cli", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip


COMMANDS = tuple(get_command(app).commands)


def run(*arguments: str | Path) -> tuple[int, str, str]:
    process = start(*arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def assert_one_clear_line(result: tuple[int, str, str], *parts: str) -> None:
    status, _, err = result
    own = [line for line in err.splitlines() if line.startswith("nem2e: ")]
    assert status == 1
    assert len(own) == 1, err
    assert "Traceback" not in err
    for part in parts:
        assert part in own[0]


def test_help_lists_the_commands() -> None:
    status, out, _ = run("--help")
    assert status == 0
    for command in COMMANDS:
        assert command in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does_and_takes(command: str) -> None:
    status, out, _ = run(command, "--help")
    assert status == 0
    assert "Usage:" in out
    assert command in out
    assert "--help" in out


def test_help_is_shown_as_it_is_written() -> None:
    everything = [get_command(app)]
    for command in everything:  # grows by the commands of groups
        everything += getattr(command, "commands", {}).values()
        for parameter in command.params:
            written = str(getattr(parameter, "help", None) or "")
            # rich takes [s] for markup
            assert Text.from_markup(written).plain == written, (command.name, parameter.name)
    assert {command.name for command in everything} >= {*COMMANDS, "latency"}


@pytest.mark.parametrize(
    "arguments",
    [("train", "--out", "c"), ("evaluate", "x", "--compare"), ("evaluate", "x", "--ablate")],
    ids=lambda arguments: arguments[-1],
)
def test_what_needs_an_extra_says_how_to_get_it(arguments: tuple[str, ...], tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="without torch that is what is told first")
    code = "import sys; sys.modules['lightning'] = None; from streamer.cli import main; main()"
    found = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=ENVIRONMENT,
        check=False, cwd=tmp_path,
    )  # fmt: skip
    result = (found.returncode, found.stdout, found.stderr)
    assert_one_clear_line(result, "needs lightning", "pip install --editable '.[train]'")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["streamer.cli", "streamer.formats"])
def test_starting_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["numba", "opensim", "onnxruntime", "torch", "scipy", "pylsl"]
    found = subprocess.run(
        [sys.executable, "-c", code, *heavy], capture_output=True, text=True, env=ENVIRONMENT,
        check=True,
    )  # fmt: skip
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate",),
        ("evaluate", ".", "--docs", "docs"),
        ("evaluate", ".", "--workers", "2"),
        ("evaluate", ".", "--compare", "--checkpoint", "c"),
        ("evaluate", ".", "--ablate", "--unseen", "."),
        ("evaluate", ".", "--compare", "--folds", "1"),
    ],
)
def test_options_of_evaluate_that_do_not_go_together_are_refused(arguments: tuple[str]) -> None:
    status, _, err = run(*arguments)
    assert status == 2
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [("folds: 3", (), 3), ("folds: 3", ("--folds", "5"), 5), ("", (), OURS.folds)],
)
def test_people_are_left_out_in_as_many_groups_as_the_file_says(
    written: str,
    given: tuple[str, ...],
    expected: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[TrainConfig] = []
    monkeypatch.setattr(compare, "run", lambda settings, *_, **__: asked.append(settings))
    (tmp_path / "training.yaml").write_text(written)
    options = ["--compare", "--config", str(tmp_path / "training.yaml"), *given]
    found = CliRunner().invoke(app, ["evaluate", *options])
    assert found.exit_code == 0, found.output
    assert [settings.folds for settings in asked] == [expected]


def test_wrong_usage_is_status_2() -> None:
    assert run("replay")[0] == 2
    assert run("subscribe", "--topic", "news")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("run", "--config", "none.yaml"), ("none.yaml", "No such file", "check the path")),
        (("replay", "none.trc"), ("none.trc", "no such file")),
        (("replay", "none.trc", "--fault", "dorp:1"), ("unknown fault 'dorp'", "nearest: drop")),
        (("replay", "none.trc", "--speed", "0"), ("--speed is 0",)),
        (("replay", "none.trc", "--speed", "inf"), ("--speed is inf", "at most 100")),
        (("subscribe", "nonsense"), ("cannot connect to 'nonsense'",)),
        (("subscribe", "--keys", "none"), ("cannot read the key",)),
    ],
)
def test_bad_input_is_one_clear_line(arguments: tuple[str, ...], parts: tuple[str, ...]) -> None:
    assert_one_clear_line(run(*arguments), *parts)


def rig(folder: Path, **keys: object) -> Path:
    """Write a configuration whose streams nobody sends."""
    (folder / "model.osim").touch()
    stream = {"name": uuid.uuid4().hex, "timeout_s": 0.5}
    content = {"model": "model.osim", "markers": stream} | keys
    path = folder / "rig.yaml"
    path.write_text(json.dumps(content))  # JSON is YAML
    return path


def test_no_stream_in_time_is_one_clear_line(tmp_path: Path) -> None:
    path = rig(tmp_path, endpoint=f"ipc://{tmp_path}/out", model=str(SUBJECT / "model.osim"))
    result = run("run", "--config", path)
    assert_one_clear_line(result, "no LSL stream of type MoCap", "within 0.5 s", "visible")


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    publisher = Publisher("tcp://127.0.0.1:*")
    try:
        result = run("run", "--config", rig(tmp_path, endpoint=publisher.endpoint))
    finally:
        publisher.close()
    assert_one_clear_line(result, publisher.endpoint, "already in use")


def test_a_busy_port_is_told_before_the_table_would_show_its_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.commands.run.supervise", pytest.fail)
    publisher = Publisher("tcp://127.0.0.1:*")
    try:
        with pytest.raises(PortBusy):
            run_session(print, rig(tmp_path, endpoint=publisher.endpoint), 1.0, None)
    finally:
        publisher.close()


def test_subscribe_prints_json_that_a_client_can_read() -> None:
    publisher = Publisher("tcp://127.0.0.1:*")
    try:
        process = start("subscribe", publisher.endpoint, "--json", "--count", "2")
        while process.poll() is None:
            publisher.send(Emg(seq=5, emg=b"\0\0\0?", status=1))
            publisher.has_new_subscriber()
        out, _ = process.communicate(timeout=60)
    finally:
        publisher.close()
    messages = [json.loads(line) for line in out.splitlines()]
    assert len(messages) == 2
    assert messages[0]["topic"] == "emg"
    assert messages[0]["emg"] == [0.5]
    assert messages[0]["flags"] == ["GAP"]


def test_replay_ends_cleanly_when_interrupted(tmp_path: Path) -> None:
    trc = tmp_path / "m.trc"
    rows = "".join(f"{k + 1}\t{k / 100}\t1\t2\t{k + 3}\n" for k in range(20))
    trc.write_text(
        "PathFileType\t4\t(X/Y/Z)\tm.trc\n"
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\n100\t100\t20\t1\tmm\n"
        f"Frame#\tTime\tA\t\t\n\t\tX1\tY1\tZ1\n\n{rows}"
    )
    process = start("replay", trc, "--loop", "--source-id", uuid.uuid4().hex)
    assert process.stderr is not None
    assert "1 markers at 100 Hz" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "frames sent" in err
