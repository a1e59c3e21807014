"""The main job: live markers in, estimated EMG out. Reads the config, wires, warms up, loops.

`python run_realtime.py` alone replays the embedded demo subject; `--config FILE` runs a rig.
"""

import argparse
import json
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from streamer.commands import run as processes
from streamer.config.session import RunConfig
from streamer.console.log_apart import log_apart
from streamer.console.one_line import one_line_errors
from streamer.console.terminal import asked_to_stop, say
from streamer.lsl.settings import quiet_liblsl
from streamer.session.realtime import prefer

if TYPE_CHECKING:
    from inference import Refiner
    from sim_bridge import Bridge, CompiledModel
    from streamer.session.loop import Session


class Wired(NamedTuple):
    """A session ready for its first frame, and what it runs."""

    session: "Session"
    bridge: "Bridge"
    refiner: "Refiner"


def serve(config: RunConfig, duration_s: float | None, report: Path) -> None:
    """Run one session; all that the loop's process does.

    Parameters
    ----------
    config : RunConfig
        The session.
    duration_s : float or None
        How long [s]; None = until SIGINT or SIGTERM. Before the first frame is waited for,
        either ends the process at once.
    report : Path
        Where the JSON report goes.
    """
    quiet_liblsl()
    with one_line_errors(), ExitStack() as resources:
        session = wire(config, resources).session
        how = "real-time priority" if prefer(config.realtime_priority) else "ordinary priority"
        stop = asked_to_stop()
        say(f"running with {how}, publishing on {config.endpoint}")
        with log_apart():
            session.run(duration_s, stop.is_set)
        report.write_text(json.dumps(session.report(), indent=2) + "\n", encoding="utf-8")


def wire(config: RunConfig, resources: ExitStack) -> Wired:
    """Bind, find the streams, compile, connect, warm up: all that is slow or can fail.

    Parameters
    ----------
    config : RunConfig
        The session.
    resources : ExitStack
        Receives what is to be closed at the end.
    """
    # here, so that the process which only shows the table does not load the solvers
    from sim_bridge import compile_model
    from streamer.clock import LslClock
    from streamer.commands.bridges import live_bridge
    from streamer.formats import read_external_loads
    from streamer.lsl.finding import find
    from streamer.lsl.force_inlet import ForceInlet
    from streamer.lsl.marker_inlet import MarkerInlet
    from streamer.messaging.publisher import Publisher
    from streamer.session.loop import Session
    from streamer.session.meta import make_meta

    publisher = resources.enter_context(closing(Publisher(config.endpoint, keys=config.keys)))
    loads = read_external_loads(config.loads).forces if config.loads else None
    say(f"loading {config.model.name} (compiled the first time)")
    model = compile_model(config.model, progress=processes.say_progress)
    refiner = open_refiner(config, model)

    marker_info = find(config.markers)
    force_info = find(config.forces) if config.has_plates else None
    markers = MarkerInlet(marker_info, config.markers, rate_hz=config.rate_hz)
    resources.callback(markers.close)
    forces = None
    if force_info is not None:
        forces = resources.enter_context(closing(ForceInlet(force_info, config.forces, loads)))
    bridge = live_bridge(config, model, markers, forces)
    say("warming up (about a minute the first time, while kernels compile)")
    bridge.warm_up()
    refiner.warm_up()
    refiner.check_filter_delay(bridge.filter_delay_s)
    session = Session(
        markers=markers,
        forces=forces,
        bridge=bridge,
        refiner=refiner,
        sink=publisher,
        clock=LslClock(),
        config=config,
        meta=make_meta(config, model, bridge.loads, refiner),
    )
    return Wired(session, bridge, refiner)


def open_refiner(config: RunConfig, model: "CompiledModel") -> "Refiner":
    """Open the network on the configured backend and say which it is and how far it is proven."""
    from inference import Refiner
    from streamer.model_inputs import absent_lines, inputs_of

    say("opening the network")
    inputs = inputs_of(model, config.mass_kg, config.muscle_map)
    for line in absent_lines(inputs, config.muscle_map):
        say(line)
    refiner = Refiner(
        inputs,
        config.checkpoint,
        backend=config.backend,
        clock=time.perf_counter,
        subject=config.subject,
    )
    say(str(refiner.choice))
    return refiner


def run(config: Path | None, duration_s: float | None, report: Path | None) -> int:
    """Start the processes and wait for the end; returns the exit status."""
    return processes.run(serve, config, duration_s, report)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--config", type=Path, help="YAML file; without it, the demo")
    parser.add_argument("--duration", type=float, help="stop after this many seconds")
    parser.add_argument("--report", type=Path, help="write a JSON report here")
    options = parser.parse_args()
    with one_line_errors():
        sys.exit(run(options.config, options.duration, options.report))


if __name__ == "__main__":
    main()
