"""``nem2e offline``: the live pipeline over a recording, written as OpenSim files.

The bridge and the refiner are those of a live session. Only ``zero-phase`` differs: it filters the
whole recording as OpenSim's tools do, which no live session can, for comparison with them.
"""

import json
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference import Refiner
from sim_bridge import (
    ON_FEET,
    Bridge,
    BridgeOutput,
    BridgeSettings,
    CompiledModel,
    CoordinateTask,
    ExternalForce,
    compile_model,
)
from sim_bridge.filters import zero_phase_cutoff, zero_phase_derivatives
from streamer.commands.progress import progress_bar
from streamer.exceptions import ConfigError
from streamer.force_ring import forces_at
from streamer.formats import (
    IkSetup,
    MarkerTable,
    Storage,
    plates_by_name,
    read_external_loads,
    read_ik_setup,
    read_storage,
    select_forces,
    write_storage,
)
from streamer.formats import Recording as FileContent
from streamer.formats import read_recording as read_file
from streamer.health import StageTimer, StatusCounter

F64 = NDArray[np.float64]
Plates = Literal["named", "auto"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recording:
    """What the pipeline takes: markers, and forces at the markers' instants.

    Attributes
    ----------
    markers : MarkerTable
        Positions [m], ground, times [s] of the recording.
    forces : ndarray of shape (n_frame, n_load, 9), float64
        Force [N], centre of pressure [m], free torque [N m], ground.
    loads : tuple of ExternalForce
        Row by row of ``forces``.
    corners : ndarray of shape (n_load, 4, 3), float64 [m], ground, or None
        Of plates whose feet are found by the bridge.
    """

    markers: MarkerTable
    forces: F64
    loads: tuple[ExternalForce, ...]
    corners: F64 | None = None

    @property
    def on_feet(self) -> bool:
        """Whether the bridge finds the foot on each plate."""
        return any(load.body == ON_FEET for load in self.loads)


_KEPT = (
    "ik_q", "q", "qd", "qdd", "tau", "activation", "control", "reserve", "marker_rms", "status",
)  # fmt: skip


class Results:
    """Everything that is written, one row a frame; angles in rad."""

    def __init__(self, n: int, out: BridgeOutput, n_channel: int) -> None:
        n_coordinate = len(out.q)
        self.ik_q, self.q, self.qd, self.qdd, self.tau = np.zeros((5, n, n_coordinate))
        self.activation = np.zeros((n, len(out.activation)))
        self.control = np.zeros((n, len(out.control)))
        self.reserve = np.zeros((n, len(out.reserve)))
        self.emg = np.zeros((n, n_channel))
        self.marker_rms = np.zeros(n)
        self.status = np.zeros(n, dtype=np.int64)
        self.plate_faults: list[str] = []

    def say_fault(self, plate: str, message: str) -> None:
        """Keep what is wrong with a force plate, and say it."""
        self.plate_faults.append(f"force plate {plate!r}: {message}")
        _log.warning(self.plate_faults[-1])

    def keep(self, i: int, out: BridgeOutput) -> None:
        """Copy the outcome of frame `i`."""
        for name in _KEPT:
            getattr(self, name)[i] = getattr(out, name)


def run(
    model: Path,
    markers: Path,
    grf: Path | None,
    loads: Path | None,
    out: Path,
    filter: str,  # noqa: A002
    start: float | None,
    end: float | None,
    refine: bool,
    checkpoint: Path | None,
    ik_setup: Path | None = None,
    plates: Plates = "named",
    subject: Path | None = None,
) -> None:
    """Run the pipeline and write its files into `out`.

    Parameters
    ----------
    model, markers : Path
        OpenSim model and marker file.
    grf, loads : Path or None
        Force file and ExternalLoads XML, which names its columns and their bodies; with ``auto``
        the columns may also be found by their names.
    out : Path
        Folder for the results, made if absent.
    filter : str
        ``causal``, a filter's name, or ``zero-phase:CUTOFF_HZ``.
    start, end : float or None
        Part of the recording [s].
    refine : bool
        Estimate EMG too.
    checkpoint : Path or None
        Network; None for the one that is shipped.
    ik_setup : Path or None
        OpenSim IK setup with marker weights and coordinate tasks; None tracks all markers alike.
    plates : {"named", "auto"}
        Whose foot is on a plate: that of the body in `loads`, or whichever is seen there.
    subject : Path or None
        Calibration of the person.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        If an input is missing or does not fit; nothing is written then.
    """
    recording = read_recording(markers, grf, loads, start, end, plates)
    with progress_bar() as progress:
        compiled = compile_model(model, progress=progress)
    rate = recording.markers.rate_hz
    zero_phase = zero_phase_cutoff(filter)
    settings = BridgeSettings(rate, corners=recording.corners)
    if not zero_phase:
        settings = replace(settings, filter=filter)
    if ik_setup is not None:
        settings = with_ik_setup(settings, read_ik_setup(ik_setup), compiled)
    bridge = Bridge(compiled, recording.markers.names, recording.loads, settings)
    refiner = open_refiner(compiled, checkpoint, subject) if refine else None
    timer = StageTimer(time.perf_counter)
    delay_s = 0.0 if zero_phase else bridge.filter_delay_s
    if refiner is not None:
        refiner.check_filter_delay(delay_s)
    results = process(recording, bridge, refiner, timer, zero_phase)
    out.mkdir(parents=True, exist_ok=True)
    write_results(out, compiled, recording, results, refiner, delay_s)
    _write_report(out, results, timer, delay_s)


def with_ik_setup(settings: BridgeSettings, setup: IkSetup, model: CompiledModel) -> BridgeSettings:
    """Return settings with the tasks of an IK setup; markers without a task weigh nothing."""
    return replace(
        settings,
        marker_weights={m: setup.marker_weights.get(m, 0.0) for m in model.marker_names},
        coordinate_tasks=tuple(
            CoordinateTask(goal.name, goal.weight, goal.value) for goal in setup.coordinate_goals
        ),
    )


def open_refiner(
    model: CompiledModel, checkpoint: Path | None, subject: Path | None = None
) -> Refiner:
    """Return a refiner for a compiled model, warmed up."""
    refiner = Refiner(
        checkpoint, model.muscle_names, model.coordinate_names, model.mass, subject=subject
    )
    refiner.warm_up()
    return refiner


def read_recording(
    markers: Path,
    grf: Path | None,
    loads: Path | None,
    start: float | None,
    end: float | None,
    plates: Plates = "named",
) -> Recording:
    """Read markers and forces; forces are interpolated to the markers' instants.

    Parameters
    ----------
    markers : Path
        A TRC, C3D or XDF file; the forces of the last two count where no `grf` is given.
    grf, loads : Path or None
        See :func:`run`.
    start, end : float or None
        Part of the recording [s].
    plates : {"named", "auto"}
        See :func:`run`.

    Raises
    ------
    FormatError
        If a file is missing or unreadable.
    ConfigError
        If a force file is missing beside the other, or no frame lies between `start` and `end`.
    """
    source = read_file(markers)
    table = _cut(source.markers, start, end)
    if grf is not None:
        source = FileContent(table, read_storage(grf), corners=source.corners)
    if source.forces is None:
        if loads is not None:
            raise ConfigError(f"--loads is given, but no --grf, and {markers.name} has no forces")
        return Recording(table, np.zeros((len(table.time), 0, 9)), ())
    auto = plates == "auto" or (grf is None and loads is None)
    if loads is not None:
        columns = read_external_loads(loads).forces
    elif auto:
        columns = plates_by_name(source.forces.names)
    else:
        raise ConfigError("--grf is given without --loads; give both, or --plates auto")
    rows = select_forces(columns, source.forces, loads or grf or markers)
    forces = forces_at(table.time, source.forces.time, rows)
    bodies = tuple(ExternalForce(f.name, ON_FEET if auto else f.body) for f in columns)
    return Recording(table, forces, bodies, source.corners if auto and loads is None else None)


def process(
    recording: Recording,
    bridge: Bridge,
    refiner: Refiner | None,
    timer: StageTimer,
    zero_phase_hz: float | None = None,
) -> Results:
    """Step bridge and refiner through a recording.

    Parameters
    ----------
    recording : Recording
        Input.
    bridge : Bridge
        Warmed here.
    refiner : Refiner or None
        None leaves EMG out.
    timer : StageTimer
        Told the stages of every frame.
    zero_phase_hz : float or None
        Cutoff [Hz] of a zero-phase filter over the whole recording in place of the bridge's.

    Returns
    -------
    Results
        One row a frame.
    """
    bridge.warm_up()
    n_channel = len(refiner.channel_names) if refiner is not None else 0
    results = Results(len(recording.markers.time), bridge.output, n_channel)
    motion = None
    if zero_phase_hz is not None:  # a look at the whole recording first
        ik_q = np.array([_track(bridge, m) for m in recording.markers.positions])
        motion = zero_phase_derivatives(recording.markers.time, ik_q, zero_phase_hz)
        bridge.ik.reset()
    bridge.on_stage = timer.mark
    bridge.on_plate_fault = results.say_fault
    for i, t in enumerate(recording.markers.time):
        markers, forces = recording.markers.positions[i], recording.forces[i]
        timer.start()
        if motion is None:
            out = bridge.step(float(t), markers, forces)
        else:
            status = bridge.track(markers)
            cleaned = bridge.clean_forces(forces)  # looked at; used only to find feet
            used = cleaned if recording.on_feet else forces
            out = bridge.solve(motion[0][i], motion[1][i], motion[2][i], used)
            out.status |= status
        if refiner is not None:
            results.emg[i] = refiner.step(float(t), out.activation, out.q, out.qd, out.tau)
            timer.mark("refine")
        timer.finish()
        results.keep(i, out)
    return results


def _track(bridge: Bridge, markers: F64) -> F64:
    bridge.track(markers)
    return bridge.output.ik_q.copy()


def _cut(table: MarkerTable, start: float | None, end: float | None) -> MarkerTable:
    low = -np.inf if start is None else start
    high = np.inf if end is None else end
    inside = (table.time >= low - 1e-9) & (table.time <= high + 1e-9)
    if not inside.any():
        raise ConfigError(
            f"no frame lies between {low:g} s and {high:g} s; the markers run from"
            f" {table.time[0]:g} s to {table.time[-1]:g} s"
        )
    return MarkerTable(table.time[inside], table.names, table.positions[inside], table.rate_hz)


def write_results(
    out: Path,
    model: CompiledModel,
    recording: Recording,
    results: Results,
    refiner: Refiner | None,
    delay_s: float,
) -> None:
    """Write OpenSim's files: names and units as its tools write them, times of capture."""
    names, rotation = model.coordinate_names, model.coordinate_is_rotation
    degrees = np.where(rotation, np.degrees(1.0), 1.0)
    t = recording.markers.time
    note = f"; true for {1e3 * delay_s:.1f} ms before the time given" if delay_s else ""
    moments = [n + ("_moment" if r else "_force") for n, r in zip(names, rotation, strict=True)]
    motion = np.hstack([degrees * x for x in (results.q, results.qd, results.qdd)])
    motion_names = [n + suffix for suffix in ("", "_speed", "_acceleration") for n in names]
    actuators = [*model.muscle_names, *model.actuators.names, *(f"{n}_reserve" for n in names)]
    controls = np.hstack([results.activation, results.control, results.reserve])
    tables = {
        "ik.mot": Storage(t, names, degrees * results.ik_q, True, "Coordinates"),
        "coordinates.sto": Storage(
            t, tuple(motion_names), motion, True, f"Filtered coordinates{note}"
        ),
        "id.sto": Storage(t, tuple(moments), results.tau, False, "Inverse Dynamics" + note),
        "activation.sto": Storage(
            t, tuple(actuators), controls, False, "Static Optimization" + note
        ),
    }
    if refiner is not None:
        tables["emg.sto"] = Storage(
            t, refiner.channel_names, results.emg, False, "Estimated EMG envelopes" + note
        )
    for name, table in tables.items():
        write_storage(out / name, table)


def _write_report(out: Path, results: Results, timer: StageTimer, delay_s: float) -> None:
    statuses = StatusCounter()
    for status in results.status:
        statuses.add(int(status))
    report = {
        "frames": len(results.status),
        "filter_delay_ms": 1e3 * delay_s,
        "marker_rms_m": {
            "mean": float(results.marker_rms.mean()),
            "max": float(results.marker_rms.max()),
        },
        "stage_us": timer.summary_us(),
        "status_counts": statuses.counts(),
        "plate_faults": results.plate_faults,
    }
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
