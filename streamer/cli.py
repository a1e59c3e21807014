"""The command line: each command imports its module when it is called, so that starting is quick.

Whatever one of the packages raises on purpose becomes one line on stderr and exit status 1;
wrong usage is status 2.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from streamer.bench_cli import bench
from streamer.console.one_line import one_line_errors
from streamer.messaging.endpoint import DEFAULT_ENDPOINT
from streamer.network_cli import calibrate, evaluate, prepare, train

app = typer.Typer(
    name="nem2e",
    help="Live muscle activity from motion: markers in over LSL, estimated EMG out over ZeroMQ.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Endpoint = Annotated[str, typer.Argument(help="Where estimates are published.")]
ClientKeys = Annotated[Path | None, typer.Option(help="Key directory of this client.")]


@app.command()
def run(
    config: Annotated[Path | None, typer.Option(help="YAML file; without it, the demo.")] = None,
    duration: Annotated[float | None, typer.Option(help="Stop after this many seconds.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a JSON report here.")] = None,
) -> None:
    """Estimate EMG live; the same as run_realtime.py."""
    import run_realtime

    raise typer.Exit(run_realtime.run(config, duration, report))


@app.command()
def replay(
    paths: Annotated[list[Path], typer.Argument(help="Trial directory, or TRC/C3D/XDF, MOT.")],
    config: Annotated[
        Path | None,
        typer.Option(
            help="YAML file of the listening session: selects the streams of an .xdf file, gives "
            "units it does not state. Axes and lags stay as recorded."
        ),
    ] = None,
    speed: Annotated[float, typer.Option(help="Playback speed; 1 = as recorded.")] = 1.0,
    loop: Annotated[bool, typer.Option("--loop", help="Start again at the end.")] = False,
    fault: Annotated[
        list[str],
        typer.Option(
            help="drop:P, occlude:P, again:P, exchange:S, silence:S, mute:S, late:S, jitter:S; "
            "repeatable."
        ),
    ] = [],  # noqa: B006
    unit: Annotated[Literal["mm", "m"], typer.Option(help="Unit of the positions sent.")] = "mm",
    emg: Annotated[bool, typer.Option("--emg", help="Send measured EMG too.")] = False,
    name: Annotated[str, typer.Option(help="Name of the marker stream.")] = "replay",
    source_id: Annotated[str, typer.Option(help="LSL source id; default: a new one.")] = "",
    start: Annotated[
        float | None, typer.Option(help="Start at this time of the recording, in s.")
    ] = None,
    end: Annotated[
        float | None, typer.Option(help="End at this time of the recording, in s.")
    ] = None,
) -> None:
    """Send a recording over LSL as a motion capture system would."""
    from streamer.commands import replay as command
    from streamer.lsl.settings import quiet_liblsl

    quiet_liblsl()
    command.run(
        paths, config=config, speed=speed, loop=loop, fault=fault, unit=unit, emg=emg, name=name,
        source_id=source_id, start_s=start, end_s=end,
    )  # fmt: skip


@app.command()
def subscribe(
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    topic: Annotated[
        list[str], typer.Option(help="emg, act, kin, dyn, health, meta; repeatable.")
    ] = ["emg"],  # noqa: B006
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    count: Annotated[int | None, typer.Option(help="Stop after this many messages.")] = None,
    keys: ClientKeys = None,
) -> None:
    """Print what a session publishes."""
    from streamer.commands import subscribe as command
    from streamer.messaging.messages import TOPICS

    for name in topic:
        if name not in TOPICS:
            raise typer.BadParameter(f"{name!r}: give {', '.join(TOPICS)}", param_hint="--topic")
    command.run(endpoint, topic, as_json=json, count=count, keys=keys)


@app.command()
def record(
    out: Annotated[Path, typer.Option(help="File to write, .xdf.")],
    endpoint: Annotated[
        str | None,
        typer.Argument(
            help="Where estimates are published.",
            show_default=f"that of --config, or {DEFAULT_ENDPOINT}",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="The session's YAML file: record only its streams, not all visible."),
    ] = None,
    duration: Annotated[float | None, typer.Option(help="Stop after this many seconds.")] = None,
    keys: ClientKeys = None,
) -> None:
    """Record a session's inputs and outputs."""
    from streamer.commands import record as command
    from streamer.lsl.settings import quiet_liblsl

    quiet_liblsl()
    command.run(out, endpoint, config, duration, keys)


