"""``nem2e offline``: the live pipeline over a recording, written as OpenSim files.

The bridge and the refiner are those of a live session, and so is what they are given: forces at the
filter's instant, believed for as long. Only ``zero-phase`` differs: it filters the whole recording
as OpenSim's tools do, which no live session can, for comparison with them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from inference import Refiner
from inference.exceptions import InferenceError
from sim_bridge import Bridge, BridgeOutput, CompiledModel, compile_model
from sim_bridge.filters import zero_phase_cutoff, zero_phase_derivatives
from streamer.arrays import F64
from streamer.commands.bridges import open_bridge
from streamer.commands.offline_input import read_input, say_if_lying
from streamer.commands.offline_results import Results, sum_up, write_report, write_results
from streamer.commands.progress import progress_bar
from streamer.config.session import ALIGN_WAIT_MS, RunConfig, load_config
from streamer.console.outputs import check_output
from streamer.console.terminal import say
from streamer.exceptions import FormatError
from streamer.formats.bridge_input import BridgeInput
from streamer.frames.force_ring import SLOWEST_GAP_S
from streamer.frames.forces import begin_frame, step_refiner
from streamer.frames.times import RESET_AFTER_S, FrameTimes
from streamer.model_inputs import absent_lines, inputs_of
from streamer.status import Status

__all__ = ["process", "run", "tracked"]

UNUSED = ("trial", "keys")
"""Keys of a configuration whose files a recording has no use for."""


def run(
    markers: Path,
    out: Path,
    options: Mapping[str, Any],
    *,
    config: Path | None = None,
    grf: Path | None = None,
    start: float | None = None,
    end: float | None = None,
    refine: bool = True,
) -> None:
    """Run the pipeline, write its files into `out` and sum up.

    Parameters
    ----------
    markers : Path
        Marker file.
    out : Path
        Folder for the results, made if absent.
    options : mapping of str to object
        Keys of a configuration, see `RunConfig`; what is None is not given. Without `config` the
        ``model`` is needed, and ``plates`` are ``auto`` where neither forces nor loads are.
    config : Path or None
        The configuration of a session, to do with the recording what that session does; `options`
        go before it. It also says what an XDF file does not: units, axes, lags.
    grf : Path or None
        Force file; the ``loads`` name its columns and their bodies, or with ``auto`` plates they
        may be found by their names.
    start, end : float or None
        Part of the recording [s].
    refine : bool
        Estimate EMG too.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        If an input is missing or does not fit, or `out` cannot be written; nothing is written then.
    """
    check_output(out, "--out", folder=True)
    session, settings = with_options(config, options)
    plates = settings.plates if session is not None else options.get("plates")
    recording = read_input(
        markers, grf=grf, loads=settings.loads, start=start, end=end, plates=plates, session=session
    )
    with progress_bar() as progress:
        compiled = compile_model(settings.model, progress=progress)
    bridge = bridge_for(settings, compiled, recording)
    say_if_lying(markers, recording.markers, compiled.marker_names)
    zero_phase = zero_phase_cutoff(settings.filter)
    refiner = open_refiner(settings, compiled) if refine else None
    delay_s = 0.0 if zero_phase else bridge.filter_delay_s
    if refiner is not None:
        refiner.check_filter_delay(delay_s)
    results = process(
        recording, bridge, refiner, zero_phase,
        align_wait_ms=settings.align_wait_ms, reset_after_s=settings.reset_after_s,
    )  # fmt: skip
    if (results.status & Status.HOLD).all():
        raise FormatError(
            markers, "no frame has a pose: the model's markers are missing throughout, or far from "
            "it", "check their names, unit and axes"
        )  # fmt: skip
    t = recording.markers.time
    write_results(out, compiled, bridge.loads, t, results, refiner, delay_s)
    write_report(out, results, delay_s)
    sum_up(out, results)


def with_options(
    path: Path | None, options: Mapping[str, Any]
) -> tuple[RunConfig | None, RunConfig]:
    """Read a session's configuration; options that are given go before it.

    Parameters
    ----------
    path : Path or None
        The file.
    options : mapping of str to object
        As of `run`.

    Returns
    -------
    session : RunConfig or None
        As the file has it; None without one.
    settings : RunConfig
        What holds.

    Raises
    ------
    ConfigError
        As `load_config`.
    """
    given = {key: value for key, value in options.items() if value is not None}
    if path is None:
        return None, RunConfig(**given)
    if given.get("plates") == "named":
        given["corners"] = None  # of use for the other kind alone
    session = load_config(path, without=(*UNUSED, *(given.keys() - {"model", "plates"})))
    return session, msgspec.structs.replace(session, **given)


def bridge_for(settings: RunConfig, model: CompiledModel, recording: BridgeInput) -> Bridge:
    """Return the bridge of a session for a recording's markers and forces."""
    if zero_phase_cutoff(settings.filter):  # filtered apart, over the whole recording
        settings = msgspec.structs.replace(settings, filter="causal")
    markers = recording.markers
    rate_hz = settings.rate_hz or markers.rate_hz
    return open_bridge(settings, model, markers.names, rate_hz, recording.loads, recording.corners)


