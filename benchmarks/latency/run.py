"""Run the scenario: a session of real processes, its latencies, one row."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.latency.report import Report
from benchmarks.latency.session import compile_once, run_session
from benchmarks.records import Record
from streamer.config.session import check_duration
from streamer.console.terminal import plain_console, say
from streamer.formats import read_trial


def run(
    directory: Path, *, duration_s: float, checkpoint: Path | None, out: Path
) -> dict[str, Any]:
    """Measure, print the tables, append one row.

    Parameters
    ----------
    directory : Path
        Trial that is replayed.
    duration_s : float
        Of the session [s].
    checkpoint : Path or None
        Network; None for the one that is shipped.
    out : Path
        JSON lines file.

    Returns
    -------
    dict
        The row.

    Raises
    ------
    ConfigError
        If the duration makes no sense.
    StreamerError
        If the trial cannot be read or a process of the session fails.
    """
    check_duration(duration_s)
    record = Record("latency", out)
    trial = read_trial(directory)
    with TemporaryDirectory() as folder:
        say("  compiling the model (once; cached)")
        compile_once(trial, Path(folder))
        say(
            f"  {trial.name} of {trial.subject} at {trial.markers.rate_hz:g} Hz, for"
            f" {duration_s:g} s after warming up",
        )
        session = run_session(trial, duration_s, checkpoint, Path(folder))
    report = Report(session, trial.markers.rate_hz)
    report.show(plain_console())
    settings = {
        "trial": trial.full_name,
        "duration_s": duration_s,
        "warm_up": "kernels and network, before the first frame",
        "seed": None,
    }
    return record.append(settings, report.row())
