"""What `nem2e offline` computes and writes: OpenSim's files, and a report."""

import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inference import Refiner
from sim_bridge import BridgeOutput, CompiledModel, ExternalForce
from streamer.arrays import F64, I64
from streamer.console.outputs import write_output
from streamer.console.terminal import plain_console, say
from streamer.doubts import misfit_doubt, scaling_doubt, size_doubt, unlike_doubt
from streamer.formats import Storage, write_external_loads, write_storage
from streamer.formats.plates import plate_columns
from streamer.session.health import StageTimer, StatusCounter
from streamer.status import Status

_log = logging.getLogger(__name__)

_KEPT = (
    "ik_q", "q", "qd", "qdd", "tau", "forces", "activation", "strength", "control", "reserve",
    "marker_rms", "marker_spread", "status",
)  # fmt: skip


_AT_TIMES = {"emg.sto", "emg_sigma.sto", "forces.mot"}
"""Files that not every run has."""


class Results:
    """Everything that is written, one row a frame, angles in rad; and how long the stages took."""

    def __init__(self, n: int, out: BridgeOutput, n_channel: int) -> None:
        n_coordinate = len(out.q)
        self.ik_q, self.q, self.qd, self.qdd, self.tau = np.zeros((5, n, n_coordinate))
        self.forces = np.zeros((n, *out.forces.shape))
        self.activation, self.strength = np.zeros((2, n, len(out.activation)))
        self.control = np.zeros((n, len(out.control)))
        self.reserve = np.zeros((n, len(out.reserve)))
        self.emg, self.sigma = np.zeros((2, n, n_channel))
        self.marker_rms, self.marker_spread, self.unlikeness = np.zeros((3, n))
        self.status = np.zeros(n, dtype=np.int64)
        self.plate_faults: list[str] = []
        self.stages = StageTimer(time.perf_counter)

    def say_fault(self, plate: str, message: str) -> None:
        """Keep what is wrong with a force plate, and say it."""
        self.plate_faults.append(f"force plate {plate!r}: {message}")
        _log.warning(self.plate_faults[-1])

    def keep(self, i: int, out: BridgeOutput) -> None:
        """Copy the outcome of frame `i`."""
        for name in _KEPT:
            getattr(self, name)[i] = getattr(out, name)

    def status_counts(self) -> dict[str, int]:
        """Count frames per flag, see `StatusCounter.counts`."""
        statuses = StatusCounter()
        for status in self.status:
            statuses.add(int(status))
        return statuses.counts()


def write_results(
    out: Path,
    model: CompiledModel,
    loads: Sequence[ExternalForce],
    t: F64,
    results: Results,
    refiner: Refiner | None,
    delay_s: float,
) -> None:
    """Write OpenSim's files: names and units as its tools write them, times of capture `t` [s]."""
    names, rotation = model.coordinate_names, model.coordinate_is_rotation
    degrees = np.where(rotation, np.degrees(1.0), 1.0)
    note = _note(delay_s)
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
        "muscle_force.sto": Storage(
            t, model.muscle_names, results.activation * results.strength, False,
            "Active muscle forces along the tendon, N" + note,
        ),
        "status.sto": Storage(t, *_flags(results.status), False, "Status of each frame"),
    }  # fmt: skip
    if loads:
        tables["forces.mot"] = _forces(t, results.forces, note)
        by_name = [(load.name, load.body) for load in loads]
        write_external_loads(out / "external_loads.xml", by_name, "forces.mot")
    if refiner is not None:
        # the network estimates activity that is ahead of the motion
        note = _note(delay_s - refiner.lead_s)
        for name, title, rows in (
            ("emg.sto", "Estimated EMG envelopes", results.emg),
            ("emg_sigma.sto", "Standard deviations of the errors of emg.sto", results.sigma),
        ):
            tables[name] = Storage(t, refiner.channel_names, rows, False, title + note)
    for name, table in tables.items():
        write_storage(out / name, table)
    for name in sorted(_AT_TIMES - tables.keys()):
        if (out / name).is_file():
            say(f"{out / name} is from an earlier run, not from this one")


def _flags(status: I64) -> tuple[tuple[str, ...], F64]:
    """Names and columns (n, 1 + flags) of the status itself, then of each flag, 0 or 1."""
    columns = [status, *((status & flag) != 0 for flag in Status)]
    names = ("status", *(str(flag.name) for flag in Status))
    return names, np.column_stack(columns).astype(np.float64)


def _forces(t: F64, forces: F64, note: str) -> Storage:
    """External forces (n, n_load, 9) as the columns of numbered plates."""
    names = tuple(name for k in range(forces.shape[1]) for name in plate_columns(k + 1))
    return Storage(t, names, forces.reshape(len(t), -1), False, "External forces" + note)


def _note(delay_s: float) -> str:
    """Say which instant a row that is so much [s] late describes; nothing if it is its own."""
    late_ms = round(1e3 * delay_s, 1)
    side = "before" if late_ms > 0.0 else "after"
    return f"; true for {abs(late_ms):.1f} ms {side} the time given" if late_ms else ""


def write_report(out: Path, results: Results, delay_s: float) -> None:
    """Write ``report.json``: counts of flags, durations [us], what is wrong with plates.

    And the motion's median `inference.Refiner.unlikeness`, 0 where no network was asked.
    """
    report = {
        "frames": len(results.status),
        "filter_delay_ms": 1e3 * delay_s,
        "marker_rms_m": {
            "mean": float(results.marker_rms.mean()),
            "max": float(results.marker_rms.max()),
        },
        "stage_us": results.stages.summary_us(),
        "status_counts": results.status_counts(),
        "unlikeness": float(np.median(results.unlikeness)),
        "plate_faults": results.plate_faults,
    }
    write_output(out / "report.json", json.dumps(report, indent=2) + "\n", "--out")


def sum_up(out: Path, results: Results) -> None:
    """Print how well the model followed the markers, and warn where it did not."""
    mean, most = (round(1e3 * x) for x in (results.marker_rms.mean(), results.marker_rms.max()))
    flags = ", ".join(f"{flag} {n}" for flag, n in results.status_counts().items())
    plain_console().print(
        f"{len(results.status)} frames, markers {mean} mm (RMS) from the model's, "
        f"at most {most} mm\n"
        f"frames by flag: {flags}\n"
        f"OpenSim files and report.json are in {out}"
    )
    mean_m = float(results.marker_rms.mean())
    if doubt := misfit_doubt(mean_m):
        say(f"do not trust these results: {doubt}")
    elif doubt := size_doubt(float(np.median(results.marker_spread))) or scaling_doubt(mean_m):
        say(doubt)
    if doubt := unlike_doubt(float(np.median(results.unlikeness))):
        say(doubt)
