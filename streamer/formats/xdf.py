"""XDF files: what a recorder kept of a session's LSL streams, as one recording.

Streams are told apart by type (any case), name and source id as in live use, without a
configuration by ``MoCap``, ``Force`` and ``EMG``; some recorders call forces ``GRF``. All times are
brought to the recorder's clock by pyxdf, and freed from jitter as those of a session are. pyxdf's
own way counts samples, so that a pause of 0.6 s among markers put them 0.3 s off the forces.
"""

import gzip
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

import numpy as np

from streamer.arrays import F64
from streamer.channels import TURN, Channel, marker_layout, read_channels, remaining_lag_s
from streamer.config.streams import EmgStream, ForceStream, MarkerStream, Stream
from streamer.exceptions import FormatError, StreamLayoutError
from streamer.formats.tables import MarkerTable, Recording, Storage, nominal_rate
from streamer.formats.transducers import open_transducers
from streamer.frames.dejitter import dejittered
from streamer.frames.stamps import even_times, newer, set_back_s
from streamer.units import METRES_PER_UNIT, NEWTON_METRES_PER_UNIT, NEWTONS_PER_UNIT, spelled
from streamer.unseen import hide_unseen

_ZIPPED = ".xdfz"
_SAME_TYPE = {"grf": "force"}
MARKERS, FORCES, EMG = MarkerStream(), ForceStream(), EmgStream()
"""The streams of a session whose configuration says nothing of them."""
_SI = METRES_PER_UNIT | NEWTONS_PER_UNIT | NEWTON_METRES_PER_UNIT
_POINT = re.compile("p[xyz]$", re.IGNORECASE)


def read_xdf(
    path: Path,
    *,
    markers: MarkerStream = MARKERS,
    forces: ForceStream = FORCES,
    emg: EmgStream = EMG,
) -> Recording:
    """Read the marker, force and EMG streams of an XDF file.

    Parameters
    ----------
    path : Path
        The ``.xdf`` file, or ``.xdfz``.
    markers : Stream
    forces : ForceStream
        Which streams to take and what they do not say themselves, as in the configuration of a
        session: the unit where a stream names none (of forces: that of the points, whose labels
        end in ``px``, ``py``, ``pz``), the axis that points up, the lag of its times.
    emg : EmgStream
        The same of measured EMG.

    Returns
    -------
    Recording
        Markers [m], forces [N, m, N m] and EMG, Y up; times [s] on the recorder's LSL clock,
        not shifted to 0.

    Raises
    ------
    FormatError
        If the file is missing, no XDF, has no such marker stream or several, or one whose channels
        or units cannot be understood.
    """
    streams = _load(path)
    found = {
        key: _only(path, streams, key, wanted)
        for key, wanted in (("markers", markers), ("forces", forces), ("emg", emg))
    }
    if found["markers"] is None:
        listed = ", ".join(f"{_info(s, 'name')} ({_info(s, 'type')})" for s in streams) or "none"
        problem = f"no stream of {markers.described} in it (streams: {listed})"
        raise FormatError(
            path, problem, "say which has the markers, under `markers` in the --config"
        )
    table, corners, analogs = None, None, None
    if found["forces"] is not None:
        table, corners = _forces(path, found["forces"], forces)
    if found["emg"] is not None:
        analogs, _ = _storage(path, found["emg"], emg.lag_ms, even_times)
    return Recording(_markers(path, found["markers"], markers), table, analogs, corners)


def _load(path: Path) -> list[dict[str, Any]]:
    import pyxdf  # not needed by a session that replays no XDF

    if not path.is_file():
        raise FormatError(path, "no such file", "check the path")
    try:
        # opened here, because pyxdf leaves a file open that it refuses
        with (gzip.open if path.suffix.lower() == _ZIPPED else open)(path, "rb") as file:
            streams, _ = pyxdf.load_xdf(file, dejitter_timestamps=False)
    except (  # what pyxdf and the unpacking of a damaged file were seen to raise
        OSError, EOFError, ValueError, RuntimeError, LookupError, OverflowError, MemoryError,
        struct.error, zlib.error, ParseError,
    ) as error:  # fmt: skip
        raise FormatError(path, f"not a readable XDF file ({error})", "record it again") from None
    return [stream for stream in streams if len(stream["time_stamps"])]


def _info(stream: dict[str, Any], field: str) -> str:
    """Take a text of the stream's header; "" where it is absent."""
    return str((stream["info"].get(field) or [""])[0] or "")


def _only(
    path: Path, streams: Sequence[dict[str, Any]], key: str, wanted: Stream
) -> dict[str, Any] | None:
    """Find the stream that is wanted; None if there is none, refused if there are several."""
    fitting = [
        s
        for s in streams
        if (not wanted.type or _kind(_info(s, "type")) == _kind(wanted.type))
        and (not wanted.name or _info(s, "name") == wanted.name)
        and (not wanted.source_id or _info(s, "source_id") == wanted.source_id)
    ]
    if len(fitting) > 1:
        listed = ", ".join(_info(s, "name") for s in fitting)
        problem = f"several streams of {wanted.described} ({listed})"
        raise FormatError(path, problem, f"set `name` under `{key}` in the --config")
    return fitting[0] if fitting else None


