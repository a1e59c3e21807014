"""`nem2e calibrate`: measured EMG beside the motion in, one person's subject file out."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from inference import Refiner
from inference.calibration.calibrate import Calibration, Take, calibrate
from inference.emg.recording import EmgRecording
from inference.live.estimator import Estimator
from inference.live.state_log import StateLog
from inference.record import FeatureRecord
from inference.subject import check_replaceable, save_subject
from sim_bridge import Bridge, compile_model
from sim_bridge.pose.marker_spread import OTHER_SIZE
from streamer.commands.progress import progress_bar
from streamer.config.session import RunConfig, load_config
from streamer.console.outputs import check_output
from streamer.console.terminal import let_signals_interrupt, plain_console, say
from streamer.doubts import lying_doubt, misfit_doubt, size_doubt
from streamer.exceptions import ConfigError, FormatError, StreamerError, StreamNotFound
from streamer.features.records import refuse_namesakes
from streamer.features.trial_features import mapped_emg, trial_features
from streamer.formats import Trial, read_trial
from streamer.frames.forces import tells_motion
from streamer.lsl.emg_inlet import EmgInlet
from streamer.lsl.finding import find
from streamer.model_inputs import absent_lines, inputs_of

if TYPE_CHECKING:  # it imports this package
    from run_realtime import Wired

Wire = Callable[[RunConfig, ExitStack], "Wired"]
"""`run_realtime.wire`."""

SILENT_S: Final = 5.0
"""A recording is given up if no marker frame or no EMG sample has come in so long [s]; EMG that
falls silent later is told of, and what came is used."""
LATE_S: Final = 1.0
"""How long EMG may come after the last frame [s]."""
SECONDS: Final = (10.0, 600.0)


def offline(trials: Sequence[Path], checkpoint: Path | None, out: Path) -> None:
    """Calibrate on recorded trials of one person.

    Parameters
    ----------
    trials : sequence of Path
        Trial directories with EMG.
    checkpoint : Path or None
        Network; None for the one that is shipped.
    out : Path
        Subject file to write.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        If it cannot be done; nothing is written then.
    """
    _check_out(out)
    takes, doubts = [], list[str]()
    with progress_bar() as progress:
        for i, trial in enumerate(_of_one_person([read_trial(path) for path in _once(trials)])):
            progress("trials", i / len(trials))
            take, refiner, found = trial_take(trial, checkpoint, progress)
            takes.append(take)
            doubts += found
    _warn(doubts)
    finish(calibrate(takes, refiner.digest, refiner.lead_s), out)


def _once(directories: Sequence[Path]) -> Sequence[Path]:
    """Refuse a trial that is given twice: it would be judged on frames that were fitted."""
    seen = [directory.resolve() for directory in directories]
    for directory, real in zip(directories, seen, strict=True):
        if seen.count(real) > 1:
            raise ConfigError(f"--trial {directory} is given more than once; give each trial once")
    return directories


def _of_one_person(trials: Sequence[Trial]) -> Sequence[Trial]:
    people = sorted({trial.person for trial in trials})
    if len(people) > 1:
        raise ConfigError(f"trials of {', '.join(people)}; calibrate one person at a time")
    refuse_namesakes([trial.directory for trial in trials])
    return trials


def trial_take(
    trial: Trial, checkpoint: Path | None, progress: Callable[[str, float], None]
) -> tuple[Take, Refiner, list[str]]:
    """Run a trial through bridge and refiner as a live session would.

    Parameters
    ----------
    trial : Trial
        With EMG.
    checkpoint : Path or None
        Network; None for the one that is shipped.
    progress : callable
        Called with a stage and the share of it that is done.

    Returns
    -------
    take : Take
    refiner : Refiner
        That made it.
    doubts : list of str
        A line for everything that looks wrong.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        If it has no EMG, or its motion cannot be right.
    """
    emg = mapped_emg(trial)
    if emg is None:
        raise FormatError(
            trial.directory, "has no EMG", "give a trial with emg.csv, and [emg] in trial.toml"
        )
    model = compile_model(trial.model, progress=progress)
    if doubt := lying_doubt(trial.markers.positions, trial.markers.names, model.marker_names):
        remedy = "turn markers and forces so that y is up"
        recorded_in = str(trial.metadata.get("recording", "markers.trc"))
        raise FormatError(trial.directory / recorded_in, doubt, remedy)
    record = trial_features(trial, model, with_emg=False)
    _check_fit(str(trial.directory), record.marker_rms_m, record.marker_spread)
    inputs = inputs_of(model, trial.mass_kg)
    refiner = Refiner(inputs, checkpoint)
    states = replay(record, refiner).states()
    take = Take(states, emg, record.filter_delay_s, trial.motion, trial.speed_mps)
    doubts = (size_doubt(record.marker_spread), *record.doubts, *absent_lines(inputs))
    return take, refiner, [f"{record.name}: {doubt}" for doubt in doubts if doubt]


def _check_fit(name: str, mean_rms_m: float, spread: float) -> None:
    """Refuse motion that is not the person's: its markers are too far [m] from the model's.

    Or as far apart as another's.
    """
    if doubt := misfit_doubt(mean_rms_m) or size_doubt(spread, OTHER_SIZE):
        raise StreamerError(f"{name}: {doubt}")


def replay(record: FeatureRecord, refiner: Refiner) -> StateLog:
    """Step a refiner through a record and keep what the network made of it."""
    log = _log_of(float(record.t[-1] - record.t[0]), refiner)
    refiner.warm_up()
    usable = False
    refiner.on_step = lambda at, step: log.add(at, step, usable)  # as it is by then
    for i, t in enumerate(record.t):
        usable = bool(record.usable[i])
        refiner.step(
            float(t), record.activation[i], record.q[i], record.qd[i], record.tau[i],
            forces_valid=bool(record.forces_told[i]), seen=usable,
        )  # fmt: skip
    return log


def _log_of(seconds: float, refiner: Refiner) -> StateLog:
    """Return an empty log with room for so long [s], and for a clock that is a little fast."""
    return StateLog(round(1.1 * seconds * refiner.rate_hz) + 10, refiner.state_width)


def live(config_path: Path, seconds: float, out: Path, wire: Wire) -> None:
    """Record motion and EMG from LSL for a while, then calibrate.

    Parameters
    ----------
    config_path : Path
        The session; its ``emg`` names the EMG stream, its ``subject`` is passed over.
    seconds : float
        How long to record.
    out : Path
        Subject file to write.
    wire : callable
        `run_realtime.wire`.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        If it cannot be done; nothing is written then.
    """
    low, high = SECONDS
    if not low <= seconds <= high:
        raise ConfigError(f"--seconds is {seconds:g}; give {low:g} to {high:g}, best 30 to 120")
    _check_out(out)
    config = load_config(config_path, without=("subject",))
    let_signals_interrupt()
    with _said_if_interrupted(), ExitStack() as resources:
        emg = EmgInlet(find(config.emg), config.emg)
        resources.callback(emg.close)
        wired = wire(config, resources)
        recorder = _Recorder(seconds, wired.bridge, wired.refiner)
        emg.start()
        with progress_bar() as progress:
            wired.session.run(seconds, Watch(recorder, emg, seconds, progress).stopped)
        states = recorder.log.states()
        emg.stop(float(states.t[-1]) if len(states.t) else 0.0, LATE_S)
    _check_fit(str(config_path), recorder.marker_rms_m, wired.bridge.output.marker_spread)
    recording = EmgRecording(emg.name, emg.names, *emg.samples(), config.emg.kind)
    take = Take(states, recording, wired.bridge.filter_delay_s)
    finish(calibrate([take], wired.refiner.digest, wired.refiner.lead_s), out)


@contextmanager
def _said_if_interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say("stopped before the recording was over; nothing is written")
        raise


def _check_out(out: Path) -> None:
    """Refuse a file that cannot be written, before anybody has walked for it."""
    check_output(out, "--out")
    check_output(out.absolute().parent, "--out", folder=True)  # an old one is replaced
    check_replaceable(out)


class _Recorder:
    """Keeps what the network makes of a session, step by step."""

    def __init__(self, seconds: float, bridge: Bridge, refiner: Refiner) -> None:
        self.log = _log_of(seconds, refiner)
        self._output, self._rms_sum, self._steps = bridge.output, 0.0, 0
        refiner.on_step = self._keep

    @property
    def marker_rms_m(self) -> float:
        """Mean distance of the markers from the model's (RMS) [m]; 0 before the first step."""
        return self._rms_sum / max(self._steps, 1)

    def _keep(self, t: float, step: Estimator) -> None:
        self.log.add(t, step, tells_motion(self._output))
        self._rms_sum += self._output.marker_rms
        self._steps += 1


