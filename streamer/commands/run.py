"""The processes of `nem2e run`: the loop in one, this one shows it, the demo adds a replay."""

import importlib.resources
import json
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec
from rich.console import Console

from streamer.config.session import RunConfig, check_duration, load_config
from streamer.console.child import Child
from streamer.console.live_table import NEXT_STEPS, LiveTable, summary
from streamer.console.one_line import INTERRUPTED, KILLED, one_line_errors
from streamer.console.outputs import check_output, write_output
from streamer.console.terminal import let_signals_interrupt, plain_console, say
from streamer.exceptions import ConfigError
from streamer.messaging.latest import SHOWN_TOPICS
from streamer.messaging.publisher import Publisher
from streamer.messaging.security import as_subscribed
from streamer.messaging.subscriber import Subscriber

DEMO_DURATION_S = 20.0

Serve = Callable[[RunConfig, float | None, Path], None]
"""The loop's process: config, duration [s], where the report goes."""


def say_progress(stage: str, share: float) -> None:
    """Progress of a compilation: one line per stage, when it is done."""
    if share >= 1.0:
        say(f"  {stage}")


def run(
    serve: Serve, config_path: Path | None, duration_s: float | None, report: Path | None
) -> int:
    """Start everything, show it, sum up.

    Parameters
    ----------
    serve : callable
        Runs the loop; called in a process of its own.
    config_path : Path or None
        YAML file; None = the demo.
    duration_s : float or None
        How long [s]; None = until interrupted, 20 s for the demo.
    report : Path or None
        Where to write the JSON report.

    Returns
    -------
    int
        Exit status: 0, that of the loop's process, or 130 if it was asked to end before it ran.

    Raises
    ------
    StreamerError
        If the configuration cannot be read or the report cannot be written.
    """
    let_signals_interrupt()
    try:
        return _run(serve, config_path, duration_s, report)
    except KeyboardInterrupt:  # not while the loop's process is there, see `supervise`
        say("stopping")
        return INTERRUPTED


def _run(
    serve: Serve, config_path: Path | None, duration_s: float | None, report: Path | None
) -> int:
    demo = config_path is None
    check_duration(duration_s)
    if report is not None:
        check_output(report, "--report")
    config = load_config(config_path or demo_config())
    # an endpoint that cannot be is told now, before the table would show who has it
    Publisher(config.endpoint, keys=config.keys).close()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        with ExitStack() as beside:
            if demo:
                config = replay_beside(config, beside)
                duration_s = duration_s or DEMO_DURATION_S
            status = supervise(serve, config, duration_s, path)
        if path.exists():
            measured = path.read_text(encoding="utf-8")
            text = summary(json.loads(measured), as_subscribed(config.endpoint, config.keys))
            text += NEXT_STEPS if demo else ""
            try:
                if report is not None:
                    write_output(report, measured, "--report")
            finally:  # summed up even if the disk is full
                plain_console().print(text)
    return status


def demo_config() -> Path:
    """Return the configuration of the embedded demo subject."""
    return Path(str(importlib.resources.files("configs"))) / "demo" / "demo.yaml"


def replay_beside(config: RunConfig, beside: ExitStack) -> RunConfig:
    """Replay the config's trial in a process of its own; listen to that replay alone."""
    if config.trial is None:
        raise ConfigError("the demo's configuration names no `trial`; reinstall the package")
    source_id = uuid.uuid4().hex
    process = Child("replay", _replay, config.trial, source_id)
    beside.callback(process.end)
    process.start()
    replace = msgspec.structs.replace
    markers = replace(config.markers, source_id=source_id)
    forces = replace(config.forces, source_id=f"{source_id}-forces")
    return replace(config, markers=markers, forces=forces)


def _replay(trial: Path, source_id: str) -> None:
    # here, so that the process which only shows the table does not load LSL
    from streamer.commands import replay
    from streamer.lsl.settings import quiet_liblsl

    quiet_liblsl()
    with one_line_errors():
        replay.run([trial], loop=True, source_id=source_id)


def supervise(serve: Serve, config: RunConfig, duration_s: float | None, report: Path) -> int:
    """Run the loop's process and show what it publishes, until it ends.

    Returns
    -------
    int
        Its exit status; 130 if it did not end by itself when it was asked to.
    """
    loop = Child("loop", serve, config, duration_s, report)
    asked = False
    try:
        loop.start()
        watch(loop.is_alive, config)
    except KeyboardInterrupt:
        asked = True
        say("stopping")
    finally:
        loop.end()  # while it runs it takes it as a request: it still writes its report
    status = loop.exitcode
    if asked and (status is None or status < 0):
        return INTERRUPTED
    if status is not None and status < 0:
        say(f"the session ended: its process was killed (signal {-status}); start it again")
        return KILLED - status
    return status or 0


def watch(alive: Callable[[], bool], config: RunConfig) -> None:
    """Show the session while it lives."""
    if config.keys is not None:
        say("no table: the publisher serves only clients with keys")
        while alive():
            time.sleep(0.2)
        return
    with Subscriber(config.endpoint, SHOWN_TOPICS) as subscriber:
        LiveTable(subscriber, Console()).run(alive)