@app.command()
def relay(endpoint: Endpoint = DEFAULT_ENDPOINT, keys: ClientKeys = None) -> None:
    """Forward a session's estimates as LSL streams, for programs that only know LSL."""
    from streamer.commands import relay as command
    from streamer.lsl.settings import quiet_liblsl

    quiet_liblsl()
    command.run(endpoint, keys)


@app.command()
def page(
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    host: Annotated[
        str,
        typer.Option(help="Address to serve on; 0.0.0.0 lets everyone on the network watch."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve on; 0 = any free one.")] = 8080,
    keys: ClientKeys = None,
) -> None:
    """Show the session in a browser, with a target to aim at."""
    from streamer.commands import page as command

    command.run(endpoint, host, port, keys)


@app.command(name="compile")
def compile_(
    model: Annotated[Path, typer.Argument(help="OpenSim model, .osim.")],
) -> None:
    """Compile a model, fit its muscle paths, print the fit errors, fill the cache."""
    from streamer.commands import compile as command

    command.run(model)


@app.command()
def offline(
    markers: Annotated[Path, typer.Option(help="Marker file, .trc; .c3d or .xdf with its forces.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    model: Annotated[Path | None, typer.Option(help="OpenSim model, .osim.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="A session's YAML file: its model, loads, filter and so on, unless given here; "
            "and what files do not state: the up axis; for .xdf streams, units and lags."
        ),
    ] = None,
    grf: Annotated[Path | None, typer.Option(help="Force file, .mot.")] = None,
    loads: Annotated[Path | None, typer.Option(help="ExternalLoads .xml.")] = None,
    plates: Annotated[
        Literal["named", "auto"] | None,
        typer.Option(
            help="Which foot is on a plate: named = as in the loads, auto = found from motion; "
            "default: the file's, else auto if only markers are given, no forces or loads."
        ),
    ] = None,
    filter: Annotated[  # noqa: A002
        str | None,
        typer.Option(
            help="causal (as live, the default), wiener:25:8, savgol:11:3, ... or zero-phase:6."
        ),
    ] = None,
    start: Annotated[float | None, typer.Option(help="Start at this time, in s.")] = None,
    end: Annotated[float | None, typer.Option(help="End at this time, in s.")] = None,
    refine: Annotated[bool, typer.Option(help="Estimate EMG too.")] = True,
    checkpoint: Annotated[Path | None, typer.Option(help="Network; default: ours.")] = None,
    ik_setup: Annotated[
        Path | None, typer.Option(help="OpenSim IK setup: marker weights, coordinate tasks.")
    ] = None,
    subject: Annotated[
        Path | None, typer.Option(help="Calibration of this person, from `nem2e calibrate`.")
    ] = None,
) -> None:
    """Run the same pipeline over a recording and write OpenSim files."""
    if model is None and config is None:
        raise typer.BadParameter("give a model, or a --config that names one", param_hint="--model")
    from streamer.commands import offline as command

    options = {
        "model": model, "loads": loads, "plates": plates, "filter": filter,
        "checkpoint": checkpoint, "subject": subject, "ik_setup": ik_setup,
    }  # fmt: skip
    command.run(markers, out, options, config=config, grf=grf, start=start, end=end, refine=refine)


for command in (prepare, train, evaluate, calibrate):
    app.command()(command)


@app.command()
def doctor() -> None:
    """Check this machine: what it has, what it lacks, and what to do."""
    from streamer.commands import doctor as command
    from streamer.lsl.settings import quiet_liblsl

    quiet_liblsl()
    raise typer.Exit(0 if command.run() else 1)


@app.command()
def keys(
    directory: Annotated[
        Path, typer.Argument(help="The publisher's key directory; a client's go to for-NAME in it.")
    ],
    client: Annotated[
        list[str], typer.Option(help="Name of a client that may subscribe; repeatable.")
    ] = [],  # noqa: B006
) -> None:
    """Make the keys for publishing to other machines."""
    from streamer.commands import keys as command

    command.run(directory, client)


app.add_typer(bench, name="bench")


def main() -> None:
    """Entry point of the console script."""
    with one_line_errors():
        app()


if __name__ == "__main__":
    main()
