"""XDF files: what a recorder kept of a session's LSL streams, as one recording.

Streams are told apart by their type, as in live use: ``MoCap`` (any case), ``Force`` or ``GRF``,
``EMG``. All times are brought to the recorder's clock and freed from jitter by pyxdf.
"""

import gzip
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
from numpy.typing import NDArray

from streamer.channels import Channel, Up, marker_layout
from streamer.exceptions import FormatError, StreamLayoutError
from streamer.formats.tables import MarkerTable, Recording, Storage, nominal_rate
from streamer.formats.units import METRES_PER_UNIT, NEWTON_METRES_PER_UNIT, NEWTONS_PER_UNIT

F64 = NDArray[np.float64]

_ZIPPED = (".xdfz", ".gz")
_TYPES = {"markers": ("mocap",), "forces": ("force", "grf"), "emg": ("emg",)}
_SI = METRES_PER_UNIT | NEWTONS_PER_UNIT | NEWTON_METRES_PER_UNIT
# axis of the ground frame <- axis of a laboratory with Z up, and its sign
_Z_UP = {"x": ("x", 1.0), "y": ("z", 1.0), "z": ("y", -1.0)}


def read_xdf(path: Path | str, *, unit: str = "", up: Up = "y", name: str = "") -> Recording:
    """Read the marker, force and EMG streams of an XDF file.

    Parameters
    ----------
    path : Path or str
        The ``.xdf`` file, or ``.xdfz``.
    unit : str
        Unit of the markers (``m``, ``cm``, ``mm``) where their stream names none.
    up : {"y", "z"}
        Which axis of the laboratory points up; streams do not say.
    name : str
        Name of the marker stream, needed where the file has several.

    Returns
    -------
    Recording
        Markers [m], forces [N, m, N m] and EMG, Y up; times [s] on the recorder's LSL clock,
        not shifted to 0.

    Raises
    ------
    FormatError
        If the file is missing, no XDF, has no marker stream or several, or one whose channels
        or units cannot be understood.
    """
    path = Path(path)
    streams = _load(path)
    markers = _only(path, streams, "markers", name)
    if markers is None:
        listed = ", ".join(f"{_info(s, 'name')} ({_info(s, 'type')})" for s in streams) or "none"
        problem = f"no marker stream in it (streams: {listed})"
        raise FormatError(path, problem, "record one of type MoCap")
    forces = _only(path, streams, "forces", "")
    emg = _only(path, streams, "emg", "")
    return Recording(
        _markers(path, markers, unit, up),
        _forces(path, forces, up) if forces is not None else None,
        _storage(path, emg) if emg is not None else None,
    )


def _load(path: Path) -> list[dict[str, Any]]:
    import pyxdf  # not needed by a session that replays no XDF

    if not path.is_file():
        raise FormatError(path, "no such file", "check the path")
    try:
        # opened here, because pyxdf leaves a file open that it refuses
        with (gzip.open if path.suffix in _ZIPPED else open)(path, "rb") as file:
            streams, _ = pyxdf.load_xdf(file)
    except (
        OSError,
        EOFError,
        ValueError,
        RuntimeError,
        LookupError,
        struct.error,
        ParseError,
    ) as error:
        raise FormatError(path, f"no readable XDF file ({error})", "record it again") from None
    return [stream for stream in streams if len(stream["time_stamps"])]


def _info(stream: dict[str, Any], field: str) -> str:
    """Take a text of the stream's header; "" where it is absent."""
    return str((stream["info"].get(field) or [""])[0] or "")


def _only(
    path: Path, streams: Sequence[dict[str, Any]], kind: str, name: str
) -> dict[str, Any] | None:
    """Find the stream of a kind; None if there is none, refused if there are several."""
    fitting = [s for s in streams if _info(s, "type").lower() in _TYPES[kind]]
    if name:
        fitting = [s for s in fitting if _info(s, "name") == name]
    if len(fitting) > 1:
        listed = ", ".join(_info(s, "name") for s in fitting)
        remedy = "name one of them" if kind == "markers" else "keep one of them"
        raise FormatError(path, f"several {kind} streams ({listed})", remedy)
    return fitting[0] if fitting else None


def _channels(stream: dict[str, Any]) -> list[Channel]:
    """Channel descriptions; pyxdf gives each element of the XML as a list."""
    description = (stream["info"].get("desc") or [None])[0] or {}
    channels = (description.get("channels") or [None])[0] or {}
    fields = ("label", "marker", "type", "unit")
    return [
        Channel(*(str((channel.get(field) or [""])[0] or "").strip() for field in fields))
        for channel in channels.get("channel", [])
    ]


def _times(path: Path, stream: dict[str, Any]) -> F64:
    time = np.array(stream["time_stamps"], dtype=np.float64)
    if not np.all(np.diff(time) > 0.0):
        problem = f"times of stream {_info(stream, 'name')!r} do not increase"
        raise FormatError(path, problem, "its clock was reset: cut the recording there")
    return time


def _markers(path: Path, stream: dict[str, Any], unit: str, up: Up) -> MarkerTable:
    time = _times(path, stream)
    samples = np.asarray(stream["time_series"], dtype=np.float64)
    try:
        layout = marker_layout(_channels(stream), unit=unit, up=up)
    except StreamLayoutError as error:
        raise FormatError(path, str(error), "or export the trial as TRC or C3D") from None
    positions = (samples[:, layout.columns] * layout.scale).reshape(len(time), -1, 3)
    unseen = ~np.isfinite(positions).all(axis=2) | (positions == 0.0).all(axis=2)
    positions[unseen] = np.nan
    rate = float(_info(stream, "nominal_srate") or 0.0)
    return MarkerTable(time, layout.names, positions, rate if rate > 0.0 else nominal_rate(time))


def _storage(path: Path, stream: dict[str, Any]) -> Storage:
    """All channels of a stream as they are; those without label are numbered."""
    data = np.array(stream["time_series"], dtype=np.float64)
    labels = [channel.label for channel in _channels(stream)]
    labels += [""] * (data.shape[1] - len(labels))
    names = tuple(label or f"channel_{i}" for i, label in enumerate(labels, start=1))
    return Storage(_times(path, stream), names, data, name=_info(stream, "name"))


def _forces(path: Path, stream: dict[str, Any], up: Up) -> Storage:
    """Force stream in N, m, N m and Y up; channels without unit are taken as such already."""
    plain = _storage(path, stream)
    data = plain.data.copy()
    for column, channel in enumerate(_channels(stream)[: data.shape[1]]):
        unit = channel.unit.lower().replace(" ", "").replace("*", "").replace("·", "")
        if unit and unit not in _SI:
            problem = f"the unit of force channel {channel.label!r} is {channel.unit!r}"
            raise FormatError(path, problem, "record N, m or mm, N m or N mm")
        data[:, column] *= _SI.get(unit, 1.0)
    if up == "z":
        data = _turned(plain.names, data)
    return Storage(plain.time, plain.names, data, name=plain.name)


def _turned(names: Sequence[str], data: F64) -> F64:
    """Vectors from a laboratory with Z up; labels that end in x, y and z make a vector."""
    place = {name: i for i, name in enumerate(names)}
    turned = data.copy()
    for name, column in place.items():
        source, sign = _Z_UP.get(name[-1].lower(), ("", 1.0))
        stem = name[:-1]
        origin = place.get(stem + (source.upper() if name[-1].isupper() else source))
        if source and origin is not None:
            turned[:, column] = sign * data[:, origin]
    return turned
