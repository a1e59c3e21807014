"""`nem2e bench`: how fast it is and how far its filters are off; see ``benchmarks/``."""

from pathlib import Path
from typing import Annotated

import typer

from streamer.exceptions import ConfigError

bench = typer.Typer(
    help="Measure the bridge against OpenSim, a session's latency, filters, forces, mistakes. "
    "Without a command: the first two.",
    invoke_without_command=True,
)
RECORDS = Path("out/bench.jsonl")
"""Where benchmarks append their rows by default."""

Trials = Annotated[
    list[Path] | None, typer.Argument(help="Trial directories; default: all with plates.")
]
Seconds = Annotated[float, typer.Option(help="Longest part of a trial to use, in s.")]
Out = Annotated[Path, typer.Option(help="JSON lines file to append to.")]


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
    frames: Annotated[
        int, typer.Option(help="Frames for OpenSim and the bridge to solve; 1 s each.")
    ] = 10,
    rounds: Annotated[
        int, typer.Option(help="Passes through the recording, to time the stages.")
    ] = 3,
    seed: Annotated[int, typer.Option(help="Random seed that picks the frames.")] = 0,
    scaling: Annotated[bool, typer.Option(help="Vary muscles, markers, coordinates.")] = True,
    tool: Annotated[bool, typer.Option(help="Time OpenSim's InverseDynamicsTool too.")] = True,
    out: Out = RECORDS,
) -> None:
    """Compare the bridge with OpenSim on the same frames; time its stages; vary the sizes."""
    if files and len(files) != 4:
        raise ConfigError(
            f"{len(files)} files given; give all of MODEL MARKERS GRF LOADS, or none for the"
            " default recording"
        )
    _require_benchmarks()
    from benchmarks.bridge.files import Files
    from benchmarks.bridge.run import run
    from benchmarks.subject import default_trial

    chosen = Files(*files) if files else Files.of_trial(default_trial())
    run(
        chosen, frames=frames, rounds=rounds, seed=seed, scaling=scaling, tool=tool, out=out
    )  # fmt: skip


@bench.command("latency")
def bench_latency(
    duration: Annotated[float, typer.Option(help="Length of the session, in s.")] = 60.0,
    trial: Annotated[Path | None, typer.Option(help="Default: the Rajagopal walk.")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Network; default: ours.")] = None,
    out: Out = RECORDS,
) -> None:
    """Replay, estimate and listen in separate processes; report latencies and losses."""
    _require_benchmarks()
    from benchmarks.latency.run import run
    from benchmarks.subject import default_trial

    run(trial or default_trial(), duration_s=duration, checkpoint=checkpoint, out=out)


@bench.command("filters")
def bench_filters(
    trials: Trials = None,
    filter: Annotated[  # noqa: A002
        list[str] | None, typer.Option(help="e.g. wiener:20:8; repeatable. Default: the family.")
    ] = None,
    seconds: Seconds = 20.0,
    docs: Annotated[
        Path | None, typer.Option(help="Write filters.md's tables and filters.png here.")
    ] = None,
    out: Out = RECORDS,
) -> None:
    """Compare delay and error of the causal filters on recorded trials."""
    _require_benchmarks()
    from benchmarks.filters.run import run

    run(trials or (), filters=filter or (), seconds=seconds, docs=docs, out=out)


@bench.command("grf")
def bench_grf(
    trials: Trials = None,
    seconds: Seconds = 20.0,
    docs: Annotated[
        Path | None, typer.Option(help="Write ground_reaction.md's table and figure here.")
    ] = None,
    out: Out = RECORDS,
) -> None:
    """Compare ground reaction predicted from motion with that of the plates."""
    _require_benchmarks()
    from benchmarks.grf.run import run

    run(trials or (), seconds=seconds, docs=docs, out=out)


@bench.command("plates")
def bench_plates(
    trials: Trials = None,
    seconds: Seconds = 20.0,
    docs: Annotated[Path | None, typer.Option(help="Write forces.md's table here.")] = None,
    out: Out = RECORDS,
) -> None:
    """Compare the feet found on plates from motion with the known ones."""
    _require_benchmarks()
    from benchmarks.plates.run import run

    run(trials or (), seconds=seconds, docs=docs, out=out)


@bench.command("sensitivity")
def bench_sensitivity(
    trials: Trials = None,
    seconds: Seconds = 20.0,
    docs: Annotated[Path | None, typer.Option(help="Write sensitivity.md's table here.")] = None,
    out: Out = RECORDS,
) -> None:
    """Make a laboratory's mistakes on recorded walking, and tell what each costs."""
    _require_benchmarks()
    from benchmarks.sensitivity.run import run

    run(trials or (), seconds=seconds, docs=docs, out=out)


def _require_benchmarks() -> None:
    """They are in the source tree, beside the packages, and not in the wheel."""
    root = Path(__file__).resolve().parents[1]
    if not (root / "benchmarks" / "bridge").is_dir():
        raise ConfigError(
            f"no benchmarks beside {root / 'streamer'}; they come with the source tree: install"
            " from there with `pip install --editable .`"
        )
