"""The command line: each command imports its module when it is called, so that starting is quick.

Whatever one of the packages raises on purpose becomes one line on stderr and exit status 1;
wrong usage is status 2.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from streamer.one_line import one_line_errors
from streamer.publisher import DEFAULT_ENDPOINT

app = typer.Typer(
    name="nem2e",
    help="Live muscle activity from motion: markers in over LSL, estimated EMG out over ZeroMQ.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run(
    config: Annotated[Path | None, typer.Option(help="YAML file; without it, the demo.")] = None,
    duration: Annotated[float | None, typer.Option(help="Stop after so many seconds.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a JSON report here.")] = None,
) -> None:
    """Estimate EMG live; the same as run_realtime.py."""
    import run_realtime

    raise typer.Exit(run_realtime.run(config, duration, report))


@app.command()
def replay(
    paths: Annotated[list[Path], typer.Argument(help="Trial directory, or TRC/C3D/XDF, MOT.")],
    speed: Annotated[float, typer.Option(help="1 = as recorded.")] = 1.0,
    loop: Annotated[bool, typer.Option("--loop", help="Start again at the end.")] = False,
    fault: Annotated[
        list[str],
        typer.Option(help="drop:P, occlude:P, silence:S, mute:S, late:S, jitter:S; repeatable."),
    ] = [],  # noqa: B006
    unit: Annotated[str, typer.Option(help="Unit of the positions sent: mm or m.")] = "mm",
    emg: Annotated[bool, typer.Option("--emg", help="Send measured EMG too.")] = False,
    name: Annotated[str, typer.Option(help="Name of the marker stream.")] = "replay",
    source_id: Annotated[str, typer.Option(help="LSL source id; default: a new one.")] = "",
    start: Annotated[float | None, typer.Option(help="From this time of the recording.")] = None,
    end: Annotated[float | None, typer.Option(help="To this time of the recording.")] = None,
) -> None:
    """Send a recording over LSL as a motion capture system would."""
    from streamer.commands import replay as command
    from streamer.lsl_config import quiet_liblsl

    quiet_liblsl()
    if unit not in ("mm", "m"):
        raise typer.BadParameter("give mm or m", param_hint="--unit")
    send: Literal["mm", "m"] = "m" if unit == "m" else "mm"
    command.run(
        paths, speed=speed, loop=loop, fault=fault, unit=send, emg=emg, name=name,
        source_id=source_id, start_s=start, end_s=end,
    )  # fmt: skip


@app.command()
def subscribe(
    endpoint: Annotated[str, typer.Argument(help="Where estimates are published.")] = (
        DEFAULT_ENDPOINT
    ),
    topic: Annotated[list[str], typer.Option(help="emg, act, kin, dyn, health, meta.")] = ["emg"],  # noqa: B006
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    count: Annotated[int | None, typer.Option(help="Stop after so many messages.")] = None,
    keys: Annotated[Path | None, typer.Option(help="Key directory of this client.")] = None,
) -> None:
    """Print what is published."""
    from streamer.commands import subscribe as command
    from streamer.messages import TOPICS

    for name in topic:
        if name not in TOPICS:
            raise typer.BadParameter(f"{name!r}: give {', '.join(TOPICS)}", param_hint="--topic")
    command.run(endpoint, topic, as_json=json, count=count, keys=keys)


@app.command(name="compile")
def compile_(
    model: Annotated[Path, typer.Argument(help="OpenSim model, .osim.")],
) -> None:
    """Compile a model, fit its muscle paths, print the fit errors, fill the cache."""
    from streamer.commands import compile as command

    command.run(model)


@app.command()
def offline(
    model: Annotated[Path, typer.Option(help="OpenSim model, .osim.")],
    markers: Annotated[Path, typer.Option(help="Marker file, .trc; or .c3d with its plates.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    grf: Annotated[Path | None, typer.Option(help="Force file, .mot.")] = None,
    loads: Annotated[Path | None, typer.Option(help="ExternalLoads .xml.")] = None,
    plates: Annotated[
        Literal["named", "auto"],
        typer.Option(help="Whose foot is on a plate: as --loads names it, or as seen."),
    ] = "named",
    filter: Annotated[  # noqa: A002
        str, typer.Option(help="causal (as live) or zero-phase:6.")
    ] = "causal",
    start: Annotated[float | None, typer.Option(help="From this time [s].")] = None,
    end: Annotated[float | None, typer.Option(help="To this time [s].")] = None,
    refine: Annotated[bool, typer.Option(help="Estimate EMG too.")] = True,
    checkpoint: Annotated[Path | None, typer.Option(help="Network; default: ours.")] = None,
    ik_setup: Annotated[
        Path | None, typer.Option(help="OpenSim IK setup: marker weights, coordinate tasks.")
    ] = None,
) -> None:
    """Run the same pipeline over a recording and write OpenSim files."""
    from streamer.commands import offline as command

    command.run(
        model, markers, grf, loads, out, filter, start, end, refine, checkpoint, ik_setup, plates
    )


@app.command()
def prepare(
    dirs: Annotated[list[Path], typer.Argument(help="Trial directories, or folders of them.")],
    cache: Annotated[
        Path | None, typer.Option("--out", "--cache", help="Where records are kept.")
    ] = None,
    variants: Annotated[
        str, typer.Option(help="Besides as recorded: predicted, noise-1, causal; comma-separated.")
    ] = "",
    scheduler: Annotated[str | None, typer.Option(help="Dask scheduler, tcp://host:8786.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; default: one per core, with dask.")
    ] = None,
) -> None:
    """Run trials through the bridge as a live session would, for training and evaluation."""
    from streamer.commands import prepare as command

    names = [name.strip() for name in variants.split(",") if name.strip()]
    done = command.run(dirs, cache, variants=names, workers=workers, scheduler=scheduler)
    raise typer.Exit(0 if done else 1)


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="Folder for the checkpoint.")],
    dirs: Annotated[
        list[Path] | None, typer.Argument(help="Trials, or folders of them, instead of the file's.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file; default: our settings.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Of `nem2e prepare`.")] = None,
) -> None:
    """Train a network on recorded trials."""
    import msgspec

    from streamer.commands import train as command
    from streamer.train_config import TrainConfig, load_train_config

    settings = TrainConfig() if config is None else load_train_config(config)
    if dirs:
        settings = msgspec.structs.replace(settings, trials=tuple(map(str, dirs)))
    command.run(settings, out, cache=cache)


@app.command()
def evaluate(
    dirs: Annotated[
        list[Path] | None, typer.Argument(help="Trial directories, or folders of them.")
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Network; default: ours.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the rows as JSON here.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Of `nem2e prepare`.")] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Train and compare every method on these people.")
    ] = False,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Train our network with one choice changed at a time.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="--compare, --ablate: YAML file of nem2e train; default: ours."),
    ] = None,
    unseen: Annotated[
        list[Path] | None,
        typer.Option(
            help="--compare: trials of other data sets instead of the file's; repeatable."
        ),
    ] = None,
    folds: Annotated[int, typer.Option(help="--compare, --ablate: groups of people left out.")] = 8,
    docs: Annotated[
        Path | None,
        typer.Option(
            help="--compare: write results.md and its figures here; --ablate: ablations.md."
        ),
    ] = None,
) -> None:
    """Compare the network with static optimization alone, muscle by muscle."""
    import msgspec

    from streamer.commands import evaluate as command
    from streamer.train_config import TrainConfig, load_train_config

    if not (compare or ablate):
        if config is not None or unseen or docs is not None:
            raise typer.BadParameter("--config, --unseen and --docs go with --compare or --ablate")
        if not dirs:
            raise typer.BadParameter("give trial directories", param_hint="DIRS")
        command.run(dirs, checkpoint, report=report, cache=cache)
        return
    if checkpoint is not None or report is not None:
        raise typer.BadParameter("--checkpoint and --report do not go with these")
    settings = TrainConfig() if config is None else load_train_config(config)
    settings = msgspec.structs.replace(
        settings,
        folds=folds,
        trials=tuple(map(str, dirs or settings.trials)),
        unseen=tuple(map(str, unseen or settings.unseen)),
    )
    if compare:
        command.compare(settings, docs=docs, cache=cache)
    if ablate:
        from streamer.commands import ablate as choices

        choices.run(settings, docs=docs, cache=cache)


@app.command()
def doctor() -> None:
    """Say what this machine has, what it lacks, and what to do."""
    from streamer.commands import doctor as command
    from streamer.lsl_config import quiet_liblsl

    quiet_liblsl()
    raise typer.Exit(0 if command.run() else 1)


@app.command()
def keys(
    directory: Annotated[Path, typer.Argument(help="The publisher's key directory.")],
    client: Annotated[list[str], typer.Option(help="Who may subscribe; repeatable.")] = [],  # noqa: B006
) -> None:
    """Make keys, for publishing to other machines."""
    from streamer.commands import keys as command

    command.run(directory, client)


bench = typer.Typer(
    help="Measure the bridge beside OpenSim, a session's latency (alone: both), filters, forces.",
    invoke_without_command=True,
)
app.add_typer(bench, name="bench")
RECORDS = Path("out/bench.jsonl")
"""Where benchmarks append their rows by default."""


@bench.callback()
def bench_all(context: typer.Context) -> None:
    """Run every scenario with its defaults, unless one is named."""
    if context.invoked_subcommand is None:
        bench_bridge()
        bench_latency()


@bench.command("bridge")
def bench_bridge(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="MODEL MARKERS GRF LOADS", help="Default: the Rajagopal walk."),
    ] = None,
    frames: Annotated[int, typer.Option(help="By OpenSim and by us; 1 s each.")] = 10,
    rounds: Annotated[int, typer.Option(help="Through the recording, for the stages.")] = 3,
    seed: Annotated[int, typer.Option(help="Chooses the frames.")] = 0,
    scaling: Annotated[bool, typer.Option(help="Vary muscles, markers, coordinates.")] = True,
    tool: Annotated[bool, typer.Option(help="Time OpenSim's InverseDynamicsTool too.")] = True,
    out: Annotated[Path, typer.Option(help="JSON lines file to append to.")] = RECORDS,
) -> None:
    """Put the bridge beside OpenSim on the same frames; time its stages; vary the sizes."""
    from streamer.commands import bench as command

    command.bridge(
        files or (), frames=frames, rounds=rounds, seed=seed, scaling=scaling, tool=tool, out=out
    )


@bench.command("latency")
def bench_latency(
    duration: Annotated[float, typer.Option(help="Of the session [s].")] = 60.0,
    trial: Annotated[Path | None, typer.Option(help="Default: the Rajagopal walk.")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Network; default: ours.")] = None,
    out: Annotated[Path, typer.Option(help="JSON lines file to append to.")] = RECORDS,
) -> None:
    """Replay, estimate and listen in processes of their own; report latencies and losses."""
    from streamer.commands import bench as command

    command.latency(trial, duration_s=duration, checkpoint=checkpoint, out=out)


@bench.command("filters")
def bench_filters(
    trials: Annotated[
        list[Path] | None, typer.Argument(help="Trial directories; default: all with plates.")
    ] = None,
    filter: Annotated[  # noqa: A002
        list[str] | None, typer.Option(help="e.g. wiener:20:8; repeatable. Default: the family.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Longest part of a trial.")] = 20.0,
    docs: Annotated[
        Path | None, typer.Option(help="Write filters.md's tables and filters.png here.")
    ] = None,
    out: Annotated[Path, typer.Option(help="JSON lines file to append to.")] = RECORDS,
) -> None:
    """Delay against error of the causal filters, over recorded trials."""
    from streamer.commands import bench as command

    command.filters(trials or (), names=filter or (), seconds=seconds, docs=docs, out=out)


@bench.command("grf")
def bench_grf(
    trials: Annotated[
        list[Path] | None, typer.Argument(help="Trial directories; default: all with plates.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Longest part of a trial.")] = 20.0,
    docs: Annotated[
        Path | None, typer.Option(help="Write ground_reaction.md's table and figure here.")
    ] = None,
    out: Annotated[Path, typer.Option(help="JSON lines file to append to.")] = RECORDS,
) -> None:
    """Ground reaction predicted from motion beside that of the plates."""
    from streamer.commands import bench as command

    command.grf(trials or (), seconds=seconds, docs=docs, out=out)


@bench.command("plates")
def bench_plates(
    trials: Annotated[
        list[Path] | None, typer.Argument(help="Trial directories; default: all with plates.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Longest part of a trial.")] = 20.0,
    docs: Annotated[Path | None, typer.Option(help="Write forces.md's table here.")] = None,
    out: Annotated[Path, typer.Option(help="JSON lines file to append to.")] = RECORDS,
) -> None:
    """Feet found on plates from motion, beside what is known."""
    from streamer.commands import bench as command

    command.plates(trials or (), seconds=seconds, docs=docs, out=out)


def main() -> None:
    """Entry point of the console script."""
    with one_line_errors():
        app()


if __name__ == "__main__":
    main()
