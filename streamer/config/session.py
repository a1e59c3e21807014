"""The configuration of one session: a YAML file, read strictly; paths are relative to it."""

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from streamer.config.streams import Corners, EmgStream, ForceStream, MarkerStream
from streamer.config.yaml_file import beside, read_settings
from streamer.exceptions import ConfigError
from streamer.frames.times import RESET_AFTER_S
from streamer.messaging.endpoint import DEFAULT_ENDPOINT

LIGHTEST_KG, HEAVIEST_KG = 5.0, 500.0
"""Body masses [kg] between which people are."""

_FILTER = re.compile(r"causal|(wiener|kalman|butterworth|savgol|zero-phase)(:[\d.]+){1,3}")
"""How a filter is written; whether its numbers have a meaning depends on the frame rate."""

ALIGN_WAIT_MS = 2.0
"""A session waits so long [ms] for forces that are late, unless its file says otherwise."""
PATHS = ("model", "loads", "corners", "trial", "ik_setup", "checkpoint", "subject", "keys")
"""Keys of a session that name files."""
_FOLDERS = ("trial", "checkpoint", "keys")
"""Those of them that name folders."""


class RunConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One session.

    Attributes
    ----------
    model : Path
        The subject's scaled OpenSim model.
    loads : Path or None
        ExternalLoads XML: which force columns act on which body; None = no force plates, unless
        `plates` is ``auto``.
    plates : {"named", "auto"}
        Whose foot is on a plate: that of the body that `loads` names, or whichever is seen there.
        With ``auto`` and without `loads` the columns are found by their names, see
        :func:`streamer.formats.plates_by_name`.
    corners : str, list or None
        Corners of the plates, only for ``auto``: a C3D file that has them, or for each plate four
        points [x, y, z] in turn [m, ground, y up]. With them a foot on an edge is noticed.
    trial : Path or None
        Trial directory that the demo (`nem2e run` without a configuration) replays; a session
        with this file as its `--config` waits for streams and has no use for it.
    ik_setup : Path or None
        OpenSim IK setup: how much each marker counts, which coordinates are held; None = all
        markers alike.
    markers : MarkerStream
    forces : ForceStream
        The LSL inputs.
    emg : EmgStream
        The LSL input of a calibration.
    rate_hz : float or None
        Marker rate [Hz]; None = as the stream says, or measured.
    filter : str
        Derivative filter, see :func:`sim_bridge.filters.make_filter`; ``causal`` is its default.
    ground_reaction : {"auto", "measured", "predicted"}
        Where no force plate measures: predict the force from the motion (``auto``), or take it for
        none (``measured``); ``predicted`` leaves plates unused.
    reserve, residual : float
        Optimal force of the reserve actuator on each coordinate in static optimization, and on
        those that move the whole model [N m, N]: OpenSim's, whose control counts as an activation.
    mass_kg : float or None
        Body mass [kg], by which the network divides moments; None = the model's, which is the
        person's where the model was scaled.
    checkpoint : Path or None
        Network; None = the one that comes with the package.
    subject : Path or None
        One person's calibration, from `nem2e calibrate`; None = the network as it is.
    backend : {"auto", "onnxruntime", "torch", "tensorrt", "tensorrt-fp16"}
        What runs the network's step; ``auto`` takes the fastest of this machine.
    muscle_map : dict or None
        EMG channel (``VM_r``) to model muscles, for models with muscle names of their own.
    endpoint : str
        ZeroMQ endpoint to publish on.
    keys : Path or None
        Key directory, where other machines can reach the endpoint.
    budget_ms : float
        Receipt of a frame to its estimate (or a flagged substitute) on the wire [ms].
    pacing : {"asap", "constant"}
        Publish at once, or hold every estimate until the budget is spent.
    align_wait_ms : float
        How long to wait for late forces [ms].
    reset_after_s : float
        After a longer pause in the markers [s] filter and network start anew.
    realtime_priority : int or None
        SCHED_FIFO priority of the loop, 1 to 99, used where the system permits it; None = an
        ordinary process.
    """

    model: Path
    loads: Path | None = None
    plates: Literal["named", "auto"] = "named"
    corners: str | list[Corners] | None = None
    trial: Path | None = None
    ik_setup: Path | None = None
    markers: MarkerStream = MarkerStream()
    forces: ForceStream = ForceStream()
    emg: EmgStream = EmgStream()
    rate_hz: float | None = None
    filter: str = "causal"
    ground_reaction: Literal["auto", "measured", "predicted"] = "auto"
    reserve: float = 1.0
    residual: float = 1000.0
    mass_kg: float | None = None
    checkpoint: Path | None = None
    subject: Path | None = None
    backend: Literal["auto", "onnxruntime", "torch", "tensorrt", "tensorrt-fp16"] = "auto"
    muscle_map: dict[str, list[str]] | None = None
    endpoint: str = DEFAULT_ENDPOINT
    keys: Path | None = None
    budget_ms: float = 10.0
    pacing: Literal["asap", "constant"] = "asap"
    align_wait_ms: float = ALIGN_WAIT_MS
    reset_after_s: float = RESET_AFTER_S
    realtime_priority: Annotated[int, msgspec.Meta(ge=1, le=99)] | None = 10

    @property
    def has_plates(self) -> bool:
        """Whether the session takes a stream of forces."""
        return self.plates == "auto" or self.loads is not None

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        for name in ("budget_ms", "reset_after_s", "reserve", "residual"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise ValueError(f"`{name}` is {getattr(self, name):g}, it must be positive")
        if self.rate_hz is not None and not 0.0 < self.rate_hz < math.inf:
            raise ValueError(f"`rate_hz` is {self.rate_hz:g}, it must be positive or null")
        if self.mass_kg is not None and not LIGHTEST_KG <= self.mass_kg <= HEAVIEST_KG:
            raise ValueError(
                f"`mass_kg` is {self.mass_kg:g}, it must be the body mass in kg, "
                f"{LIGHTEST_KG:g} to {HEAVIEST_KG:g}, or null for the model's"
            )
        if self.corners is not None and self.plates != "auto":
            raise ValueError(
                "`corners` are only used with `plates: auto`; add it or leave them out"
            )
        if not 0.0 <= self.align_wait_ms < self.budget_ms:
            raise ValueError(
                f"`align_wait_ms` is {self.align_wait_ms:g}, it must be less than the budget "
                f"({self.budget_ms:g} ms) and not negative"
            )


def check_duration(duration_s: float | None) -> None:
    """Refuse a ``--duration`` [s] in which nothing could happen; None is without end."""
    if duration_s is not None and not duration_s > 0.0:
        raise ConfigError(f"--duration is {duration_s:g}; give a positive number of seconds")


def load_config(path: Path, without: Sequence[str] = ()) -> RunConfig:
    """Read a configuration file; its paths become absolute.

    Parameters
    ----------
    path : Path
        YAML file.
    without : sequence of str
        Keys that are passed over.

    Raises
    ------
    ConfigError
        If the file is missing, no text, no YAML, has unknown keys (the known ones are listed),
        values of the wrong kind, a filter that there is not, or names a file that is not there.
    """
    config = read_settings(path, RunConfig, without)
    _check_filter(path, config.filter)
    if "loads" not in without and config.forces.transducers is not None and not config.has_plates:
        raise ConfigError(
            f"{path}: `transducers` are of plates, and there are none; "
            "add `plates: auto`, or `loads`"
        )
    return _resolve(path, config)


def _check_filter(path: Path, name: str) -> None:
    """Refuse a filter that there is not, before streams are waited for."""
    if not _FILTER.fullmatch(name):
        raise ConfigError(
            f"{path}: `filter` is {name!r}; give causal, or one with its numbers: "
            "wiener:25:8, savgol:9:3, kalman:3, butterworth:6, over a recording also zero-phase:6"
        )


def _resolve(path: Path, config: RunConfig) -> RunConfig:
    """Make paths absolute and see that they exist."""
    changes: dict[str, Any] = {}
    for key in PATHS:
        value: Path | str | list[Any] | None = getattr(config, key)
        if value is not None and not isinstance(value, list):
            absolute = _existing(path, key, value)
            changes[key] = str(absolute) if isinstance(value, str) else absolute
    if isinstance(config.forces.transducers, str):
        file = str(_existing(path, "forces: transducers", config.forces.transducers))
        changes["forces"] = msgspec.structs.replace(config.forces, transducers=file)
    return msgspec.structs.replace(config, **changes)


def _existing(path: Path, key: str, value: Path | str) -> Path:
    absolute = beside(path, value)
    if not os.path.exists(absolute):  # of a path, not even a name that is too long raises
        remedy = "make it with `nem2e calibrate`" if key == "subject" else "correct it"
        raise ConfigError(f"{path}: `{key}` names {absolute}, which is not there; {remedy}")
    if key not in _FOLDERS and absolute.is_dir():
        raise ConfigError(f"{path}: `{key}` names {absolute}, which is a folder; name a file in it")
    return absolute