def open_refiner(settings: RunConfig, model: CompiledModel) -> Refiner:
    """Return a refiner for a compiled model, warmed up."""
    try:
        inputs = inputs_of(model, settings.mass_kg, settings.muscle_map)
    except InferenceError as error:  # an arm, say, or a skeleton without muscles
        error.args = (f"{error}; or do without EMG: --no-refine",)
        raise
    for line in absent_lines(inputs, settings.muscle_map):
        say(line)
    refiner = Refiner(inputs, settings.checkpoint, subject=settings.subject)
    refiner.warm_up()
    return refiner


def process(
    recording: BridgeInput,
    bridge: Bridge,
    refiner: Refiner | None,
    zero_phase_hz: float | None = None,
    *,
    align_wait_ms: float = ALIGN_WAIT_MS,
    reset_after_s: float = RESET_AFTER_S,
) -> Results:
    """Step bridge and refiner through a recording.

    Parameters
    ----------
    recording : BridgeInput
        Input.
    bridge : Bridge
        Warmed here.
    refiner : Refiner or None
        None leaves EMG out.
    zero_phase_hz : float or None
        Cutoff [Hz] of a zero-phase filter over the whole recording in place of the bridge's.
    align_wait_ms : float
        So long [ms] a session waits for forces that are late.
    reset_after_s : float
        After a longer pause [s] bridge and network start anew.
    """
    bridge.warm_up()
    n_channel = len(refiner.channel_names) if refiner is not None else 0
    results = Results(len(recording.markers.time), bridge.output, n_channel)
    motion = None
    if zero_phase_hz is not None:  # a look at the whole recording first
        ik_q = tracked(bridge, recording.markers.positions)
        motion = zero_phase_derivatives(recording.markers.time, ik_q, zero_phase_hz)
        bridge.ik.reset()
    in_step = motion is None and bridge.settings.forces_in_step
    wait_s = 1e-3 * align_wait_ms if in_step else SLOWEST_GAP_S
    plates = recording.frame_forces(bridge.filter_delay_s if in_step else 0.0)
    times = FrameTimes(recording.markers.rate_hz, reset_after_s)
    timer = results.stages
    bridge.on_stage = timer.mark
    bridge.on_plate_fault = results.say_fault
    for i, t in enumerate(recording.markers.time.tolist()):
        timer.start()
        gap = begin_frame(t, times, bridge, plates, refiner)
        known = plates.align(t, t + wait_s)
        timer.mark("align")
        if motion is None:
            out = bridge.step(t, recording.markers.positions[i], plates.forces)
        else:
            out = _solve(bridge, recording, i, motion, plates.forces)
        if refiner is not None:
            step_refiner(refiner, t, out, plates.believed)
            results.emg[i], results.sigma[i] = refiner.estimate
            results.unlikeness[i] = refiner.unlikeness
            timer.mark("refine")
            out.status |= 0 if refiner.settled else Status.WARMING_UP
        timer.finish()
        out.status |= gap | (0 if known else Status.FORCE_STALE)
        results.keep(i, out)
    return results


def tracked(bridge: Bridge, markers: F64) -> F64:
    """Poses (n, n_coordinate) [rad, m] of markers (n, n_label, 3) [m], frame after frame."""
    poses = []
    for frame in markers:
        bridge.track(frame)
        poses.append(bridge.output.ik_q.copy())
    return np.array(poses)


def _solve(
    bridge: Bridge, recording: BridgeInput, i: int, motion: tuple[F64, F64, F64], forces: F64
) -> BridgeOutput:
    """Answer frame `i` with the motion that is known already."""
    status = bridge.track(recording.markers.positions[i])
    cleaned = bridge.clean_forces(forces)  # looked at; used only to find feet
    used = cleaned if recording.on_feet else forces
    return bridge.solve(motion[0][i], motion[1][i], motion[2][i], used, status)
