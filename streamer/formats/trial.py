"""Trial directories: one recorded trial with its model, as folders of plain files.

::

    <dataset>/<subject>/model.osim
    <dataset>/<subject>/<trial>/{markers.trc, grf.mot, external_loads.xml, emg.csv, trial.toml}

The markers, the model and ``trial.toml`` with ``mass_kg`` are needed; the rest may be absent. In
place of markers, forces and EMG one C3D or XDF file may hold them all: ``recording = "walk.c3d"``.
"""

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from streamer.arrays import F64, Bool
from streamer.config.session import HEAVIEST_KG, LIGHTEST_KG
from streamer.exceptions import FormatError, nearest
from streamer.formats.external_loads import ExternalLoads
from streamer.formats.tables import MarkerTable, Storage
from streamer.formats.trial_files import files_elsewhere, read_files

EmgKind = Literal["raw", "envelope", "none"]
EMG_KINDS: tuple[EmgKind, ...] = ("raw", "envelope", "none")

_KEYS = frozenset(
    ("mass_kg", "emg", "valid", "motion", "speed_mps", "licence", "citation", "model", "recording",
     "config")
)  # fmt: skip
"""Of ``trial.toml``, those that are read."""
_OTHER_UNIT = 300.0
"""Two clocks that differ by more than this factor are one in s and one in ms."""

LIKE = {"walk": "gait", "run": "jog"}
"""Other words for walking and running."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One recorded trial.

    Attributes
    ----------
    directory : Path
        Folder of the trial.
    dataset, subject, name : str
        Names of the folders: ``<dataset>/<subject>/<name>``.
    model : Path
        The subject's scaled ``.osim`` model.
    markers : MarkerTable
        Trajectories, ground frame [m].
    forces : Storage or None
        Ground reaction, ground frame, N, m and N m, clock of the markers.
    loads : ExternalLoads or None
        Which of its columns act on which body.
    corners : ndarray of shape (n_load, 4, 3), float64 [m], ground, or None
        Of the plates, in the order of the loads; NaN where they are not known.
    emg : Storage or None
        Measured EMG, own rate, clock of the markers.
    emg_muscles : dict of str to tuple of str
        EMG channels to use, and the muscles of the model under each as far as they are told.
    emg_kind : {"raw", "envelope", "none"}
        Whether the EMG is the raw signal or already an envelope.
    valid : list of (float, float)
        Intervals [s] in which forces (and EMG) can be used; the whole trial if none are given.
    mass_kg : float
        Body mass [kg].
    motion : str
        E.g. ``"walk"``.
    speed_mps : float
        Mean speed of the person, or of the belt under them [m/s]; NaN if not given.
    metadata : mapping
        All of ``trial.toml``: source, citation, licence, notes.
    """

    directory: Path
    dataset: str
    subject: str
    name: str
    model: Path
    markers: MarkerTable
    forces: Storage | None
    loads: ExternalLoads | None
    corners: F64 | None
    emg: Storage | None
    emg_muscles: dict[str, tuple[str, ...]]
    emg_kind: EmgKind
    valid: list[tuple[float, float]]
    mass_kg: float
    motion: str
    speed_mps: float
    metadata: Mapping[str, Any]

    @property
    def person(self) -> str:
        """``<dataset>/<subject>``."""
        return f"{self.dataset}/{self.subject}"

    @property
    def full_name(self) -> str:
        """``<dataset>/<subject>/<name>``."""
        return f"{self.person}/{self.name}"

    def whole(self, instants: F64, after_s: float = 0.0, before_s: float = 0.0) -> Bool:
        """Which instants [s] lie in a valid interval, so far from its start and its end [s]."""
        inside = np.zeros(len(instants), dtype=np.bool_)
        for start, end in self.valid:
            inside |= (instants >= start + after_s) & (instants <= end - before_s)
        return inside


