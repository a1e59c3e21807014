"""One trial as it was, and with every mistake: how far angles, moments and estimates move."""

import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.means import rms
from benchmarks.sensitivity.mistakes import MISTAKES, Session
from benchmarks.trials import AFTER_S, BEFORE_S, of_leg
from inference import Refiner
from sim_bridge import Bridge, BridgeSettings, compile_model
from streamer.arrays import Bool
from streamer.commands.offline import process
from streamer.commands.offline_results import Results
from streamer.formats import Trial, read_trial
from streamer.formats.bridge_input import BridgeInput
from streamer.model_inputs import inputs_of
from streamer.status import Status

FIELDS: Final = ("angle °", "moment N m", "activation", "EMG", "flagged %")
"""Names of the scores, with their units."""
DIGITS: Final = (1, 1, 3, 3, 0)
FLAGS: Final = Status.HOLD | Status.IK_UNCONVERGED | Status.FORCE_STALE
UNSETTLED: Final = Status.WARMING_UP | Status.HOLD


@dataclass(frozen=True)
class Outcome:
    """A trial of a group with one mistake; `scores` as ``FIELDS``."""

    group: str
    mistake: str
    scores: tuple[float, ...]


def solve_all(directory: Path, seconds: float) -> list[Outcome] | None:
    """Solve the first seconds [s] of a trial with each mistake; None if the person runs.

    None, too, where forces are whole for too short.
    """
    trial = read_trial(directory)
    if trial.motion == "run":
        return None
    right = Session(compile_model(trial.model), _first(trial, seconds))
    leg = np.array([of_leg(name) for name in right.model.coordinate_names])
    plain, scored = _solve(right, trial)
    if not scored.any():
        return None
    outcomes = []
    for name, mistake in MISTAKES.items():
        rng = np.random.default_rng(zlib.crc32(f"{trial.full_name} {name}".encode()))
        found, _ = _solve(mistake(right, rng), trial)
        outcomes.append(Outcome(trial.dataset, name, _scores(plain, found, scored, leg)))
    return outcomes


def _first(trial: Trial, seconds: float) -> BridgeInput:
    recording = BridgeInput.of_trial(trial)
    markers = recording.markers
    return replace(recording, markers=markers.between(None, float(markers.time[0]) + seconds))


def _solve(session: Session, trial: Trial) -> tuple[Results, Bool]:
    """Results as a live session's, and the frames that are scored."""
    model, recording = session
    settings = BridgeSettings(recording.markers.rate_hz, forces_in_step=True)
    bridge = Bridge(model, recording.markers.names, recording.loads, settings)
    results = process(recording, bridge, Refiner(inputs_of(model, trial.mass_kg)))
    instants = recording.markers.time - bridge.filter_delay_s
    whole = trial.whole(instants, AFTER_S, BEFORE_S)
    return results, whole & ((results.status & UNSETTLED) == 0)


def _scores(plain: Results, found: Results, scored: Bool, leg: Bool) -> tuple[float, ...]:
    return (
        float(np.degrees(rms((found.q - plain.q)[scored][:, leg]))),
        rms((found.tau - plain.tau)[scored][:, leg]),
        rms((found.activation - plain.activation)[scored]),
        rms((found.emg - plain.emg)[scored]),
        100.0 * float(((found.status[scored] & FLAGS) != 0).mean()),
    )
