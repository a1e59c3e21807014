"""From an LSL stream's channel descriptions to columns, signs and scales, found once.

Understands XDF metadata (``channels/channel/{label,marker,type,unit}`` with the types
PositionX/Y/Z) and the plain ``<marker>_X`` labels of the Qualisys and OptiTrack bridges. Inside
the package positions are metres in OpenSim's ground frame, Y up.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from streamer.arrays import F64, I64
from streamer.exceptions import StreamLayoutError, nearest
from streamer.units import (
    METRES_PER_UNIT,
    NEWTON_METRES_PER_UNIT,
    NEWTONS_PER_UNIT,
    metres,
    spelled,
)

Up = Literal["y", "z"]
"""Which axis of the laboratory points up."""

_AXIS = re.compile(r"^(?P<marker>.+?)[\s_.:\-]+(?:Pos(?:ition)?)?(?P<axis>[XYZ])$", re.IGNORECASE)
TURN = {"y": ((0, 1.0), (1, 1.0), (2, 1.0)), "z": ((0, 1.0), (2, 1.0), (1, -1.0))}
"""Ground axis to (laboratory axis, sign): z up becomes y up by a quarter turn about x."""
_NAMED_ALIKE = (
    "name its channels as the external loads file does, or take the force out of that file if "
    "there is no such plate"
)


class Channel(msgspec.Struct, frozen=True):
    """One channel's description, as far as the stream gives it; "" where it does not."""

    label: str = ""
    marker: str = ""
    type: str = ""
    unit: str = ""


class MarkerLayout(msgspec.Struct, frozen=True):
    """Where the markers are in a sample.

    Attributes
    ----------
    names : tuple of str
        Marker names in the order of their first channel.
    columns : ndarray of shape (n_marker * 3,), int64
        Sample columns of x, y, z (ground) of each marker.
    scale : ndarray of shape (n_marker * 3,), float64
        Factor to metres, with the sign of the axis.
    """

    names: tuple[str, ...]
    columns: I64
    scale: F64


class ForceLayout(msgspec.Struct, frozen=True):
    """Where the external forces are in a sample.

    Attributes
    ----------
    columns : ndarray of shape (n_force * 9,), int64
        Sample columns of force, centre of pressure and free torque of each force, in ground.
    scale : ndarray of shape (n_force * 9,), float64
        Factor to N, m, N m, with the sign of the axis.
    absent : ndarray of shape (n_absent,), int64
        Entries of these that no channel gives. They are 0, whatever their column holds.
    """

    columns: I64
    scale: F64
    absent: I64