class Watch:
    """Shows how far a recording is, and gives it up if nothing comes."""

    def __init__(
        self,
        recorder: _Recorder,
        emg: EmgInlet,
        seconds: float,
        progress: Callable[[str, float], None],
    ) -> None:
        self._recorder, self._emg, self._seconds = recorder, emg, seconds
        self._progress = progress
        self._began = self._due = self._emg_s = time.monotonic()
        self._newest_s, self._said = emg.newest_s, False

    def stopped(self) -> bool:
        """Asked by the session between frames; raises `StreamNotFound` if something is missing."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + 0.25
            self._progress("recording: walk on", (now - self._began) / self._seconds)
            self._emg.check()
            if now - self._began > SILENT_S:
                self._check_silence()
            self._tell_silence(now)
        return False

    def _tell_silence(self, now: float) -> None:
        """Say once per silence that EMG has stopped."""
        if self._emg.newest_s != self._newest_s:
            self._newest_s, self._emg_s, self._said = self._emg.newest_s, now, False
        elif now - self._emg_s > SILENT_S and not self._said:
            self._said = True
            say(
                f"no EMG for {SILENT_S:g} s: check the sensors; what came before is kept, and the "
                "recording goes on"
            )

    def _check_silence(self) -> None:
        for what, silent in (
            ("markers", not len(self._recorder.log)),
            ("EMG", not np.isfinite(self._emg.newest_s)),
        ):
            if silent:
                raise StreamNotFound(
                    f"{what} with data", SILENT_S, "it is there but silent: start the capture"
                )


def _warn(warnings: Sequence[str]) -> None:
    console = plain_console()
    for warning in warnings:
        console.print(f"warning: {warning}")


def finish(found: Calibration, out: Path) -> None:
    """Write the subject file and say what is in it."""
    console = plain_console()
    _warn(found.warnings)
    save_subject(out, found.subject)
    facts = found.subject.facts
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("channel", no_wrap=True)
    for heading in ("s", "maximum", "r before", "after", "rmse before", "after"):
        table.add_column(heading, justify="right", no_wrap=True)
    for fit in facts.channels:
        numbers = (fit.r_before, fit.r_after, fit.rmse_before, fit.rmse_after)
        shown = (f"{value:.2f}" for value in numbers)
        table.add_row(fit.name, f"{fit.seconds:.0f}", f"{fit.maximum:.3g}", *shown)
    console.print(table)
    means = np.mean([(fit.r_before, fit.r_after) for fit in facts.channels], axis=0)
    lag = f"; the EMG is {1e3 * facts.lag_s:+.0f} ms off the network's estimate"
    console.print(
        f"mean r {means[0]:.2f} before, {means[1]:.2f} after, in blocks of time that were not "
        f"fitted{lag if facts.lag_s else ''}\n"
        f"wrote {out}; use it with `subject: {out}` in the configuration, whose paths "
        "are relative to its own folder"
    )
