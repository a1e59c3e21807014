"""The main job: live markers in, estimated EMG out. Reads the config, wires, warms up, loops.

`python run_realtime.py` alone replays the embedded demo subject; `--config FILE` runs a rig.
"""

import argparse
import json
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.commands import run as processes
from streamer.config import RunConfig
from streamer.lsl_config import quiet_liblsl
from streamer.one_line import one_line_errors
from streamer.realtime import prefer
from streamer.terminal import asked_to_stop, say

if TYPE_CHECKING:
    from inference import Refiner
    from sim_bridge import CompiledModel
    from streamer.commands.calibrate import Attach
    from streamer.loop import Session


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
        session = wire(config, resources)
        how = "real-time priority" if prefer(config.realtime_priority) else "ordinary priority"
        stop = asked_to_stop()
        say(f"running with {how}, publishing on {config.endpoint}")
        session.run(duration_s, stop.is_set)
        report.write_text(json.dumps(session.report(), indent=2) + "\n", encoding="utf-8")


def wire(config: RunConfig, resources: ExitStack, attach: "Attach" = lambda *_: None) -> "Session":
    """Bind, find the streams, compile, connect, warm up: all that is slow or can fail.

    Parameters
    ----------
    config : RunConfig
        The session.
    resources : ExitStack
        Receives what is to be closed at the end.
    attach : callable, optional
        Gets the bridge and the refiner once they are warm.

    Returns
    -------
    Session
        Ready for its first frame.
    """
    # here, so that the process which only shows the table does not load the solvers
    from sim_bridge import compile_model
    from sim_bridge.marker_match import match_markers
    from streamer.clock import LslClock
    from streamer.commands.bridges import live_bridge
    from streamer.force_inlet import ForceInlet
    from streamer.formats import read_external_loads
    from streamer.loop import LoopSettings, Session
    from streamer.lsl_inlet import MarkerInlet, find
    from streamer.meta import make_meta
    from streamer.publisher import Publisher

    publisher = resources.enter_context(closing(Publisher(config.endpoint, keys=config.keys)))
    loads = read_external_loads(config.loads).forces if config.loads else None
    marker_info = find(config.markers)
    force_info = find(config.forces) if config.has_plates else None
    say(f"loading {config.model.name} (the first time it is compiled)")
    model = compile_model(config.model, progress=processes.say_progress)

    markers = MarkerInlet(marker_info, config.markers, rate_hz=config.rate_hz)
    resources.callback(markers.close)
    forces = None
    if force_info is not None:
        forces = resources.enter_context(closing(ForceInlet(force_info, config.forces, loads)))
    bridge = live_bridge(config, model, markers, forces)
    for line in match_markers(markers.names, model.markers.names).left_over():
        say(line)
    refiner = open_refiner(config, model)
    say("warming up (the first time half a minute: kernels are compiled)")
    bridge.warm_up()
    refiner.warm_up()
    refiner.check_filter_delay(bridge.filter_delay_s)
    attach(bridge, refiner)
    return Session(
        markers=markers,
        forces=forces,
        bridge=bridge,
        refiner=refiner,
        sink=publisher,
        clock=LslClock(),
        settings=LoopSettings.of(config, markers.rate_hz, bridge.filter_delay_s),
        meta=make_meta(config, model, refiner, markers.rate_hz, bridge.filter_delay_s),
    )


def open_refiner(config: RunConfig, model: "CompiledModel") -> "Refiner":
    """Open the network on the configured backend and say which it is and how far it is proven."""
    from streamer.model_refiner import refiner_for

    say("opening the network (on TensorRT the first time its engine is built)")
    refiner = refiner_for(
        model,
        config.checkpoint,
        mass_kg=config.mass_kg,
        backend=config.backend,
        muscle_map=config.muscle_map,
        clock=time.perf_counter,
        subject=config.subject,
    )
    say(str(refiner.choice))
    if refiner.absent_coordinates:
        say(f"the network goes without {', '.join(refiner.absent_coordinates)} of this model")
    return refiner


def run(config: Path | None, duration_s: float | None, report: Path | None) -> int:
    """Start the processes and wait for the end; returns the exit status."""
    return processes.run(serve, config, duration_s, report)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--config", type=Path, help="YAML file; without it, the demo")
    parser.add_argument("--duration", type=float, help="stop after so many seconds")
    parser.add_argument("--report", type=Path, help="write a JSON report here")
    options = parser.parse_args()
    with one_line_errors():
        sys.exit(run(options.config, options.duration, options.report))


if __name__ == "__main__":
    main()
