"""One trial through the bridge, its EMG through the filters: what a live session would have seen.

The bridge has the causal filter of a live session, so that the network learns from the very signals
that it will meet.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from inference.emg.envelope import BAND_HZ, prepare_emg, sampling_rate_hz, spike_fault
from inference.emg.recording import (
    EmgRecording,
    channel_doubt,
    longest_step,
    name_fault,
    signal_fault,
)
from inference.emg.time_base import check_channels, check_overlap
from inference.exceptions import EmgError
from inference.record import FeatureRecord
from sim_bridge import (
    Bridge,
    BridgeSettings,
    BridgeStatus,
    CompiledModel,
    knee_flexion_sign,
)
from streamer.arrays import F64, I64, Bool
from streamer.config.features import MARKER_NOISE_M, FeatureSettings
from streamer.doubts import lying_doubt, mass_doubt
from streamer.exceptions import FormatError, nearest
from streamer.features.foot_force import foot_force
from streamer.features.marker_noise import marker_noise
from streamer.features.named_log import named_log
from streamer.formats import Trial
from streamer.formats.bridge_input import BridgeInput
from streamer.frames.forces import begin_frame, tells_forces, tells_motion
from streamer.frames.times import RESET_AFTER_S, FrameTimes

__all__ = ["mapped_emg", "trial_features"]

SLOW_EMG_HZ: Final = 2.0 * BAND_HZ[1]
"""Below this raw EMG does not hold its band."""
FORCE_SETTLING_S: Final = 0.05
"""After forces set in at the edge of a valid interval, this long until moments are believed."""


def mapped_emg(trial: Trial) -> EmgRecording | None:
    """Return the measured EMG of the channels to use; None if there is none.

    Raises
    ------
    FormatError
        If none of its channels is to be used.
    """
    if trial.emg is None or trial.emg_kind == "none":
        return None
    names = tuple(trial.emg_muscles)
    if not names:
        raise FormatError(
            trial.directory / "trial.toml",
            f"none of its EMG channels is known ({nearest('', trial.emg.names)})",
            f'say which is which, [emg.channels] and in it SOL_r = "{trial.emg.names[0]}"',
        )
    data = trial.emg.data[:, [trial.emg.names.index(name) for name in names]]
    return EmgRecording(trial.full_name, names, trial.emg.time, data, trial.emg_kind)


def trial_features(
    trial: Trial,
    model: CompiledModel,
    settings: FeatureSettings | None = None,
    *,
    with_emg: bool = True,
) -> FeatureRecord:
    """Step a trial through the bridge as a live session would.

    Parameters
    ----------
    trial : Trial
        With measured EMG.
    model : CompiledModel
        Of the trial's subject.
    settings : FeatureSettings, optional
        The trial as recorded if not given.
    with_emg : bool
        False leaves the EMG out of the record, for callers who take it from the trial.

    Raises
    ------
    EmgError
        If the trial has no EMG, a channel of it cannot be used, or it is of another time.
    FormatError
        If none of its channels is known, or ``[emg.muscles]`` names muscles that the model lacks,
        or those of the other leg.
    SimBridgeError
        If its markers or forces do not fit the model.
    """
    settings = settings or FeatureSettings()
    _check_muscles(trial, model.muscle_names)
    targets = _targets(trial, settings) if with_emg else _NO_EMG
    recording = BridgeInput.of_trial(trial)
    bridge = _bridge(recording, model, settings)
    t = trial.markers.time
    at = t - bridge.filter_delay_s  # what a frame is about
    trusted = trial.whole(at)
    with named_log(trial.full_name):
        steps, plate_doubts = _step_all(bridge, recording, _positions(trial, settings), trusted)
    predicted = (steps.status & BridgeStatus.GRF_PREDICTED) != 0
    # Forces that set in leave a transient in the solver.
    settled = steps.measured & _known(steps.measured, at, at - FORCE_SETTLING_S) & ~predicted
    bodies = [load.body for load in bridge.loads]
    plates = _plates_of_feet(recording, steps.plates, settings)
    warm = (steps.status & BridgeStatus.WARMING_UP) == 0
    weight = model.mass * float(np.linalg.norm(model.gravity))
    under = foot_force(t, bodies, steps.ground, plates, trusted, warm, weight)
    under[~(steps.believed | predicted)] = np.nan
    return FeatureRecord(
        dataset=trial.dataset,
        subject=trial.subject,
        trial=trial.directory.name,
        variant=settings.variant,
        motion=trial.motion,
        speed_mps=trial.speed_mps,
        licence=str(trial.metadata.get("licence", "unknown")),
        citation=str(trial.metadata.get("citation", "unknown")),
        mass_kg=trial.mass_kg,
        knee_flexion=knee_flexion_sign(model),
        filter_delay_s=bridge.filter_delay_s,
        muscle_names=tuple(model.muscle_names),
        coordinate_names=tuple(model.coordinate_names),
        t=t,
        activation=steps.activation,
        q=steps.q,
        qd=steps.qd,
        tau=steps.tau,
        forces_told=steps.told,
        forces_measured=settled,
        foot_force=under,
        usable=steps.seen,
        emg_names=targets.names,
        emg_t=targets.t,
        emg=targets.envelopes,
        marker_rms_m=float(steps.marker_rms_m.mean()),
        marker_spread=float(np.median(steps.marker_spread)),
        doubts=(*_motion_doubts(trial, model), *plate_doubts, *targets.doubts),
    )


def _plates_of_feet(recording: BridgeInput, plates: F64, settings: FeatureSettings) -> F64:
    """What plates (n, m, 9) measured of feet; none where only the bridge finds whose they are."""
    if recording.on_feet:
        return plates[:, :0]
    return np.full_like(plates, np.nan) if settings.ground_reaction == "predicted" else plates


def _bridge(recording: BridgeInput, model: CompiledModel, settings: FeatureSettings) -> Bridge:
    """Return the bridge of a live session, for a trial's markers and forces."""
    markers = recording.markers
    bridge_settings = BridgeSettings(
        markers.rate_hz,
        ground_reaction=settings.ground_reaction,
        forces_in_step=True,
        corners=recording.corners,
    )
    return Bridge(model, markers.names, recording.loads, bridge_settings)