def _kind(type_: str) -> str:
    """Type of a stream, upper and lower case and its synonyms alike."""
    return _SAME_TYPE.get(type_.lower(), type_.lower())


def _xml(stream: dict[str, Any]) -> str:
    """Write a stream's description as LSL has it; pyxdf gives each element as a list."""
    info = Element("info")
    _write(info, {"desc": stream["info"].get("desc") or []})
    return tostring(info, encoding="unicode")


def _write(element: Element, content: dict[str, list[Any]] | str | None) -> None:
    """Write what pyxdf made of an element back into one: its children, or else its text."""
    if not isinstance(content, dict):
        element.text = content
        return
    for tag, children in content.items():
        for child in children:
            _write(SubElement(element, tag), child)


def _content(
    path: Path, stream: dict[str, Any], lag_ms: float, smooth: Callable[[F64], F64]
) -> tuple[F64, F64, list[Channel]]:
    """Capture times [s], samples (n, n_channel), and what is said of the first channels at least.

    The lag is taken off the times that the sender has not taken off itself. A sample that is not
    later than those before is left out, and one whose time is no number.
    """
    name, xml = _info(stream, "name"), _xml(stream)
    if _info(stream, "channel_format") == "string":
        problem = f"stream {name!r} has texts, not numbers"
        raise FormatError(path, problem, "set `name` of another one in the --config")
    stamps = np.array(stream["time_stamps"], dtype=np.float64)
    timed = np.isfinite(stamps)
    stamps = stamps[timed]
    if (back_s := set_back_s(stamps)) > 0.0:
        problem = f"the clock of stream {name!r} was set back by {back_s:.2f} s"
        raise FormatError(path, problem, "record it again")
    time = smooth(stamps)
    later = newer(time)
    samples = np.array(stream["time_series"], dtype=np.float64)[timed]
    time, samples = time[later], samples[later]
    channels, has = read_channels(xml), samples.shape[1]
    if len(channels) > has:
        problem = f"stream {name!r} describes {len(channels)} channels and has {has}"
        raise FormatError(path, problem, "correct its sender and record it again")
    return time - remaining_lag_s(xml, lag_ms), samples, channels


def _markers(path: Path, stream: dict[str, Any], settings: MarkerStream) -> MarkerTable:
    rate_hz = float(_info(stream, "nominal_srate") or 0.0)

    def smooth(stamps: F64) -> F64:
        return dejittered(stamps, rate_hz) if settings.dejitter else stamps

    time, samples, channels = _content(path, stream, settings.lag_ms, smooth)
    try:
        layout = marker_layout(channels, unit=settings.unit, up=settings.up)
    except StreamLayoutError as error:
        remedy = "give it as --config, or export the trial as TRC or C3D"
        raise FormatError(path, str(error), remedy) from None
    positions = (samples[:, layout.columns] * layout.scale).reshape(len(time), -1, 3)
    hide_unseen(positions)
    return MarkerTable(time, layout.names, positions, rate_hz or nominal_rate(time))


def _storage(
    path: Path, stream: dict[str, Any], lag_ms: float, smooth: Callable[[F64], F64]
) -> tuple[Storage, list[Channel]]:
    """All channels of a stream as they are, those without label numbered, and what it says."""
    time, data, channels = _content(path, stream, lag_ms, smooth)
    labels = [channel.label for channel in channels]
    labels += [""] * (data.shape[1] - len(labels))
    names = tuple(label or f"channel_{i}" for i, label in enumerate(labels, start=1))
    return Storage(time, names, data, name=_info(stream, "name")), channels


def _forces(
    path: Path, stream: dict[str, Any], settings: ForceStream
) -> tuple[Storage, F64 | None]:
    """Force stream in N, m, N m and Y up, and corners of plates whose transducers it has.

    Channels without unit are taken as such already.
    """
    plain, channels = _storage(path, stream, settings.lag_ms, lambda stamps: stamps)
    try:
        transducers = open_transducers(settings, channels)
    except StreamLayoutError as error:
        raise FormatError(path, str(error), "correct the --config") from None
    if transducers is not None:
        names = tuple(channel.label for channel in transducers.described)
        data = transducers.wrenches(plain.data)
        return Storage(plain.time, names, data, name=plain.name), transducers.corners
    data = plain.data.copy()
    for column, channel in enumerate(channels):
        unit = channel.unit or (settings.unit if _POINT.search(channel.label) else "")
        known = spelled(unit)
        if known and known not in _SI:
            problem = f"the unit of force channel {channel.label!r} is {unit!r}"
            raise FormatError(path, problem, "record N, m or mm, N m or N mm")
        data[:, column] *= _SI.get(known, 1.0)
    if settings.up == "z":
        data = _turned(plain.names, data)
    return Storage(plain.time, plain.names, data, name=plain.name), None


def _turned(names: Sequence[str], data: F64) -> F64:
    """Vectors from a laboratory with Z up; labels that end in x, y and z make a vector."""
    place = {name: i for i, name in enumerate(names)}
    turned = data.copy()
    for name, column in place.items():
        letters = "XYZ" if name[-1].isupper() else "xyz"
        if name[-1] in letters:
            axis, sign = TURN["z"][letters.index(name[-1])]
            if (origin := place.get(name[:-1] + letters[axis])) is not None:
                turned[:, column] = sign * data[:, origin]
    return turned
