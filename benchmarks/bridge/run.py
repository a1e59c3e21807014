"""Run the scenario: compare, time the stages, vary the sizes, report."""

from pathlib import Path

from benchmarks.bridge.files import Files, FileSubject
from benchmarks.bridge.opensim_side import OpenSimFailed, quiet
from benchmarks.bridge.report import Report
from benchmarks.bridge.scaling import measure_scaling
from benchmarks.bridge.side_by_side import RUN_UP, Comparison, compare, time_inverse_dynamics_tool
from benchmarks.bridge.stage_table import measure_stages
from benchmarks.records import Record
from benchmarks.subject import Motion
from streamer.console.terminal import plain_console, say
from streamer.exceptions import ConfigError


def run(
    files: Files, *, frames: int, rounds: int, seed: int, scaling: bool, tool: bool, out: Path
) -> None:
    """Measure, print the tables, append one row to `out`.

    Parameters
    ----------
    files : Files
        Recording.
    frames : int
        In a row, by OpenSim and by us.
    rounds : int
        Through the whole recording for the stage table, and as often for each size.
    seed : int
        Chooses the window, and moves the trees.
    scaling, tool : bool
        Whether to vary the sizes, and to time OpenSim's InverseDynamicsTool.
    """
    if frames < 2 or rounds < 1:
        raise ConfigError(f"--frames is {frames} and --rounds {rounds}; give at least 2 and 1")
    record = Record("bridge", out)
    subject = FileSubject.load(files)
    if frames + RUN_UP > len(subject.time):
        raise ConfigError(
            f"--frames is {frames}, the recording has {len(subject.time)} and {RUN_UP} run up to"
            " them; give fewer"
        )
    quiet()
    comparisons, tool_us = _beside_opensim(subject, frames, seed, tool)
    say("  stages over the whole recording")
    stages = measure_stages(subject, rounds)
    sizes = measure_scaling(subject, rounds, seed) if scaling else []
    report = Report(
        subject, subject.bridge().ik.n_markers, comparisons, tool_us, stages, sizes
    )  # fmt: skip
    report.show(plain_console())
    settings = {"frames": frames, "rounds": rounds, "seed": seed, "warm_up_rounds": 1}
    record.append(settings, report.row())


def _beside_opensim(
    subject: FileSubject, frames: int, seed: int, tool: bool
) -> tuple[list[Comparison], float | None]:
    """Compare with OpenSim; what it raises becomes one line."""
    try:
        motion = Motion.of(subject)
        comparisons = compare(subject, motion, frames, seed)
        if not tool:
            return comparisons, None
        say("  OpenSim's InverseDynamicsTool")
        return comparisons, time_inverse_dynamics_tool(subject, motion)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise OpenSimFailed(
            f"OpenSim cannot do this with {subject.files.model}: {reason}; try its own tools on it"
        ) from error
