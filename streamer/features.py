"""Trial directories to feature records: what a live session would have computed, frame by frame.

A trial runs through `sim_bridge.Bridge` with the causal filter of a live session, so that the
network learns from the very signals that it will meet. Records are cached outside the repository.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

import sim_bridge
from inference.emg import prepare_emg
from inference.exceptions import EmgError
from inference.record import FeatureRecord, load_record, save_record
from sim_bridge import Bridge, BridgeSettings, BridgeStatus, CompiledModel, ExternalForce
from sim_bridge import compile_model as compile_osim
from streamer.exceptions import StreamerError
from streamer.force_ring import ForceRing
from streamer.formats import Trial, read_trial

__all__ = ["default_cache_dir", "find_trials", "load_features", "trial_features"]

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

VERSION: Final = 3
"""Raise it when records are made in another way from the same trial and bridge."""
FORCE_SETTLING_S: Final = 0.05
"""After forces set in at the edge of a valid interval, this long until moments are believed."""


def default_cache_dir() -> Path:
    """Return where records are kept: ``$XDG_CACHE_HOME/nem2e/features``."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "nem2e" / "features"


def find_trials(directories: Sequence[Path]) -> list[Path]:
    """Return every trial directory at or below the given ones, sorted, each once.

    Raises
    ------
    StreamerError
        If a directory does not exist or holds no trial.
    """
    found: set[Path] = set()
    for directory in directories:
        if not directory.is_dir():
            raise StreamerError(f"{directory}: no such directory; give trial directories")
        below = {path.parent.resolve() for path in directory.rglob("trial.toml")}
        if not below:
            raise StreamerError(
                f"{directory}: no trial.toml in it or below; give directories of trials"
            )
        found |= below
    return sorted(found)


