"""Run the scenario: a session of real processes, its latencies, one row."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.latency.report import Report
from benchmarks.latency.session import compile_once, run_session
from benchmarks.records import Record
from streamer.config.session import check_duration
from streamer.console.terminal import plain_console, say
from streamer.formats import read_trial


def run(directory: Path, *, duration_s: float, checkpoint: Path | None, out: Path) -> None:
    """Replay a trial for so long [s], print the tables, append one row to `out`."""
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
    record.append(settings, report.row())