def _motion_doubts(trial: Trial, model: CompiledModel) -> list[str]:
    """Return what the markers and the mass of a trial have in common with no walking person's."""
    found = []
    if doubt := lying_doubt(trial.markers.positions, trial.markers.names, model.marker_names):
        found.append(f"{doubt}; turn the markers and forces of this trial so that y is up")
    if doubt := mass_doubt(trial.mass_kg, model.mass):
        found.append(f"{doubt}; correct it, or scale the model to this person")
    return found


def _check_muscles(trial: Trial, known: Sequence[str]) -> None:
    """Refuse muscles that cannot lie under the electrode that they are written for.

    Raises
    ------
    FormatError
        If the model lacks one, or it is of the other leg.
    """
    path = trial.directory / "trial.toml"
    for channel, muscles in trial.emg_muscles.items():
        for muscle in muscles:
            if muscle not in known:
                problem = f"emg.muscles.{channel} names {muscle}, which the model lacks"
                raise FormatError(path, problem, f"correct the name ({nearest(muscle, known)})")
            if {channel[-2:], muscle[-2:]} == {"_r", "_l"}:
                problem = f"emg.muscles.{channel} names {muscle}, which is on the other leg"
                raise FormatError(path, problem, "correct the side of one")


class _Targets(NamedTuple):
    """Envelopes of the mapped channels at times `t`, and what looks wrong with them."""

    names: tuple[str, ...]
    t: F64
    envelopes: F64
    doubts: list[str]


_NO_EMG: Final = _Targets((), np.zeros(0), np.zeros((0, 0)), [])


def _targets(trial: Trial, settings: FeatureSettings) -> _Targets:
    """Return what a network is to learn from the trial's mapped EMG channels."""
    emg = mapped_emg(trial)
    if emg is None:
        raise EmgError(f"{trial.directory}: no EMG; leave this trial out")
    check_channels(str(trial.directory), emg.names)
    _check_holes(str(trial.directory), emg.time)
    for name, column in zip(emg.names, emg.data.T, strict=True):
        if fault := signal_fault(emg.time, column, emg.kind) or spike_fault(column):
            raise EmgError(
                f"{trial.directory}: EMG channel {name} {fault}; correct the kind in [emg] if it "
                "is not that, cut the trial, or leave the channel out of [emg.muscles]"
            )
    try:
        t, envelopes = prepare_emg(emg.time, emg.data, emg.names, emg.kind, settings.target)
    except EmgError as error:
        raise EmgError(f"{trial.directory}: {error}") from error
    check_overlap(str(trial.directory), t, trial.markers.time)
    moved = (t >= trial.markers.time[0]) & (t <= trial.markers.time[-1])
    return _Targets(emg.names, t, envelopes, _emg_doubts(emg, envelopes[moved]))


