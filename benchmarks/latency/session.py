"""The measured session: replay, main job and client, each in a process of its own."""

import json
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.environment import REPOSITORY
from benchmarks.latency.listener import Heard
from benchmarks.latency.observe import Observation, loop_process
from streamer.exceptions import StreamerError
from streamer.formats import Trial

_LOOK_EVERY_S = 0.5
_END_S = 10.0  # that a process gets to end after it was asked to [s]


class SessionFailed(StreamerError):
    """A process of the measured session ended with an error."""


@dataclass(frozen=True)
class Session:
    """What a session left behind.

    Attributes
    ----------
    report : dict
        The main job's own, as ``--report`` writes it.
    heard : Heard
        What the client got.
    observation : Observation
        Of the loop's process.
    """

    report: dict[str, Any]
    heard: Heard
    observation: Observation


def run_session(
    trial: Trial, duration_s: float, checkpoint: Path | None, folder: Path
) -> Session:  # fmt: skip
    """Replay a trial in a loop and estimate from it.

    Parameters
    ----------
    trial : Trial
        What is replayed, at its own rate.
    duration_s : float
        Of the session, from its first frame [s].
    checkpoint : Path or None
        Network; None for the one that is shipped.
    folder : Path
        For configuration, logs and results.

    Raises
    ------
    SessionFailed
        With the last line that the failed process wrote.
    """
    source_id, endpoint = uuid.uuid4().hex, f"tcp://127.0.0.1:{_free_port()}"
    config, report, heard = folder / "rig.yaml", folder / "report.json", folder / "heard.npz"
    config.write_text(_config(trial, source_id, endpoint, checkpoint), encoding="utf-8")
    most = round(4.0 * duration_s * trial.markers.rate_hz) + 1000
    started = [
        replay := _start(folder, "replay", "-m", "streamer.cli", "replay", trial.directory,
                         "--loop", "--source-id", source_id),
        client := _start(folder, "client", "-m", "benchmarks.latency.listener", endpoint, heard,
                         most),
    ]  # fmt: skip
    try:
        main = _start(
            folder, "main", REPOSITORY / "run_realtime.py", "--config", config,
            "--duration", duration_s, "--report", report,
        )  # fmt: skip
        started.append(main)
        observation = _watch(main, folder)
        _end(replay)
        _end(client)
    finally:
        for process in started:
            process.kill()
            process.wait()
    content: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return Session(content, Heard.read(heard), observation)


def compile_once(trial: Trial, folder: Path) -> None:
    """Compile the trial's model in a process of its own, so that the session finds it cached."""
    process = _start(folder, "compile", "-m", "streamer.cli", "compile", trial.model)
    if process.wait() != 0:
        raise SessionFailed(f"compiling {trial.model} failed: {_last_line(folder, 'compile')}")


def _watch(main: "subprocess.Popen[bytes]", folder: Path) -> Observation:
    """Look at the loop's process until the main job is over."""
    observation, loop = Observation(), None
    while main.poll() is None:
        loop = loop or loop_process(main.pid)
        if loop is not None:
            observation.look(loop)
        time.sleep(_LOOK_EVERY_S)
    if main.returncode != 0:
        raise SessionFailed(f"the main job failed: {_last_line(folder, 'main')}")
    return observation


def _config(trial: Trial, source_id: str, endpoint: str, checkpoint: Path | None) -> str:
    """Write the configuration of the session; JSON is YAML."""
    content: dict[str, Any] = {
        "model": str(trial.model.resolve()),
        "mass_kg": trial.mass_kg,
        "markers": {"source_id": source_id, "timeout_s": 60},
        "endpoint": endpoint,
    }
    if trial.loads is not None and trial.forces is not None:
        content["loads"] = str((trial.directory / "external_loads.xml").resolve())
        content["forces"] = {"source_id": f"{source_id}-forces", "timeout_s": 60}
    if checkpoint is not None:
        content["checkpoint"] = str(checkpoint.resolve())
    return json.dumps(content)


def _start(folder: Path, name: str, *arguments: object) -> "subprocess.Popen[bytes]":
    """Start Python with these arguments; what it prints goes to a log."""
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            cwd=REPOSITORY,
        )  # fmt: skip


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to end and wait for it."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _last_line(folder: Path, name: str) -> str:
    """Last line of a process's log."""
    text = (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace").strip()
    return text.splitlines()[-1].removeprefix("nem2e: ") if text else "it printed nothing"


def _free_port() -> int:
    """Port on the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
