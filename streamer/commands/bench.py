"""``nem2e bench``: how fast it is and how far its filters are off; see ``benchmarks/``."""

from collections.abc import Sequence
from pathlib import Path

from streamer.exceptions import ConfigError
from streamer.outputs import check_output


def bridge(
    files: Sequence[Path],
    *,
    frames: int,
    rounds: int,
    seed: int,
    scaling: bool,
    tool: bool,
    out: Path,
) -> None:
    """Put the bridge beside OpenSim.

    Parameters
    ----------
    files : sequence of Path
        Model, markers, forces, external loads; or none for the Rajagopal walk (without the data
        sets: the demo subject's).
    frames, rounds, seed, scaling, tool, out
        As in :func:`benchmarks.bridge.run.run`.

    Raises
    ------
    ConfigError
        If one to three files are given, or a number makes no sense.
    """
    if len(files) not in (0, 4):
        raise ConfigError(
            f"{len(files)} files given; give all of MODEL MARKERS GRF LOADS, or none for the"
            " default recording"
        )
    _require_benchmarks()
    from benchmarks.bridge.run import run
    from benchmarks.subject import Files, default_trial

    chosen = Files(*files) if files else Files.of_trial(default_trial())
    check_output(out, "--out")
    run(
        chosen, frames=frames, rounds=rounds, seed=seed, scaling=scaling, tool=tool, out=out
    )  # fmt: skip


def latency(trial: Path | None, *, duration_s: float, checkpoint: Path | None, out: Path) -> None:
    """Measure a whole session, replay to subscriber.

    Parameters
    ----------
    trial : Path or None
        Trial directory; None for the Rajagopal walk (without the data sets: the demo subject's).
    duration_s, checkpoint, out
        As in :func:`benchmarks.latency.run.run`.
    """
    _require_benchmarks()
    from benchmarks.latency.run import run
    from benchmarks.subject import default_trial

    check_output(out, "--out")
    run(trial or default_trial(), duration_s=duration_s, checkpoint=checkpoint, out=out)


def filters(
    trials: Sequence[Path],
    *,
    names: Sequence[str],
    seconds: float,
    docs: Path | None,
    out: Path,
) -> None:
    """Measure the delay and the accuracy of the causal filters.

    Parameters
    ----------
    trials : sequence of Path
        Trial directories; none for all with plates (without the data sets: the demo subject's).
    names, seconds, docs, out
        As ``filters``, ``seconds``, ``docs`` and ``out`` of :func:`benchmarks.filters.run.run`.
    """
    _require_benchmarks()
    from benchmarks.filters.run import PAGE, run

    _check_outputs(out, docs and docs / PAGE)
    run(trials, filters=names, seconds=seconds, docs=docs, out=out)


def grf(trials: Sequence[Path], *, seconds: float, docs: Path | None, out: Path) -> None:
    """Measure predicted ground reaction against plates.

    Parameters
    ----------
    trials : sequence of Path
        Trial directories; none for all with plates.
    seconds, docs, out
        As ``seconds``, ``docs`` and ``out`` of :func:`benchmarks.grf.run.run`.
    """
    _require_benchmarks()
    from benchmarks.grf.run import PAGE, run

    _check_outputs(out, docs and docs / PAGE)
    run(trials, seconds=seconds, docs=docs, out=out)


def plates(trials: Sequence[Path], *, seconds: float, docs: Path | None, out: Path) -> None:
    """Measure whether feet are found on plates whose feet nobody names.

    Parameters
    ----------
    trials : sequence of Path
        Trial directories; none for all with plates.
    seconds, docs, out
        As ``seconds``, ``docs`` and ``out`` of :func:`benchmarks.plates.run.run`.
    """
    _require_benchmarks()
    from benchmarks.plates.run import PAGE, run

    _check_outputs(out, docs and docs / PAGE)
    run(trials, seconds=seconds, docs=docs, out=out)


def _check_outputs(out: Path, page: Path | None) -> None:
    """Refuse what cannot be written, before trials are measured for it."""
    from benchmarks.tables import read_marked

    check_output(out, "--out")
    if page is not None:
        read_marked(page)


def _require_benchmarks() -> None:
    """They are in the source tree, beside the packages, and not in the wheel."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "benchmarks" / "bridge").is_dir():
        raise ConfigError(
            f"no benchmarks beside {root / 'streamer'}; they come with the source tree: install"
            " from there with `pip install --editable .`"
        )