def _root(xml: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise StreamLayoutError(
            f"the description of a stream is no XML ({error}); have its sender leave control "
            "characters out of its labels"
        ) from None


def read_channels(xml: str) -> list[Channel]:
    """Read the channel descriptions of a stream.

    Parameters
    ----------
    xml : str
        The stream's full information, ``StreamInfo.as_xml()``.

    Returns
    -------
    list of Channel
        One per described channel, in order; empty if the stream describes none.

    Raises
    ------
    StreamLayoutError
        If it cannot be read.
    """
    found = _root(xml).findall("./desc/channels/channel")
    fields = ("label", "marker", "type", "unit")
    return [Channel(*((c.findtext(f) or "").strip() for f in fields)) for c in found]


def remaining_lag_s(xml: str, lag_ms: float) -> float:
    """Part of a known lag that the sender has not taken out of its time stamps [s].

    Parameters
    ----------
    xml : str
        The stream's full information. What was taken out is ``acquisition/compensated_lag`` (or
        ``synchronization/compensated_lag``) in it, else nothing.
    lag_ms : float
        Known delay from exposure to time stamp [ms].

    Raises
    ------
    StreamLayoutError
        If the information cannot be read.
    """
    root, compensated_s = _root(xml), 0.0
    for section in ("acquisition", "synchronization"):
        text = root.findtext(f"./desc/{section}/compensated_lag")
        if text:
            try:
                compensated_s = float(text)
            except ValueError:
                continue
            break
    return max(0.0, 1e-3 * lag_ms - compensated_s)


def marker_layout(channels: Sequence[Channel], *, unit: str = "", up: Up = "y") -> MarkerLayout:
    """Find the markers among a stream's channels.

    Channels that are no positions (residuals, orientations) are passed over, and so are markers
    without all three axes.

    Parameters
    ----------
    channels : sequence of Channel
        As described by the stream.
    unit : str
        Unit of positions where the stream names none: m, cm or mm.
    up : {"y", "z"}
        Which axis of the laboratory points up; z-up data are turned about x.

    Raises
    ------
    StreamLayoutError
        If there is no marker, two have one name, or nobody says what the unit is.
    """
    axes: dict[str, dict[int, int]] = {}
    for column, channel in enumerate(channels):
        place = _marker_and_axis(channel)
        if place is None:
            continue
        name, axis = place
        if axis in axes.setdefault(name, {}):
            raise StreamLayoutError(
                f"the marker stream has two markers named {name!r}; rename or remove one; of "
                "several people, send one alone"
            )
        axes[name][axis] = column
    whole = {name: at for name, at in axes.items() if len(at) == 3}
    if not whole:
        labels = ", ".join(c.label for c in channels[:4]) or "no labels at all"
        described = f"{len(channels)} channels" if channels else "channels"
        raise StreamLayoutError(
            f"the stream's {described} describe no marker ({labels}); "
            "markers need channel labels like KNEE_X, KNEE_Y, KNEE_Z"
        )
    columns, scale = [], []
    for at in whole.values():
        for axis, sign in TURN[up]:
            columns.append(at[axis])
            scale.append(sign * _to_metres(channels[at[axis]].unit or unit))
    return MarkerLayout(tuple(whole), np.array(columns), np.array(scale))


def force_layout(
    channels: Sequence[Channel],
    wanted: Sequence[Sequence[str]],
    *,
    length_unit: str = "",
    up: Up = "y",
) -> ForceLayout:
    """Find the columns of the external forces among a stream's channels.

    Parameters
    ----------
    channels : sequence of Channel
        As described by the stream.
    wanted : sequence of sequence of str
        For each force its nine labels: force x y z, point x y z, torque x y z; "" for a
        component that there is not, which becomes 0.
    length_unit : str
        Unit of the points where the stream names none; default m.
    up : {"y", "z"}
        Which axis of the laboratory points up.

    Raises
    ------
    StreamLayoutError
        If a label is missing (the nearest ones are listed) or stands twice.
    """
    labels = [c.label for c in channels]
    columns, scale = [], []
    for names in wanted:
        for index in range(9):
            block, axis = divmod(index, 3)
            source, sign = TURN[up][axis]
            name = names[3 * block + source]
            if not name:
                columns.append(0)
                scale.append(0.0)
                continue
            column = force_column(name, labels, _NAMED_ALIKE)
            columns.append(column)
            scale.append(sign * force_scale(channels[column], block, length_unit))
    factors = np.array(scale)
    return ForceLayout(np.array(columns), factors, np.flatnonzero(factors == 0.0))


def force_column(label: str, labels: Sequence[str], remedy: str) -> int:
    """Where the one channel of a force stream is that has a label.

    Parameters
    ----------
    label : str
        Of the channel that is wanted.
    labels : sequence of str
        Of all channels of the stream.
    remedy : str
        What to do if there is none, for the message.

    Raises
    ------
    StreamLayoutError
        If there is none (the nearest ones are listed), or several.
    """
    if label not in labels:
        raise StreamLayoutError(
            f"the force stream has no channel {label!r} ({nearest(label, labels)}); {remedy}"
        )
    check_once(label, labels, "force")
    return labels.index(label)


def check_once(label: str, labels: Sequence[str], kind: str) -> None:
    """Refuse a label that several channels have: one of them would be taken unseen.

    Parameters
    ----------
    label : str
        Of the channel that is wanted.
    labels : sequence of str
        Of all channels of the stream.
    kind : str
        What the stream carries, for the message.

    Raises
    ------
    StreamLayoutError
        If it occurs more than once.
    """
    if labels.count(label) > 1:
        raise StreamLayoutError(
            f"the {kind} stream has two channels named {label!r}; rename or remove one"
        )


def _marker_and_axis(channel: Channel) -> tuple[str, int] | None:
    """Marker name and axis 0..2 of a position channel, None for any other."""
    kind = channel.type.lower()
    typed = kind[-1] if kind in ("x", "y", "z", "positionx", "positiony", "positionz") else ""
    if kind and not typed and not kind.startswith(("position", "marker", "mocap")):
        return None
    match = _AXIS.match(channel.label)
    axis = typed or (match["axis"].lower() if match else "")
    name = channel.marker or (match["marker"] if match else "")
    return (name, "xyz".index(axis)) if axis and name else None


def _to_metres(unit: str) -> float:
    """Factor from a unit of length to metres."""
    factor = metres(unit)
    if factor is None and unit:
        raise StreamLayoutError(
            f"the marker stream gives {unit!r} as the unit of its positions; have it send m, cm or"
            " mm, or no unit and say it under `markers` in the configuration (`unit: mm`)"
        )
    if factor is None:
        raise StreamLayoutError(
            "the marker stream gives no unit for its positions; "
            "set `unit: mm` (or m, cm) under `markers` in the configuration"
        )
    return factor


def force_scale(channel: Channel, block: int, length_unit: str = "") -> float:
    """Return the factor of a channel to SI.

    Parameters
    ----------
    channel : Channel
        Of a force stream; N, m or N m where it names no unit.
    block : {0, 1, 2}
        Whether it is of a force, a point or a torque.
    length_unit : str
        Unit of a point whose channel names none.

    Raises
    ------
    StreamLayoutError
        If its unit is none of such a quantity.
    """
    unit = channel.unit or (length_unit if block == 1 else "")
    if not unit.strip():
        return 1.0
    factor = (NEWTONS_PER_UNIT, METRES_PER_UNIT, NEWTON_METRES_PER_UNIT)[block].get(spelled(unit))
    if factor is None:
        raise StreamLayoutError(
            f"channel {channel.label!r} of the force stream has the unit {unit!r}; send forces in "
            "N, points in m or mm, torques in N m or N mm"
        )
    return factor