def read_trial(directory: Path) -> Trial:
    """Read a trial directory.

    Parameters
    ----------
    directory : Path
        Folder with ``trial.toml`` and ``markers.trc``, or what it names instead; the model is
        ``model.osim`` there or in the folder above, or what it gives as ``model``.

    Raises
    ------
    FormatError
        If a needed file or key is missing or any file in it cannot be read.
    """
    directory = directory.resolve()
    if not directory.is_dir():
        raise FormatError(directory, "no such directory", "give a trial directory")
    toml = directory / "trial.toml"
    metadata = _read_toml(toml)
    _refuse_misspelt(toml, metadata)
    kind, muscles = _emg_table(toml, metadata)
    recording, loads = read_files(directory, metadata, with_emg=kind != "none")
    if recording.analogs is not None:
        muscles = _of_known_name(recording.analogs) if muscles is None else muscles
        _check_channels(toml, muscles, recording.analogs)
        recorded_in = str(metadata.get("recording", "emg.csv"))
        _check_clock(directory / recorded_in, recording.analogs, recording.markers)
    return Trial(
        directory=directory,
        dataset=directory.parent.parent.name,
        subject=directory.parent.name,
        name=directory.name,
        model=find_model(directory, metadata),
        markers=recording.markers,
        forces=recording.forces,
        loads=loads,
        corners=recording.corners,
        emg=recording.analogs,
        emg_muscles=muscles or {},
        emg_kind=kind,
        valid=_valid(toml, metadata, recording.markers),
        mass_kg=_mass(toml, metadata),
        motion=_motion(toml, metadata),
        speed_mps=_speed(toml, metadata),
        metadata=metadata,
    )


def _refuse_misspelt(path: Path, metadata: Mapping[str, Any]) -> None:
    """Refuse a key that is nearly one of ours; others are notes of the laboratory's."""
    for key in metadata.keys() - _KEYS:
        near = [known for known in _KEYS if known.startswith(f"{key}_")]
        if near := near or difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.75):
            raise FormatError(path, f"has an unknown key {key!r}", f"write {near[0]}")


def _check_clock(path: Path, emg: Storage, markers: MarkerTable) -> None:
    """Refuse EMG that lasts a hundred times as long as the motion, or as short."""
    spans = [float(t[-1] - t[0]) for t in (emg.time, markers.time)]
    if min(spans) > 0.0 and not 1.0 / _OTHER_UNIT < spans[0] / spans[1] < _OTHER_UNIT:
        raise FormatError(
            path, f"spans {spans[0]:g} s, the markers {spans[1]:g} s", "give its times in s"
        )


def _motion(path: Path, metadata: dict[str, Any]) -> str:
    """Return the motion: any word, but walking and running must be `walk` and `run`."""
    motion = str(metadata.get("motion", "unknown"))
    plain = motion.strip().lower()
    like = [word for word in LIKE if plain.startswith((word, LIKE[word]))]
    if like and motion != like[0]:
        raise FormatError(
            path, f"motion is {motion!r}", f"write {like[0]}, or another word if it is not that"
        )
    return motion


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors of Windows mark it
    except FileNotFoundError:
        if trials := sorted(inner.parent.name for inner in path.parent.glob("*/trial.toml")):
            problem = f"is not a trial but a folder of trials ({nearest('', trials)})"
            raise FormatError(path.parent, problem, "give one of them") from None
        remedy = "write one with at least the line: mass_kg = 70.0"
        raise FormatError(path, "no such file", remedy) from None
    except OSError as error:
        raise FormatError(path, f"cannot be read ({error.strerror})", "check its rights") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(path, f"not valid TOML ({error})", "repair that line") from None


