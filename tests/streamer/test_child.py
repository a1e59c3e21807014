"""Processes that a command starts, and how they and the command end; without any stream."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streamer.commands.run import demo_config
from streamer.config.session import load_config
from streamer.console.child import Child
from streamer.console.one_line import one_line_errors
from streamer.console.terminal import asked_to_stop

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import sys
from pathlib import Path
import streamer.console.child
from streamer.commands import run
from streamer.console.one_line import one_line_errors
from tests.streamer import test_child
streamer.console.child.ENDING_S = 1000.0
with one_line_errors():
    sys.exit(run.run(getattr(test_child, sys.argv[1]), Path(sys.argv[2]), None, None))
"""
"""`nem2e run`, with a function of this module as the loop's process."""


def wait(*_: object) -> None:
    """Be there until a signal ends the process."""
    os.write(1, b"here\n")
    signal.pause()


def hear(*_: object) -> None:
    """Tell of every request to stop, and go on."""
    stop = asked_to_stop()
    os.write(1, b"here\n")
    while stop.wait():
        stop.clear()
        os.write(1, b"asked\n")


def killed(*_: object) -> None:
    """End as by a lack of memory."""
    os.write(1, b"here\n")
    os.kill(os.getpid(), signal.SIGKILL)


def note(path: str) -> None:
    """End when asked to, and leave a note."""
    stop = asked_to_stop()
    os.write(1, b"here\n")
    stop.wait()
    Path(path).write_text("asked")


class Interrupting:
    """Sends its process a signal when it is handed on to a child."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[type[str], tuple[()]]:
        os.kill(os.getpid(), self._number)
        return str, ()


def running(code: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process in a group of its own, once its child is there."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    return process


@pytest.fixture
def rig(tmp_path: Path) -> str:
    config = tmp_path / "rig.yaml"
    content = {"model": str(load_config(demo_config()).model), "endpoint": f"ipc://{tmp_path}/out"}
    config.write_text(json.dumps(content))  # JSON is YAML
    return str(config)


@pytest.mark.parametrize(
    ("number", "kill"),
    [(signal.SIGINT, os.killpg), (signal.SIGINT, os.kill), (signal.SIGTERM, os.kill)],
    ids=["ctrl-c", "interrupted", "terminated"],
)
def test_before_the_loop_runs_a_request_to_end_ends_the_command_in_one_line(
    rig: str, number: int, kill: Callable[[int, int], None]
) -> None:
    process = running(RUN, "wait", rig)
    kill(process.pid, number)
    out, err = process.communicate(timeout=60)  # it ends when the child has closed them too
    assert process.returncode == 130
    assert (out, err) == ("", "stopping\n")


def test_a_second_ctrl_c_does_not_wait_for_a_loop_that_does_not_end(rig: str) -> None:
    process = running(RUN, "hear", rig)
    assert process.stdout is not None
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout.readline() == "asked\n"
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err) == ("", "stopping\n")


def test_a_loop_that_was_killed_is_told_of_with_the_status_that_a_shell_gives_it(rig: str) -> None:
    process = running(RUN, "killed", rig)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGKILL
    assert err.startswith("the session ended: its process was killed (signal 9)")


def test_a_child_is_asked_to_end_when_its_parent_was_killed(tmp_path: Path) -> None:
    code = (
        "import signal, sys\n"
        "from streamer.console.child import Child\n"
        "from tests.streamer.test_child import note\n"
        "process = Child('noting', note, sys.argv[1])\n"
        "process.start()\n"
        "signal.pause()\n"
    )
    path = tmp_path / "note"
    process = running(code, str(path))
    process.kill()
    process.communicate(timeout=60)  # it ends when the child has closed them too
    assert path.read_text() == "asked"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_end_during_the_start_is_heard_when_the_child_can_be_ended(
    number: int,
) -> None:
    process = Child("waiting", wait, Interrupting(number))
    before = signal.signal(number, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        process.start()
    signal.signal(number, before)
    assert process.is_alive()
    process.end()
    assert process.exitcode == -signal.SIGTERM


def test_a_full_disk_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, one_line_errors():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "nem2e: cannot write: No space left on device\n"
    with pytest.raises(OSError, match="Bad file"), one_line_errors():
        raise OSError(errno.EBADF, "Bad file descriptor")


def test_a_child_that_was_never_started_can_be_ended() -> None:
    process = Child("waiting", wait)
    process.end()
    assert process.exitcode is None
