"""`nem2e bench`: the command line of the benchmarks."""

from pathlib import Path
from typing import Annotated

import typer

bench = typer.Typer(
    help="Measure the bridge beside OpenSim, a session's latency (alone: both), filters, forces.",
    invoke_without_command=True,
)
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
    duration: Annotated[float, typer.Option(help="Of the session, in s.")] = 60.0,
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