def find_model(directory: Path, metadata: Mapping[str, Any] | None = None) -> Path:
    """Return the model of a trial directory, without reading the trial.

    Parameters
    ----------
    directory : Path
        Of the trial.
    metadata : mapping, optional
        Its ``trial.toml``, where that is read already.

    Raises
    ------
    FormatError
        If ``trial.toml`` cannot be read or there is no model.
    """
    metadata = _read_toml(directory / "trial.toml") if metadata is None else metadata
    named = metadata.get("model")
    if named is not None:
        candidates = [directory / str(named)]
    else:
        candidates = [directory / "model.osim", directory.parent / "model.osim"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate.resolve()
    raise FormatError(
        candidates[-1],
        "no such file",
        "put the subject's scaled model there, or name it as `model` in trial.toml",
    )


def source_files(directory: Path) -> list[Path]:
    """Return every file that a trial may be read from, its model first, wherever they lie.

    Raises
    ------
    FormatError, ConfigError
        If ``trial.toml``, or another file that names files, cannot be read, or there is no model.
    """
    metadata = _read_toml(directory / "trial.toml")
    elsewhere = [find_model(directory, metadata), *files_elsewhere(directory, metadata)]
    inside = sorted(path for path in directory.resolve().iterdir() if path.is_file())
    return list(dict.fromkeys([*(path.resolve() for path in elsewhere), *inside]))


def _mass(path: Path, metadata: Mapping[str, Any]) -> float:
    mass = metadata.get("mass_kg")
    if isinstance(mass, bool) or not isinstance(mass, int | float) or not mass > 0.0:
        raise FormatError(path, f"mass_kg is {mass!r}", "write the body mass in kg: mass_kg = 70.0")
    if not LIGHTEST_KG <= mass <= HEAVIEST_KG:
        remedy = f"write the body mass in kg, {LIGHTEST_KG:g} to {HEAVIEST_KG:g}: mass_kg = 70.0"
        raise FormatError(path, f"mass_kg is {mass:g}", remedy)
    return float(mass)


def _speed(path: Path, metadata: Mapping[str, Any]) -> float:
    speed = metadata.get("speed_mps", math.nan)
    if isinstance(speed, bool) or not isinstance(speed, int | float) or speed < 0.0:
        remedy = "write the mean speed in m/s: speed_mps = 1.25, or leave it out"
        raise FormatError(path, f"speed_mps is {speed!r}", remedy)
    return float(speed)


def _valid(
    path: Path, metadata: Mapping[str, Any], markers: MarkerTable
) -> list[tuple[float, float]]:
    """Usable intervals, checked to be pairs in order."""
    given = metadata.get("valid")
    if given is None:
        return [(float(markers.time[0]), float(markers.time[-1]))]
    try:
        intervals = [(float(start), float(end)) for start, end in given]
    except (TypeError, ValueError):
        intervals = [(0.0, -1.0)]
    if any(start >= end for start, end in intervals):
        raise FormatError(path, f"valid is {given!r}", "write pairs: valid = [[0.5, 2.0]]")
    return intervals


def _emg_table(
    path: Path, metadata: Mapping[str, Any]
) -> tuple[EmgKind, dict[str, tuple[str, ...]] | None]:
    """Kind of EMG, and the muscles under each channel; None where that is left to the names."""
    table = metadata.get("emg", {"kind": "none"})
    if not isinstance(table, dict):
        remedy = 'write a table: [emg] and in it kind = "none", say'
        raise FormatError(path, f"emg is {table!r}", remedy)
    kind, muscles = table.get("kind"), table.get("muscles")
    if kind not in EMG_KINDS:
        raise FormatError(path, f"emg.kind is {kind!r}", f"write one of {', '.join(EMG_KINDS)}")
    if muscles is None:
        return cast(EmgKind, kind), None
    if not isinstance(muscles, dict):
        remedy = 'write a table: [emg.muscles] and in it SOL_r = ["soleus_r"]'
        raise FormatError(path, f"emg.muscles is {muscles!r}", remedy)
    for channel, names in muscles.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            remedy = 'write a list of names: SOL_r = ["soleus_r"]'
            raise FormatError(path, f"emg.muscles.{channel} is {names!r}", remedy)
    return cast(EmgKind, kind), {channel: tuple(names) for channel, names in muscles.items()}


def _of_known_name(emg: Storage) -> dict[str, tuple[str, ...]]:
    """Every channel that the network knows, the muscles under it untold."""
    from inference.channels import MEASURED, with_sides  # here, so that reading loads no network

    known = with_sides(MEASURED)
    return {name: () for name in emg.names if name in known}


def _check_channels(path: Path, muscles: Mapping[str, tuple[str, ...]], emg: Storage) -> None:
    for channel in muscles:
        if channel not in emg.names:
            hint = nearest(channel, emg.names)
            problem = f"emg.muscles has {channel}, which the EMG lacks"
            raise FormatError(path, problem, f"correct the name ({hint})")
