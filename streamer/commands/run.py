"""The processes of `nem2e run`: the loop in one, this one shows it, the demo adds a replay."""

import importlib.resources
import json
import multiprocessing
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console

from streamer.config import RunConfig, check_duration, load_config
from streamer.exceptions import ConfigError
from streamer.latest import SHOWN_TOPICS
from streamer.live_table import NEXT_STEPS, LiveTable, summary
from streamer.outputs import check_output, write_output
from streamer.subscriber import Subscriber
from streamer.terminal import say

if TYPE_CHECKING:
    from sim_bridge import Bridge, CompiledModel
    from streamer.force_inlet import ForceInlet
    from streamer.lsl_inlet import MarkerInlet

DEMO_DURATION_S = 20.0
ENDING_S = 5.0  # how long the loop may take to end after it was asked to [s]

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
        Exit status: 0, or that of the loop's process.

    Raises
    ------
    StreamerError
        If the configuration cannot be read or the report cannot be written.
    """
    demo = config_path is None
    check_duration(duration_s)
    if report is not None:
        check_output(report, "--report")
    config = load_config(config_path or demo_config())
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs ignore the first
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        if demo:
            config, replay = start_replay(config)
            duration_s = duration_s or DEMO_DURATION_S
        try:
            status = supervise(serve, config, duration_s, path)
        finally:
            if demo:
                replay.terminate()
                replay.wait()
        if path.exists():
            measured = path.read_text(encoding="utf-8")
            text = summary(json.loads(measured), config.endpoint)
            text += NEXT_STEPS if demo else ""
            try:
                if report is not None:
                    write_output(report, measured, "--report")
            finally:  # summed up even if the disk is full
                Console(highlight=False, soft_wrap=True).print(text, markup=False)
    return status


def demo_config() -> Path:
    """Return the configuration of the embedded demo subject."""
    return Path(str(importlib.resources.files("configs"))) / "demo" / "demo.yaml"


def start_replay(config: RunConfig) -> tuple[RunConfig, "subprocess.Popen[bytes]"]:
    """Replay the config's trial in a process of its own; listen to that replay alone."""
    if config.trial is None:
        raise ConfigError("the demo's configuration names no `trial`; reinstall the package")
    source_id = uuid.uuid4().hex
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamer.cli", "replay", str(config.trial)),
            *("--loop", "--source-id", source_id),
        ]
    )
    replace = msgspec.structs.replace
    markers = replace(config.markers, source_id=source_id)
    forces = replace(config.forces, source_id=f"{source_id}-forces")
    return replace(config, markers=markers, forces=forces), process


def supervise(serve: Serve, config: RunConfig, duration_s: float | None, report: Path) -> int:
    """Run the loop's process and show what it publishes, until it ends.

    Returns
    -------
    int
        Its exit status.
    """
    loop = multiprocessing.get_context("spawn").Process(
        target=serve, args=(config, duration_s, report), name="loop"
    )
    loop.start()
    try:
        watch(loop.is_alive, config)
    except KeyboardInterrupt:
        say("stopping")
    finally:
        if loop.is_alive():
            loop.terminate()  # the loop takes it as a request: it still writes its report
        loop.join(ENDING_S)
        if loop.is_alive():
            loop.kill()
            loop.join()
    return loop.exitcode or 0


def watch(alive: Callable[[], bool], config: RunConfig) -> None:
    """Show the session while it lives."""
    if config.keys is not None:
        say("no table: the publisher serves only clients with keys")
        while alive():
            time.sleep(0.2)
        return
    with Subscriber(config.endpoint, SHOWN_TOPICS) as subscriber:
        LiveTable(subscriber, Console()).run(alive)


def make_bridge(
    config: RunConfig, model: "CompiledModel", markers: "MarkerInlet", forces: "ForceInlet | None"
) -> "Bridge":
    """Make the bridge for a session's streams; without forces there are no rows to measure."""
    # here, so that the process which only shows the table does not load the solvers
    from sim_bridge import ON_FEET, Bridge, ExternalForce
    from streamer.commands.bridge_settings import bridge_settings
    from streamer.formats import corners_of

    settings = bridge_settings(config, model, markers.rate_hz, corners_of(config.corners))
    auto, columns = config.plates == "auto", forces.loads if forces is not None else ()
    rows = [ExternalForce(f.name, ON_FEET if auto else f.body, f.pure_torque) for f in columns]
    bridge = Bridge(model, markers.names, rows, settings)
    if not bridge.loads:
        say(
            "no ground reaction: there are no plates and none is predicted "
            "(ground_reaction: measured, or a model without calcn_r, toes_r, ...); "
            "moments and activations are those of a body that nothing carries"
        )
    return bridge