def _emg_doubts(emg: EmgRecording, envelopes: F64) -> list[str]:
    """Return what looks wrong with known channels, whose envelopes are those during the motion."""
    rate_hz, doubts = sampling_rate_hz(emg.time), []
    if emg.kind == "raw" and rate_hz < SLOW_EMG_HZ:
        lacks = f"lacks much of muscles' signal, up to {BAND_HZ[1]:.0f} Hz"
        doubts.append(f"raw EMG at {rate_hz:.0f} Hz {lacks}")
    return doubts + [
        f"EMG channel {name} {doubt}"
        for name, column, envelope in zip(emg.names, emg.data.T, envelopes.T, strict=True)
        if not name_fault(name) and (doubt := channel_doubt(emg.time, column, envelope, emg.kind))
    ]


def _check_holes(name: str, time: F64) -> None:
    """Refuse EMG with a hole, over which the envelope would be a straight line.

    Raises
    ------
    EmgError
        If samples are missing, see `longest_step`.
    """
    steps = np.diff(time)
    if not len(steps):
        return
    longest = int(np.argmax(steps))
    if steps[longest] > longest_step(time):
        raise EmgError(
            f"{name}: emg.csv has a gap of {steps[longest]:.2f} s after {time[longest]:.2f} s; "
            "cut the trial there or leave its [emg.muscles] out"
        )


def _positions(trial: Trial, settings: FeatureSettings) -> F64:
    """Marker positions (n, m, 3), with the noise that the settings ask for."""
    markers = trial.markers
    if not settings.noise_seed:
        return markers.positions
    # By the trial's name too, so that two trials of a person do not share their noise.
    seed = [settings.noise_seed, zlib.crc32(trial.full_name.encode())]
    n, m, _ = markers.positions.shape
    return markers.positions + marker_noise(n, m, markers.rate_hz, MARKER_NOISE_M, seed)


class _Steps(NamedTuple):
    """What the bridge made of every frame, and whose forces it had; a row a frame."""

    activation: F64
    q: F64
    qd: F64
    tau: F64
    ground: F64
    """Loads (n, k, 9)."""
    plates: F64
    """What the plates measured, used or not (n, m, 9)."""
    status: I64
    seen: Bool
    """Where the frame tells of the motion."""
    told: Bool
    """Where a session gives the network the moments and activations, see `tells_forces`."""
    measured: Bool
    """Where forces were measured at that very instant, and the bridge used them."""
    believed: Bool
    """Where that was so shortly before at least, see `FrameForces`."""
    marker_rms_m: F64
    """Distance of the markers from the model's (RMS)."""
    marker_spread: F64
    """How far apart they are, as a multiple of the model's."""


def _step_all(
    bridge: Bridge, recording: BridgeInput, positions: F64, valid: Bool
) -> tuple[_Steps, list[str]]:
    """Step every frame, and note faults of plates; forces outside `valid` (n,) are not known.

    What is not known the bridge predicts, if the model has feet.
    """
    plates = recording.frame_forces(bridge.filter_delay_s)
    times = FrameTimes(recording.markers.rate_hz, RESET_AFTER_S)
    unknown = np.full_like(plates.forces, np.nan)
    known = valid & bool(recording.loads)
    doubts: list[str] = []
    bridge.on_plate_fault = lambda plate, fault: doubts.append(f"force plate {plate!r}: {fault}")
    rows = []
    for i, t in enumerate(recording.markers.time.tolist()):
        begin_frame(t, times, bridge, plates)
        fresh = plates.align(t, until=t)
        given = plates.forces.copy()
        out = bridge.step(t, positions[i], given if valid[i] else unknown)
        used = bool(known[i]) and not out.force_ignored
        arrays = (out.activation, out.q, out.qd, out.tau, out.forces)
        rows.append(
            (
                *(array.copy() for array in arrays), given, int(out.status), tells_motion(out),
                tells_forces(out, bool(known[i]) and plates.believed), used and fresh,
                used and plates.believed, out.marker_rms, out.marker_spread,
            )
        )  # fmt: skip
    return _Steps(*(np.array(column) for column in zip(*rows, strict=True))), doubts


def _known(measured: Bool, t: F64, at: F64) -> Bool:
    """Whether forces were measured in the frames before and after each instant."""
    known: Bool = np.interp(at, t, measured.astype(np.float64)) == 1.0
    return known
