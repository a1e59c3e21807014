"""Commands that make, judge and calibrate networks from recorded trials."""

from pathlib import Path
from typing import Annotated

import typer

Cache = Annotated[Path | None, typer.Option(help="Folder with the records of `nem2e prepare`.")]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Processes that share the groups of left-out people; default: the file's, or 1."
    ),
]


def prepare(
    dirs: Annotated[list[Path], typer.Argument(help="Trial directories, or folders of them.")],
    cache: Annotated[
        Path | None, typer.Option("--out", "--cache", help="Where records are kept.")
    ] = None,
    variants: Annotated[
        str, typer.Option(help="Variants beside the recorded one, as in predicted,noise-1,causal.")
    ] = "",
    scheduler: Annotated[str | None, typer.Option(help="Dask scheduler, tcp://host:8786.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; default: one per core, with dask.")
    ] = None,
) -> None:
    """Run trials through the bridge as a live session would, for training and evaluation."""
    from streamer.commands import prepare as command
    from streamer.features.records import default_cache_dir

    names = [name.strip() for name in variants.split(",") if name.strip()]
    cache = cache or default_cache_dir()
    done = command.run(dirs, cache, variants=names, workers=workers, scheduler=scheduler)
    raise typer.Exit(0 if done else 1)


def train(
    out: Annotated[Path, typer.Option(help="Folder for the checkpoint.")],
    dirs: Annotated[
        list[Path] | None, typer.Argument(help="Trials, or folders of them, instead of the file's.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file; default: our settings.")] = None,
    cache: Cache = None,
    workers: Workers = None,
) -> None:
    """Train a network on recorded trials."""
    from streamer.commands import train as command
    from streamer.config.training import with_options
    from streamer.features.records import default_cache_dir

    settings = with_options(config, trials=dirs, workers=workers)
    command.run(settings, out, cache or default_cache_dir())


def evaluate(
    dirs: Annotated[
        list[Path] | None, typer.Argument(help="Trial directories, or folders of them.")
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Network; default: ours.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the rows as JSON here.")] = None,
    cache: Cache = None,
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
    folds: Annotated[
        int | None,
        typer.Option(
            help="--compare, --ablate: groups of people left out; default: the file's, or ours."
        ),
    ] = None,
    workers: Workers = None,
    docs: Annotated[
        Path | None,
        typer.Option(
            help="--compare: write results.md and its figures here; --ablate: ablations.md."
        ),
    ] = None,
) -> None:
    """Compare the network with static optimization alone, muscle by muscle."""
    import msgspec

    from streamer.commands import ablate as choices
    from streamer.commands import compare as methods
    from streamer.commands import evaluate as command
    from streamer.config.training import OURS, with_options
    from streamer.features.records import default_cache_dir

    cache = cache or default_cache_dir()
    if not (compare or ablate):
        if unseen or any(given is not None for given in (config, folds, workers, docs)):
            raise typer.BadParameter(
                "--config, --unseen, --folds, --workers and --docs go with --compare or --ablate"
            )
        if not dirs:
            raise typer.BadParameter("give trial directories", param_hint="DIRS")
        command.run(dirs, cache, checkpoint, report=report)
        return
    if unseen and not compare:
        raise typer.BadParameter("--unseen goes with --compare")
    if folds is not None and folds < 2:
        raise typer.BadParameter(f"--folds is {folds}; give 2 or more")
    if checkpoint is not None or report is not None:
        raise typer.BadParameter("--checkpoint and --report do not go with --compare or --ablate")
    settings = with_options(config, trials=dirs, unseen=unseen, folds=folds, workers=workers)
    if folds is None and not settings.folds:
        settings = msgspec.structs.replace(settings, folds=OURS.folds)
    if compare:
        methods.run(settings, cache, docs=docs)
    if ablate:
        choices.run(settings, cache, docs=docs)


def calibrate(
    out: Annotated[Path, typer.Option(help="Subject file to write.")],
    trial: Annotated[
        list[Path] | None,
        typer.Option(help="Trial directory with EMG; repeatable; 4 s or more in total."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file: record live instead.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="How long to record live; default: 60.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Network, with --trial; default: ours.")
    ] = None,
) -> None:
    """Fit the network to one person's EMG; `run` and `offline` can use the file."""
    if (config is None) == (not trial):
        raise typer.BadParameter("give either --trial or --config", param_hint="--trial")
    if config is not None and checkpoint is not None:
        raise typer.BadParameter(
            "the configuration names the network; leave it out", param_hint="--checkpoint"
        )
    if config is None and seconds is not None:
        raise typer.BadParameter("trials are used whole; leave it out", param_hint="--seconds")
    from streamer.commands import calibrate as command

    if config is None:
        command.offline(trial or [], checkpoint, out)
        return
    import run_realtime
    from streamer.lsl.settings import quiet_liblsl

    quiet_liblsl()
    seconds = 60.0 if seconds is None else seconds
    command.live(config, seconds, out, run_realtime.wire)