def load_features(
    directories: Sequence[Path],
    *,
    cache_dir: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Iterator[FeatureRecord]:
    """Yield the record of every trial with EMG, from the cache where it is there.

    Parameters
    ----------
    directories : sequence of Path
        Trial directories, or directories above them.
    cache_dir : Path, optional
        Where records are kept; `default_cache_dir` by default.
    progress : callable, optional
        Called with a trial's directory and the share of trials done before it.

    Raises
    ------
    StreamerError, SimBridgeError, InferenceError
        If a trial cannot be read, bridged or its EMG used; the message names it.
    """
    trials = find_trials(directories)
    for i, directory in enumerate(trials):
        if progress is not None:
            progress(str(directory), i / len(trials))
        trial = read_trial(directory)
        if trial.emg is None or not trial.emg_muscles:
            continue
        model = compile_osim(trial.model)
        path = (cache_dir or default_cache_dir()) / f"{_key(trial, model)}.npz"
        if not path.is_file():
            save_record(path, trial_features(trial, model))
        yield load_record(path)


def _key(trial: Trial, model: CompiledModel) -> str:
    """Hash everything that a record depends on: the trial's name and files, model and code."""
    name = f"{trial.dataset}/{trial.subject}/{trial.directory.name}"
    digest = hashlib.sha256(f"{VERSION} {name} {model.digest}".encode())
    code = Path(sim_bridge.__file__).parent.rglob("*.py")
    files = (path for path in trial.directory.iterdir() if path.is_file())
    for path in (*sorted(code), *sorted(files)):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def trial_features(trial: Trial, model: CompiledModel) -> FeatureRecord:
    """Step a trial through the bridge as a live session would.

    Parameters
    ----------
    trial : Trial
        With measured EMG.
    model : CompiledModel
        Of the trial's subject.

    Raises
    ------
    EmgError
        If the trial has no EMG, or a channel of it cannot be used.
    SimBridgeError
        If its markers or forces do not fit the model.
    """
    if trial.emg is None or trial.emg_kind == "none":
        raise EmgError(f"{trial.directory}: no EMG; leave this trial out")
    names = tuple(trial.emg_muscles)
    columns = trial.emg.data[:, [trial.emg.names.index(name) for name in names]]
    try:
        emg_t, emg = prepare_emg(trial.emg.time, columns, names, trial.emg_kind)
    except EmgError as error:
        raise EmgError(f"{trial.directory}: {error}") from error
    loads = trial.loads.forces if trial.loads is not None else ()
    bridge = Bridge(
        model,
        trial.markers.names,
        [ExternalForce(load.name, load.body) for load in loads],
        BridgeSettings(rate_hz=trial.markers.rate_hz),
    )
    forces, measured = _forces_at_markers(trial)
    t = trial.markers.time
    measured &= _in_valid(trial, t)
    forces[~measured] = np.nan  # not known: the bridge predicts them, if the model has feet
    arrays, status = _run(bridge, trial, forces)
    predicted = (status & BridgeStatus.GRF_PREDICTED) != 0
    at = t - bridge.filter_delay_s  # what a frame is about
    known = _known(measured, t, at)
    # Forces that set in leave a transient in the filter and the solver.
    settled = known & _known(measured, t, at - FORCE_SETTLING_S) & ~predicted
    return FeatureRecord(
        dataset=trial.dataset,
        subject=trial.subject,
        trial=trial.directory.name,
        motion=trial.motion,
        licence=str(trial.metadata.get("licence", "unknown")),
        citation=str(trial.metadata.get("citation", "unknown")),
        mass_kg=trial.mass_kg,
        filter_delay_s=bridge.filter_delay_s,
        muscle_names=tuple(model.muscle_names),
        coordinate_names=tuple(model.coordinate_names),
        t=t,
        forces_valid=known | predicted,
        forces_measured=settled,
        usable=(status & (BridgeStatus.HOLD | BridgeStatus.WARMING_UP)) == 0,
        emg_names=names,
        emg_t=emg_t,
        emg=emg,
        **arrays,
    )


def _forces_at_markers(trial: Trial) -> tuple[F64, Bool]:
    """Interpolate forces (n, k, 9) to the markers, and tell where they were measured."""
    t = trial.markers.time
    if trial.forces is None or trial.loads is None:
        return np.zeros((len(t), 0, 9)), np.zeros(len(t), dtype=np.bool_)
    rows = trial.loads.select(trial.forces)
    # Forces may be as slow as the markers; only a hole in them is a gap.
    longest = 1.5 * float(np.median(np.diff(trial.forces.time)))
    ring = ForceRing(rows.shape[1], capacity=len(rows), max_gap_s=max(0.02, longest))
    ring.extend(trial.forces.time, rows)
    forces = np.zeros((len(t), rows.shape[1], 9))
    measured = [ring.at(float(now), out) for now, out in zip(t, forces, strict=True)]
    return forces, np.array(measured)


def _run(bridge: Bridge, trial: Trial, forces: F64) -> tuple[dict[str, F64], npt.NDArray[np.int64]]:
    """Step every frame; arrays by field name, and the status bits (n,)."""
    frames: dict[str, list[F64]] = {"activation": [], "q": [], "qd": [], "tau": []}
    status = []
    for i, t in enumerate(trial.markers.time):
        out = bridge.step(float(t), trial.markers.positions[i], forces[i])
        for name, rows in frames.items():
            rows.append(getattr(out, name).copy())
        status.append(int(out.status))
    return {name: np.stack(rows) for name, rows in frames.items()}, np.array(status)


def _in_valid(trial: Trial, t: F64) -> Bool:
    """Whether forces at `t` are those of all feet on the ground."""
    inside = np.zeros(len(t), dtype=np.bool_)
    for start, end in trial.valid:
        inside |= (t >= start) & (t <= end)
    return inside


def _known(measured: Bool, t: F64, at: F64) -> Bool:
    """Whether forces were measured in the frames before and after each instant."""
    known: Bool = np.interp(at, t, measured.astype(np.float64)) == 1.0
    return known
